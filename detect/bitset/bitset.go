// Package bitset keeps sets of small numbers, a bit for each number up to the largest.
package bitset

// Set is a set of numbers; nil is an empty one. It is not safe for concurrent changes.
type Set []uint64

// New makes an empty set with room for the numbers below n.
func New(n int) Set { return make(Set, (n+63)/64) }

// Has reports whether a number is in the set.
func (s Set) Has(n uint32) bool { return int(n/64) < len(s) && s[n/64]>>(n%64)&1 == 1 }

// Add adds a number, and makes room for it if it has to.
func (s *Set) Add(n uint32) {
	if int(n/64) >= len(*s) {
		s.grow(int(n/64) + 1)
	}
	(*s)[n/64] |= 1 << (n % 64)
}

func (s *Set) grow(words int) { *s = append(*s, make(Set, words-len(*s))...) }

// Remove takes a number out.
func (s Set) Remove(n uint32) {
	if int(n/64) < len(s) {
		s[n/64] &^= 1 << (n % 64)
	}
}
