package judge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

func TestRule10AttemptedFromManyNetworks(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8").ok(1, home, "seg1.ts")
	s.no(100, far, "index.m3u8", token.IPMismatch).ua(2)
	s.no(200, far2, "index.m3u8", token.IPMismatch).ua(3)
	for _, u := range s.users() {
		if u.Class == finding.ManyNetworks {
			t.Fatalf("two strange networks are not many: %s", u.Reason)
		}
	}
	s.no(300, far3, "index.m3u8", token.IPMismatch).ua(2)
	for _, u := range s.users() {
		want(t, &u, finding.ManyNetworks, "3 of which were only ever refused")
		if Affected(&u) {
			t.Error("many-network users are not affected users")
		}
	}
}

func TestRule10OneOperatorIsOneNetwork(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8").asn(7)
	for i, a := range []string{far, far2, far3} {
		s.no(int64(100*i+100), a, "index.m3u8", token.IPMismatch).ua(uint32(i + 2)).asn(7)
	}
	want(t, &s.users()[1], finding.Undetermined, "handed on")
	for i := 1; i < 4; i++ {
		s.Events[i].Country = fmt.Sprint(i)
	}
	want(t, &s.users()[1], finding.ManyNetworks, "only ever refused")
}

func TestRule10AContinuingSequenceIsOneViewer(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	hops := []string{home, far, far2, far3, "100.99.1.1"}
	for n := range 20 {
		name := fmt.Sprintf("seg%d.ts", n+1)
		if a := hops[n%5]; a == home {
			s.ok(int64(n*4), a, name)
		} else {
			s.no(int64(n*4), a, name, token.IPMismatch)
		}
	}
	want(t, s.only(t), finding.Rotating, "segments 1 to 20 go on in order")
	for i := range s.Events {
		s.Events[i].Time *= 15 // as after a pause
	}
	want(t, s.only(t), finding.Rotating, "segments 1 to 20 go on in order")
}

// TestRule10OneBlockIsOneNetwork: where no operator is known, a /16 stands for one.
func TestRule10OneBlockIsOneNetwork(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	for i, a := range []string{"203.0.1.5", "203.0.2.5", "203.0.3.5"} {
		s.no(int64(100*i+100), a, "index.m3u8", token.IPMismatch).ua(uint32(i + 2))
	}
	want(t, &s.users()[1], finding.Undetermined, "handed on")
}

func TestRule10RetriesOverAPoolAreOneViewer(t *testing.T) {
	s := newScene()
	for n, a := range []string{far, far2, far3, "100.99.1.1"} {
		s.no(int64(n*5), a, "index.m3u8", token.IPMismatch)
	}
	want(t, s.only(t), finding.FirstRequest, "never served")
}

// TestRule10WhoIsServedOnDoesNotRetry: networks that ask for the playlist within seconds of each other are one viewer who tries
// again, but not while the one who was served it is served on and does not need it.
func TestRule10WhoIsServedOnDoesNotRetry(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	for n := range int64(4) {
		s.ok(4*n, home, fmt.Sprintf("seg%d.ts", n+1))
	}
	for n, a := range []string{far, far2, far3} {
		s.no(14+int64(n*5), a, "index.m3u8", token.IPMismatch)
	}
	want(t, s.only(t), finding.Rotating, "between 4 addresses")
	s.ok(25, home, "seg5.ts")
	want(t, s.only(t), finding.ManyNetworks, "3 of which were only ever refused")
	s.ok(26, home, "index.m3u8")
	want(t, s.only(t), finding.Undetermined, "another viewer")
}

