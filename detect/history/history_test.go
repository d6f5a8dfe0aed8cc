package history

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"ipdrift/detect/spill"
)

// TestHistory holds histories in memory and in a file, cut small and large, to sorting all
// requests at once; one link has most of them.
func TestHistory(t *testing.T) {
	sizes := Sizes{Section: 100, Sections: 10, Block: 3, Long: 20, BatchRequests: 30, BatchGroups: 5, More: 2, Spoil: true}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		links := 1 + r.IntN(40)
		var all []Request
		for i := range r.IntN(2000) {
			place := uint32(r.IntN(links))
			if seed%3 == 0 && i%4 > 0 {
				place = uint32(links - 1)
			}
			all = append(all, Request{Place: place, Start: int64(r.IntN(50)), At: uint64(i), Client: r.Uint32(), Outcome: r.Uint32N(5) / 4})
		}
		want := slices.Clone(all)
		slices.SortFunc(want, func(x, y Request) int {
			return cmp.Or(cmp.Compare(x.Place, y.Place), cmp.Compare(x.Start, y.Start), cmp.Compare(x.At, y.At))
		})
		for _, most := range []int64{0, 1 << 30} {
			t.Run(fmt.Sprintf("seed %d, %d bytes", seed, most), func(t *testing.T) {
				list, err := spill.New[Link](links, 1<<20)
				if err != nil {
					t.Fatal(err)
				}
				f := New(2, sizes, func(f, o *Request) bool { return f.Place == o.Place && f.Outcome == o.Outcome })
				f.Links = list
				f, err = f.Load(t.Context(), int64(len(all)), links, most, func(loaders chan *Loader) error {
					first, second := <-loaders, <-loaders
					defer func() { loaders <- first; loaders <- second }()
					for i, of := range all {
						l := first
						if i%3 == 0 {
							l = second
						}
						if err := l.Put(of); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if got := shown(t, f); !slices.Equal(got, want) {
					t.Fatalf("%d requests, want %d in order", len(got), len(want))
				}
				if err := f.Batches(t.Context(), func(c Batch) error {
					defer c.Done()
					for i := range c.Groups {
						if err := c.Groups[i].Edit(func(requests []Request) {
							for i := range requests {
								requests[i].Cause = uint8(requests[i].Place%7 + 1)
							}
						}); err != nil {
							return err
						}
					}
					return c.PutBack()
				}); err != nil {
					t.Fatal(err)
				}
				for _, of := range shown(t, f) {
					if of.Cause != uint8(of.Place%7+1) {
						t.Fatalf("link %d has cause %d", of.Place, of.Cause)
					}
				}
				odd, err := f.Regroup(t.Context(), int64(len(all)), 3, most, func(place, _ uint32) uint32 { return place % 3 },
					func(s *Group) bool { return s.Number%2 == 1 }, func(*Request) bool { return true })
				if err != nil {
					t.Fatal(err)
				}
				defer odd.Close()
				n := 0
				for _, of := range want {
					n += int(of.Place % 2)
				}
				got := shown(t, odd)
				if len(got) != n || !slices.IsSortedFunc(got, func(x, y Request) int { return cmp.Or(cmp.Compare(x.Place%3, y.Place%3), x.inTime(&y)) }) {
					t.Fatalf("%d requests regrouped, want %d in order", len(got), n)
				}
			})
		}
	}
}

// inTakes is requests without their stretches. A stretch is of one visit, and in memory as long
// as it may be.
func inTakes(t *testing.T, f *History, requests []Request) (out []Request) {
	t.Helper()
	var before Request
	for of, rest := NextStretch(requests); len(of) > 0; of, rest = NextStretch(rest) {
		if n := len(of); n > int(f.sizes.More)+1 || f.file == nil && len(out) > 0 && f.same(&before, &of[0]) && n <= int(f.sizes.More) {
			t.Errorf("a stretch of %d requests", n)
		}
		for _, one := range of {
			if before = one; !f.same(&of[0], &one) {
				t.Error("a stretch of two visits")
			}
			one.more = 0
			out = append(out, one)
		}
	}
	return out
}

// shown is all requests of a history, group by group.
func shown(t *testing.T, f *History) (out []Request) {
	t.Helper()
	numbers := map[uint32]bool{}
	if err := f.Each(context.Background(), func(s *Group) error {
		if numbers[s.Number] {
			t.Errorf("group %d comes twice", s.Number)
		}
		numbers[s.Number] = true
		return s.Parts(func(requests []Request) error {
			for i := range requests {
				if n := f.numberOf(&requests[i]); n != s.Number {
					t.Errorf("a request of group %d is in %d", n, s.Number)
				}
			}
			out = append(out, inTakes(t, f, requests)...)
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	return out
}
