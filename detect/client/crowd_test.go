package client

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"ipdrift/detect/spill"
)

// TestCrowd holds crowds of few and of many to a set.
func TestCrowd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	list, err := spill.New[row](3000, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	for i := range list.Held() {
		list.Held()[i] = row{kind: plain4, word: r.Uint32N(1000), asn: r.Uint32N(3)}
	}
	c := &Table{rows: list}
	for _, members := range []int{0, 1, 50, 93, 94, 2000} {
		var crowd Crowd
		want := map[uint32]bool{}
		for range members {
			client := r.Uint32N(3000)
			crowd.Add(client, c.rows.Len())
			want[client] = true
		}
		list := crowd.List(c)
		if !slices.IsSortedFunc(list, func(x, y uint32) int { return int(c.rows.At(x).word) - int(c.rows.At(y).word) }) {
			t.Errorf("%d: not in the order of addresses", members)
		}
		slices.Sort(list)
		if !slices.Equal(list, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%d: %v, want %v", members, list, want)
		}
	}
}
