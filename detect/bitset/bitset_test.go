package bitset

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSet holds a set to a map.
func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		set, want := New(n), map[uint32]bool{}
		for range rapid.IntRange(0, 200).Draw(t, "changes") {
			at := uint32(rapid.IntRange(0, n-1).Draw(t, "number"))
			if rapid.Bool().Draw(t, "in") {
				set.Add(at)
				want[at] = true
			} else {
				set.Remove(at)
				delete(want, at)
			}
		}
		for at := range uint32(n) {
			if set.Has(at) != want[at] {
				t.Fatalf("%d of %d: %t, want %t", at, n, set.Has(at), want[at])
			}
		}
	})
}
