package history

import "slices"

// Loader puts requests into a history, for one goroutine at a time.
type Loader struct {
	history *History
	width   int         // of a section, in numbers of groups
	blocks  [][]Request // by section: what is not in the file yet
}

// mostLoaders bounds them: each takes 25 MB where there are most sections.
const mostLoaders = 3

// Put puts in a request.
func (l *Loader) Put(f Request) error {
	n := int(l.history.numberOf(&f)) / l.width
	if l.history.file == nil {
		l.history.sections[n].add(f)
		return nil
	}
	block := &l.blocks[n]
	if *block = append(*block, f); len(*block) < l.history.sizes.Block {
		return nil
	}
	err := l.history.sections[n].write(*block)
	*block = (*block)[:0]
	return err
}

// copy puts in some of the requests of some groups.
func (l *Loader) copy(c *Batch, some func(*Group) bool, each func(*Request) bool) error {
	for i := range c.Groups {
		if !some(&c.Groups[i]) {
			continue
		}
		if err := c.Groups[i].Parts(func(requests []Request) error { return l.putSome(requests, each) }); err != nil {
			return err
		}
	}
	return nil
}

func (l *Loader) putSome(requests []Request, some func(*Request) bool) error {
	for i := range requests {
		if !some(&requests[i]) {
			continue
		}
		if err := l.Put(requests[i]); err != nil {
			return err
		}
	}
	return nil
}

// drain writes what the loaders still hold.
func (h *History) drain(loaders chan *Loader) error {
	close(loaders)
	rest := (<-loaders).blocks
	for l := range loaders {
		for n, requests := range l.blocks {
			rest[n] = append(rest[n], requests...)
		}
	}
	for n, requests := range rest {
		for block := range slices.Chunk(requests, h.sizes.Block) {
			if err := h.sections[n].write(block); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds a request in memory.
func (s *section) add(f Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, f)
	s.count++
}
