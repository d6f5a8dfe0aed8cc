package ingest

import (
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Hits is the rows of table hit as they went to the database, for who reads them
// all next. There are none where they are too many, or where the table has not the same
// rows any more.
type Hits struct {
	mu      sync.Mutex
	room    int64 // bytes that are left; below 0: nothing is kept
	records []arrow.Record
}

// keep takes a batch, if there is room for it and all before it. It has no part in
// who else holds it.
func (h *Hits) keep(r arrow.Record) {
	h.mu.Lock()
	defer h.mu.Unlock()
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
	if h.room < 0 {
		h.drop()
		return
	}
	r.Retain()
	h.records = append(h.records, r)
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
