package ingest

import (
	"math/bits"
	"sync"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// placeOf is where a request stands: its source, and the line in it, from 1 on, which is
// below 2^40. No other request of a case stands there, and places are in the order of
// sources and lines.
func placeOf(source int, line int64) uint64 { return uint64(source)<<lineBits | uint64(line) }

// SourceOf is the source of a place.
func SourceOf(place uint64) int { return int(place >> lineBits) }

// sourceOfAt is SourceOf in SQL, of table packed.
const sourceOfAt = "at >> 40"

// lineBits of a place tell the line, the other 24 the source.
const lineBits = 40

// hitColumns are the columns of table packed for one batch, each batchRows long,
// in one block: DuckDB reads them where they are.
type hitColumns struct {
	n                                                       int // rows that are filled in
	at                                                      []uint64
	start, bytes                                            []int64
	outcome, link, client, dir, file, agent, referer, ident []uint32
	took                                                    []uint16
	block                                                   []byte
}

func newHitColumns(from *blocks) *hitColumns {
	h := &hitColumns{block: from.take()}
	rest := h.block
	h.at, rest = columnOf[uint64](rest)
	h.start, rest = columnOf[int64](rest)
	h.bytes, rest = columnOf[int64](rest)
	for _, c := range []*[]uint32{&h.outcome, &h.link, &h.client, &h.dir, &h.file, &h.agent, &h.referer, &h.ident} {
		*c, rest = columnOf[uint32](rest)
	}
	h.took, _ = columnOf[uint16](rest)
	return h
}

// restOf names the parts of column rest of table packed, in their order.
var restOf = []string{"client", "dir", "file", "agent", "ident", "took", "referer", "bytes"}

// restAt is the place of that column.
const restAt = 4

// record makes a batch of the rows. The memory, which is from there, goes with it.
func (h *hitColumns) record(schema *arrow.Schema, from *blocks) arrow.Record {
	whole := memory.NewBufferWithAllocator(h.block, from)
	defer whole.Release()
	rest := schema.Field(restAt).Type.(*arrow.StructType)
	var columns, parts []arrow.ArrayData
	for i, values := range [][]byte{bytesOf(h.at), bytesOf(h.start), bytesOf(h.outcome), bytesOf(h.link)} {
		columns = append(columns, h.data(schema.Field(i).Type, whole, values))
	}
	for i, values := range [][]byte{bytesOf(h.client), bytesOf(h.dir), bytesOf(h.file), bytesOf(h.agent), bytesOf(h.ident), bytesOf(h.took), bytesOf(h.referer), bytesOf(h.bytes)} {
		parts = append(parts, h.data(rest.Field(i).Type, whole, values))
	}
	columns = append(columns, array.NewData(rest, h.n, []*memory.Buffer{nil}, parts, 0, 0))
	var arrays []arrow.Array
	for _, c := range columns {
		arrays = append(arrays, array.MakeFromData(c))
	}
	record := array.NewRecord(schema, arrays, int64(h.n))
	for _, a := range arrays {
		a.Release()
	}
	for _, c := range append(columns, parts...) {
		c.Release()
	}
	return record
}

// data is a column of the rows, whose values are a part of the whole.
func (h *hitColumns) data(of arrow.DataType, whole *memory.Buffer, values []byte) arrow.ArrayData {
	from := uintptr(unsafe.Pointer(unsafe.SliceData(values))) - uintptr(unsafe.Pointer(unsafe.SliceData(h.block)))
	part := memory.SliceBuffer(whole, int(from), len(values))
	defer part.Release()
	return array.NewData(of, h.n, []*memory.Buffer{nil, part}, nil, 0, 0)
}

// columnOf makes a column of the first bytes of a block, and gives the rest, a cache line further
// on: columns of like rows would compete for the same lines otherwise.
func columnOf[T any](block []byte) (column []T, rest []byte) {
	size := batchRows * int(unsafe.Sizeof(*new(T)))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(block))), batchRows), block[size+cacheLine:]
}

func bytesOf[T any](column []T) []byte {
	var one T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(column))), len(column)*int(unsafe.Sizeof(one)))
}

// recycled is memory of C that is used again, as it was left: a page that is
// new costs more than what a batch writes to it. Sizes are powers of two. Safe
// for concurrent use.
type recycled struct {
	mu     sync.Mutex
	spare  map[int][][]byte // by size
	closed bool
}

var _ memory.Allocator = (*recycled)(nil)

func (r *recycled) Allocate(size int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	whole := wholeSize(size)
	if list := r.spare[whole]; len(list) > 0 {
		r.spare[whole] = list[:len(list)-1]
		return list[len(list)-1][:size]
	}
	return memoryOfC{}.Allocate(whole)[:size]
}

// Reallocate returns memory that begins with what b holds, and takes b.
func (r *recycled) Reallocate(size int, b []byte) []byte {
	if size <= cap(b) {
		return b[:size]
	}
	fresh := r.Allocate(size)
	copy(fresh, b)
	r.Free(b)
	return fresh
}

func (r *recycled) Free(b []byte) {
	if cap(b) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		memoryOfC{}.Free(b)
		return
	}
	if r.spare == nil {
		r.spare = map[int][][]byte{}
	}
	whole := wholeSize(cap(b))
	r.spare[whole] = append(r.spare[whole], unsafe.Slice(unsafe.SliceData(b), whole))
}

// wholeSize is the size of what is allocated where size bytes are wanted.
func wholeSize(size int) int { return 1 << bits.Len(uint(max(size, 64)-1)) }

// close gives back what is spare, and from now on what is freed.
func (r *recycled) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range r.spare {
		for _, b := range list {
			memoryOfC{}.Free(b)
		}
	}
	r.spare, r.closed = nil, true
}
