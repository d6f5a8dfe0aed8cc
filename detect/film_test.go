package detect

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFilm holds films in memory and in a file, cut small and large, to sorting all
// requests at once; one link has most of them.
func TestFilm(t *testing.T) {
	defer Meagre()()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		links := 1 + r.IntN(40)
		var all []frame
		for i := range r.IntN(2000) {
			place := uint32(r.IntN(links))
			if seed%3 == 0 && i%4 > 0 {
				place = uint32(links - 1)
			}
			all = append(all, frame{place: place, start: int64(r.IntN(50)), at: uint64(i), client: r.Uint32()})
		}
		want := slices.Clone(all)
		slices.SortFunc(want, func(x, y frame) int {
			return cmp.Or(cmp.Compare(x.place, y.place), cmp.Compare(x.start, y.start), cmp.Compare(x.at, y.at))
		})
		for _, most := range []int64{0, 1 << 30} {
			t.Run(fmt.Sprintf("seed %d, %d bytes", seed, most), func(t *testing.T) {
				f := &film{threads: 2, links: make([]reference, links)}
				f, err := f.make(t.Context(), int64(len(all)), links, most, func(loaders chan *loader) error {
					first, second := <-loaders, <-loaders
					defer func() { loaders <- first; loaders <- second }()
					for i, of := range all {
						l := first
						if i%3 == 0 {
							l = second
						}
						if err := l.put(of); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				defer f.close()
				if got := shown(t, f); !slices.Equal(got, want) {
					t.Fatalf("%d requests, want %d in order", len(got), len(want))
				}
				if err := f.each(t.Context(), func(c *cut) error {
					for i := range c.strips {
						if err := c.strips[i].edit(func(frames []frame) {
							for i := range frames {
								frames[i].cause = uint8(frames[i].place%7 + 1)
							}
						}); err != nil {
							return err
						}
					}
					return c.putBack()
				}); err != nil {
					t.Fatal(err)
				}
				for _, of := range shown(t, f) {
					if of.cause != uint8(of.place%7+1) {
						t.Fatalf("link %d has cause %d", of.place, of.cause)
					}
				}
				odd, err := f.regroup(t.Context(), int64(len(all)), 3, most, func(place, _ uint32) uint32 { return place % 3 },
					func(s *strip) bool { return s.number%2 == 1 }, func(*frame) bool { return true })
				if err != nil {
					t.Fatal(err)
				}
				defer odd.close()
				n := 0
				for _, of := range want {
					n += int(of.place % 2)
				}
				got := shown(t, odd)
				if len(got) != n || !slices.IsSortedFunc(got, func(x, y frame) int { return cmp.Or(cmp.Compare(x.place%3, y.place%3), x.inTime(&y)) }) {
					t.Fatalf("%d requests regrouped, want %d in order", len(got), n)
				}
			})
		}
	}
}

// shown is all requests of a film, strip by strip.
func shown(t *testing.T, f *film) (out []frame) {
	t.Helper()
	numbers := map[uint32]bool{}
	if err := f.each(context.Background(), func(c *cut) error {
		for i := range c.strips {
			s := &c.strips[i]
			if numbers[s.number] {
				t.Errorf("strip %d comes twice", s.number)
			}
			numbers[s.number] = true
			if err := s.parts(func(frames []frame) error {
				for i := range frames {
					if n := f.numberOf(&frames[i]); n != s.number {
						t.Errorf("a request of strip %d is in %d", n, s.number)
					}
				}
				out = append(out, frames...)
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

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
