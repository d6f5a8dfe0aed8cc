package judge

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// watched are the segments first, first+step, … of which keep holds.
func watched(n, step int, keep func(int) bool) (names []string) {
	for i := range n {
		if keep(i) {
			names = append(names, fmt.Sprintf("seg-%d.ts", 100+i*step))
		}
	}
	return names
}

func all(int) bool { return true }

func TestRule11GapsByHand(t *testing.T) {
	var g Gaps
	g.Add([]string{"seg3.ts", "seg1.ts", "seg2.ts", "seg5.ts", "seg8.ts", "seg9.ts", "seg9.ts", "index.m3u8", "movie.mp4"}) // 4, 6 and 7 are missing
	g.Add([]string{"seg1.ts", "seg2.ts", "seg3.ts", "seg4.ts", "seg5.ts"})                                                  // too few
	g.Add(watched(8, 6, all))                                                                                               // every sixth number is the next one
	g.Add([]string{"t0.m4s", "t90123.m4s", "t180301.m4s", "t270455.m4s", "t360511.m4s", "t450000.m4s"})                     // times
	g.Add([]string{"seg1.ts", "seg2.ts", "seg3.ts", "seg104.ts", "seg105.ts", "seg106.ts"})                                 // a seek
	if want := (Gaps{Users: 3, Holed: 1, Asked: 6 + 8 + 6, Missing: 3}); g != want {
		t.Errorf("%+v, want %+v", g, want)
	}
}

// TestRule11GapsTell draws the lines: 30 users, more than half of them with
// holes, more than a tenth missing.
func TestRule11GapsTell(t *testing.T) {
	sure := func(users, holed, missing int) *Gaps {
		g := &Gaps{}
		for u := range users {
			g.Add(watched(40, 1, func(i int) bool { return u >= holed || i == 0 || i > missing }))
		}
		return g
	}
	for _, c := range []struct {
		users, holed, missing int
		want                  bool
	}{
		{30, 30, 5, true}, {29, 29, 5, false}, {30, 30, 4, false}, {30, 15, 9, false}, {30, 16, 9, true}, {30, 0, 0, false},
	} {
		if g := sure(c.users, c.holed, c.missing); g.Tell() != c.want {
			t.Errorf("%+v: %v of %+v (%.3f)", c, g.Tell(), *g, g.Share())
		}
	}
}

// TestRule11GapsOfSampledLogs: a log of which so much is dropped at random shows
// that much missing, and one of which nothing is dropped none, however viewers
// seek.
func TestRule11GapsOfSampledLogs(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for _, kept := range []float64{1, 0.95, 0.8, 0.5, 0.25} {
		var g Gaps
		for range 300 {
			g.Add(watched(60, 1, func(int) bool { return random.Float64() < kept }))
		}
		if share := g.Share(); share < (1-kept)-0.03 || share > (1-kept)+0.03 || g.Tell() != (kept < 0.9) {
			t.Errorf("%.0f %% kept: %.3f missing, told %v", 100*kept, share, g.Tell())
		}
	}
	var g Gaps
	for range 300 {
		skipped := map[int]bool{}
		if random.IntN(3) == 0 {
			for at := 5 + random.IntN(40); len(skipped) < 12; at++ {
				skipped[at] = true
			}
		}
		g.Add(watched(60, 1, func(i int) bool { return !skipped[i] }))
	}
	if g.Tell() {
		t.Errorf("a third of the viewers seeks: %+v", g)
	}
}
