package client

import (
	"math"
	"testing"
)

// TestSketch counts addresses that follow each other, each several times.
func TestSketch(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 1000, 100_000} {
		var s Sketch
		for i := range 3 * n {
			s.Add(0, 0xffff<<32|uint64(0x0a000000+i%n))
		}
		if got := s.Count(); n < sketchSize && got != float64(n) || math.Abs(got-float64(n)) > 0.3*float64(n) {
			t.Errorf("%.0f of %d addresses", got, n)
		}
	}
}
