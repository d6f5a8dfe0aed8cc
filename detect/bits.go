package detect

// bits is a set of small numbers.
type bits []uint64

func newBits(n int) bits { return make(bits, (n+63)/64) }

func (b bits) has(n uint32) bool { return b[n/64]>>(n%64)&1 == 1 }

func (b bits) set(n uint32) { b[n/64] |= 1 << (n % 64) }

func (b bits) unset(n uint32) { b[n/64] &^= 1 << (n % 64) }
