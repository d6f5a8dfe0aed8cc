package detect

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"ipdrift/detect/search"
)

// TestLowest adds addresses in no order, some of them twice, until there are
// fewer, as many and more of them than the pool holds.
func TestLowest(t *testing.T) {
	for _, n := range []int{0, 1, 1000, search.PoolSize, 2 * search.PoolSize, 5 * search.PoolSize} {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		var l lowest
		all := map[stored]bool{}
		for range n {
			s := stored{4 + 2*uint8(r.IntN(2)), uint8(r.IntN(2)), r.Uint64N(3), r.Uint64N(3 * search.PoolSize)}
			all[s] = true
			l.add(s)
		}
		l.cut()
		want := slices.SortedFunc(maps.Keys(all), func(x, y stored) int {
			return slices.Compare([]uint64{uint64(x.family), x.hi, x.lo, uint64(x.mapped)}, []uint64{uint64(y.family), y.hi, y.lo, uint64(y.mapped)})
		})
		if want = want[:min(len(want), search.PoolSize)]; !slices.Equal(l.kept, want) {
			t.Errorf("of %d addresses %d are kept, not the lowest %d", n, len(l.kept), len(want))
		}
	}
}
