package detect

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"ipdrift/detect/spill"
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
			all = append(all, frame{place: place, start: int64(r.IntN(50)), at: uint64(i), client: r.Uint32(), outcome: r.Uint32N(5) / 4})
		}
		want := slices.Clone(all)
		slices.SortFunc(want, func(x, y frame) int {
			return cmp.Or(cmp.Compare(x.place, y.place), cmp.Compare(x.start, y.start), cmp.Compare(x.at, y.at))
		})
		for _, most := range []int64{0, 1 << 30} {
			t.Run(fmt.Sprintf("seed %d, %d bytes", seed, most), func(t *testing.T) {
				list, err := spill.New[reference](links, 1<<20)
				if err != nil {
					t.Fatal(err)
				}
				f := &film{threads: 2, links: list, same: func(f, o *frame) bool { return f.place == o.place && f.outcome == o.outcome }}
				f, err = f.make(t.Context(), int64(len(all)), links, most, func(loaders chan *loader) error {
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

// inTakes is requests without their takes. A take is of one visit, and in memory as long
// as it may be.
func inTakes(t *testing.T, f *film, frames []frame) (out []frame) {
	t.Helper()
	var before frame
	for of, rest := nextTake(frames); len(of) > 0; of, rest = nextTake(rest) {
		if n := len(of); n > int(mostMore)+1 || f.file == nil && len(out) > 0 && f.same(&before, &of[0]) && n <= int(mostMore) {
			t.Errorf("a take of %d requests", n)
		}
		for _, one := range of {
			if before = one; !f.same(&of[0], &one) {
				t.Error("a take of two visits")
			}
			one.more = 0
			out = append(out, one)
		}
	}
	return out
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
				out = append(out, inTakes(t, f, frames)...)
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
