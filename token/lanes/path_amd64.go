package lanes

// fastest asks the processor which instructions it has (CPUID) and the operating system which
// registers it keeps (XGETBV): Intel's Software Developer's Manual, volume 1, sections 14.3, 14.7.1
// and 15.2.
func fastest() path {
	const (
		osxsave, avx            = 1 << 27, 1 << 28 // leaf 1, ECX
		hasAVX2, hasAVX512F     = 1 << 5, 1 << 16  // leaf 7, EBX
		ymmKept, zmmAndMaskKept = 0b110, 0b1110_0110
	)
	if leaves, _, _, _ := cpuid(0, 0); leaves < 7 {
		return generic
	}
	_, _, c, _ := cpuid(1, 0)
	if c&osxsave == 0 || c&avx == 0 {
		return generic
	}
	kept := xgetbv()
	_, b, _, _ := cpuid(7, 0)
	switch {
	case b&hasAVX2 == 0 || kept&ymmKept != ymmKept:
		return generic
	case b&hasAVX512F == 0 || kept&zmmAndMaskKept != zmmAndMaskKept:
		return avx2
	}
	return avx512
}

func (p path) hash(b *block, in, out *chain, rows []uint32, lanes int) (hits uint64) {
	switch p {
	case avx512:
		return hashAVX512(b, in, out, rows, lanes)
	case avx2:
		return hashAVX2(b, in, out, rows, lanes)
	}
	return hashGeneric(b, in, out, rows, lanes)
}

// hashAVX512 is hashGeneric in four vectors of 16 lanes, of which it fills all, however few are asked for.
//
//go:noescape
func hashAVX512(b *block, in, out *chain, rows []uint32, lanes int) (hits uint64)

// hashAVX2 is hashGeneric in passes of two vectors of 8 lanes, of which it fills the last.
//
//go:noescape
func hashAVX2(b *block, in, out *chain, rows []uint32, lanes int) (hits uint64)

//go:noescape
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

//go:noescape
func xgetbv() (low uint32)
