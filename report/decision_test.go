package report

import (
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// TestRule18Unsettled: a wider mask whose lower bound would fall under 80 % with all unresolved users
// against it is not put as strongly as one that stands either way.
func TestRule18Unsettled(t *testing.T) {
	for low, unsettled := range map[float64]bool{0.81: false, 0.8: false, 0.79: true} {
		a := load(t, fixtures+"/widen.json")
		for i := range a.Recommendations {
			if r := &a.Recommendations[i]; r.Decision == finding.Widen {
				r.UnresolvedUsers, r.IfUnresolvedCount = 40, finding.Bound{Share: low + 0.05, Low: low}
			}
		}
		for _, f := range Formats()[:4] {
			if f.Ending == ".json" {
				continue
			}
			out := string(render(t, f, a, Options{Width: 200}))
			if said := strings.Contains(out, "WIDEN TO /16 (UNSETTLED)"); said != unsettled {
				t.Errorf("%s, with a lower bound of %.2f: said %v, want %v", f.Ending, low, said, unsettled)
			}
		}
	}
}

// TestRule18WhoCountsAgainstAMask: the number beside a share is that of the users whom it counts.
func TestRule18WhoCountsAgainstAMask(t *testing.T) {
	r := finding.Recommendation{AffectedUsers: 16, UnresolvedUsers: 5, IfUnresolvedCount: finding.Bound{Share: 0.762, Low: 0.574}}
	for unchecked, want := range map[int64]string{
		0:  "76 % (at least 57.4) if 5 unresolved users count against it",
		29: "76 % (at least 57.4) if 5 unresolved users and 29 whose links no key could check count against it",
	} {
		r.UncheckedUsers = unchecked
		if got := doubt(r); got != want {
			t.Errorf("%d unchecked: %q", unchecked, got)
		}
	}
}
