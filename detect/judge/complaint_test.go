package judge

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// complaint makes one of a scene; edit changes every refused incident.
func complaint(s *scene, edit func(*Incident)) *Complaint {
	c := &Complaint{Group: s.Group, Alone: true, Keyed: true, Calibration: finding.Verified, Masks4: []int{24, 16}, Masks6: []int{64, 56, 48}}
	for _, e := range s.Events {
		in := Incident{Event: e, Basis: "recomputed", Path: "/vod/" + e.Name, Deadline: 1000}
		if e.Refused && edit != nil {
			edit(&in)
		}
		c.Incidents = append(c.Incidents, in)
	}
	return c
}

// sharedBy is a complaint of refusals by another rule, at edge waw-9 with key 2, on a host
// whose refusals of that cause have something in common.
func sharedBy(s *scene, trait, value string) *Complaint {
	c := complaint(s, func(in *Incident) { in.Elsewhere, in.Server, in.Key = true, "waw-9", "2" })
	c.Common = []finding.Common{{Cause: "expired", Trait: trait, Value: "waw-9", Says: "not this"}, {Cause: "refused_elsewhere", Trait: trait, Value: value, Says: "this"}}
	return c
}

func settle(c *Complaint) *finding.Ticket {
	out := &finding.Ticket{}
	c.Settle(out, Default())
	return out
}

// TestTheRefusedLinkIsNamed: of a viewer whose link was renewed for the new address, the ticket names the one that was refused there.
func TestTheRefusedLinkIsNamed(t *testing.T) {
	s := newScene().ok(1, home, "seg-1.ts").no(2, same16, "seg-2.ts", token.IPMismatch).ok(5, same16, "seg-2.ts")
	s.Signed = append(s.Signed, ip(same16))
	s.Events[2].Link = 1
	for name, c := range map[string]struct {
		edit func(*Incident)
		want string
	}{
		"moved":            {nil, home},
		"without a token":  {func(in *Incident) { in.Verdict, in.Link = token.Unsigned, 2 }, ""},
		"nothing refused":  {func(in *Incident) { in.Refused, in.Served, in.Status = false, true, 200 }, same16},
		"of the other one": {func(in *Incident) { in.Verdict, in.Link = token.Expired, 1 }, same16},
	} {
		out := &finding.Ticket{Viewer: &finding.Subject{SignedIP: same16}}
		one := complaint(s, c.edit)
		one.Signed = append(one.Signed, netip.Addr{})
		one.Settle(out, Default())
		if got := out.Viewer.SignedIP; got != c.want {
			t.Errorf("%s: signed for %q, want %q", name, got, c.want)
		}
	}
}

