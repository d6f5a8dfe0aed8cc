package history

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"ipdrift/detect/spill"
)

// TestSortLinks compares with a plain sort, also where hashes are alike.
func TestSortLinks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, mask := range []uint64{^uint64(0), 3, 0xff << 56, 0} {
		links := make([]Link, r.IntN(5000))
		for i := range links {
			links[i] = Link{Hash: r.Uint64() & mask, ID: uint32(i + 1), Deadline: int64(i)}
		}
		r.Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
		want := slices.Clone(links)
		slices.SortFunc(want, func(x, y Link) int { return cmp.Or(cmp.Compare(x.Hash, y.Hash), cmp.Compare(x.ID, y.ID)) })
		if err := sortLinks(t.Context(), 2, links); err != nil || !slices.Equal(links, want) {
			t.Errorf("hashes in %x: %d links are not in order (%v)", mask, len(links), err)
		}
	}
}

// TestLinksInFile wants links in the order of their hashes, and each id's place, where both
// are in files as where they are in memory.
func TestLinksInFile(t *testing.T) {
	defer func(n int) { placesAtOnce = n }(placesAtOnce)
	placesAtOnce = 700
	r := rand.New(rand.NewPCG(4, 2))
	for _, mask := range []uint64{^uint64(0), 0xff << 56, 3, 0} {
		var links []Link
		for id := range uint32(3000) {
			if r.IntN(5) > 0 {
				links = append(links, Link{Hash: r.Uint64() & mask, ID: id + 1, Deadline: int64(id)})
			}
		}
		f := New(2, DefaultSizes(), nil)
		var err error
		if f.Links, err = spill.New[Link](len(links)+1, 0); err != nil {
			t.Fatal(err)
		}
		if err := f.sortLinksInFile(t.Context(), func(do func(Link) error) error {
			for _, l := range links {
				if err := do(l); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		places, err := f.placeLinks(3000, 0)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(links, func(x, y Link) int { return cmp.Or(cmp.Compare(x.Hash, y.Hash), cmp.Compare(x.ID, y.ID)) })
		for i, l := range links {
			if got := *f.Links.At(uint32(i + 1)); got != l {
				t.Fatalf("hashes in %x: link %d is %v, want %v", mask, i, got, l)
			}
			if got := *places.At(l.ID); got != uint32(i+1) {
				t.Fatalf("hashes in %x: link %d has place %d, want %d", mask, l.ID, got, i+1)
			}
		}
		if err := cmp.Or(f.Close(), places.Close()); err != nil {
			t.Error(err)
		}
	}
}
