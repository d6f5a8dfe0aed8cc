package detect

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

// TestLinksInFile wants links in the order of their hashes, and each id's place, where both
// are in files as where they are in memory.
func TestLinksInFile(t *testing.T) {
	defer func(n int) { placesAtOnce = n }(placesAtOnce)
	placesAtOnce = 700
	r := rand.New(rand.NewPCG(4, 2))
	for _, mask := range []uint64{^uint64(0), 0xff << 56, 3, 0} {
		var links []reference
		for id := range uint32(3000) {
			if r.IntN(5) > 0 {
				links = append(links, reference{hash: r.Uint64() & mask, link: id + 1, deadline: int64(id)})
			}
		}
		f := &film{threads: 2}
		var err error
		if f.links, err = spill.New[reference](len(links)+1, 0); err != nil {
			t.Fatal(err)
		}
		if err := f.sortLinks(t.Context(), func(do func(reference) error) error {
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
		slices.SortFunc(links, func(x, y reference) int { return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.link, y.link)) })
		for i, l := range links {
			if got := *f.links.At(uint32(i + 1)); got != l {
				t.Fatalf("hashes in %x: link %d is %v, want %v", mask, i, got, l)
			}
			if got := *places.At(l.link); got != uint32(i+1) {
				t.Fatalf("hashes in %x: link %d has place %d, want %d", mask, l.link, got, i+1)
			}
		}
		if err := cmp.Or(f.close(), places.Close()); err != nil {
			t.Error(err)
		}
	}
}
