package judge

import (
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

func again(u *User) { u.Again = true }

// TestRule13WhoMayCountTwice: of 300 users a /24 accepts 270, 150 of whom may be others again
// that renewed their link. If all 150 are, it accepts 120 of 150 viewers, too few for a lower
// bound of 80 %; if 100 are, 170 of 200, which is enough. Where as many links begin before the
// refusals as after them, 17 may be (1.645 times the root of 100): 253 of 283.
func TestRule13WhoMayCountTwice(t *testing.T) {
	for name, c := range map[string]struct {
		unclear Unclear
		want    finding.Decision
		said    string
	}{
		"none":              {Unclear{}, finding.Widen, ""},
		"150 went on":       {Unclear{150, 0, 150, 0, 0, 0}, finding.InsufficientEvidence, "300 users were refused because their address changed; /24 would have let 90 % of them through (86 to 93 %), but viewers who renewed their link on another network may count more than once, as no id tells them: 150 times at most; with each viewer once it would be 80 %, not surely enough"},
		"100 went on":       {Unclear{150, 0, 100, 0, 0, 0}, finding.Widen, ""},
		"100 were refused":  {Unclear{100, 0, 150, 0, 0, 0}, finding.Widen, ""},
		"it may be chance":  {Unclear{150, 0, 0, 100, 0, 0}, finding.Widen, ""},
		"chance or not":     {Unclear{150, 0, 140, 100, 0, 0}, finding.InsufficientEvidence, "150 times at most"},
		"fewer than before": {Unclear{150, 0, -200, 100, 0, 0}, finding.Widen, ""},
	} {
		rec := newWorld().quiet(1000).refused(120, 24).refused(150, 24, again).refused(30, 8).ask(func(o *Asked) { o.Unclear = c.unclear })
		if rec.Decision != c.want || !strings.Contains(rec.Reason, c.said) || strings.Contains(rec.Reason, "more than once") != (c.said != "") {
			t.Errorf("%s: %s, want %s: %s", name, rec.Decision, c.want, rec.Reason)
		}
	}
}

// TestRule13WhoMayCountTwiceAndHelpLittle: a /24 accepts 225 of 300; where 60 of the others
// count twice, 225 of 240.
func TestRule13WhoMayCountTwiceAndHelpLittle(t *testing.T) {
	for _, went := range []int64{0, 60} {
		rec := newWorld().quiet(1000).refused(225, 24).refused(60, 8, again).refused(15, 8).ask(func(o *Asked) { o.Unclear = Unclear{60, 0, went, 0, 0, 0} })
		said := slices.Contains(rec.Caveats, "Viewers who renewed their link on another network may count more than once, as no id tells them: with each viewer once /24 would let 75 % to 94 % through.")
		if rec.Decision != finding.HelpsPartly || said != (went > 0) {
			t.Errorf("%d went on: %s, %q", went, rec.Decision, rec.Caveats)
		}
	}
}

// TestRule14WhoRenewsAmidACrowdIsOneViewer: of 130 affected users 122 began just after others had been refused, as 120 more links did
// than by chance, so that there may be 8 viewers, or one or two more where a tenth of all links begin so by chance. Where as many begin
// before refusals as after them, each counts.
func TestRule14WhoRenewsAmidACrowdIsOneViewer(t *testing.T) {
	for name, c := range map[string]struct {
		first   int
		unclear Unclear
		want    finding.Decision
		says    string
	}{
		"few viewers":     {8, Unclear{0, 0, 130, 0, 200, 0}, finding.InsufficientEvidence, "they may be 8 viewers: 122 of them began just after another one had been refused, as who renews a link does, and no id tells"},
		"some by chance":  {8, Unclear{0, 0, 130, 0, 200, 20}, finding.InsufficientEvidence, "they may be 9 viewers"},
		"more viewers":    {30, Unclear{0, 0, 130, 0, 200, 0}, finding.Widen, ""},
		"all by chance":   {8, Unclear{0, 0, 0, 0, 200, 190}, finding.Widen, ""},
		"a few more":      {8, Unclear{0, 0, 50, 0, 200, 100}, finding.Widen, ""},
		"nobody followed": {8, Unclear{}, finding.Widen, ""},
	} {
		rec := newWorld().quiet(1000).refused(c.first, 24).refused(122, 24, again).ask(func(o *Asked) { o.Unclear = c.unclear })
		if rec.Decision != c.want || !strings.Contains(rec.Reason, c.says) {
			t.Errorf("%s: %s, want %s, %q: %s", name, rec.Decision, c.want, c.says, rec.Reason)
		}
	}
}
