package bitset

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSet holds a set to a map.
func TestSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 300
		set, want := New(rapid.IntRange(0, n).Draw(t, "room")), map[uint32]bool{}
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
		for at := range uint32(2 * n) {
			if set.Has(at) != want[at] {
				t.Fatalf("%d: %t, want %t", at, set.Has(at), want[at])
			}
		}
	})
}
