package detect

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSortLinks compares with a plain sort, also where hashes are alike.
func TestSortLinks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, mask := range []uint64{^uint64(0), 3, 0xff << 56, 0} {
		links := make([]reference, r.IntN(5000))
		for i := range links {
			links[i] = reference{hash: r.Uint64() & mask, link: uint32(i + 1), deadline: int64(i)}
		}
		r.Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
		want := slices.Clone(links)
		slices.SortFunc(want, func(x, y reference) int { return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.link, y.link)) })
		if err := sortLinks(t.Context(), 2, links); err != nil || !slices.Equal(links, want) {
			t.Errorf("hashes in %x: %d links are not in order (%v)", mask, len(links), err)
		}
	}
}
