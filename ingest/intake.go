package ingest

import (
	"context"
	"errors"
	"iter"
	"sync"
)

// intake hands out the chunks of all sources. Whoever works on a chunk has read
// it, so that its bytes are in the cache of that processor. As many sources are
// open as there are workers.
type intake struct {
	load *load
	ctx  context.Context

	mu   sync.Mutex
	left [][]int // ids of the sources that are not open yet, one group for each tap
	open []*tap
}

// tap is where the sources come in one after the other.
type tap struct {
	mu   sync.Mutex
	left []int // ids of the sources of its group that are not open yet
	next func() (chunk, bool)
	stop func()
	dry  bool // no source is left for it
}

func newIntake(ctx context.Context, l *load) *intake {
	in := &intake{load: l, ctx: ctx}
	together := map[string]int{} // the group of a tape, counted from 1
	for id, src := range l.sources {
		if src == nil {
			continue
		}
		group := together[src.Tape()]
		if group == 0 {
			in.left = append(in.left, nil)
			group = len(in.left)
		}
		if in.left[group-1] = append(in.left[group-1], id); src.Tape() != "" {
			together[src.Tape()] = group
		}
	}
	for range min(l.Threads, len(in.left)) {
		in.open = append(in.open, &tap{})
	}
	return in
}

// take returns the next chunk of some source, for one worker those of the same
// as far as possible; false at the end.
func (in *intake) take(worker int) (chunk, bool) {
	n := len(in.open)
	for i := range n {
		t := in.open[(worker+i)%n]
		if !t.mu.TryLock() {
			continue
		}
		if ch, ok := in.from(t); ok {
			return ch, true
		}
	}
	for i := range n { // all that is left is in others' hands
		t := in.open[(worker+i)%n]
		t.mu.Lock()
		if ch, ok := in.from(t); ok {
			return ch, true
		}
	}
	return chunk{}, false
}

// from takes a chunk from a tap that the caller has locked, and unlocks it.
func (in *intake) from(t *tap) (chunk, bool) {
	defer t.mu.Unlock()
	for !t.dry && in.ctx.Err() == nil {
		if t.next == nil {
			if len(t.left) == 0 {
				t.left = in.another()
			}
			if len(t.left) == 0 {
				t.dry = true
				break
			}
			t.next, t.stop = iter.Pull(in.chunks(t.left[0]))
			t.left = t.left[1:]
		}
		if ch, ok := t.next(); ok {
			return ch, true
		}
		t.stop()
		t.next = nil
	}
	return chunk{}, false
}

// another is the next group of sources, nil where none is left.
func (in *intake) another() (group []int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.left) > 0 {
		group, in.left = in.left[0], in.left[1:]
	}
	return group
}

// errNotWanted ends the reading of a source whose chunks nobody takes any more.
var errNotWanted = errors.New("not wanted any more")

// chunks reads one source.
func (in *intake) chunks(id int) iter.Seq[chunk] {
	return func(yield func(chunk) bool) {
		src := in.load.sources[id]
		src.lines, src.err = in.load.readOne(in.ctx, id, src, func(ch chunk) error {
			if !yield(ch) {
				return errNotWanted
			}
			return in.ctx.Err()
		})
	}
}

// close ends what is still being read.
func (in *intake) close() {
	for _, t := range in.open {
		t.mu.Lock()
		if t.next != nil {
			t.stop()
			t.next = nil
		}
		t.mu.Unlock()
	}
}
