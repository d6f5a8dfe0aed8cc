package ingest

import (
	"slices"
	"sync"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// A block has room for the columns of a batch, and a slab for some blocks: they fill its large
// pages but for a thousandth.
const (
	cacheLine     = 64
	blockSize     = batchRows*(3*8+8*4+2) + 12*cacheLine
	blocksOfASlab = 10
)

// blocks are the memory of batches, outside Go's heap. A block is used again as it was left: a
// page that is new costs more than what a batch writes to it. Safe for concurrent use.
type blocks struct {
	memory.Allocator // none: Arrow has nothing to ask for
	mu               sync.Mutex
	slabs            []*slab
	spare            [][]byte
	closed           bool
}

// slab is where blocks are cut off.
type slab struct {
	memory []byte
	free   func()
	cut    int // blocks that were handed out
	out    int // those that did not come back behind the end
}

// take hands out a block.
func (b *blocks) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.spare); n > 0 {
		block := b.spare[n-1]
		b.spare = b.spare[:n-1]
		return block
	}
	if n := len(b.slabs); n == 0 || b.slabs[n-1].cut == blocksOfASlab {
		s := &slab{}
		s.memory, s.free = Outside[byte](blocksOfASlab * blockSize)
		b.slabs = append(b.slabs, s)
	}
	s := b.slabs[len(b.slabs)-1]
	block := s.memory[s.cut*blockSize:][:blockSize:blockSize]
	s.cut, s.out = s.cut+1, s.out+1
	return block
}

// Free takes a block back.
func (b *blocks) Free(block []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spare = append(b.spare, block); b.closed {
		b.giveBack()
	}
}

// close gives back what is spare, and from now on what is freed. No block is taken any more.
func (b *blocks) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.giveBack()
}

// giveBack gives the slabs back of which no block is out.
func (b *blocks) giveBack() {
	for _, block := range b.spare {
		for i, s := range b.slabs {
			if !s.holds(block) {
				continue
			}
			if s.out--; s.out == 0 {
				s.free()
				b.slabs = slices.Delete(b.slabs, i, i+1)
			}
			break
		}
	}
	b.spare = nil
}

func (s *slab) holds(block []byte) bool {
	at, from := uintptr(unsafe.Pointer(unsafe.SliceData(block))), uintptr(unsafe.Pointer(unsafe.SliceData(s.memory)))
	return from <= at && at < from+uintptr(len(s.memory))
}
