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
