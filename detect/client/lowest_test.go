package client

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLowest adds addresses in no order, some of them twice, until there are
// fewer, as many and more of them than are kept.
func TestLowest(t *testing.T) {
	const most = 20_000
	for _, n := range []int{0, 1, 1000, most, 2 * most, 5 * most} {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		l := Lowest{Most: most}
		all := map[Stored]bool{}
		for range n {
			s := Stored{4 + 2*uint8(r.IntN(2)), uint8(r.IntN(2)), r.Uint64N(3), r.Uint64N(3 * most)}
			all[s] = true
			l.Add(s)
		}
		l.Cut()
		want := slices.SortedFunc(maps.Keys(all), func(x, y Stored) int {
			return slices.Compare([]uint64{uint64(x.Family), x.Hi, x.Lo, uint64(x.Mapped)}, []uint64{uint64(y.Family), y.Hi, y.Lo, uint64(y.Mapped)})
		})
		if want = want[:min(len(want), most)]; !slices.Equal(l.Kept, want) {
			t.Errorf("of %d addresses %d are kept, not the lowest %d", n, len(l.Kept), len(want))
		}
	}
}
