package detect

import (
	"math/rand/v2"
	"testing"
)

// TestIndex holds the numbers of keys to a map.
func TestIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x index
	for range 200 {
		x.reset()
		want := map[key]int{}
		for range r.IntN(400) {
			k := key{id: uint32(r.IntN(3)), client: uint32(r.IntN(5)), file: uint32(r.IntN(20)), agent: uint32(r.IntN(2)), dir: uint32(r.IntN(2))}
			n, fresh := x.number(k)
			before, ok := want[k]
			if !ok {
				before = len(want)
				want[k] = before
			}
			if n != before || fresh == ok {
				t.Fatalf("key %v has number %d (new: %t), want %d (new: %t)", k, n, fresh, before, !ok)
			}
		}
	}
}
