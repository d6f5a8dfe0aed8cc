package history

import "sort"

// Group is the requests of one link in the order of time, or of several that the
// history keeps together.
type Group struct {
	Number   uint32    // place of the link, or what the key gave
	*Link              // of a link
	Requests []Request // all, unless there are too many
	section  *section
	From, To int // of it
}

// Unlinked tells the group of the requests without a link, which are nobody's.
func (g *Group) Unlinked() bool { return g.Number == 0 && g.section.history.key == nil }

// Parts hands on the requests, all at once unless there are too many.
func (g *Group) Parts(f func([]Request) error) error {
	if g.Requests != nil {
		return f(g.Requests)
	}
	requests := make([]Request, min(g.section.history.sizes.Long, g.To-g.From))
	for from := g.From; from < g.To; from += len(requests) {
		requests = requests[:min(len(requests), g.To-from)]
		if err := g.section.readStretches(requests, from); err != nil {
			return err
		}
		if err := f(requests); err != nil {
			return err
		}
	}
	return nil
}

// Edit hands on the requests like parts, to be changed. What was changed of a history
// in a file stands there once the batch is put back.
func (g *Group) Edit(f func([]Request)) error {
	from := g.From
	return g.Parts(func(requests []Request) error {
		f(requests)
		if from += len(requests); g.Requests != nil {
			return nil
		}
		return g.section.rewrite(requests, from-len(requests))
	})
}

func (s *section) group(number uint32, requests []Request, from, to int) Group {
	g := Group{Number: number, Requests: requests, section: s, From: from, To: to}
	if s.history.key == nil {
		g.Link = s.history.Links.At(number)
	}
	return g
}

// endOf is where the group ends that begins at from.
func (s *section) endOf(number uint32, from int) (int, error) {
	var failed error
	one := make([]Request, 1)
	n := sort.Search(s.count-from, func(i int) bool {
		if err := s.read(one, from+i); err != nil {
			failed = err
		}
		return s.history.numberOf(&one[0]) != number
	})
	return from + n, failed
}

// groupsIn counts the groups of some requests.
func (h *History) groupsIn(requests []Request) (n int) {
	for i := range requests {
		if i == 0 || h.numberOf(&requests[i]) != h.numberOf(&requests[i-1]) {
			n++
		}
	}
	return n
}

// eachGroup hands on the groups of some requests, the first of which is from in the
// section.
func (s *section) eachGroup(requests []Request, from int, f func(Group) error) error {
	at := 0
	for i := range requests {
		number := s.history.numberOf(&requests[i])
		if end := i + 1; end == len(requests) || s.history.numberOf(&requests[end]) != number {
			if err := f(s.group(number, requests[at:end:end], from+at, from+end)); err != nil {
				return err
			}
			at = end
		}
	}
	return nil
}
