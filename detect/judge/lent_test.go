package judge

import (
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// TestRule09WhoBegins: who was refused amid a title was served its beginning.
func TestRule09WhoBegins(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  bool
	}{
		"a playlist":               {[]string{"index.m3u8"}, true},
		"the first segment":        {[]string{"index.m3u8", "seg1.ts"}, true},
		"a film":                   {[]string{"film.mp4"}, true},
		"amid a title":             {[]string{"seg7.ts"}, false},
		"amid a title, once again": {[]string{"index.m3u8", "seg7.ts"}, false},
	} {
		s := newScene()
		for n, file := range c.files {
			s.no(int64(40*n), same24, file, token.IPMismatch)
		}
		if u := s.only(t); u.Class != finding.FirstRequest || u.Begins != c.want {
			t.Errorf("%s: %s, begins %v, want %v", name, u.Class, u.Begins, c.want)
		}
	}
}

// TestRule02RefusalsOnlyDecideByThoseAmidATitle: an answer has to hold without those who begin.
func TestRule02RefusalsOnlyDecideByThoseAmidATitle(t *testing.T) {
	first := func(u *User) { u.Class, u.Unseen = finding.FirstRequest, true }
	decided(t, newWorld().refused(40, 24, first).ask(refusalsOnly), finding.InsufficientEvidence, 0,
		"40 users were refused because their address changed; /24 would have let 100 % of them through (93 to 100 %), but 40 of them were refused where viewing begins, and a log of refusals only does not show whether another viewer was served with the same link and handed it on: send a log with served requests too.")
	decided(t, newWorld().quiet(400).refused(40, 24, first).ask(), finding.InsufficientEvidence, 0,
		"but 40 of them were refused where viewing begins, with links that may be older than the log, which does not show whether another viewer was served with one and handed it on: send a log that begins earlier.")
	decided(t, newWorld().refused(40, 24, first).refused(30, 24).ask(refusalsOnly), finding.Widen, 24)
	decided(t, newWorld().refused(40, 24, first).refused(29, 24).ask(refusalsOnly), finding.InsufficientEvidence, 0, "40 of them were refused where viewing begins")
	decided(t, newWorld().refused(400, 16, first).refused(40, 24).ask(refusalsOnly), finding.InsufficientEvidence, 0, "400 of them were refused where viewing begins")
	decided(t, newWorld().refused(40, 3, first).ask(refusalsOnly), finding.InsufficientEvidence, 0, "send a log with served requests too.")
	decided(t, newWorld().refused(400, 3, first).refused(60, 3).ask(refusalsOnly), finding.MaskNotEnough, 0)
}

// TestRule09WhoStartsOverAfterTheViewerStopped: what is refused farther off, from the beginning and after a silence, may be another
// viewer's, or the same one's, who loads the page again; not what goes on, nor at once, nor where a cookie shows the viewer.
func TestRule09WhoStartsOverAfterTheViewerStopped(t *testing.T) {
	moved := func() *scene {
		s := newScene().ok(0, home, "index.m3u8")
		for n, name := range []string{"seg1.ts", "seg2.ts", "seg3.ts", "seg4.ts", "seg5.ts", "seg6.ts"} {
			s.ok(int64(6*n+1), home, name)
		}
		return s.no(40, same24, "seg7.ts", token.IPMismatch)
	}
	kin := moved().no(140, same16, "index.m3u8", token.IPMismatch)
	for i := range kin.Events {
		kin.Events[i].Kin = 3
	}
	for name, c := range map[string]struct {
		s    *scene
		want bool
	}{
		"from the beginning, later": {moved().no(140, same16, "index.m3u8", token.IPMismatch), true},
		"at once":                   {moved().no(60, same16, "index.m3u8", token.IPMismatch), false},
		"it goes on":                {moved().no(140, same16, "seg7.ts", token.IPMismatch), false},
		"in the same network":       {moved().no(140, "198.51.100.78", "index.m3u8", token.IPMismatch), false},
		"a cookie":                  {kin, false},
	} {
		u := c.s.only(t)
		if want(t, u, finding.Rotating, ""); u.Later != c.want || c.want && (u.Before < 24 || u.MinCommon >= 24) {
			t.Errorf("%s: later %v, %d bits before, %d in all", name, u.Later, u.Before, u.MinCommon)
		}
	}
}

// TestRule15WhatOthersMayHaveTriedDecidesNothing: of 100 whom a /24 accepts, 40 links were tried in the /16, too; of 10 it does not
// matter.
func TestRule15WhatOthersMayHaveTriedDecidesNothing(t *testing.T) {
	later := func(u *User) { u.Later, u.Before = true, 26 }
	decided(t, newWorld().quiet(400).refused(60, 24).refused(40, 16, later).ask(), finding.InsufficientEvidence, 0,
		"but the links of 40 of them were tried farther off, too, from the beginning and after a silence, by the same viewers or by others to whom they were handed; without that it would be 100 % for /24: send a log with an id of the viewer")
	decided(t, newWorld().quiet(400).refused(60, 24).refused(40, 16).ask(), finding.Widen, 16)
	decided(t, newWorld().quiet(400).refused(96, 24).refused(4, 16, later).ask(), finding.Widen, 24)
	decided(t, newWorld().quiet(400).refused(60, 24).refused(40, 3, later).ask(), finding.InsufficientEvidence, 0, "for /24")
}
