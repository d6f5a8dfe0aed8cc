package ingest

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"golang.org/x/sync/errgroup"
)

// Hits is the rows of table hit as they were read, for who reads them all next. There are
// none where they are too many, or where the table has not the same rows any more.
type Hits struct {
	room    int64 // bytes that are left; below 0: nothing is kept
	records []arrow.Record
	insert  func(context.Context, <-chan arrow.Record) error // into the table
	waiting bool                                             // the table has none of them yet
	asked   atomic.Bool                                      // they will be looked for in the table
}

// deliver has the table take all batches, and keeps them. Where nobody reads the table they
// wait for who asks for them, as long as there is room: what is not asked for is not written.
func (h *Hits) deliver(ctx context.Context, batches <-chan arrow.Record, unread bool) error {
	for h.waiting = unread; h.waiting && h.room >= 0 && !h.asked.Load(); {
		r, more := <-batches
		if !more {
			return nil
		}
		h.keep(r)
		r.Release()
	}
	through := make(chan arrow.Record, cap(batches))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.insert(ctx, through) })
	g.Go(func() error {
		defer close(through)
		return h.forward(ctx, batches, through)
	})
	return g.Wait()
}

// forward hands on what waits, and then what comes, until ctx ends.
func (h *Hits) forward(ctx context.Context, batches <-chan arrow.Record, through chan<- arrow.Record) error {
	send := func(r arrow.Record) {
		select {
		case through <- r:
		case <-ctx.Done():
			r.Release()
		}
	}
	for _, r := range h.begin() {
		send(r)
	}
	for ctx.Err() == nil {
		select {
		case r, more := <-batches:
			if !more {
				return nil
			}
			h.keep(r)
			send(r)
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// begin takes what waits to the table, and lets go of it where there was no room for all.
func (h *Hits) begin() (records []arrow.Record) {
	if !h.waiting {
		return nil
	}
	for _, r := range h.records {
		r.Retain()
		records = append(records, r)
	}
	if h.waiting = false; h.room < 0 {
		h.drop()
	}
	return records
}

// keep takes a batch, if there was room for all before it. It has no part in who else
// holds it. Where there is none for this one all go, unless they wait.
func (h *Hits) keep(r arrow.Record) {
	if h.room < 0 {
		return
	}
	for _, c := range r.Columns() {
		for _, b := range c.Data().Buffers() {
			if b != nil {
				h.room -= int64(b.Cap())
			}
		}
	}
	if h.room < 0 && !h.waiting {
		h.drop()
		return
	}
	r.Retain()
	h.records = append(h.records, r)
}

// Write has the rows stand in table hit, for who looks for them there: the load has seen to
// it already, unless nobody reads the table but who asks.
func (h *Hits) Write(ctx context.Context) error {
	if h == nil || !h.waiting {
		return nil
	}
	if h.room < 0 {
		return errors.New("the requests were let go of before they were written")
	}
	records := h.begin()
	batches := make(chan arrow.Record, len(records))
	for _, r := range records {
		batches <- r
	}
	close(batches)
	return h.insert(ctx, batches)
}

func (h *Hits) drop() {
	for _, r := range h.records {
		r.Release()
	}
	h.records, h.room = nil, -1
}

// kept tells whether there are all.
func (h *Hits) kept() bool { return h != nil && h.room >= 0 }

// mostRenamed is how many ids of a dictionary may be renamed: more are not worth it.
const mostRenamed = 1 << 17

// rename carries new ids of a dictionary over.
func (h *Hits) rename(name string, ids map[uint32]uint32) {
	if !h.kept() {
		return
	}
	last := uint32(0)
	for id := range ids {
		last = max(last, id)
	}
	to := make([]uint32, last+1) // 0: it stays
	for id, one := range ids {
		to[id] = one
	}
	for _, r := range h.records {
		column := r.Column(r.Schema().FieldIndices(name)[0]).(*array.Uint32).Uint32Values()
		for i, id := range column {
			if id <= last && to[id] > 0 {
				column[i] = to[id]
			}
		}
	}
}

// Pages gives the rows, in no order. Columns are those of the table. ok tells whether
// they are all that table hit has. They are valid until they are dropped.
func (h *Hits) Pages() (pages []Page, ok bool) {
	if !h.kept() {
		return nil, false
	}
	for _, r := range h.records {
		pages = append(pages, Page{r})
	}
	return pages, true
}

// Drop lets go of them.
func (h *Hits) Drop() {
	if h != nil {
		h.drop()
	}
}
