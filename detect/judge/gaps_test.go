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

var standard = Default()

func TestRule11GapsByHand(t *testing.T) {
	var g Gaps
	g.Add([]string{"seg3.ts", "seg1.ts", "seg2.ts", "seg5.ts", "seg8.ts", "seg9.ts", "seg9.ts", "index.m3u8", "movie.mp4"}) // 4, 6 and 7 are missing
	g.Add([]string{"lo-seg1.ts", "lo-seg2.ts", "hi-seg3.ts", "hi-seg4.ts"})
	g.Add([]string{"seg1.ts", "seg4.ts"})                                                               // too few
	g.Add(watched(8, 6, all))                                                                           // every sixth number is the next one
	g.Add([]string{"t0.m4s", "t90123.m4s", "t180301.m4s", "t270455.m4s", "t360511.m4s", "t450000.m4s"}) // times
	g.Add([]string{"seg1.ts", "seg2.ts", "seg3.ts", "seg104.ts", "seg105.ts", "seg106.ts"})             // a seek
	g.Add([]string{"9e107d9d.ts", "372bb682.ts", "6bd81a35.ts", "16d3503f.ts", "1ddc7bf7.ts"})          // hashes
	if want := (Gaps{Users: 4, Holed: 1, Steps: 5 + 3 + 7 + 4, Jumps: 2, Missing: 3}); g != want {
		t.Errorf("%+v, want %+v", g, want)
	}
}

// TestRule11GapsOfTracksBesideEachOther: of audio and video with the same numbers each has its own holes. A rendition that
// is gone on with is no such track, be a few numbers of it the same.
func TestRule11GapsOfTracksBesideEachOther(t *testing.T) {
	var g Gaps
	g.Add([]string{"v-1.m4s", "v-2.m4s", "v-4.m4s", "v-5.m4s", "a-1.m4s", "a-3.m4s", "a-4.m4s", "a-5.m4s"})                                                                           // v-3 and a-2 are missing
	g.Add([]string{"chunk-stream0-00001.m4s", "chunk-stream0-00002.m4s", "chunk-stream0-00004.m4s", "chunk-stream1-00002.m4s", "chunk-stream1-00003.m4s", "chunk-stream1-00004.m4s"}) // 3 of the first
	if want := (Gaps{Users: 2, Holed: 2, Steps: 3 + 3 + 2 + 2, Jumps: 3, Missing: 3}); g != want {
		t.Errorf("%+v, want %+v", g, want)
	}
	var times []string
	for n := range 20 { // MPEG-DASH may number by time, each track in units of its own
		if n != 7 {
			times = append(times, fmt.Sprintf("video_5_%d.m4s", n*360_000))
		}
		if n != 4 && n != 12 {
			times = append(times, fmt.Sprintf("audio_2_%d.m4s", n*192_000))
		}
	}
	g = Gaps{}
	if g.Add(times); g != (Gaps{Users: 1, Holed: 1, Steps: 18 + 17, Jumps: 3, Missing: 3}) {
		t.Errorf("by time: %+v", g)
	}
	var names []string
	for n := range 30 {
		if n < 16 {
			names = append(names, fmt.Sprintf("lo-%d.ts", n))
		}
		if n >= 15 { // 15 in both
			names = append(names, fmt.Sprintf("hi-%d.ts", n))
		}
	}
	g = Gaps{}
	if g.Add(names); g != (Gaps{Users: 1, Steps: 29}) {
		t.Errorf("another rendition: %+v", g)
	}
}

// TestRule11GapsTell draws the lines: 30 users, more than half of them with
// holes, more than a tenth of the steps, and on average at most 2/(1-share) missing each.
func TestRule11GapsTell(t *testing.T) {
	for _, c := range []struct {
		want bool
		Gaps
	}{
		{true, Gaps{Users: 30, Holed: 16, Steps: 300, Jumps: 31, Missing: 69}}, // 2/(1-31/300) is 2.23, times 31 is 69.1
		{false, Gaps{Users: 29, Holed: 29, Steps: 300, Jumps: 31, Missing: 31}},
		{false, Gaps{Users: 30, Holed: 15, Steps: 300, Jumps: 31, Missing: 31}},
		{false, Gaps{Users: 30, Holed: 30, Steps: 300, Jumps: 30, Missing: 30}},
		{false, Gaps{Users: 30, Holed: 30, Steps: 300, Jumps: 31, Missing: 70}},
		{true, Gaps{Users: 30, Holed: 30, Steps: 60, Jumps: 54, Missing: 486}}, // one in ten is there
	} {
		if c.Tell(&standard) != c.want {
			t.Errorf("%+v: told %v", c.Gaps, c.Tell(&standard))
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
		if share := g.Share(); share < (1-kept)-0.03 || share > (1-kept)+0.03 || g.Tell(&standard) != (kept < 0.9) {
			t.Errorf("%.0f %% kept: %.3f missing, told %v", 100*kept, share, g.Tell(&standard))
		}
	}
}

// viewer is somebody who watches about mean segments, skips 10 to 20 once, and
// seeks up to hop segments further after every run of them, with that chance.
type viewer struct {
	mean, hop, run int
	seeks, skips   float64
}

func (v viewer) watch(random *rand.Rand, keep float64) (names []string) {
	at, since, skip := 1, 0, -1
	if random.Float64() < v.skips {
		skip = 1 + random.IntN(4)
	}
	for i := range 1 + int(random.ExpFloat64()*float64(v.mean)) {
		if random.Float64() < keep {
			names = append(names, fmt.Sprintf("%dp-seg-%d.ts", 360*(1+random.IntN(3)), at))
		}
		if at++; i == skip {
			at += 10 + random.IntN(10)
		}
		if since++; since >= v.run && random.Float64() < v.seeks {
			at, since = at+1+random.IntN(v.hop), 0
		}
	}
	return names
}

// TestRule11SeekingIsNoSample: players skip, seek and change the rendition; that
// is told from a sample of their lines, however many of them do.
func TestRule11SeekingIsNoSample(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	told := func(v viewer, users int, keep float64) (n int) {
		for range 20 {
			var g Gaps
			for range users {
				g.Add(v.watch(random, keep))
			}
			if g.Tell(&standard) {
				n++
			}
		}
		return n
	}
	for name, v := range map[string]viewer{
		"calm":                       {mean: 200, hop: 30, run: 3, seeks: 0.005},
		"short":                      {mean: 8, hop: 30, run: 3, seeks: 0.02},
		"all skip the intro, long":   {mean: 100, skips: 1, run: 3, hop: 30},
		"all skip the intro, short":  {mean: 10, skips: 1, run: 3, hop: 30},
		"half skip the intro, short": {mean: 10, skips: 0.5, run: 3, hop: 30},
		"all seek again and again":   {mean: 20, hop: 15, run: 2, seeks: 0.2},
		"all look for a scene":       {mean: 20, hop: 30, run: 2, seeks: 1},
	} {
		for _, users := range []int{40, 300} {
			if n := told(v, users, 1); n > 0 {
				t.Errorf("%s: %d of 20 whole logs of %d viewers are said to be samples", name, n, users)
			}
		}
	}
	for _, keep := range []float64{0.75, 0.5, 1. / 3, 0.1, 0.05} {
		if n := told(viewer{mean: 100, hop: 30, run: 3, seeks: 0.01, skips: 0.3}, 300, keep); n < 20 {
			t.Errorf("of 20 samples of %.0f %% of the lines, %d are recognised", 100*keep, n)
		}
	}
}
