package main

import (
	"fmt"
	"math/bits"

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

const row = 256 // bytes of 64 lanes

// vectors is what differs between the instruction sets. A team is the same register of several vectors
// that are worked on in turn, so that they cover each other's latency.
type vectors interface {
	name() string
	bytes() int                          // of a vector
	team() int                           // vectors in one: as many as there are registers for
	register() VecVirtual                //
	prepare()                            // loads constants into registers
	add(m Mem, t team)                   // t += a 32-bit word, in all lanes
	mix(round int, b, c, d team, a team) // a += F, G, H or I of b, c and d
	rotate(n int, t team)                // left
	equal(a, b VecVirtual, bits GPVirtual)
}

type team []VecVirtual

// kernel holds the registers of one compression.
type kernel struct {
	vectors
	block, in, out, rows Register
	varying, to          Register
	state                [4]team // register i of the state moves its role from step to step
}

func newTeam(v vectors) (t team) {
	for range v.team() {
		t = append(t, v.register())
	}
	return t
}

// hash writes func(b *block, in, out *chain, rows []uint32, lanes int) (hits uint64). 64 lanes are one
// pass of four AVX-512 vectors, whatever lanes says, or up to four passes of two AVX2 vectors.
func hash(v vectors) {
	TEXT("hash"+v.name(), NOSPLIT, "func(b *byte, in, out *byte, rows []uint32, lanes int) (hits uint64)")
	k := &kernel{vectors: v, block: Load(Param("b"), GP64()), in: Load(Param("in"), GP64()),
		out: Load(Param("out"), GP64()), rows: Load(Param("rows").Base(), GP64()), varying: GP32(), to: GP32()}
	for i := range k.state {
		k.state[i] = newTeam(v)
	}
	MOVL(k.field(varyingAt), k.varying)
	MOVL(k.field(toAt), k.to)
	v.prepare()
	hits := GP64()
	if v.team()*v.bytes() == row {
		k.pass(hits)
	} else {
		k.passes(hits)
	}
	VZEROUPPER()
	Store(hits, Return("hits"))
	RET()
	k.laneWords()
}

// passes runs the lanes in as many passes as they need, the last lanes first.
func (k *kernel) passes(hits GPVirtual) {
	step := k.team() * k.bytes()
	pass, last := GP64(), GP64()
	Load(Param("lanes"), pass)
	ADDQ(Imm(uint64(step/4-1)), pass)
	SHRQ(Imm(uint64(bits.TrailingZeros(uint(step/4)))), pass)
	MOVQ(pass, last)
	DECQ(last)
	SHLQ(Imm(uint64(bits.TrailingZeros(uint(step)))), last)
	for _, base := range []Register{k.in, k.out, k.rows} {
		ADDQ(last, base)
	}
	XORL(hits.As32(), hits.As32())
	Label("pass")
	found := GP64()
	k.pass(found)
	SHLQ(Imm(uint64(step/4)), hits)
	ORQ(found, hits)
	for _, base := range []Register{k.in, k.out, k.rows} {
		SUBQ(Imm(uint64(step)), base)
	}
	DECQ(pass)
	JNZ(LabelRef("pass"))
}

func (k *kernel) field(offset int) Mem { return Mem{Base: k.block, Disp: offset} }

func (k *kernel) lane(base Register, word, vector int) Mem {
	return Mem{Base: base, Disp: word*row + vector*k.bytes()}
}

// pass compresses the block in one team of lanes.
func (k *kernel) pass(hits GPVirtual) {
	XORL(hits.As32(), hits.As32())
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
	role := func(n int) team { return k.state[(n+64-i)%4] }
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
func (k *kernel) compare(hits GPVirtual) {
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
	want := newTeam(k.vectors)
	for _, register := range want {
		VPBROADCASTD(k.field(wantAt), register)
	}
	CMPL(k.field(chainedAt), Imm(0))
	JEQ(LabelRef("equal"))
	for j, register := range want {
		VPSUBD(k.lane(k.in, 0, j), register, register)
	}
	Label("equal")
	same := GP64()
	for j := k.team() - 1; j >= 0; j-- {
		k.equal(k.state[0][j], want[j], same)
		SHLQ(Imm(uint64(k.bytes()/4)), hits)
		ORQ(same, hits)
	}
}
