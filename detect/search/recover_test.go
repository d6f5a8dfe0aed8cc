package search

import "testing"

func TestParseRecover(t *testing.T) {
	for text, size := range map[string]int{"none": 0, "near": 0, "full": 0, "sample=1": 1, "sample=30": 30, "sample=10000": 10_000} {
		if r, err := ParseRecover(text); err != nil || r.Sample() != size {
			t.Errorf("%s: %q draws %d, want %d: %v", text, r, r.Sample(), size, err)
		}
	}
	for _, text := range []string{"", "all", "NEAR", "sample", "sample=", "sample=0", "sample=-1", "sample=+1", "sample=01", "sample=1.5", "sample=10001", "sample=99999999999999999999"} {
		if r, err := ParseRecover(text); err == nil {
			t.Errorf("%q is taken for %q", text, r)
		}
	}
}

// TestDrawSays: Wilson's upper bound for k = 0 is z²/(n+z²), with z² = 2.7055
// for one-sided 95 %: 2.7055/32.7055 = 8.27 %, rounded up.
func TestDrawSays(t *testing.T) {
	const want = "a.example: of 30 unresolved links drawn at random and searched through all of IPv4, 0 were signed for another address: at most 9 % of the rest can be"
	if got := (Draw{"a.example", 30, 0}).Says(); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