// TestComplaints plays each cause and looks for what must and must not be said.
func TestComplaints(t *testing.T) {
	mismatch := token.IPMismatch
	for name, c := range map[string]struct {
		c           *Complaint
		cause       string
		says, never []string
	}{
		"a change within the /24": {complaint(newScene().ok(1, home, "seg-1.ts").no(2, same24, "seg-2.ts", mismatch).no(3, same24, "seg-2.ts", mismatch).ok(5, home, "seg-2.ts"), nil),
			"ip_mismatch", []string{"Refused once (2 requests, retries merged) at 00:00:02 UTC", "signed for " + home, "came from " + same24, "one /24", "recomputed hash proves it", "A /24 would have let it through."}, []string{"inferred", "Cannot"}},
		"two changes, one of them far": {complaint(newScene().no(1, same24, "seg-1.ts", mismatch).no(40, same16, "seg-2.ts", mismatch), nil),
			"ip_mismatch", []string{"Refused twice from 00:00:01 to 00:00:40", "1 other address", "one /16, not in one /24", "A /24 would have let 1 of 2 through and a /16 all of them."}, nil},
		"two links in turn": {func() *Complaint {
			s := newScene().no(1, same24, "seg-1.ts", mismatch).ok(2, same24, "seg-1.ts").no(40, same16, "seg-2.ts", mismatch)
			s.Signed = append(s.Signed, ip(same24))
			s.Events[1].Link, s.Events[2].Link = 1, 1
			return complaint(s, nil)
		}(), "ip_mismatch", []string{"a link signed for " + home + " was asked for from " + same24 + ", one signed for " + same24 + " from " + same16, "in one /16, not in one /24", "1 of 2"}, nil},
		"beyond every mask": {complaint(newScene().no(1, far, "seg-1.ts", mismatch), nil), // 198.51.100.10 and 203.0.113.5 differ in the fifth bit: 1100 0110, 1100 1011
			"ip_mismatch", []string{"only 4 bits in common", "No candidate mask"}, nil},
		"one request without a token": {complaint(newScene().no(1, home, "seg-1.ts", token.Unsigned), nil),
			"unsigned", []string{"the request carried no token"}, []string{"requests"}},
		"two of them": {complaint(newScene().no(1, home, "seg-1.ts", token.Unsigned).no(2, home, "seg-1.ts", token.Unsigned), nil),
			"unsigned", []string{"the requests carried no token"}, nil},
		"from IPv4 to IPv6": {complaint(newScene().no(1, v6, "seg-1.ts", mismatch), nil),
			"ip_mismatch", []string{"one is IPv4, the other IPv6", "No mask helps between IPv4 and IPv6", "dig AAAA"}, nil},
		"through NAT64": {complaint(newScene().no(1, "64:ff9b::c633:640a", "seg-1.ts", mismatch), nil), "ip_mismatch", []string{"NAT64"}, nil},
		"without a key": {func() *Complaint {
			s := newScene()
			s.Signed = nil
			c := complaint(s.ok(1, home, "seg-1.ts").no(2, same24, "seg-2.ts", mismatch), func(in *Incident) { in.Inferred, in.Basis = true, "inferred" })
			c.Keyed = false
			return c
		}(), "ip_mismatch", []string{"served at " + home, "inferred, as no key proves it", "Cannot tell which address the link was signed for, because no key of this host was given", "The key in force"}, []string{"recomputed"}},
		"expired": {complaint(newScene().no(1060, home, "seg-1.ts", token.Expired), nil),
			"expired", []string{"had expired at 00:16:40, 60 s before the request", "How long links live"}, []string{"Cannot", "/24"}},
		"expired by one second": {complaint(newScene().no(1001, home, "seg-1.ts", token.Expired), nil),
			"expired", []string{"within 2 s of the request", "Cannot tell whether the link had expired"}, nil},
		"expired and moved": {complaint(newScene().no(1060, same24, "seg-1.ts", token.ExpiredIPMismatch), nil),
			"expired_ip_mismatch", []string{"a wider mask would not have helped"}, []string{"would have let"}},
		"another rule": {complaint(newScene().no(1, home, "seg-1.ts", token.Valid), func(in *Incident) { in.Elsewhere = true }),
			"refused_elsewhere", []string{"the token was valid", "not known", "Cannot tell which rule refused, because the log has no reason code"}, nil},
		"the edge's check": {complaint(newScene().no(1, home, "seg-1.ts", token.Valid), func(in *Incident) { in.Elsewhere, in.Detail = true, "token_denied" }),
			"refused_elsewhere", []string{"the edge's own reason code says that it does not", "What was changed around that time"}, []string{"Cannot", "another rule"}},
		"the country rule": {complaint(newScene().no(1, home, "seg-1.ts", token.Valid), func(in *Incident) { in.Elsewhere, in.Detail = true, "country" }),
			"refused_elsewhere", []string{"the country rule"}, []string{"Cannot"}},
		"one edge": {sharedBy(newScene().no(1, home, "seg-1.ts", token.Valid), finding.TraitEdge, "waw-9"),
			"refused_elsewhere", []string{"the settings and the clock of this edge"}, nil},
		"another edge": {sharedBy(newScene().no(1, home, "seg-1.ts", token.Valid), finding.TraitEdge, "fra-1"),
			"refused_elsewhere", []string{"another rule"}, []string{"of this edge"}},
		"an old key": {func() *Complaint {
			c := complaint(newScene().no(1, home, "seg-1.ts", token.UnresolvedSignature), func(in *Incident) { in.Detail, in.Mistaken, in.Key = "signer:old_key", true, "2" })
			c.Common = []finding.Common{{Cause: "unresolved_signature", Trait: finding.TraitOldKey, Value: "2", Says: "this"}}
			return c
		}(),
			"unresolved_signature", []string{"a key that the edge did not take any more", "Since when the edge has its key"}, []string{"another rule", "Cannot", "HAR", "known mistake"}},
		"a damaged token": {complaint(newScene().no(1, home, "seg-1.ts", token.Malformed), func(in *Incident) { in.Detail, in.Deadline = "missing_expires", 0 }),
			"malformed", []string{"md5 without expires"}, nil},
		"a signer's mistake": {complaint(newScene().no(1, home, "seg-1.ts", token.UnresolvedSignature), func(in *Incident) { in.Detail, in.Mistaken = "signer:no_space", true }),
			"unresolved_signature", []string{"the space before the key was left out (a known mistake of the signer"}, []string{"Cannot"}},
		"an unknown hash": {complaint(newScene().no(1, home, "seg-1.ts", token.UnresolvedSignature), nil),
			"unresolved_signature", []string{"Cannot tell whether the address changed, because", "IPv6"}, []string{"would have let"}},
		"not checked": {func() *Complaint {
			c := complaint(newScene().no(1, home, "seg-1.ts", token.Unchecked), nil)
			c.Keyed = false
			return c
		}(), "unchecked", []string{"Cannot tell why, because no key of this host was given"}, nil},
		"nothing refused": {complaint(newScene().ok(1, home, "seg-1.ts").ok(2, home, "seg-2.ts"), nil), "", []string{"No request of this viewer was refused", "2 requests were served"}, nil},
		"a neighbour": {func() *Complaint {
			c := complaint(newScene().no(1, same24, "seg-1.ts", mismatch), nil)
			c.Near = true
			return c
		}(), "ip_mismatch", []string{"Cannot tell whether this is the viewer who complained"}, nil},
	} {
		got := settle(c.c)
		text := strings.Join(slices.Concat([]string{got.Answer, got.Mask}, got.Cannot, got.Ask), "\n")
		if helps := strings.Contains(got.Mask, "all of them") || strings.Contains(got.Mask, "let it through."); (got.Prefix != nil) != (helps && !strings.HasPrefix(got.Mask, "No mask")) {
			t.Errorf("%s: prefix %v, %s", name, got.Prefix, got.Mask)
		}
		if got.Cause != c.cause {
			t.Errorf("%s: cause %q, want %q", name, got.Cause, c.cause)
		}
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		for _, no := range c.never {
			if strings.Contains(text, no) {
				t.Errorf("%s: %q in\n%s", name, no, text)
			}
		}
	}
}

