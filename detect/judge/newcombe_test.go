package judge

import (
	"math"
	"testing"
)

// TestNewcombe takes the examples of Newcombe 1998, table II, method 10: 95 %
// two-sided, the first share minus the second.
func TestNewcombe(t *testing.T) {
	for _, c := range []struct {
		k1, n1, k2, n2 int64
		low, high      float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.1705, 0.8090},
		{6, 7, 2, 7, 0.0582, 0.8062},
		{5, 56, 0, 29, -0.0381, 0.1926},
		{0, 10, 0, 20, -0.1611, 0.2775},
		{0, 10, 0, 10, -0.2775, 0.2775},
		{10, 10, 0, 20, 0.6791, 1},
		{10, 10, 0, 10, 0.6075, 1},
	} {
		_, low, high := newcombe(c.k2, c.n2, c.k1, c.n1, 1.959964)
		if math.Abs(low-c.low) > 5.1e-5 || math.Abs(high-c.high) > 5.1e-5 {
			t.Errorf("%d/%d - %d/%d: %.4f to %.4f, want %.4f to %.4f", c.k1, c.n1, c.k2, c.n2, low, high, c.low, c.high)
		}
	}
	if d, low, high := newcombe(1, 0, 1, 2, z); d != 0 || low != -1 || high != 1 {
		t.Error(d, low, high)
	}
}
