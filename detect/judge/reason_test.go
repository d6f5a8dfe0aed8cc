package judge

import (
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// warned looks for what a caveat says.
func warned(t *testing.T, rec finding.Recommendation, says ...string) {
	t.Helper()
	all := strings.Join(rec.Caveats, "\n")
	for _, s := range says {
		if !strings.Contains(all, s) {
			t.Errorf("caveats %q, want them to say %q", rec.Caveats, s)
		}
	}
}

func holds(t *testing.T, rec finding.Recommendation) {
	t.Helper()
	if all := strings.Join(rec.Caveats, " "); strings.Contains(all, "does not hold") {
		t.Errorf("nothing contradicts the answer beyond chance: %s", all)
	}
}

// A part may decide otherwise by chance: 29 of 32 has a lower bound of 79 %,
// but an upper one of 96 %; of 20 in 32 it is 75 %.
func TestRule14AHalfContradictsBeyondChanceOnly(t *testing.T) {
	halves := func(stay, far int) finding.Recommendation {
		return newWorld().refused(300, 24, first(0)).refused(stay, 24, first(1e9)).refused(far, 3, first(1e9)).quiet(100).ask()
	}
	rec := halves(29, 3)
	decided(t, rec, finding.Widen, 24)
	holds(t, rec)
	rec = halves(20, 12)
	decided(t, rec, finding.Widen, 24)
	warned(t, rec, "does not hold in the second half of the time: /24 would have let 63 % of 32 affected users through there")
	rec = newWorld().refused(100, 24, first(0)).refused(20, 3, first(0)).refused(40, 24, first(1e9)).refused(60, 3, first(1e9)).quiet(100).ask()
	decided(t, rec, finding.HelpsPartly, 24)
	warned(t, rec, "does not hold in the second half of the time", "no mask would be enough")
}

// Links of many networks are named by number, and what else was refused beside
// them; no word says who passed a link on.
func TestRule10SharedLinksAreWhatTheRefusalsAre(t *testing.T) {
	shared := func(u *User) { u.Class, u.MismatchRequests = finding.ManyNetworks, 6 }
	refused := func(n int64) func(*Asked) {
		return func(o *Asked) { o.Refused = map[string]int64{"ip_mismatch": n, "expired": 0} }
	}
	w := newWorld().refused(5, 3, shared).quiet(100)
	decided(t, w.ask(refused(30)), finding.KeepCurrent, 0,
		"Nobody was refused because of a changed address: the 30 refusals fell on 5 links that were requested from several unrelated networks; keep links bound to the address.")
	// Of 40 mismatches of the host 10 are somebody else's.
	decided(t, w.ask(refused(40)), finding.KeepCurrent, 0, "5 links that were requested from several unrelated networks (75 %) and links signed for another address (25 %)")
	w.refused(10, 3, func(u *User) { u.Class, u.Mismatches = finding.Undetermined, 1 })
	decided(t, w.ask(refused(40)), finding.KeepCurrent, 0, "No user could be followed from one address to another")
}

func TestManyCausesAreCutShort(t *testing.T) {
	rec := newWorld().quiet(9).ask(func(o *Asked) {
		o.Refused = map[string]int64{"expired": 50, "malformed": 20, "wrong_path": 12, "unsigned": 10, "refused_elsewhere": 8}
	})
	decided(t, rec, finding.KeepCurrent, 0, "expired links (50 %), malformed links (20 %), links signed for another path (12 %) and others (18 %); sign links that live longer")
}

func TestInferenceIsSaid(t *testing.T) {
	inferred := func(u *User) { u.Inferred = true }
	decided(t, newWorld().refused(40, 24, inferred).quiet(100).ask(), finding.Widen, 24, "Inferred: 40 users were")
	rec := newWorld().refused(40, 24, inferred).refused(10, 24).quiet(100).ask()
	decided(t, rec, finding.Widen, 24, "Partly inferred: 50 users were")
	warned(t, rec, "For 40 of 50 users the mismatch is inferred, without a reproduced hash.")
}

// Rule 18 for the answers that are no mask: too few to matter stay a caveat.
func TestRule18WhereNothingIsWidened(t *testing.T) {
	says := "more users were refused with a hash that nothing explains"
	decided(t, newWorld().quiet(9).refused(30, 0, unresolved).ask(), finding.KeepCurrent, 0, "30 "+says)
	rec := newWorld().quiet(9).refused(29, 0, unresolved).ask()
	if warned(t, rec, "29 "+says); strings.Contains(rec.Reason, says) {
		t.Errorf("29 users change nothing: %s", rec.Reason)
	}
	decided(t, newWorld().refused(20, 24).quiet(100).refused(20, 0, unresolved).ask(), finding.InsufficientEvidence, 0, "20 "+says)
}

func TestRule16CarriersHaveACurve(t *testing.T) {
	rec := newWorld().refused(30, 24, on(5)).refused(20, 17, on(5)).refused(3, 16).strange(59, 2).strange(1, 17).quiet(100).ask()
	c := rec.Carriers[0]
	if c.Prefix != 16 || len(c.Curve) != 2 || c.Curve[0].Prefix != 16 || c.Curve[1].Prefix != 24 {
		t.Fatalf("%+v, want the candidates /16 and /24", c)
	}
	wide, narrow := c.Curve[0], c.Curve[1]
	if wide.AcceptedUsers != 50 || narrow.AcceptedUsers != 30 || narrow.AcceptedRequests != 30 || !near(narrow.AcceptedShare, 0.6) || !near(narrow.Low, wilsonLow(30, 50)) {
		t.Errorf("/16 %+v, /24 %+v", wide, narrow)
	}
	for _, s := range rec.Curve {
		if s.Prefix == 16 && (s.Exposure != wide.Exposure || *s.StrangersLetIn != *wide.StrangersLetIn) {
			t.Errorf("price of the host %+v, of its carrier %+v", s, wide)
		}
	}
}

func TestRule04UsersWhoChangedTheFamily(t *testing.T) {
	rec := newWorld().refused(90, 24).refused(3, -1).quiet(100).ask()
	decided(t, rec, finding.Widen, 24)
	warned(t, rec, "3 users changed to IPv6: check that site and CDN offer both families.")
}

// A gain that doubt makes too small leaves the mask good enough; a share that
// doubt makes too small does not.
func TestRule18OnlyAWiderMaskContradicts(t *testing.T) {
	w := newWorld().refused(900, 24).refused(65, 16).refused(35, 3).quiet(100)
	decided(t, w.ask(), finding.Widen, 16)
	rec := w.refused(80, 0, unresolved).ask()
	if strings.Contains(rec.Reason, "does not hold") {
		t.Errorf("/16 is enough with all doubts: %s", rec.Reason)
	}
	w = newWorld().refused(90, 24).refused(9, 16).quiet(100)
	decided(t, w.ask(), finding.Widen, 24)
	decided(t, w.refused(8, 0, unresolved).ask(), finding.Widen, 24, "This does not hold if the 8 users")
}
