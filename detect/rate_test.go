package detect_test

import (
	"fmt"
	"sort"
	"strings"
	"testing"
	"time"

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

// TestRule15NoKeyALinkForEachSegment: one viewer is one user, with a key or without, although each
// segment has a link of its own. Whoever moves asks again for the last segment, and for the next
// one, and then has new links.
func TestRule15NoKeyALinkForEachSegment(t *testing.T) {
	const viewers, movers, segments = 400, 40, 8
	s := site{host: "files.test"}
	var l little
	ask := func(viewer, after int, name, signed, ip string, status int) {
		l.add(entry{host: s.host, target: s.link(fmt.Sprintf("/film/%d/%s", viewer, name), signed), ip: ip, status: status, at: time.Duration(viewer*20+after) * time.Second})
	}
	for v := range viewers {
		at, last := stranger(v), -1
		for n := range segments {
			name := fmt.Sprintf("seg%d.ts", n)
			if v < movers && n == 4 {
				home := at
				at = strings.TrimSuffix(at, "9") + "200"
				ask(v, 4*last+4, fmt.Sprintf("seg%d.ts", last), home, at, 403)
				ask(v, 4*last+5, name, home, at, 403)
			}
			ask(v, 4*n+4, name, at, at, 200)
			last = n
		}
	}
	sort.SliceStable(l.entries, func(i, j int) bool { return l.entries[i].at < l.entries[j].at })
	for name, c := range map[string]settings{"key": {}, "no key": {noKey: true}} {
		tr := l.try(t, c)
		r := tr.advice(s.host, "ipv4")
		if r.Decision != finding.Widen || r.AffectedUsers != movers || *r.BoundUsers != viewers || tr.Users.Total != viewers {
			t.Errorf("%s: %s, %d of %d users, %d in all; want widen, %d of %d", name, r.Decision, r.AffectedUsers, *r.BoundUsers, tr.Users.Total, movers, viewers)
		}
	}
}

// TestRule15LinksThatCannotBeJoined: eight viewers have 1,100 links each, one for each segment, which is
// more than one user may have, so that each link counts as a user: 40 of 8,840 are no rate of viewers.
func TestRule15LinksThatCannotBeJoined(t *testing.T) {
	const viewers, segments = 8, 1100
	s := site{host: "files.test"}
	var l little
	l.movers(s, 40, "100.64.%d.5", "100.64.%d.77")
	for v := range viewers {
		for n := range segments {
			ip := stranger(v)
			l.get(s, s.link(fmt.Sprintf("/film/%d/seg%d.ts", v, n), ip), ip, 200)
		}
	}
	r := l.try(t, settings{}).advice(s.host, "ipv4")
	if r.Decision != finding.InsufficientEvidence || r.AffectedUsers != 40 || *r.BoundUsers != 40+viewers*segments || !strings.Contains(r.Reason, "8,800 links count as users that a few viewers may have had") {
		t.Errorf("%s, %d of %d users: %s", r.Decision, r.AffectedUsers, *r.BoundUsers, r.Reason)
	}
}
