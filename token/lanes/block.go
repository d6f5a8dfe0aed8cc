package lanes

import (
	"encoding/binary"
	"slices"
)

const (
	width     = 64 // candidates hashed side by side
	blockSize = 64
)

// chain is a state of every lane.
type chain [4][width]uint32

// block is one block of a message of which some words, given in rows, differ from lane to lane. The
// vector kernels know the offsets of its fields.
type block struct {
	round   [64]uint32 // by step: its constant and, where that is the same in all lanes, its message word
	at      [16]uint32 // by message word: where its lanes begin, in bytes from the begin of the rows
	start   state      // before step from; of the first block
	want    uint32     // what the step before to must compute, before the chaining value is taken off
	varying uint32     // the message words that differ, a bit each
	from    uint32     // 0, 4, 8 or 12: all steps before it are the same in all lanes; of the first block
	to      uint32     // steps to take before want is compared, 46 to 61; or 64: chain, nothing to compare
	chained uint32     // 1: begins with the lanes of a chaining value, not with start; to is 61 or 64
}

func (b *block) load(text []byte) {
	*b = block{to: 64}
	for w := range 16 {
		word := binary.LittleEndian.Uint32(text[4*w:])
		for _, step := range steps(w) {
			b.round[step] = sines[step] + word
		}
	}
}

// last is the last step that takes a word that differs.
func (b *block) last() int {
	last := 0
	for w := range 16 {
		if b.varying>>w&1 == 1 {
			last = max(last, steps(w)[3])
		}
	}
	return last
}

// plan is a message with a gap: constant bytes, a gap of a fixed length that lanes fill, constant
// bytes. It begins with the block that holds the begin of the gap.
type plan struct {
	blocks []block
	text   []byte // padded, zero in the gap
	gap    int    // where it begins, below blockSize
	begun  state  // what every lane of begin is
	begin  chain  // the state before, if there are several blocks
}

// lay makes the plan: the message is head, a gap of that many bytes, and tail; total is its length
// with the blocks before. The lanes of the gap's second word begin stride bytes behind those of the first.
func (p *plan) lay(head []byte, gap int, tail []byte, total, stride int) {
	end := len(head) + gap + len(tail)
	n := (end + 9 + blockSize - 1) / blockSize // 0x80 and 8 bytes of length: RFC 1321, section 3.1 and 3.2
	p.gap = len(head)
	p.text = slices.Grow(p.text[:0], n*blockSize)[:n*blockSize]
	clear(p.text)
	copy(p.text, head)
	copy(p.text[len(head)+gap:], tail)
	p.text[end] = 0x80
	binary.LittleEndian.PutUint64(p.text[n*blockSize-8:], uint64(total)*8)
	p.blocks = slices.Grow(p.blocks[:0], n)[:n]
	for i := range p.blocks {
		p.blocks[i].load(p.text[i*blockSize:])
		p.blocks[i].chained = min(uint32(i), 1)
	}
	for w := p.gap / 4; w <= (p.gap+gap-1)/4; w++ {
		b := &p.blocks[w/16]
		b.varying |= 1 << (w % 16)
		b.at[w%16] = uint32((w - p.gap/4) * stride)
	}
	// What is A after a step was computed three steps before.
	last := &p.blocks[n-1]
	last.to = 61
	if n == 1 {
		last.to = uint32(last.last() - 2)
	}
}

// aim sets the state the plan begins with and the digest it must lead to.
func (p *plan) aim(s, sum state) {
	first, last := &p.blocks[0], &p.blocks[len(p.blocks)-1]
	first.from = uint32(p.gap / 16 * 4)
	first.start = first.after(int(first.from), s)
	if first != last {
		p.chainFrom(s)
		last.want = sum[0]
		return
	}
	first.want = first.unwind(int(first.to)+3, sum.minus(s))[0]
}

func (p *plan) chainFrom(s state) {
	if p.begun == s {
		return
	}
	p.begun = s
	for i, word := range s {
		for lane := range p.begin[i] {
			p.begin[i][lane] = word
		}
	}
}

// hits hashes the lanes and returns those that have the wanted first word, a bit each.
func (p *plan) hits(path path, scratch *chain, rows []uint32, lanes int) (found uint64) {
	in := &p.begin
	for i := range p.blocks {
		found = path.hash(&p.blocks[i], in, scratch, rows, lanes)
		in = scratch
	}
	return found
}
