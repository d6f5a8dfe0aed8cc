package trend

import "testing"

// TestStep: the shortest step in which a span has fewer than 144, by hand: 143 minutes, and a minute more.
func TestStep(t *testing.T) {
	lengths := []int64{60, 300}
	for last, want := range map[int64]int64{0: 60, 143*60 + 59: 60, 144 * 60: 300, 143*300 + 299: 300, 144 * 300: 0} {
		if got, ok := Step(lengths, 0, last); got != want || ok != (want > 0) {
			t.Errorf("%d s: steps of %d s, %v, want %d", last, got, ok, want)
		}
	}
}
