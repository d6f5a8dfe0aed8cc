package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of lanes.block, in bytes; a test in lanes holds them against the struct.
const (
	roundAt   = 0
	atAt      = 256
	startAt   = 320
	wantAt    = 336
	varyingAt = 340
	fromAt    = 344
	toAt      = 348
	chainedAt = 352
)

const row = 128 // bytes of 32 lanes

// vectors is what differs between the instruction sets. A pair is the same register of two vectors
// that are worked on in turn, so that one covers the latency of the other.
type vectors interface {
	name() string
	bytes() int                          // of a vector
	register() VecVirtual                //
	prepare()                            // loads constants into registers
	add(m Mem, p pair)                   // p += a 32-bit word, in all lanes
	mix(round int, b, c, d pair, a pair) // a += F, G, H or I of b, c and d
	rotate(n int, p pair)                // left
	equal(a, b VecVirtual, bits Register)
}

type pair [2]VecVirtual

// kernel holds the registers of one compression.
type kernel struct {
	vectors
	block, in, out, rows Register
	varying, to          Register
	state                [4]pair // register i of the state moves its role from step to step
}

func newPair(v vectors) pair { return pair{v.register(), v.register()} }

// hash writes func(b *block, in, out *chain, rows []uint32) (hits uint32). 32 lanes are one pass of
// two AVX-512 vectors or two passes of two AVX2 vectors.
func hash(v vectors) {
	TEXT("hash"+v.name(), NOSPLIT, "func(b *byte, in, out *byte, rows []uint32) (hits uint32)")
	k := &kernel{vectors: v, block: Load(Param("b"), GP64()), in: Load(Param("in"), GP64()),
		out: Load(Param("out"), GP64()), rows: Load(Param("rows").Base(), GP64()), varying: GP32(), to: GP32()}
	for i := range k.state {
		k.state[i] = newPair(v)
	}
	MOVL(k.field(varyingAt), k.varying)
	MOVL(k.field(toAt), k.to)
	v.prepare()
	hits := GP32()
	passes := row / (2 * v.bytes())
	if passes == 1 {
		k.pass(hits)
	} else {
		k.passes(passes, hits)
	}
	VZEROUPPER()
	Store(hits, Return("hits"))
	RET()
	k.laneWords()
}

// passes runs the lanes in several passes, the last lanes first.
func (k *kernel) passes(n int, hits Register) {
	step, pass := 2*k.bytes(), GP32()
	for _, base := range []Register{k.in, k.out, k.rows} {
		ADDQ(Imm(uint64((n-1)*step)), base)
	}
	XORL(hits, hits)
	MOVL(U32(n), pass)
	Label("pass")
	found := GP32()
	k.pass(found)
	SHLL(Imm(uint64(step/4)), hits)
	ORL(found, hits)
	for _, base := range []Register{k.in, k.out, k.rows} {
		SUBQ(Imm(uint64(step)), base)
	}
	DECL(pass)
	JNZ(LabelRef("pass"))
}

func (k *kernel) field(offset int) Mem { return Mem{Base: k.block, Disp: offset} }

func (k *kernel) lane(base Register, word, vector int) Mem {
	return Mem{Base: base, Disp: word*row + vector*k.bytes()}
}

// pass compresses the block in two vectors of lanes.
func (k *kernel) pass(hits Register) {
	XORL(hits, hits)
	k.enter()
	for i := range 64 {
		Label(fmt.Sprintf("step%d", i))
		k.step(i)
		if i >= 45 && i <= 60 {
			CMPL(k.to, Imm(uint64(i+1)))
			JEQ(LabelRef(fmt.Sprintf("compare%d", (64-i)%4)))
		}
	}
	k.chain()
	JMP(LabelRef("done"))
	k.compare(hits)
	Label("done")
}

// enter loads the state and jumps to the first step that is not the same in all lanes.
func (k *kernel) enter() {
	CMPL(k.field(chainedAt), Imm(0))
	JNE(LabelRef("chained"))
	for i, p := range k.state {
		for _, register := range p {
			VPBROADCASTD(k.field(startAt+4*i), register)
		}
	}
	from := GP32()
	MOVL(k.field(fromAt), from)
	for i := 4; i < 16; i += 4 {
		CMPL(from, Imm(uint64(i)))
		JEQ(LabelRef(fmt.Sprintf("step%d", i)))
	}
	JMP(LabelRef("step0"))
	Label("chained")
	for i, p := range k.state {
		for j, register := range p {
			move(k, k.lane(k.in, i, j), register)
		}
	}
}

// word is the index of the message word that a step takes.
func word(step int) int {
	return []int{step, 5*step + 1, 3*step + 5, 7 * step}[step/16] % 16
}

func shift(step int) int {
	return [4][4]int{{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}[step/16][step%4]
}

// step adds constants and constant words, and leaves the straight way for words that differ from lane
// to lane.
func (k *kernel) step(i int) {
	role := func(n int) pair { return k.state[(n+64-i)%4] }
	a, b, c, d := role(0), role(1), role(2), role(3)
	k.add(k.field(roundAt+4*i), a)
	TESTL(U32(1<<word(i)), k.varying)
	JNE(LabelRef(fmt.Sprintf("lanes%d", i)))
	Label(fmt.Sprintf("mix%d", i))
	k.mix(i/16, b, c, d, a)
	k.rotate(shift(i), a)
	for j := range a {
		VPADDD(b[j], a[j], a[j])
	}
}

// laneWords adds the words that differ from lane to lane.
func (k *kernel) laneWords() {
	for i := range 64 {
		Label(fmt.Sprintf("lanes%d", i))
		at, a := GP64(), k.state[(64-i)%4]
		MOVL(k.field(atAt+4*word(i)), at.As32())
		for j := range a {
			VPADDD(Mem{Base: k.rows, Index: at, Scale: 1, Disp: j * k.bytes()}, a[j], a[j])
		}
		JMP(LabelRef(fmt.Sprintf("mix%d", i)))
	}
}

// chain adds the chaining value and stores the next.
func (k *kernel) chain() {
	for i, p := range k.state {
		for j, register := range p {
			VPADDD(k.lane(k.in, i, j), register, register)
			move(k, register, k.lane(k.out, i, j))
		}
	}
}

// compare holds what the last step computed against what it must be. The digest's first word is that
// plus the chaining value.
func (k *kernel) compare(hits Register) {
	for i := 1; i <= 4; i++ {
		Label(fmt.Sprintf("compare%d", i%4))
		if i < 4 {
			for j := range k.state[0] {
				move(k, k.state[i][j], k.state[0][j])
			}
			JMP(LabelRef("compare"))
		}
	}
	Label("compare")
	want := newPair(k.vectors)
	for _, register := range want {
		VPBROADCASTD(k.field(wantAt), register)
	}
	CMPL(k.field(chainedAt), Imm(0))
	JEQ(LabelRef("equal"))
	for j, register := range want {
		VPSUBD(k.lane(k.in, 0, j), register, register)
	}
	Label("equal")
	bits := GP32()
	for j := 1; j >= 0; j-- {
		k.equal(k.state[0][j], want[j], bits)
		SHLL(Imm(uint64(k.bytes()/4)), hits)
		ORL(bits, hits)
	}
}