// TestRule17TheViewerIsNoStranger: on a link that others try from many networks, what the viewer who was served is refused while
// it moves is no stranger's attempt.
func TestRule17TheViewerIsNoStranger(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	for n := range int64(4) {
		s.ok(4*n, home, fmt.Sprintf("seg%d.ts", n+1))
	}
	s.no(16, same24, "seg5.ts", token.IPMismatch).no(20, same16, "seg5.ts", token.IPMismatch).ok(24, home, "seg5.ts").ok(28, home, "seg6.ts")
	for n, a := range []string{far, far2, far3} {
		s.no(100+int64(100*n), a, "index.m3u8", token.IPMismatch)
	}
	u := s.only(t)
	want(t, u, finding.ManyNetworks, "3 of which were only ever refused")
	if len(u.MismatchLens) != 5 || len(u.Attempts) != 3 || slices.Max(u.Attempts) >= 16 {
		t.Errorf("%d mismatches, attempts of strangers %v: want 5, and 3 from other /16s", len(u.MismatchLens), u.Attempts)
	}
	s.no(400, same24, "index.m3u8", token.IPMismatch).ua(2)
	for _, u := range s.users() {
		if u.Who == 2 && len(u.Attempts) != 1 {
			t.Errorf("never served: attempts %v, want one", u.Attempts)
		}
	}
}

// TestRule14NoMaskIsForOthers: what others are refused who try the link of one who moves, while it is served on and needs
// nothing of theirs, does not tell how wide a mask that one needs; what it is refused itself, and what may be its own, does, as
// where it loads the page again after a pause.
func TestRule14NoMaskIsForOthers(t *testing.T) {
	moving := func() *scene {
		s := newScene().ok(0, home, "index.m3u8")
		for n := range int64(4) {
			s.ok(4*n, home, fmt.Sprintf("seg%d.ts", n+1))
		}
		return s.no(16, same24, "seg5.ts", token.IPMismatch).ok(24, home, "seg5.ts").ok(28, home, "seg6.ts")
	}
	for name, c := range map[string]struct {
		s     *scene
		least int
	}{
		"alone":                     {moving(), 25},
		"another beside":            {moving().no(26, far, "index.m3u8", token.IPMismatch), 25},
		"another, and on its own":   {moving().no(26, far, "index.m3u8", token.IPMismatch).no(32, same16, "seg7.ts", token.IPMismatch), 17},
		"again after a pause":       {moving().no(75, same16, "index.m3u8", token.IPMismatch), 17},
		"again, and served there":   {moving().signedFor(same16).no(75, same16, "index.m3u8", token.IPMismatch).ok(78, same16, "index.m3u8").of(1, 1).ok(79, same16, "seg7.ts").of(1, 1), 17},
		"the playlist needed again": {moving().no(26, same16, "index.m3u8", token.IPMismatch).ok(30, home, "index.m3u8"), 17},
	} {
		c.s.sort()
		if u := c.s.only(t); u.Class != finding.Rotating || u.MinCommon != c.least || len(u.MismatchLens) > u.Mismatches {
			t.Errorf("%s: %s, least %d bits in common of %v: want rotating, %d", name, u.Class, u.MinCommon, u.MismatchLens, c.least)
		}
	}
}

// parallel lets n networks play the same segments, a second after each other.
func parallel(n int) *scene {
	s := newScene()
	clients := []string{home, far, far2, far3}[:n]
	for at := range int64(6) {
		for i, a := range clients {
			name := "index.m3u8"
			if at > 0 {
				name = fmt.Sprintf("seg%d.ts", at)
			}
			s.ok(at*6+int64(i), a, name).ua(uint32(i))
		}
	}
	return s
}

func TestRule10PlayedInParallel(t *testing.T) {
	for _, u := range parallel(3).users() {
		want(t, &u, finding.ManyNetworks, "3 unrelated networks that each started on their own at the same time")
	}
	for _, u := range parallel(2).users() {
		want(t, &u, finding.Unchanged, "never refused")
	}
}

func TestRule10OverlapInTimeIsNeeded(t *testing.T) {
	s := newScene()
	for i, a := range []string{home, far, far2} {
		for n := range int64(5) {
			s.ok(int64(i)*1000+n*6, a, fmt.Sprintf("seg%d.ts", n+1)).ua(uint32(i))
		}
	}
	for _, u := range s.users() {
		want(t, &u, finding.Unchanged, "never refused")
	}
}

