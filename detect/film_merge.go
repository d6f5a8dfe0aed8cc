package detect

import (
	"cmp"
	"container/heap"
)

// run is a sorted part of a long roll.
type run struct {
	roll      *roll
	frames    []frame // that were read
	next, end int     // what is left in the file
}

func (r *run) advance() (more bool, err error) {
	if len(r.frames) > 1 {
		r.frames = r.frames[1:]
		return true, nil
	}
	n := min(blockFrames, r.end-r.next)
	if n == 0 {
		return false, nil
	}
	r.frames = make([]frame, n)
	r.next += n
	return true, r.roll.read(r.frames, r.next-n)
}

// runs are those of one roll, the one with the first frame on top.
type runs []*run

func (r runs) Len() int { return len(r) }
func (r runs) Less(i, j int) bool {
	x, y, f := &r[i].frames[0], &r[j].frames[0], r[i].roll.film
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

// merge puts a long roll in order, somewhere else in the file.
func (r *roll) merge(runs runs) error {
	for _, run := range runs {
		if _, err := run.advance(); err != nil {
			return err
		}
	}
	heap.Init(&runs)
	to := roll{film: r.film}
	var block []frame
	write := func() error {
		r.film.countTakes(block)
		err := to.write(block)
		block = block[:0]
		return err
	}
	for len(runs) > 0 {
		if block = append(block, runs[0].frames[0]); len(block) == blockFrames {
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
	r.blocks = to.blocks
	return nil
}
