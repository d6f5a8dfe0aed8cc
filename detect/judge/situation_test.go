package judge

import (
	"fmt"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// The situations that a log of a real network shows, each as it looks there.

// watch lets a player fetch segments in order from the given addresses in turn;
// those not bound to are refused.
func watch(clients ...string) *scene {
	s := newScene().ok(0, home, "index.m3u8")
	for n, a := range clients {
		if name := fmt.Sprintf("seg%d.ts", n+1); a == home {
			s.ok(int64(n*6+2), a, name)
		} else {
			s.no(int64(n*6+2), a, name, token.IPMismatch)
		}
	}
	return s
}

func TestSituationDualStack(t *testing.T) {
	u := watch(home, v6, home, v6, home).only(t)
	want(t, u, finding.Rotating, "it alternates within seconds")
	want(t, u, finding.Rotating, "over IPv4 and IPv6")
	if u.MinCommon != -2 || u.Family != 4 {
		t.Errorf("common %d, family %d: no mask helps across families", u.MinCommon, u.Family)
	}
}

func TestSituationNAT64(t *testing.T) {
	const translated = "64:ff9b::c633:640a" // of home
	want(t, watch(home, home, translated, translated).only(t), finding.Rotating, "through NAT64")
	first := newScene().no(0, translated, "index.m3u8", token.IPMismatch).only(t)
	want(t, first, finding.FirstRequest, "through NAT64 of the other address family")
	if u := newScene().no(0, v6, "index.m3u8", token.IPMismatch).only(t); u.Reason == first.Reason {
		t.Errorf("any IPv6 address is called NAT64: %s", u.Reason)
	}
}

func TestSituationHandOver(t *testing.T) {
	s := watch(home, home, home, far, far)
	for i := range s.Events {
		s.Events[i].ASN = 7
		if s.Events[i].Client == ip(far) {
			s.Events[i].ASN = 9
		}
	}
	u := s.only(t)
	want(t, u, finding.Rotating, "one way, as a new attachment to the network; one user agent; against: 2 carriers")
	want(t, u, finding.Rotating, "segments 1 to 5 go on in order")
	if u.ASN != 9 || !u.Interrupted {
		t.Errorf("AS%d, interrupted %v; want AS9, where it was refused last", u.ASN, u.Interrupted)
	}
}

func TestSituationRelayAndVPN(t *testing.T) {
	s := watch(home, home, far, far2, home)
	for i := range s.Events {
		s.Events[i].Bot = s.Events[i].Client != ip(home)
	}
	u := s.only(t)
	want(t, u, finding.Undetermined, "refused only in a relay, VPN or hosting network")
	if Affected(u) {
		t.Error("a relay justifies no mask")
	}
	s.no(60, same24, "seg9.ts", token.IPMismatch)
	if u = s.only(t); !Affected(u) {
		t.Errorf("also refused at an address of the carrier: %s (%s)", u.Class, u.Reason)
	}
}

func TestSituationCorporateProxies(t *testing.T) {
	u := watch(home, same16, same24, home, same16, same24, home).only(t)
	want(t, u, finding.Rotating, "at least 6 changes between 3 addresses in 2 /24s of one /16")
	want(t, u, finding.Rotating, "it alternates within seconds, as a pool of addresses or several paths do; one user agent")
}

// TestSituationReturns: who is back once, or after longer than networks alternate, goes to
// and fro between two of them.
func TestSituationReturns(t *testing.T) {
	want(t, watch(home, same16, home).only(t), finding.Rotating, "back at an earlier address once")
	slow := newScene()
	for n := range int64(4) {
		slow.ok(40*n, home, fmt.Sprintf("seg%d.ts", 2*n+1)).no(40*n+20, far, fmt.Sprintf("seg%d.ts", 2*n+2), token.IPMismatch)
	}
	want(t, slow.only(t), finding.Rotating, "back at an earlier address 6 times")
}

func TestSituationCasting(t *testing.T) {
	s := watch(home, home, far, far2, far3)
	for i := range s.Events {
		if s.Events[i].Client != ip(home) {
			s.Events[i].UA = 2 // the television, joined by the id that both send
		}
	}
	want(t, s.only(t), finding.Rotating, "2 user agents")
}

func TestSituationPrefetch(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	for n, name := range []string{"seg2.ts", "seg1.ts", "seg4.ts", "seg3.ts"} {
		s.ok(int64(n), home, name)
	}
	s.no(9, same24, "seg6.ts", token.IPMismatch).no(9, same24, "seg5.ts", token.IPMismatch)
	u := s.only(t)
	want(t, u, finding.Rotating, "one way")
	if u.Mismatches != 2 {
		t.Errorf("%d mismatches, want 2 of two segments", u.Mismatches)
	}
}

func TestSituationRanges(t *testing.T) {
	s := newScene()
	for n := range int64(5) {
		s.ok(n, home, "film.mp4")
		s.Events[n].Status = 206
	}
	s.no(9, same24, "film.mp4", token.IPMismatch).no(11, same24, "film.mp4", token.IPMismatch)
	u := s.only(t)
	want(t, u, finding.Rotating, "served 5 times, refused once")
	if steps := s.Timeline(u, Default()); u.Refusals != 1 || len(steps) != 2 {
		t.Errorf("%d refusals, %d steps; ranges of one file are one step, retries one refusal", u.Refusals, len(steps))
	}
}

func TestSituationRetries(t *testing.T) {
	s := watch(home)
	for n := range int64(6) {
		s.no(10+5*n, far, "seg2.ts", token.IPMismatch)
	}
	if u := s.signedFor(far).ok(41, far, "seg2.ts").of(1, 1).only(t); u.Mismatches != 1 || u.Interrupted {
		t.Errorf("%d mismatches, interrupted %v; want one, recovered", u.Mismatches, u.Interrupted)
	}
}

func TestSituationTokenAMinute(t *testing.T) {
	s := newScene().signedFor(home).signedFor(same24)
	for n := range int64(15) {
		link := min(uint32(n/5), 2)
		name := fmt.Sprintf("seg%d.ts", n)
		switch {
		case n == 9: // moved before the second token ran out
			s.no(n*10, same24, name, token.IPMismatch).of(1, link)
		case link == 2:
			s.ok(n*10, same24, name).of(1, link)
		default:
			s.ok(n*10, home, name).of(1, link)
		}
	}
	u := s.only(t)
	want(t, u, finding.Rotating, "segments 0 to 14 go on in order across them; one way, as a new attachment to the network; one user agent; 3 links in turn")
	if u.Links != 3 || u.Interrupted || u.MinCommon != 25 || u.Requests != 15 {
		t.Errorf("%+v", u)
	}
}

func TestSituationGivesUp(t *testing.T) {
	u := watch(home, home, same16).only(t)
	want(t, u, finding.Rotating, "at least 1 change between 2 addresses in 2 /24s of one /16")
	if !u.Interrupted || u.Mismatches != 1 {
		t.Errorf("interrupted %v after %d refusals, want true after 1", u.Interrupted, u.Mismatches)
	}
}

func TestSituationLinkPreview(t *testing.T) {
	s := watch(home, home)
	s.no(20, far, "index.m3u8", token.IPMismatch).ua(9)
	s.Events[len(s.Events)-1].Bot = true
	users := s.users()
	want(t, &users[0], finding.Unchanged, "never refused")
	want(t, &users[1], finding.Undetermined, "link preview")
}

// A link that two links' worth of ids glued to strangers is taken apart.
func TestRule10AUserOfManyNetworksIsSplit(t *testing.T) {
	s := newScene().signedFor(far).signedFor(far2)
	for n := range int64(6) {
		name := fmt.Sprintf("seg%d.ts", n+1)
		s.ok(n*6, home, name).of(1, 0).ok(n*6+1, far, name).of(1, 1).ok(n*6+2, far2, name).of(1, 2)
	}
	users := s.users()
	if len(users) != 3 {
		t.Fatalf("%d users, want 3", len(users))
	}
	for i := range users {
		if want(t, &users[i], finding.ManyNetworks, "3 unrelated networks"); !users[i].Split || users[i].Link != uint32(i) {
			t.Errorf("%+v", users[i])
		}
	}
	if s.Stated = true; len(s.users()) != 1 {
		t.Error("a user that the log states is one")
	}
}
