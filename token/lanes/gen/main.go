// Command gen writes the vector kernels of package lanes: the MD5 compression function (RFC 1321) for
// 64 messages side by side, once for AVX-512 and once for AVX2, and the two instructions that tell
// which of them a processor can run.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	hash(avx512{})
	hash(newAVX2())
	cpuid()
	xgetbv()
	Generate()
}

func cpuid() {
	TEXT("cpuid", NOSPLIT, "func(leaf, sub uint32) (a, b, c, d uint32)")
	Load(Param("leaf"), EAX)
	Load(Param("sub"), ECX)
	CPUID()
	Store(EAX, Return("a"))
	Store(EBX, Return("b"))
	Store(ECX, Return("c"))
	Store(EDX, Return("d"))
	RET()
}

func xgetbv() {
	TEXT("xgetbv", NOSPLIT, "func() (low uint32)")
	XORL(ECX, ECX)
	XGETBV()
	Store(EAX, Return("low"))
	RET()
}
