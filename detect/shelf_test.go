package detect

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// TestShelf holds values on a shelf, in memory and in a file, to a slice: put in order, in
// pieces and where they are, read at random by several goroutines, a page at a time.
func TestShelf(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	want := make([]client, 3*mostPages*pageValues/2)
	for i := range want {
		if r.IntN(10) > 0 {
			want[i] = client{word: r.Uint32(), asn: r.Uint32(), country: uint16(i), kind: uint8(i)}
		}
	}
	for _, most := range []int64{0, 1 << 30} {
		t.Run(fmt.Sprint(most, " bytes"), func(t *testing.T) {
			s, err := newShelf[client](len(want), most)
			if err != nil {
				t.Fatal(err)
			}
			if (s.all == nil) != (most == 0) {
				t.Fatalf("in memory: %t", s.all != nil)
			}
			f := s.filler()
			for i, v := range want[:len(want)/2] {
				if v != (client{}) {
					if err := f.put(i, v); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := f.done(); err != nil {
				t.Fatal(err)
			}
			for from := len(want) / 2; from < len(want); from += 1000 {
				if err := s.put(from, want[from:min(from+1000, len(want))]); err != nil {
					t.Fatal(err)
				}
			}
			var wait sync.WaitGroup
			for seed := range uint64(3) {
				wait.Go(func() {
					r := rand.New(rand.NewPCG(seed, 3))
					for range 100_000 {
						n := r.IntN(len(want))
						if n%2 == 0 {
							n /= pageValues // many on one page
						}
						if got := *s.at(uint32(n)); got != want[n] {
							t.Errorf("value %d is %v, want %v", n, got, want[n])
							return
						}
					}
				})
			}
			wait.Wait()
			got := make([]client, 999)
			if err := s.get(12345, got); err != nil || !slices.Equal(got, want[12345:12345+999]) {
				t.Errorf("some values are others (%v)", err)
			}
			if err := s.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestShelfUnreadable wants it said that a value could not be read.
func TestShelfUnreadable(t *testing.T) {
	s, err := newShelf[client](100, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.file.Close()
	if got := *s.at(7); got != (client{}) {
		t.Errorf("a value is %v", got)
	}
	if s.close() == nil {
		t.Error("no error")
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
		if f.links, err = newShelf[reference](len(links)+1, 0); err != nil {
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
		places, err := (&analysis{}).placeLinks(f, 3000)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(links, func(x, y reference) int { return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.link, y.link)) })
		for i, l := range links {
			if got := *f.links.at(uint32(i + 1)); got != l {
				t.Fatalf("hashes in %x: link %d is %v, want %v", mask, i, got, l)
			}
			if got := *places.at(l.link); got != uint32(i+1) {
				t.Fatalf("hashes in %x: link %d has place %d, want %d", mask, l.link, got, i+1)
			}
		}
		if err := cmp.Or(f.close(), places.close()); err != nil {
			t.Error(err)
		}
	}
}
