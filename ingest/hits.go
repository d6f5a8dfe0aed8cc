package ingest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"golang.org/x/sync/errgroup"

	"ipdrift/ingest/fetch"
)

// Hits is the rows of table packed as they were read, for who reads them all next. There are
// none where they are too many, or where the table has not the same rows any more.
type Hits struct {
	room    int64 // bytes that are left; below 0: nothing is kept
	records []arrow.Record
	insert  func(context.Context, <-chan arrow.Record) error // into the table
	waiting bool                                             // the table has none of them yet
	asked   atomic.Bool                                      // they will be looked for in the table
}

// deliver keeps all batches as long as there is room: they wait for who has them written.
// Where there is none, or they will be looked for in the table, it takes them right away.
func (h *Hits) deliver(ctx context.Context, batches <-chan arrow.Record, wait bool) error {
	for h.waiting = wait; h.waiting && h.room >= 0 && !h.asked.Load(); {
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
		h.room -= sizeOf(c.Data())
	}
	if h.room < 0 && !h.waiting {
		h.drop()
		return
	}
	r.Retain()
	h.records = append(h.records, r)
}

// sizeOf is how many bytes of memory a column takes.
func sizeOf(column arrow.ArrayData) (n int64) {
	for _, b := range column.Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	for _, part := range column.Children() {
		n += sizeOf(part)
	}
	return n
}

// Write has the rows stand in table packed, for who looks for them there.
func (h *Hits) Write(ctx context.Context) error { return h.HandOver()(ctx) }

// HandOver returns what Write does, for who has it done beside something else: whether they are
// dropped meanwhile does not matter to it. It does nothing where they stand there already, or
// were handed over.
func (h *Hits) HandOver() (write func(context.Context) error) {
	if h == nil || !h.waiting {
		return func(context.Context) error { return nil }
	}
	if h.room < 0 {
		return func(context.Context) error { return errors.New("the requests were let go of before they were written") }
	}
	records := h.begin()
	batches := make(chan arrow.Record, len(records))
	for _, r := range records {
		batches <- r
	}
	close(batches)
	return func(ctx context.Context) error { return h.insert(ctx, batches) }
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
		column := idsOf(r, name)
		for i, id := range column {
			if id <= last && to[id] > 0 {
				column[i] = to[id]
			}
		}
	}
}

// idsOf is the column of a dictionary's ids.
func idsOf(r arrow.Record, dictionary string) []uint32 {
	if i := slices.Index(restOf, dictionary); i >= 0 {
		return partsOfRest(r)[i].(*array.Uint32).Uint32Values()
	}
	return fetch.PageOf(r.Columns()).U32(r.Schema().FieldIndices(dictionary)[0])
}

// partsOfRest are those of column rest, as columns.
func partsOfRest(r arrow.Record) (parts []arrow.Array) {
	rest := r.Column(restAt).(*array.Struct)
	for i := range restOf {
		parts = append(parts, rest.Field(i))
	}
	return parts
}

// Pages gives the rows, in no order. Columns begin as those of ScanHits. ok tells whether
// they are all that table packed has. They are valid until they are dropped.
func (h *Hits) Pages() (pages []fetch.Page, ok bool) {
	if !h.kept() {
		return nil, false
	}
	for _, r := range h.records {
		pages = append(pages, fetch.PageOf(append(slices.Clone(r.Columns()[:restAt]), partsOfRest(r)...)))
	}
	return pages, true
}

// Drop lets go of them.
func (h *Hits) Drop() {
	if h != nil {
		h.drop()
	}
}
