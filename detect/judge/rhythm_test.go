package judge

import (
	"fmt"
	"math"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// polled is a viewer who polls a live playlist every 4 s, and polls elsewhere that were refused; the log writes seconds.
func polled(at float64, again ...float64) *scene {
	s := newScene()
	for n := range int64(6) {
		s.ok(4*n, home, "live.m3u8").ok(4*n, home, fmt.Sprintf("seg%d.ts", 10+n))
	}
	for _, at := range append([]float64{at}, again...) {
		s.no(0, same24, "live.m3u8", token.IPMismatch)
		e := &s.Events[len(s.Events)-1]
		e.Time = int64(at * 1e6)
		e.End = e.Time
	}
	for i := range s.Events {
		s.Events[i].Grain = second
	}
	s.sort()
	return s
}

// TestAPollInStepSaysLittle: of the 4 s between two polls the first 3 show another player, as the log tells one second; one who
// polls once is so in step a quarter of the time, and a player who is refused a segment, too, is none who looks on.
func TestAPollInStepSaysLittle(t *testing.T) {
	for name, c := range map[string]struct {
		s      *scene
		class  finding.Class
		astray bool
		chance float64
	}{
		"out of step":        {polled(13), finding.Undetermined, true, 0.25},
		"in step":            {polled(15.5), finding.Rotating, false, 0.25},
		"in step, and later": {polled(11.5, 43), finding.Rotating, false, 0}, // where nobody is served any more
		"and a segment":      {polled(15.5).no(16, same24, "seg14.ts", token.IPMismatch), finding.Rotating, false, 0},
		"at the end":         {polled(23), finding.Rotating, false, 0},
	} {
		c.s.sort()
		if u := c.s.only(t); u.Class != c.class || u.Astray != c.astray || math.Abs(u.Onlooking-c.chance) > 1e-9 {
			t.Errorf("%s: %s, astray %v, chance %v; want %s, %v, %v", name, u.Class, u.Astray, u.Onlooking, c.class, c.astray, c.chance)
		}
	}
}

// TestAPollThatCannotBeTimed: that an edge's clock is too coarse to tell of one poll does not make another, which was out of
// step by the clock of a finer one, certain to be in step.
func TestAPollThatCannotBeTimed(t *testing.T) {
	s := polled(13, 17)
	for i := range s.Events {
		if e := &s.Events[i]; e.Refused && e.Time == 13*second {
			e.Grain = 10 * second
		}
	}
	if u := s.only(t); !u.Astray || u.Onlooking != 0.25 {
		t.Errorf("astray %v, chance %v; want true, 0.25", u.Astray, u.Onlooking)
	}
}

// TestNoMaskForOnlookers: where others poll out of step, as many of those in step may be other players; each out of step
// stands for one in step where the chance is a half.
func TestNoMaskForOnlookers(t *testing.T) {
	inStep := func(u *User) { u.Onlooking = 0.5 }
	astray := func(u *User) { u.Class, u.Mismatches, u.Astray, u.Onlooking = finding.Undetermined, 1, true, 0.5 }
	sure := func() *world { return newWorld().quiet(500) }
	decided(t, sure().refused(40, 24, inStep).ask(), finding.Widen, 24)
	decided(t, sure().refused(40, 24, inStep).refused(40, 24, astray).ask(), finding.InsufficientEvidence, 0,
		"40 users were refused because their address changed; but 40 of them only polled a live playlist, in step with a player that was served on elsewhere, and 40 users did so out of step, or held nobody up, as only another player does: up to 40 of the former may be other viewers, too")
	decided(t, sure().refused(90, 24).refused(40, 24, inStep).refused(40, 24, astray).ask(), finding.Widen, 24)
	// 10 out of step: 10 in step, and 1.645 times the root of 20 more, are 18
	decided(t, sure().refused(30, 24).refused(18, 24, inStep).refused(10, 24, astray).ask(), finding.Widen, 24)
	decided(t, sure().refused(29, 24).refused(18, 24, inStep).refused(10, 24, astray).ask(), finding.InsufficientEvidence, 0, "up to 18 of the former may be other viewers, too")
	decided(t, sure().refused(40, 3, inStep).refused(40, 3, astray).ask(), finding.InsufficientEvidence, 0, "did so out of step")
	// without the 18 whom the mask does not help it is one to widen, whoever of those in step came first
	for _, first := range []int{24, 3} {
		decided(t, sure().refused(18, first, inStep).refused(18, 27-first, inStep).refused(60, 24).refused(10, 24, astray).ask(), finding.InsufficientEvidence, 0, "up to 18 of the former may be other viewers, too")
	}
}

// TestAPollAtTheTimeOfOneThatWasServed: lines of one time have no order, and none by their addresses either.
func TestAPollAtTheTimeOfOneThatWasServed(t *testing.T) {
	const below = "198.51.100.2"
	for _, elsewhere := range []string{same24, below} {
		for at, want := range map[float64]rhythm{12: {out: true, chance: 0.25}, 15: {chance: 0.25}, 20: {}} {
			s := polled(at)
			for i := range s.Events {
				if e := &s.Events[i]; e.Refused {
					e.Client = ip(elsewhere)
				}
			}
			if u := s.only(t); u.Astray != want.out || u.Onlooking != want.chance {
				t.Errorf("%s at %v: astray %v, chance %v; want %v", elsewhere, at, u.Astray, u.Onlooking, want)
			}
		}
	}
}

// TestAFileAskedForAfterItsDownload: who asks for a file elsewhere after one request fetched it may be cut off, as far as a log tells,
// or another viewer; later than one tries again it is surely not the former. A cookie shows the viewer.
func TestAFileAskedForAfterItsDownload(t *testing.T) {
	kin := func(s *scene) {
		for i := range s.Events {
			s.Events[i].Kin = 3
		}
	}
	moved := func() *scene {
		s := newScene().ok(0, home, "index.m3u8")
		for n, name := range []string{"seg1.ts", "seg2.ts", "seg3.ts", "seg4.ts", "seg5.ts", "seg6.ts"} {
			s.ok(int64(10*n+1), home, name)
		}
		return s
	}
	for name, c := range map[string]struct {
		s      *scene
		class  finding.Class
		astray bool
		chance float64
	}{
		"at once":                    {newScene().ok(0, home, "film.mp4").took(60).no(63, same24, "film.mp4", token.IPMismatch), finding.Rotating, false, lentChance},
		"later than one tries again": {newScene().ok(0, home, "film.mp4").took(60).no(91, same24, "film.mp4", token.IPMismatch), finding.Undetermined, true, lentChance},
		"another player, at once":    {newScene().ok(0, home, "film.mp4").no(3, same24, "film.mp4", token.IPMismatch).ua(2), finding.FirstRequest, false, lentChance},
		"in ranges":                  {newScene().ok(0, home, "film.mp4").ok(9, home, "film.mp4").no(12, same24, "film.mp4", token.IPMismatch), finding.Rotating, false, lentChance},
		"in ranges, long after":      {newScene().ok(0, home, "film.mp4").ok(9, home, "film.mp4").no(40, same24, "film.mp4", token.IPMismatch), finding.Undetermined, true, lentChance},
		"in ranges, long pauses":     {newScene().ok(0, home, "film.mp4").ok(50, home, "film.mp4").no(90, same24, "film.mp4", token.IPMismatch), finding.Rotating, false, lentChance},
		"in ranges that go on":       {newScene().ok(0, home, "film.mp4").ok(9, home, "film.mp4").no(17, same24, "film.mp4", token.IPMismatch).ok(18, home, "film.mp4"), finding.Rotating, false, 0.5},
		"a segment alone":            {newScene().ok(0, home, "seg4.ts").no(3, same24, "seg4.ts", token.IPMismatch), finding.Rotating, false, lentChance},
		"a segment":                  {newScene().ok(0, home, "seg3.ts").ok(1, home, "seg4.ts").no(3, same24, "seg4.ts", token.IPMismatch), finding.Rotating, false, 0},
		"from the beginning, soon":   {moved().no(60, same24, "index.m3u8", token.IPMismatch), finding.Rotating, false, lentChance},
		"from the beginning, late":   {moved().no(91, same24, "index.m3u8", token.IPMismatch), finding.Undetermined, true, lentChance},
		"both":                       {moved().no(60, same24, "index.m3u8", token.IPMismatch).no(99, same16, "index.m3u8", token.IPMismatch), finding.Rotating, true, lentChance},
		"what comes next, soon":      {moved().no(60, same24, "seg7.ts", token.IPMismatch), finding.Rotating, false, 0},
		"another file":               {newScene().ok(0, home, "film.mp4").no(3, same24, "other.mp4", token.IPMismatch), finding.Rotating, false, 0},
	} {
		users := c.s.users()
		if u := &users[len(users)-1]; u.Class != c.class || u.Astray != c.astray || u.Onlooking != c.chance || u.Lent != (c.chance == lentChance && name != "in ranges that go on") {
			t.Errorf("%s: %s, astray %v, chance %v, lent %v; want %s, %v, %v", name, u.Class, u.Astray, u.Onlooking, u.Lent, c.class, c.astray, c.chance)
		}
	}
	s := newScene().ok(0, home, "film.mp4").no(3, same24, "film.mp4", token.IPMismatch)
	kin(s)
	if u := s.only(t); u.Class != finding.Rotating || u.Onlooking != 0 || u.Lent {
		t.Errorf("with a cookie: %s, chance %v, lent %v", u.Class, u.Onlooking, u.Lent)
	}
}

// TestNoMaskForLentFiles: for each who asked for a file late, one who asked for it at once may be another viewer, too; those who only
// polled a playlist are none of them.
func TestNoMaskForLentFiles(t *testing.T) {
	soon := func(u *User) { u.Onlooking, u.Lent = lentChance, true }
	late := func(u *User) {
		u.Class, u.Mismatches, u.Astray, u.Onlooking, u.Lent = finding.Undetermined, 1, true, lentChance, true
	}
	sure := func() *world { return newWorld().quiet(500) }
	decided(t, sure().refused(40, 24, soon).ask(), finding.Widen, 24)
	decided(t, sure().refused(83, 24, soon).refused(66, 24, late).ask(), finding.InsufficientEvidence, 0,
		"but 83 of them only began anew, or asked for a file, just after the viewer elsewhere had stopped or downloaded it, and 66 users did so more than 30 s later, as who was handed the link does: up to 83 of the former may be other viewers, too; send")
	decided(t, sure().refused(200, 24, soon).refused(20, 24, late).ask(), finding.Widen, 24)
	decided(t, sure().refused(40, 24, soon, func(u *User) { u.Astray = true }).ask(), finding.InsufficientEvidence, 0, "40 users did so more than 30 s later")
	decided(t, sure().refused(40, 24, func(u *User) { u.Onlooking = 0.5 }).refused(66, 24, late).ask(), finding.Widen, 24)
}

// TestRule09NeighboursWhoTryWhatIsServedOn: two who try one file each, while its viewer is served on without it, are others, as one is.
func TestRule09NeighboursWhoTryWhatIsServedOn(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8").ok(1, home, "seg1.ts")
	s.no(4, same24, "index.m3u8", token.IPMismatch).ok(7, home, "seg2.ts")
	s.no(9, same16, "index.m3u8", token.IPMismatch).ok(13, home, "seg3.ts").ok(19, home, "seg4.ts")
	want(t, s.only(t), finding.Undetermined, "another viewer")
}
