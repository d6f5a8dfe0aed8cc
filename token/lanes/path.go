package lanes

// path is a kernel. All of them give the same answers.
type path uint8

const (
	generic path = iota
	avx2
	avx512
)

// String returns the path's name.
func (p path) String() string { return [...]string{"generic", "avx2", "avx512"}[p] }