func TestRule10SeveralMediaRequestsAreNeeded(t *testing.T) {
	s := parallel(3)
	few := s.Events[:0]
	for _, e := range s.Events {
		if e.Time < 18*second {
			few = append(few, e)
		}
	}
	s.Events = few
	for _, u := range s.users() {
		want(t, &u, finding.Unchanged, "never refused")
	}
}

func TestRule10BotsAreTakenOutFirst(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	for i, a := range []string{far, far2, far3} {
		s.no(int64(100*i+100), a, "index.m3u8", token.IPMismatch).ua(5)
		s.Events[i+1].Bot = true
	}
	users := s.users()
	want(t, &users[0], finding.Unchanged, "never refused")
	want(t, &users[1], finding.Undetermined, "link preview")
	if !users[1].Bot || Affected(&users[1]) {
		t.Error("a bot is not affected")
	}
}

func TestRule10ABotIsNoThirdNetwork(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	for i, a := range []string{far, far2, far3} {
		s.no(int64(100*i+100), a, "index.m3u8", token.IPMismatch).ua(uint32(i + 5))
	}
	s.Events[3].Bot = true
	want(t, &s.users()[1], finding.Undetermined, "handed on")
	if Affected(&User{Class: finding.Rotating, Bot: true}) {
		t.Error("a bot is not affected, whatever its class")
	}
}

func TestRule10AttemptedMeansNeverServed(t *testing.T) {
	s := newScene()
	for i, a := range []string{far, far2, far3} {
		s.ok(int64(i)*100, a, "index.m3u8").ua(uint32(i)).no(int64(i)*100+1, a, "seg1.ts", token.IPMismatch).ua(uint32(i))
	}
	want(t, &s.users()[0], finding.Conflicting, "same address")
}

func TestRule10AttemptedNeedsAStartOfItsOwn(t *testing.T) {
	s := newScene().ok(0, home, "seg4.ts")
	for i, a := range []string{far, far2, far3, "100.99.1.1"} {
		s.no(int64(i)*100+20, a, "seg5.ts", token.IPMismatch)
	}
	want(t, s.only(t), finding.Rotating, "4 changes")
}

func TestRule10AContinuingNetworkCountsWithTheOneItContinues(t *testing.T) {
	s := parallel(3)
	for i := range s.Events {
		if e := &s.Events[i]; e.UA == 2 && e.Time > 12*second {
			e.Client = ip("100.99.1.1") // the third player moves after one segment
		}
	}
	want(t, &s.users()[0], finding.ManyNetworks, "3 unrelated networks")
	s = parallel(3)
	for i := range s.Events {
		e := &s.Events[i]
		if e.UA == 0 && e.Time > 12*second {
			e.Client = ip("100.99.1.1") // the one before the others does, after two
		}
		e.Time *= 7 // segments of 42 s
	}
	want(t, &s.users()[0], finding.ManyNetworks, "3 unrelated networks")
}

func TestRule10DifferentFilesAreNoParallelPlay(t *testing.T) {
	s := newScene()
	for n := range 5 {
		for i, a := range []string{home, far, far2} {
			s.ok(int64(n*6), a, fmt.Sprintf("movie%d-%d.mp4", i, n)).ua(uint32(i))
		}
	}
	want(t, &s.users()[0], finding.Unchanged, "never refused")
}

func TestRule10PlayersNeedAStartOfTheirOwn(t *testing.T) {
	s := parallel(2)
	for n := range int64(3) {
		s.ok(100+n, far2, fmt.Sprintf("seg%d.ts", 5-n)).ua(0)
	}
	s.ok(200, home, "index.m3u8").ua(0).ok(200, far, "index.m3u8").ua(1)
	want(t, &s.users()[1], finding.Unchanged, "never refused")
}

func TestRule11GapsTakeManyNetworksAway(t *testing.T) {
	s := parallel(3)
	s.Gaps = true
	want(t, &s.users()[0], finding.Undetermined, "missing from the log")
}

