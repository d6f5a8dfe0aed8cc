package report

import (
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// TestCaveatsOfBothFamiliesAreSaidOnce: what limits the answers of both families stands once and names neither.
func TestCaveatsOfBothFamiliesAreSaidOnce(t *testing.T) {
	a := &finding.Analysis{Recommendations: []finding.Recommendation{
		{Host: "a.example", Family: "ipv4", Decision: finding.KeepCurrent, Reason: "Four.", Caveats: []string{"Of both.", "Of four alone."}},
		{Host: "a.example", Family: "ipv6", Decision: finding.InsufficientEvidence, Reason: "Six.", Caveats: []string{"Of six alone.", "Of both."}},
	}}
	want := map[string][3]string{
		".txt":  {"- Of both.", "- IPv4  Of four alone.", "- IPv6  Of six alone."},
		".md":   {"- Of both.", "- IPv4: Of four alone.", "- IPv6: Of six alone."},
		".html": {"<li>Of both.", "<li>IPv4: Of four alone.", "<li>IPv6: Of six alone."},
	}
	for _, f := range Formats() {
		texts, ok := want[f.Ending]
		if !ok {
			continue
		}
		delete(want, f.Ending)
		out := string(render(t, f, a, Options{Width: 80, Verbose: true}))
		for _, text := range texts {
			if !strings.Contains(out, text) {
				t.Errorf("%s lacks %q", f.Ending, text)
			}
		}
		if n := strings.Count(out, "Of both."); n != 1 {
			t.Errorf("%s says %d times what holds for both families", f.Ending, n)
		}
	}
	if len(want) > 0 {
		t.Errorf("formats that are not there: %v", want)
	}
}

// TestLeftOutOfAMask: what a share would be is said of a mask that is advised, not of one that the reader cannot tell.
func TestLeftOutOfAMask(t *testing.T) {
	length := 24
	r := finding.Recommendation{AffectedUsers: 5, LeftOutUsers: 2, IfLeftOutCount: &finding.Share{Share: 0.5, Low: 0.25, High: 0.75}}
	if got := withLeftOut(r); got != "" {
		t.Errorf("of no mask it says %q", got)
	}
	r.Prefix = &length
	if got, want := withLeftOut(r), "50 % (25 to 75) if 2 users left out (bots, shared links) count"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
