package judge

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The bounds were computed apart from this package with exact decimals (python
// decimal, z = 1.6448536269514722), as the roots of (p−s)² = z² p(1−p)/n.
func TestRule13Wilson(t *testing.T) {
	for _, c := range wilsonVectors {
		share, low, high := Wilson(c.k, c.n)
		if !near(share, float64(c.k)/float64(c.n)) || !near(low, c.low) || !near(high, c.high) {
			t.Errorf("Wilson(%d, %d) = %.9f %.9f %.9f, want bounds %.9f %.9f", c.k, c.n, share, low, high, c.low, c.high)
		}
	}
	if s, l, h := Wilson(0, 0); s != 0 || l != 0 || h != 1 {
		t.Errorf("Wilson(0, 0) = %v %v %v, want 0 0 1", s, l, h)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestWilsonHoldsTheShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1e6).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		share, low, high := Wilson(k, n)
		if low < 0 || high > 1 || low > share+1e-12 || share > high+1e-12 {
			t.Fatalf("Wilson(%d, %d) = %v %v %v", k, n, share, low, high)
		}
	})
}

// Rule 17 names its number from this: none let in of 60 lies just below 5 %.
func TestRule17SixtyLinksBoundFivePercent(t *testing.T) {
	if high := wilsonHigh(0, 60); high >= 0.05 || high < 0.04 {
		t.Errorf("upper bound of 0 of 60 is %v, want just below 0.05", high)
	}
	if high := wilsonHigh(0, 50); high < 0.05 {
		t.Errorf("upper bound of 0 of 50 is %v, want at least 0.05", high)
	}
}

var wilsonVectors = []struct {
	k, n      int64
	low, high float64
}{
	{0, 1, 0.000000000000, 0.730134051216},
	{1, 1, 0.269865948784, 1.000000000000},
	{0, 10, 0.000000000000, 0.212941970083},
	{5, 10, 0.269271821138, 0.730728178862},
	{10, 10, 0.787058029917, 1.000000000000},
	{1, 30, 0.007471878765, 0.136404142152},
	{27, 30, 0.774497520509, 0.959323032991},
	{29, 30, 0.863595857848, 0.992528121235},
	{0, 60, 0.000000000000, 0.043146798593},
	{3, 75, 0.016097228129, 0.095935235285},
	{81, 263, 0.263313617188, 0.356566349608},
	{850, 1000, 0.830483650071, 0.867627579661},
	{3115, 3211, 0.964749796062, 0.974664210349},
	{999999, 1000000, 0.999995517562, 0.999999776908},
}
