package history

import (
	"cmp"
	"container/heap"
)

// run is a sorted part of a long section.
type run struct {
	section   *section
	requests  []Request // that were read
	next, end int       // what is left in the file
}

func (r *run) advance() (more bool, err error) {
	if len(r.requests) > 1 {
		r.requests = r.requests[1:]
		return true, nil
	}
	n := min(r.section.history.sizes.Block, r.end-r.next)
	if n == 0 {
		return false, nil
	}
	r.requests = make([]Request, n)
	r.next += n
	return true, r.section.read(r.requests, r.next-n)
}

// runs are those of one section, the one with the first request on top.
type runs []*run

func (r runs) Len() int { return len(r) }
func (r runs) Less(i, j int) bool {
	x, y, f := &r[i].requests[0], &r[j].requests[0], r[i].section.history
	return cmp.Or(cmp.Compare(f.numberOf(x), f.numberOf(y)), x.inTime(y)) < 0
}
func (r runs) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r *runs) Push(x any)   { *r = append(*r, x.(*run)) }
func (r *runs) Pop() any {
	last := len(*r) - 1
	x := (*r)[last]
	*r = (*r)[:last]
	return x
}

// merge puts a long section in order, somewhere else in the file.
func (s *section) merge(runs runs) error {
	for _, run := range runs {
		if _, err := run.advance(); err != nil {
			return err
		}
	}
	heap.Init(&runs)
	to := section{history: s.history}
	var block []Request
	write := func() error {
		s.history.countStretches(block)
		err := to.write(block)
		block = block[:0]
		return err
	}
	for len(runs) > 0 {
		if block = append(block, runs[0].requests[0]); len(block) == s.history.sizes.Block {
			if err := write(); err != nil {
				return err
			}
		}
		if more, err := runs[0].advance(); err != nil {
			return err
		} else if more {
			heap.Fix(&runs, 0)
		} else {
			heap.Pop(&runs)
		}
	}
	if len(block) > 0 {
		if err := write(); err != nil {
			return err
		}
	}
	s.blocks = to.blocks
	return nil
}