// oneServed is a link bound to a whole address: n networks play the same
// segments, and all but the first are refused.
func oneServed(n int) *scene {
	s := newScene()
	for at := range int64(4) {
		for i, a := range []string{home, far, far2}[:n] {
			if name := fmt.Sprintf("seg%d.ts", at); i == 0 {
				s.ok(at*9, a, name).ua(0)
			} else {
				s.no(at*9+int64(i)*2, a, name, token.IPMismatch).ua(uint32(i))
			}
		}
	}
	return s
}

func TestRule10RefusedNetworksPlayToo(t *testing.T) {
	for _, u := range oneServed(3).users() {
		want(t, &u, finding.ManyNetworks, "3 unrelated networks that each started on their own at the same time")
	}
	want(t, &oneServed(2).users()[1], finding.Undetermined, "it may have been handed on")
}

func TestRule10RefusedPlayersNeedSeveralFiles(t *testing.T) {
	s := newScene()
	for n := range int64(4) {
		s.ok(n*9, home, fmt.Sprintf("seg%d.ts", n)).ua(0)
		s.no(n*9+2, far, "seg1.ts", token.IPMismatch).ua(1).no(n*9+4, far2, "seg1.ts", token.IPMismatch).ua(2)
	}
	want(t, &s.users()[1], finding.FirstRequest, "never served")
}

func TestRule10RefusedForAnotherCauseIsNoPlay(t *testing.T) {
	s := oneServed(3)
	for i := range s.Events {
		if s.Events[i].Refused {
			s.Events[i].Verdict = token.UnresolvedSignature
		}
	}
	want(t, &s.users()[1], finding.Undetermined, "nothing explains")
}

// A viewer of a live stream behind several gateways polls the manifest from
// each, and asks again for every segment that was refused.
func TestRule10OneAgentRefusedOnManyGatewaysRotates(t *testing.T) {
	s := newScene()
	for n := range int64(12) {
		name := fmt.Sprintf("seg%d.ts", n+1)
		s.ok(n*6, home, "live.m3u8").no(n*6, far, "live.m3u8", token.IPMismatch).no(n*6+1, far2, "live.m3u8", token.IPMismatch)
		s.no(n*6+2, far, name, token.IPMismatch).no(n*6+3, far2, name, token.IPMismatch).ok(n*6+4, home, name)
	}
	want(t, s.only(t), finding.Rotating, "between 3 addresses")
}

// TestRule10WhatWasServedIsNotAskedForInVain: three networks each begin with the playlist
// and ask for the same segments within seconds, under one user agent. The two that are
// refused ask for what was served already: strangers, not one viewer who moves, who asks
// elsewhere for what it did not get.
func TestRule10WhatWasServedIsNotAskedForInVain(t *testing.T) {
	names := []string{"index.m3u8", "seg1.ts", "seg2.ts", "seg3.ts", "seg4.ts"}
	s := newScene()
	for n, name := range names {
		at := int64(6 * n)
		s.ok(at, home, name).no(at+2, far, name, token.IPMismatch).no(at+4, far2, name, token.IPMismatch)
	}
	want(t, s.only(t), finding.ManyNetworks, "3 unrelated networks that each started on their own")
	s = newScene()
	for n, name := range names {
		at := int64(6 * n)
		s.no(at, far, name, token.IPMismatch).no(at+2, far2, name, token.IPMismatch).ok(at+4, home, name)
	}
	want(t, s.only(t), finding.Rotating, "segments 1 to 4 go on in order")
}

// TestSegmentsGoOnWhereTheyAreAskedFor: where only the playlist was asked for at the new
// address, no sequence goes on there.
func TestSegmentsGoOnWhereTheyAreAskedFor(t *testing.T) {
	s := watch(home, home, home, home, home).no(36, far, "index.m3u8", token.IPMismatch)
	u := s.only(t)
	if want(t, u, finding.Rotating, "at least 1 change between 2 addresses"); strings.Contains(u.Reason, "go on in order") {
		t.Errorf("segments of one address alone: %s", u.Reason)
	}
	want(t, s.no(38, far, "seg6.ts", token.IPMismatch).only(t), finding.Rotating, "segments 1 to 6 go on in order across them")
}
