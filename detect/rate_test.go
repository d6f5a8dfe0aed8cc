package detect_test

import (
	"testing"

	"ipdrift/detect/finding"
)

// TestRule15NoKey: without a key the rate is one of all users of the host, too: 40
// of 8,041 are 0.5 %, with a lower bound below it. All of the audience are in a /24
// of their own, and so are the movers. One more is served at two addresses.
func TestRule15NoKey(t *testing.T) {
	var l little
	l.audience(folder, 8000)
	l.movers(folder, 40, "100.64.%d.5", "100.64.%d.77")
	both := folder.over("/both/a.ts", "/both/", "", later)
	l.get(folder, both, stranger(1), 200)
	l.get(folder, both, stranger(2), 200)
	for _, c := range []struct {
		name  string
		s     settings
		bound int64 // with a key it is known that the last one's link is not
	}{{"key", settings{}, 8040}, {"no key", settings{noKey: true}, 8041}} {
		r := l.try(t, c.s).advice(folder.host, "ipv4")
		if r.Decision != finding.KeepCurrent || r.AffectedUsers != 40 || *r.BoundUsers != c.bound || r.Curve[16].Exposure >= 0.001 || r.Curve[16].Exposure == 0 {
			t.Errorf("%s: %s, %d of %d users, exposure of /16 %v; want keep_current, 40 of all and some exposure",
				c.name, r.Decision, r.AffectedUsers, *r.BoundUsers, r.Curve[16].Exposure)
		}
	}
}