// TestComplaintOfAnAddressInTheLink: a hash that does not hold leaves the address in doubt only where the link hides it.
func TestComplaintOfAnAddressInTheLink(t *testing.T) {
	for scheme, doubted := range map[string]bool{"": true, "gcore": true, "bunny": true, "akamai": false, "cloudfront": false, "keycdn": false} {
		out := &finding.Ticket{Scheme: scheme}
		complaint(newScene().no(1, home, "seg-1.ts", token.UnresolvedSignature), nil).Settle(out, Default())
		text := strings.Join(append(out.Cannot, out.Ask...), " ")
		if strings.Contains(text, "whether the address changed") != doubted || strings.Contains(text, "--recover") != doubted || strings.Contains(text, "that the site saw") != doubted || !strings.Contains(text, "whole link") {
			t.Errorf("%q: %s", scheme, text)
		}
	}
}

// TestComplaintDetail: of refusals for one cause with several details, the ticket names the one that its answer is about.
func TestComplaintDetail(t *testing.T) {
	c := complaint(newScene().no(1, home, "seg-1.ts", token.Valid).no(90, home, "seg-2.ts", token.Valid), func(in *Incident) { in.Elsewhere, in.Detail = true, "country" })
	c.Incidents[0].Detail = "token_denied"
	for at, want := range map[int64]string{1: "token_denied", 90: "country"} {
		c.At = at * second
		if got := settle(c); got.Detail != want || strings.Contains(got.Answer, "country rule") != (want == "country") {
			t.Errorf("%s: %s", got.Detail, got.Answer)
		}
	}
}

// TestComplaintCauseNearest: of causes as frequent, the one nearest to the time
// said is the complaint's.
func TestComplaintCauseNearest(t *testing.T) {
	c := complaint(newScene().no(10, same24, "seg-1.ts", token.IPMismatch).no(500, home, "seg-9.ts", token.Expired), nil)
	for at, want := range map[int64]string{0: "ip_mismatch", 20: "ip_mismatch", 480: "expired"} {
		if c.At = at * second; settle(c).Cause != want {
			t.Errorf("at %d s: %s, want %s", at, settle(c).Cause, want)
		}
	}
}

