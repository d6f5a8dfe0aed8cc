package history

import (
	"context"
	"errors"
	"iter"
	"sort"
)

// Batch is some groups that follow each other. Who takes one may use it, and what is in
// it, until it is done.
type Batch struct {
	Groups  []Group
	section *section
	whole   []Request // the requests of the section that these groups end; nil: others follow
	from    int       // of whole
	buffers []*buffer

	Fetched uint32 // for who reads ahead what the requests refer to: what is done with it, so that it is read
}

// lend makes a batch of something in a buffer; nil: of what stays where it is.
func (b Batch) lend(s *buffer) Batch {
	if s != nil {
		s.lent.Add(1)
		b.buffers = append(b.buffers, s)
	}
	return b
}

// One is a batch of one of the groups, to be done by itself.
func (b *Batch) One(i int) Batch {
	only := Batch{Groups: b.Groups[i : i+1 : i+1], section: b.section}
	for _, s := range b.buffers {
		only = only.lend(s)
	}
	return only
}

// Done ends a batch.
func (b *Batch) Done() {
	for _, s := range b.buffers {
		s.done()
	}
	b.buffers, b.Groups, b.whole = nil, nil, nil
}

// Adopt keeps what another batch is in until this one is done, which has groups of it.
func (b *Batch) Adopt(o *Batch) { b.buffers = append(b.buffers, o.buffers...) }

// PutBack writes what was changed in the section.
func (b *Batch) PutBack() error {
	if b.whole == nil || b.section.history.file == nil {
		return nil
	}
	return b.section.rewrite(b.whole, b.from)
}

// Each tells of all groups in their order. of must not keep them.
func (h *History) Each(ctx context.Context, of func(*Group) error) error {
	return h.Batches(ctx, func(c Batch) error {
		defer c.Done()
		for i := range c.Groups {
			if err := of(&c.Groups[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// Batches hands on all groups in their order, some at a time. Who takes a batch says when
// it is done.
func (h *History) Batches(ctx context.Context, emit func(Batch) error) error {
	for i := range h.sections {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := h.sections[i].batches(emit); err != nil {
			return err
		}
	}
	return nil
}

func (s *section) batches(emit func(Batch) error) error {
	if s.groups != nil {
		return s.batchesOf(s.groups, emit)
	}
	if s.history.file == nil {
		return s.batchesIn(nil, s.requests, 0, emit)
	}
	for from := 0; from < s.count; {
		var err error
		if from, err = s.part(from, emit); err != nil {
			return err
		}
	}
	return nil
}

// part hands on the groups of a history in a file from a place of it on, and returns where
// they end.
func (s *section) part(from int, emit func(Batch) error) (to int, err error) {
	b := s.history.buffer()
	defer b.done()
	requests := b.room(min(s.history.sizes.Long, s.count-from))
	if err := s.readStretches(requests, from); err != nil {
		return 0, err
	}
	if from+len(requests) < s.count { // the last group may go on
		last := s.history.numberOf(&requests[len(requests)-1])
		end := sort.Search(len(requests), func(i int) bool { return s.history.numberOf(&requests[i]) == last })
		if requests = requests[:end]; end == 0 {
			if to, err = s.endOf(last, from); err != nil {
				return 0, err
			}
			return to, emit(Batch{Groups: []Group{s.group(last, nil, from, to)}, section: s})
		}
	}
	return from + len(requests), s.batchesIn(b, requests, from, emit)
}

// batchesOf hands on groups that are in memory.
func (s *section) batchesOf(groups []Group, emit func(Batch) error) error {
	sizes := &s.history.sizes
	held, first := 0, 0
	for i := range groups {
		held += len(groups[i].Requests)
		n := i + 1
		if n < len(groups) && held < sizes.BatchRequests && n-first < sizes.BatchGroups {
			continue
		}
		if err := emit(Batch{Groups: groups[first:n:n], section: s}); err != nil {
			return err
		}
		held, first = 0, n
	}
	return nil
}

// batchesIn hands on the groups of some requests, the first of which is from in the section.
// in is the buffer that the requests are in; nil: they are in memory for good. The groups
// of each batch are in another.
func (s *section) batchesIn(in *buffer, requests []Request, from int, emit func(Batch) error) error {
	sizes := &s.history.sizes
	held, of := 0, s.history.buffer()
	defer func() { of.done() }()
	return s.eachGroup(requests, from, func(g Group) error {
		of.groups = append(of.groups, g)
		held += len(g.Requests)
		last := g.To == from+len(requests)
		if !last && held < sizes.BatchRequests && len(of.groups) < sizes.BatchGroups {
			return nil
		}
		c := Batch{Groups: of.groups, section: s}.lend(in).lend(of)
		if last {
			c.whole, c.from = requests, from
		}
		of.done()
		held, of = 0, s.history.buffer()
		return emit(c)
	})
}

var errEnough = errors.New("enough")

// All gives the groups one by one, each as a batch of its own, which is good until the next one.
func (h *History) All(ctx context.Context) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		err := h.Batches(ctx, func(c Batch) error {
			defer c.Done()
			for i := range c.Groups {
				if !yield(c.One(i), nil) {
					return errEnough
				}
			}
			return nil
		})
		if err != nil && err != errEnough {
			yield(Batch{}, err)
		}
	}
}
