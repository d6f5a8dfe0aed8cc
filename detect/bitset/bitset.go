// Package bitset keeps sets of small numbers, a bit for each number that there may be.
package bitset

// Set is a set of the numbers below the one that it was made for. It is not safe for
// concurrent changes.
type Set []uint64

// New makes an empty set of numbers below n.
func New(n int) Set { return make(Set, (n+63)/64) }

// Has reports whether a number is in the set.
func (s Set) Has(n uint32) bool { return s[n/64]>>(n%64)&1 == 1 }

// Add adds a number.
func (s Set) Add(n uint32) { s[n/64] |= 1 << (n % 64) }

// Remove takes a number out.
func (s Set) Remove(n uint32) { s[n/64] &^= 1 << (n % 64) }
