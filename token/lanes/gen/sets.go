package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func move(v vectors, from, to Op) {
	if v.bytes() == 64 {
		VMOVDQU32(from, to)
	} else {
		VMOVDQU(from, to)
	}
}

// avx512 rotates in one instruction and computes any function of three inputs in another.
type avx512 struct{}

func (avx512) name() string         { return "AVX512" }
func (avx512) bytes() int           { return 64 }
func (avx512) team() int            { return 4 }
func (avx512) register() VecVirtual { return ZMM() }
func (avx512) prepare()             {}

func (avx512) add(m Mem, t team) {
	for _, register := range t {
		VPADDD_BCST(m, register, register)
	}
}

func (avx512) mix(round int, b, c, d, a team) {
	f := newTeam(avx512{})
	for j := range f {
		VMOVDQA32(d[j], f[j])
	}
	for j := range f {
		VPTERNLOGD(U8(table(round)), b[j], c[j], f[j])
	}
	for j := range f {
		VPADDD(f[j], a[j], a[j])
	}
}

// table is the truth table of a round's function for VPTERNLOGD: d, c and b are bits 2, 1 and 0 of
// the index.
func table(round int) (t uint8) {
	for i := range uint8(8) {
		d, c, b := i>>2, i>>1&1, i&1
		f := []uint8{b&c | ^b&d, b&d | c&^d, b ^ c ^ d, c ^ (b | ^d)}[round]
		t |= f & 1 << i
	}
	return t
}

func (avx512) rotate(n int, t team) {
	for _, register := range t {
		VPROLD(Imm(uint64(n)), register, register)
	}
}

func (avx512) equal(a, b VecVirtual, bits GPVirtual) {
	mask := K()
	VPCMPEQD(a, b, mask)
	KMOVW(mask, bits.As32())
}

// avx2 makes both of several instructions. ones is all ones, halves swaps the halves of each lane.
type avx2 struct{ ones, halves VecVirtual }

func newAVX2() *avx2 { return new(avx2) }

func (*avx2) name() string         { return "AVX2" }
func (*avx2) bytes() int           { return 32 }
func (*avx2) team() int            { return 2 }
func (*avx2) register() VecVirtual { return YMM() }

func (v *avx2) prepare() {
	v.ones, v.halves = YMM(), YMM()
	VPCMPEQD(v.ones, v.ones, v.ones)
	swap := GLOBL("halves", RODATA|NOPTR)
	DATA(0, U64(0x05040706_01000302))
	DATA(8, U64(0x0d0c0f0e_09080b0a))
	VBROADCASTI128(swap, v.halves)
}

func (*avx2) add(m Mem, t team) {
	word := YMM()
	VPBROADCASTD(m, word)
	for _, register := range t {
		VPADDD(word, register, register)
	}
}

// mix adds the two halves of G, which share no bit, one by one: the half without b, which was computed
// last, does not wait for it.
func (v *avx2) mix(round int, b, c, d, a team) {
	f, g := newTeam(v), newTeam(v)
	for j := range f {
		switch round {
		case 0:
			VPXOR(c[j], d[j], f[j])
			VPAND(b[j], f[j], f[j])
			VPXOR(d[j], f[j], f[j])
		case 1:
			VPANDN(c[j], d[j], g[j])
			VPADDD(g[j], a[j], a[j])
			VPAND(b[j], d[j], f[j])
		case 2:
			VPXOR(c[j], d[j], f[j])
			VPXOR(b[j], f[j], f[j])
		default:
			VPXOR(d[j], v.ones, f[j])
			VPOR(b[j], f[j], f[j])
			VPXOR(c[j], f[j], f[j])
		}
		VPADDD(f[j], a[j], a[j])
	}
}

func (v *avx2) rotate(n int, t team) {
	low := YMM()
	for _, register := range t {
		if n == 16 {
			VPSHUFB(v.halves, register, register)
			continue
		}
		VPSLLD(Imm(uint64(n)), register, low)
		VPSRLD(Imm(uint64(32-n)), register, register)
		VPOR(low, register, register)
	}
}

func (*avx2) equal(a, b VecVirtual, bits GPVirtual) {
	same := YMM()
	VPCMPEQD(a, b, same)
	VMOVMSKPS(same, bits.As32())
}
