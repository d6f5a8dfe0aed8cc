package detect_test

import (
	"testing"

	"ipdrift/detect/finding"
)

// TestRule15NoKey: without a key the rate is one of all users of the host, too: 40
// of 8,040 are 0.5 %, with a lower bound below it. All of the audience are in a /24
// of their own, and so are the movers.
func TestRule15NoKey(t *testing.T) {
	var l little
	l.audience(folder, 8000)
	l.movers(folder, 40, "100.64.%d.5", "100.64.%d.77")
	for name, s := range map[string]settings{"key": {}, "no key": {noKey: true}} {
		r := l.try(t, s).advice(folder.host, "ipv4")
		if r.Decision != finding.KeepCurrent || r.AffectedUsers != 40 || *r.BoundUsers != 8040 || r.Curve[16].Exposure >= 0.001 || r.Curve[16].Exposure == 0 {
			t.Errorf("%s: %s, %d of %d users, exposure of /16 %v; want keep_current, 40 of 8,040 and some exposure",
				name, r.Decision, r.AffectedUsers, *r.BoundUsers, r.Curve[16].Exposure)
		}
	}
}
