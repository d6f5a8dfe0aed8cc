package detect

import "slices"

// loader puts frames into a film, for one goroutine at a time.
type loader struct {
	film   *film
	width  int       // of a roll, in numbers of strips
	blocks [][]frame // by roll: what is not in the file yet
}

// mostLoaders bounds them: each takes 25 MB where there are most rolls.
const mostLoaders = 3

func (l *loader) put(f frame) error {
	n := int(l.film.numberOf(&f)) / l.width
	if l.film.file == nil {
		l.film.rolls[n].add(f)
		return nil
	}
	block := &l.blocks[n]
	if *block = append(*block, f); len(*block) < blockFrames {
		return nil
	}
	err := l.film.rolls[n].write(*block)
	*block = (*block)[:0]
	return err
}

// copy puts in some of the requests of some strips.
func (l *loader) copy(c *cut, some func(*strip) bool, each func(*frame) bool) error {
	for i := range c.strips {
		if !some(&c.strips[i]) {
			continue
		}
		if err := c.strips[i].parts(func(frames []frame) error { return l.putSome(frames, each) }); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) putSome(frames []frame, some func(*frame) bool) error {
	for i := range frames {
		if !some(&frames[i]) {
			continue
		}
		if err := l.put(frames[i]); err != nil {
			return err
		}
	}
	return nil
}

// load writes what the loaders still hold.
func (f *film) load(loaders chan *loader) error {
	close(loaders)
	rest := (<-loaders).blocks
	for l := range loaders {
		for n, frames := range l.blocks {
			rest[n] = append(rest[n], frames...)
		}
	}
	for n, frames := range rest {
		for block := range slices.Chunk(frames, blockFrames) {
			if err := f.rolls[n].write(block); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds a frame in memory.
func (r *roll) add(f frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = append(r.frames, f)
	r.count++
}
