package ingest

import (
	"sync"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// hitColumns are the columns of table hit for one batch, each batchRows long
// and in C's memory: DuckDB reads them where they are.
type hitColumns struct {
	n                                                       int // rows that are filled in
	source                                                  []uint16
	line, start, bytes                                      []int64
	outcome, link, client, dir, file, agent, referer, ident []uint32
}

func newHitColumns(mem *recycled) *hitColumns {
	h := &hitColumns{source: columnOf[uint16](mem)}
	for _, c := range []*[]int64{&h.line, &h.start, &h.bytes} {
		*c = columnOf[int64](mem)
	}
	for _, c := range []*[]uint32{&h.outcome, &h.link, &h.client, &h.dir, &h.file, &h.agent, &h.referer, &h.ident} {
		*c = columnOf[uint32](mem)
	}
	return h
}

// record makes a batch of the rows. The memory goes with it.
func (h *hitColumns) record(schema *arrow.Schema, mem *recycled) arrow.Record {
	var columns []arrow.Array
	for i, values := range [...][]byte{
		bytesOf(h.source), bytesOf(h.line), bytesOf(h.start), bytesOf(h.outcome), bytesOf(h.link), bytesOf(h.client),
		bytesOf(h.dir), bytesOf(h.file), bytesOf(h.agent), bytesOf(h.referer), bytesOf(h.ident), bytesOf(h.bytes),
	} {
		buffer := memory.NewBufferWithAllocator(values, mem)
		data := array.NewData(schema.Field(i).Type, h.n, []*memory.Buffer{nil, buffer}, nil, 0, 0)
		columns = append(columns, array.MakeFromData(data))
		data.Release()
		buffer.Release()
	}
	record := array.NewRecord(schema, columns, int64(h.n))
	for _, c := range columns {
		c.Release()
	}
	return record
}

func columnOf[T any](mem *recycled) []T {
	var one T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mem.Allocate(batchRows*int(unsafe.Sizeof(one)))))), batchRows)
}

func bytesOf[T any](column []T) []byte {
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(column))), len(column)*int(unsafe.Sizeof(one)))
}

// recycled is memory of C that is used again, as it was left: a page that is
// new costs more than what a batch writes to it. Safe for concurrent use.
type recycled struct {
	memoryOfC
	mu     sync.Mutex
	spare  map[int][][]byte // by size
	closed bool
}

func (r *recycled) Allocate(size int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if list := r.spare[size]; len(list) > 0 {
		r.spare[size] = list[:len(list)-1]
		return list[len(list)-1]
	}
	return r.memoryOfC.Allocate(size)
}

func (r *recycled) Free(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		r.memoryOfC.Free(b)
		return
	}
	if r.spare == nil {
		r.spare = map[int][][]byte{}
	}
	r.spare[len(b)] = append(r.spare[len(b)], b)
}

// close gives back what is spare, and from now on what is freed.
func (r *recycled) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range r.spare {
		for _, b := range list {
			r.memoryOfC.Free(b)
		}
	}
	r.spare, r.closed = nil, true
}