// TestComplaintCounts merges retries and counts changes by hand: served at home,
// refused three times on one path within 30 s and once more after that, served.
func TestComplaintCounts(t *testing.T) {
	s := newScene().ok(0, home, "seg-1.ts").no(5, same24, "seg-2.ts", token.IPMismatch).no(6, same24, "seg-2.ts", token.IPMismatch).
		no(34, same24, "seg-2.ts", token.IPMismatch).no(36, same24, "seg-2.ts", token.IPMismatch).ok(40, home, "seg-2.ts")
	got := settle(complaint(s, nil))
	if o := got.Outcome; o.Served != 2 || o.Refusals != 2 || o.Addresses != 2 || o.Switches != 2 || o.Resumed != 4 || o.Interrupted == nil || !*o.Interrupted {
		t.Errorf("%+v", o)
	}
	if o := settle(complaint(s.signedFor(same24).ok(46, same24, "seg-3.ts").of(1, 1), nil)).Outcome; o.Resumed != 4 || o.Interrupted == nil || *o.Interrupted {
		t.Errorf("a new link 10 s after the last refusal: %+v", o)
	}
	if r := got.Refusals; len(r) != 1 || r[0] != (finding.Refused{Cause: "ip_mismatch", Refusals: 2, Requests: 4}) {
		t.Errorf("%+v", r)
	}
	if n := len(got.Timeline); n != 3 || got.Timeline[1].Requests != 4 || got.Timeline[1].Refusals != 2 {
		t.Errorf("%+v", got.Timeline)
	}
	late := settle(complaint(newScene().no(5, same24, "seg-2.ts", token.IPMismatch).ok(16, home, "seg-2.ts"), nil))
	if o := late.Outcome; o.Interrupted == nil || !*o.Interrupted || o.Resumed != 11 {
		t.Errorf("served again after 11 s is not recovered: %+v", o)
	}
	for to, want := range map[int64]bool{14: false, 15: true} { // a refusal at 5 s may be recovered from until 15 s
		cut := complaint(newScene().no(5, same24, "seg-2.ts", token.IPMismatch).ok(7, home, "seg-2.ts"), nil)
		if cut.To = to * second; (settle(cut).Outcome.Interrupted != nil) != want {
			t.Errorf("looked at until %d s: told %t, want %t", to, !want, want)
		}
	}
	only := newScene().no(5, same24, "seg-2.ts", token.IPMismatch)
	only.RefusalsOnly = true
	if o := settle(complaint(only, nil)).Outcome; o.Interrupted != nil {
		t.Errorf("a log of refusals only cannot tell: %+v", o)
	}
}

// TestComplaintEdges says where the log ends within the window.
func TestComplaintEdges(t *testing.T) {
	c := complaint(newScene().no(100, same24, "seg-1.ts", token.IPMismatch), nil)
	c.From, c.To, c.LogFirst, c.LogLast = 0*second+1, 200*second, 60*second, 150*second
	if text := strings.Join(settle(c).Cannot, " "); !strings.Contains(text, "before 00:01:00 and after 00:02:30 UTC") {
		t.Error(text)
	}
	c.LogFirst, c.LogLast = 0, 300*second
	if text := strings.Join(settle(c).Cannot, " "); text != "" {
		t.Error(text)
	}
}

// TestComplaintOfOneWhoMayBeAnotherViewer: the evidence of the class goes with what cannot be told.
func TestComplaintOfOneWhoMayBeAnotherViewer(t *testing.T) {
	for class, want := range map[finding.Class]bool{finding.Undetermined: true, finding.Rotating: false} {
		out := &finding.Ticket{Viewer: &finding.Subject{Class: class, Reason: "the requests start over here"}}
		complaint(newScene().no(1, same24, "seg-1.ts", token.IPMismatch), nil).Settle(out, Default())
		if says := strings.Contains(strings.Join(out.Cannot, "\n"), "or somebody else had the link (the requests start over here)"); says != want {
			t.Errorf("%s: %q", class, out.Cannot)
		}
	}
}

// TestFindingsKnowTheSchemes holds what findings know of schemes by name against the schemes themselves.
func TestFindingsKnowTheSchemes(t *testing.T) {
	for _, s := range token.Schemes() {
		if got, want := finding.HidesAddress(s.Name), s.Binds && !s.Visible; got != want {
			t.Errorf("%s: hides the address: %v, want %v", s.Name, got, want)
		}
		if finding.NetworksOf(s.Name) == finding.ByLink && !s.Visible {
			t.Errorf("%s: links cannot name a network", s.Name)
		}
	}
}
