package judge

import (
	"net/netip"
	"slices"
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
	rec = newWorld().refused(40, 24, first(0)).refused(80, 3, first(0)).refused(60, 24, first(1e9)).quiet(100).ask()
	decided(t, rec, finding.HelpsPartly, 24)
	warned(t, rec, "does not hold in the second half of the time: /24 would have let 100 % of 60 affected users through there, which would be enough.")
	rec = newWorld().refused(170, 3, first(0)).refused(35, 16, first(1e9)).refused(5, 3, first(1e9)).quiet(100).ask()
	decided(t, rec, finding.MaskNotEnough, 0)
	warned(t, rec, "does not hold in the second half of the time: /16 would have let 88 % of 40 affected users through there")
}

// Who was refused before links were bound as they are is not called nobody.
func TestRule02WhoWasRefusedBeforeIsNotNobody(t *testing.T) {
	w := newWorld().quiet(100)
	for range 89 {
		w.AddMended(w.signer())
	}
	rec := w.ask(func(o *Asked) { o.CurrentPrefix, o.Refused = 16, map[string]int64{"ip_mismatch": 267} })
	decided(t, rec, finding.KeepCurrent, 0, "Nobody was refused because of a changed address as links are bound now, to a /16; 89 users were before: the 267 refusals fell on links signed for another address")
	if rec.MendedUsers != 89 || *rec.BoundUsers != 189 {
		t.Errorf("%d mended of %d", rec.MendedUsers, *rec.BoundUsers)
	}
}

// By a clock under which links are served after their expiry, none is called late.
func TestRule07NothingIsLateByAWrongClock(t *testing.T) {
	by := func(late, mismatches, expired int64) func(*Asked) {
		return func(o *Asked) {
			o.ServedLate = 300
			o.Refused = map[string]int64{"expired_ip_mismatch": late, "ip_mismatch": mismatches, "expired": expired}
		}
	}
	decided(t, newWorld().quiet(300).ask(by(168, 0, 0)), finding.InsufficientEvidence, 0, "Nothing can be said about masks, as 300 links were served after their expiry by the log's clock")
	decided(t, newWorld().quiet(300).ask(by(0, 0, 40)), finding.KeepCurrent, 0, "expired links; others were served after their expiry", "nothing can be said about the life of links")
	decided(t, newWorld().refused(60, 24).quiet(300).ask(by(20, 60, 0)), finding.Widen, 24)
}

// A load balancer's addresses tell nothing of the viewers'.
func TestRule03BehindALoadBalancerNobodyMoves(t *testing.T) {
	behind := func(reproduced bool) func(*Asked) {
		return func(o *Asked) { o.Behind, o.Reproduced = true, reproduced }
	}
	decided(t, newWorld().refused(60, 24).quiet(300).ask(behind(false)), finding.InsufficientEvidence, 0, "most lines name another public address in X-Forwarded-For")
	decided(t, newWorld().quiet(300).ask(behind(false)), finding.InsufficientEvidence, 0, "give the key of this host")
	decided(t, newWorld().refused(60, 24).quiet(300).ask(behind(true)), finding.Widen, 24)
}

// TestRule03WhoSignsForANetworkSeesNoAddressChange: half of the affected, or more, have links for the first address of
// the /24 (or /16, /64) that they came from, as a signer makes them that cuts addresses while the edge does not.
func TestRule03WhoSignsForANetworkSeesNoAddressChange(t *testing.T) {
	player := uint32(0)
	signed := func(at, link string) func(*User) {
		return func(u *User) {
			player++
			u.UA, u.Class, u.Away, u.Signed = player, finding.FirstRequest, ip(at), ip(link)
		}
	}
	says := "of the 60 users refused at another address have links that were signed for the first address of their own network"
	for _, link := range []string{"198.51.100.0", "198.51.0.0"} {
		decided(t, newWorld().refused(30, 24, signed(same24, link)).refused(30, 24).quiet(300).ask(), finding.InsufficientEvidence, 0, "as 30 "+says)
	}
	decided(t, newWorld().refused(29, 24, signed(same24, "198.51.100.0")).refused(31, 24).quiet(300).ask(), finding.Widen, 24)
	decided(t, newWorld().refused(60, 24, signed(same24, home)).quiet(300).ask(), finding.Widen, 24)
	decided(t, newWorld().refused(60, 16, signed(same24, "198.51.100.0")).quiet(300).ask(prefix(24)), finding.Widen, 16)
	alike := func(u *User) { u.Class, u.Signed = finding.FirstRequest, ip("198.51.100.0") }
	rec := newWorld().refused(30, 24, signed(same24, "198.51.100.0")).refused(12, 24, alike).quiet(300).ask()
	warned(t, rec, "12 users were never served: the site saw another address")
	if rec.Remedy != finding.AlignSigner {
		t.Errorf("remedy %q", rec.Remedy)
	}
	if said := strings.Join(rec.Caveats, " "); strings.Contains(said, "a proxy in front") {
		t.Errorf("links are for a network, and for a proxy: %s", said)
	}
	six := User{Class: finding.FirstRequest, Family: 6, Away: ip("2001:db8:1:2::5"), Signed: ip("2001:db8:1:2::")}
	if !signedForNetwork(&six) {
		t.Error("the first address of a /64 is no network")
	}
}

// TestRule02NoMaskFromMaskedAddresses: unless a hash was reproduced with them, as of links that are bound to a mask, or
// the configuration states that they are.
func TestRule02NoMaskFromMaskedAddresses(t *testing.T) {
	masked := func(o *Asked) { o.Masked = true }
	decided(t, newWorld().refused(60, 16).quiet(300).ask(masked, unreproduced), finding.InsufficientEvidence, 0, "send a log with whole addresses")
	decided(t, newWorld().refused(60, 16).quiet(300).ask(masked), finding.Widen, 16)
	decided(t, newWorld().refused(60, 16).quiet(300).ask(masked, unreproduced, prefix(24)), finding.Widen, 16)
	decided(t, newWorld().quiet(300).ask(masked, unreproduced), finding.KeepCurrent, 0, "Nobody was refused")
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
		"Nobody was refused because of a changed address: the 30 refusals fell on 5 links that were requested from several unrelated networks; keep links bound to the address; if a page that holds links is cached, let it give each viewer one of their own.")
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

func TestTheOnlyRefusal(t *testing.T) {
	rec := newWorld().quiet(9).ask(func(o *Asked) { o.Refused = map[string]int64{"malformed": 1} })
	decided(t, rec, finding.KeepCurrent, 0, "the only refusal fell on malformed links")
}

func TestInferenceIsSaid(t *testing.T) {
	inferred := func(u *User) { u.Inferred = true }
	rec := newWorld().refused(40, 24, inferred).quiet(100).ask()
	decided(t, rec, finding.Widen, 24, "Inferred: 40 users were")
	if all := strings.Join(rec.Caveats, " "); strings.Contains(all, "inferred") {
		t.Errorf("said twice: %s", all)
	}
	rec = newWorld().refused(40, 24, inferred).refused(10, 24).quiet(100).ask()
	decided(t, rec, finding.Widen, 24, "Partly inferred: 50 users were")
	warned(t, rec, "For 40 of 50 users the mismatch is inferred, without a reproduced hash.")
}

// Rule 18 for the answers that are no mask: too few to matter stay a caveat.
func TestRule18WhereNothingIsWidened(t *testing.T) {
	says := "more users were refused with a hash that nothing explains"
	search := "A full search over a random sample"
	decided(t, newWorld().quiet(9).refused(30, 0, unresolved).ask(), finding.KeepCurrent, 0, search)
	rec := newWorld().quiet(9).refused(29, 0, unresolved).ask()
	if warned(t, rec, search); strings.Contains(rec.Reason, search) {
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
	if strings.Contains(rec.Reason, "holds only if") {
		t.Errorf("/16 is enough with all doubts: %s", rec.Reason)
	}
	w = newWorld().refused(90, 24).refused(9, 16).quiet(100)
	decided(t, w.ask(), finding.Widen, 24)
	decided(t, w.refused(8, 0, unresolved).ask(), finding.Widen, 24, "This holds only if at most 5 of the 8 users")
}

// TestRule04IPv6AddressesCannotBeSearched: 30 of 39 users may have links for another address of their /64, which holds 2^64.
// Where links are bound to the /64, those of the /48 were tried.
func TestRule04IPv6AddressesCannotBeSearched(t *testing.T) {
	ask := func(unexplained, changed int, edit ...func(*Asked)) finding.Recommendation {
		w := &world{Replay: NewReplay("cdn.example", 6, Default())}
		for range unexplained {
			w.Add(&User{Class: finding.Undetermined, Unresolved: true}, netip.Addr{}, 0)
		}
		for range changed {
			w.Add(&User{Class: finding.Rotating, Family: 6, MinCommon: 64, MismatchLens: []uint8{64}, ChangeLens: []uint8{64}}, ip(v6), 0)
		}
		w.AddBound(ip(v6), 9)
		return w.ask(append(edit, func(o *Asked) { o.Candidates = []int{64, 56, 48} })...)
	}
	decided(t, ask(30, 0), finding.KeepCurrent, 0, "Links of 30 users may be signed for IPv6 addresses nearby, which are too many to be searched; what the signer issued (--issued) would tell")
	decided(t, ask(30, 0, prefix(64)), finding.KeepCurrent, 0, "A full search over a random sample")
	decided(t, ask(40, 20), finding.InsufficientEvidence, 0, "send a longer log of this host. 40 more users were refused with a hash that nothing explains; what the signer issued (--issued) would tell")
	decided(t, ask(40, 200), finding.Widen, 64, "This holds only if at most", "which nobody knows: what the signer issued (--issued) would settle it")
}

// Without one reproduced hash it is not known who was refused for what.
func TestRule04NobodyIsNotSaidWithoutProof(t *testing.T) {
	w := newWorld().refused(5, 0, unresolved)
	nine := func(o *Asked) { o.Refused = map[string]int64{"unresolved_signature": 9} }
	rec := w.ask(unreproduced, refusalsOnly)
	decided(t, rec, finding.InsufficientEvidence, 0, "Nothing could be proven", "the key, the path rule or the address field may not fit")
	warned(t, rec, "A full search")
	rec = w.ask(nine)
	decided(t, rec, finding.KeepCurrent, 0, "No refusal is proven to come from a changed address, and nothing explains the hashes of 5 users: the 9 refusals fell on links whose hash nothing explains.")
	decided(t, w.ask(func(o *Asked) { o.Unbound = true }, unreproduced), finding.KeepCurrent, 0, "carry no address")
	gaps := func(o *Asked) { o.Gaps = true }
	untold := func(u *User) { u.Class, u.Mismatches = finding.Undetermined, 1 }
	decided(t, w.refused(1, 3, untold).ask(), finding.KeepCurrent, 0, "No user could be followed")
	rec = newWorld().refused(31, 3, untold).refused(30, 24).quiet(9000).ask(gaps)
	decided(t, rec, finding.InsufficientEvidence, 0, "31 users were refused at another address but could not be followed there, more than the 30 who could")
	warned(t, rec, "30 affected users are 0.3 % of the 9,061 users with address-bound links: not surely the 0.5 % from which a change is worth it.")
	warned(t, newWorld().refused(3, 3, untold, func(u *User) { u.Untimed = true }).refused(2, 3, untold).ask(), "3 refused users asked for a file that was logged as served elsewhere only afterwards: a log with request times (nginx: $request_time) would tell")
	twice := func(u *User) { u.measure(24) }
	decided(t, newWorld().refused(30, 3, untold).refused(30, 24, twice).quiet(100).ask(gaps), finding.Widen, 24)
	decided(t, newWorld().refused(90, 24).quiet(100).ask(gaps), finding.InsufficientEvidence, 0, "/24 would have let 100 % of them through", "and nobody is seen refused twice")
	decided(t, newWorld().refused(90, 24).refused(12, 24, twice).refused(3, 3, twice).quiet(100).ask(gaps), finding.InsufficientEvidence, 0, "of the 15 users seen refused several times it would be 80 %, not surely enough")
	partly := newWorld().refused(20, 24).refused(20, 3).quiet(100)
	decided(t, partly.ask(), finding.HelpsPartly, 24)
	decided(t, partly.ask(gaps), finding.InsufficientEvidence, 0, "40 users were refused because their address changed, or strangers tried their links, which cannot be told apart")
	decided(t, newWorld().refused(40, 3).quiet(100).ask(gaps), finding.InsufficientEvidence, 0, "cannot be told apart")
	decided(t, newWorld().refused(90, 24, twice).refused(40, 0, unresolved).quiet(100).ask(gaps), finding.Widen, 24, "This holds only if at most 14 of the 40 users")
	decided(t, newWorld().refused(40, 3).quiet(90_000).ask(gaps), finding.KeepCurrent, 0)
	decided(t, newWorld().quiet(3).ask(unreproduced), finding.KeepCurrent, 0, "Nobody was refused because of a changed address")
}

// TestRule15WhoeverIsNotKnownMayMakeItWorthIt: 30 of 9,000 users are surely fewer than 0.5 %, unless
// others were affected too, or not all of these are users.
func TestRule15WhoeverIsNotKnownMayMakeItWorthIt(t *testing.T) {
	untold := func(u *User) { u.Class, u.Mismatches = finding.Undetermined, 1 }
	unchecked := func(u *User) { u.Class, u.Unchecked, u.MismatchLens = finding.Undetermined, true, nil }
	apart := func(n int64) func(*Asked) { return func(o *Asked) { o.Apart = n } }
	addresses := func(n int64) func(*Asked) { return func(o *Asked) { o.Addresses = n } }
	few := func() *world { return newWorld().refused(30, 24).quiet(9000) }
	for _, c := range []struct {
		w    *world
		o    []func(*Asked)
		want finding.Decision
		says string
	}{
		{few(), nil, finding.KeepCurrent, "0.3 % of the 9,030 users"},
		{few().refused(10, 24, untold), nil, finding.KeepCurrent, "not surely the 0.5 %"},
		{few().refused(40, 24, untold), nil, finding.InsufficientEvidence, "40 users were refused at another address too, where who moved cannot be told from who was handed the link: it may be more than the 0.5 % of users"},
		{few().refused(40, 0, unchecked), []func(*Asked){unreproduced}, finding.InsufficientEvidence, "no key could check the links of 40 users who were refused: it may be more than the 0.5 % of users from which a change is worth it; give the key of this host."},
		{few().refused(40, 0, unchecked), nil, finding.KeepCurrent, "not surely the 0.5 %"}, // a key checks the others
		{few(), []func(*Asked){apart(1000)}, finding.KeepCurrent, "not surely the 0.5 %"},
		{few(), []func(*Asked){apart(5500)}, finding.InsufficientEvidence, "5,500 links count as users that a few viewers may have had: it may be more"},
		{few(), []func(*Asked){addresses(3000)}, finding.InsufficientEvidence, "each file has a link of its own, so that 9,030 links of some 3,000 addresses count as users: it may be more"},
		{few(), []func(*Asked){addresses(8500)}, finding.KeepCurrent, "not surely the 0.5 %"},
		{newWorld().refused(29, 24, untold).quiet(900), nil, finding.KeepCurrent, "No user could be followed"},
		{newWorld().refused(30, 24, untold).quiet(900), nil, finding.InsufficientEvidence, "No user could be followed from one address to another, but 30 users were refused"},
	} {
		decided(t, c.w.ask(c.o...), c.want, 0, c.says)
	}
	w := newWorld().refused(90, 24).refused(40, 0, unchecked).quiet(900)
	decided(t, w.ask(unreproduced), finding.Widen, 24, "This holds only if at most 14 of the 40 users with links that no key could check changed to an address that no mask covers", "the key of this host would settle it.")
}

// TestServedRequestsAreAskedForWhereTheyLack: not of a log that has them.
func TestServedRequestsAreAskedForWhereTheyLack(t *testing.T) {
	w := newWorld().refused(5, 24).quiet(100)
	decided(t, w.ask(), finding.InsufficientEvidence, 0, "send a longer log of this host.")
	decided(t, w.ask(refusalsOnly), finding.InsufficientEvidence, 0, "send a longer log of this host, with served requests too.")
}

func TestRule02RefusalsOnlyDoNotTellWhoWasServed(t *testing.T) {
	first := func(u *User) { u.Class = finding.FirstRequest }
	w := newWorld().refused(100, 24, first)
	warned(t, w.ask(), "100 users were never served: the site saw another address than the edge.")
	rec := w.ask(refusalsOnly)
	warned(t, rec, "so whether they were served before cannot be seen")
	if all := strings.Join(append(rec.Caveats, rec.Reason), " "); strings.Contains(all, "never served") || strings.Contains(all, "the site saw") {
		t.Errorf("refusals alone do not show it: %s", all)
	}
}

// The refusals of a host are of both families.
func TestRefusalsOfTheOtherFamilyAreLeftOut(t *testing.T) {
	six := NewReplay("cdn.example", 6, Default())
	six.Add(&User{Class: finding.Rotating, MinCommon: -1}, ip(v6), 1)
	other := func(o *Asked) {
		o.Other, o.Refused = six, map[string]int64{"ip_mismatch": 90}
	}
	if got := newWorld().quiet(9).ask(other).Reason; got != "Nobody with an IPv4 link was refused because of a changed address." {
		t.Error(got)
	}
	decided(t, newWorld().refused(5, 0, unresolved).ask(other), finding.KeepCurrent, 0, "No refusal with an IPv4 link is proven", "the hashes of 5 users.")
	// What no hash explains may have been signed for either family.
	doubt := NewReplay("cdn.example", 6, Default())
	doubt.Add(&User{Class: finding.Undetermined, Unresolved: true}, netip.Addr{}, 1)
	doubted := func(o *Asked) { o.Other = doubt }
	decided(t, newWorld().quiet(9).ask(doubted), finding.KeepCurrent, 0, "No refusal is proven", "the hashes of 1 user: the log shows")
	decided(t, newWorld().quiet(9).ask(doubted, unreproduced), finding.InsufficientEvidence, 0, "Nothing could be proven")
	warned(t, newWorld().refused(5, 24).quiet(100).ask(doubted), "1 more user was refused with a hash that nothing explains")
}

func TestRule15AMaskInForceThatIsNotEnough(t *testing.T) {
	rec := newWorld().refused(30, 10).refused(70, 17).quiet(100).ask(prefix(16))
	decided(t, rec, finding.MaskNotEnough, 0, "the mask in force, /16, is as wide as any candidate, and 30 users moved beyond the /16: fetch a new link from the site")
	decided(t, newWorld().refused(30, -1).quiet(100).ask(prefix(12)), finding.MaskNotEnough, 0, "/12", "same address families")
	decided(t, newWorld().refused(29, 10).refused(71, 17).quiet(100).ask(prefix(16)), finding.KeepCurrent, 0, "the mask in force, /16, is as wide as any candidate.")
	decided(t, newWorld().refused(30, 10).quiet(6970).ask(prefix(16)), finding.KeepCurrent, 0)
}

func TestRule01AnUnverifiedKeyIsSaid(t *testing.T) {
	unverified := func(o *Asked) { o.Unverified = true }
	says := "; the key is not verified (fewer than 30 tokens)."
	w := newWorld().refused(100, 24).quiet(100)
	decided(t, w.ask(unverified), finding.Widen, 24, says)
	decided(t, newWorld().quiet(9).ask(unverified), finding.KeepCurrent, 0, says)
	if got := w.ask().Reason; strings.Contains(got, "not verified") {
		t.Error(got)
	}
}

func TestTheCurveHoldsEveryPrefixLength(t *testing.T) {
	curve := newWorld().refused(3, 5).refused(2, -1).refused(1, 0).quiet(2).ask().Curve
	if len(curve) != 33 || curve[0].Prefix != 0 || curve[0].AcceptedUsers != 4 || curve[0].Exposure != 1 || curve[5].AcceptedUsers != 3 || curve[32].Prefix != 32 {
		t.Errorf("%+v", curve)
	}
}

// What helps where no mask is enough is told apart for those who word it anew.
func TestRemedies(t *testing.T) {
	across := func(u *User) {
		for i := range u.MismatchLens {
			u.MismatchLens[i] = acrossFamilies
		}
	}
	never := func(u *User) { u.Class = finding.FirstRequest }
	far := newWorld().refused(100, 3).quiet(100)
	for name, c := range map[string]struct {
		rec  finding.Recommendation
		want finding.Remedy
	}{
		"far":       {far.ask(), finding.RenewLinks},
		"families":  {newWorld().refused(100, 0, across).quiet(100).ask(), finding.SameFamilies},
		"half":      {newWorld().refused(50, 0, across).refused(50, 3).quiet(100).ask(), finding.SameFamilies},
		"few":       {newWorld().refused(49, 0, across).refused(51, 3).quiet(100).ask(), finding.RenewLinks},
		"never":     {newWorld().refused(50, 3, never).refused(50, 3).quiet(100).ask(), finding.UnbindLinks},
		"few never": {newWorld().refused(49, 3, never).refused(51, 3).quiet(100).ask(), finding.RenewLinks},
		"refusals":  {newWorld().refused(100, 3, never).ask(refusalsOnly), finding.RenewLinks},
		"proxy":     {far.ask(func(o *Asked) { o.Proxy = "10.0.0.1" }), finding.MendSigner},
		"a mask":    {newWorld().refused(100, 24).quiet(100).ask(), ""},
	} {
		if c.rec.Remedy != c.want {
			t.Errorf("%s: %q, want %q (%s)", name, c.rec.Remedy, c.want, c.rec.Reason)
		}
	}
}

// Nobody is said to be unharmed where nothing explains the hashes, in networks
// that no mask is widened for, too.
func TestRelaysWithUnexplainedHashesAreSaid(t *testing.T) {
	rec := newWorld().refused(22, 0, bot, unresolved).quiet(100).ask(func(o *Asked) { o.Refused = map[string]int64{"unresolved_signature": 45} })
	decided(t, rec, finding.KeepCurrent, 0, "No refusal is proven to come from a changed address, and nothing explains the hashes of 22 users in relay, VPN or hosting networks")
	rec = newWorld().refused(3, 5, bot, func(u *User) { u.Mismatches = 1 }).quiet(100).ask()
	decided(t, rec, finding.KeepCurrent, 0, "Only 3 users in relay")
	if rec.RelayedUsers != 3 {
		t.Errorf("%d users in relays", rec.RelayedUsers)
	}
}

// TestRule15TooFewToTell: where the bounds of the share lie on either side of a threshold, more users would tell; how many
// follows from Wilson's bounds at that share.
func TestRule15TooFewToTell(t *testing.T) {
	for _, c := range []struct {
		in, out int
		says    string
	}{
		{85, 15, "Too few users to tell whether /24 is enough, as it is from 80 % on: at this share, some 180 users would."},
		{44, 56, "Too few users to tell whether /24 helps half of them: at this share, some 159 users would."},
		{801, 199, "Too few users to tell whether /24 is enough, as it is from 80 % on: at this share, more than 10,000 users would."},
		{70, 30, ""},
	} {
		rec := newWorld().refused(c.in, 24).refused(c.out, 3).quiet(100).ask()
		decided(t, rec, finding.HelpsPartly, 24)
		said := ""
		for _, s := range rec.Caveats {
			if strings.HasPrefix(s, "Too few") {
				said = s
			}
		}
		if said != c.says {
			t.Errorf("%d of %d: %q, want %q", c.in, c.in+c.out, said, c.says)
		}
	}
}

// TestRule03OneSignerOfTheAffected: where most affected users were never served, with links for one address, a proxy
// stands before them, if not before most viewers of the host.
func TestRule03OneSignerOfTheAffected(t *testing.T) {
	const says = "40 users were never served, with links signed for one and the same address: the site may see a proxy in front of them, its own or their carrier's, and should take the viewer's address from that proxy's header."
	first := func(signed func(n byte) string) func(*User) {
		n := byte(0)
		return func(u *User) {
			n++
			u.Class, u.Signed = finding.FirstRequest, ip(signed(n))
		}
	}
	one := func(byte) string { return far2 }
	each := func(n byte) string { return netip.AddrFrom4([4]byte{192, 0, n, 1}).String() }
	for name, c := range map[string]struct {
		w    *world
		said bool
	}{
		"one address":                {newWorld().refused(40, 17, first(one)), true},
		"an address each":            {newWorld().refused(40, 17, first(each)), false},
		"with as many who moved":     {newWorld().refused(40, 17, first(one)).refused(40, 24), true},
		"with more who moved":        {newWorld().refused(40, 17, first(one)).refused(41, 24), false},
		"with others before them":    {newWorld().refused(10, 17, first(each)).refused(40, 17, first(one)), true},
		"with others behind them":    {newWorld().refused(40, 17, first(one)).refused(10, 17, first(each)), true},
		"who moved from one address": {newWorld().refused(40, 17, func(u *User) { u.Signed = ip(far2) }), false},
		"too few":                    {newWorld().refused(9, 17, first(one)), false},
	} {
		if got := slices.Contains(c.w.quiet(300).ask().Caveats, says); got != c.said {
			t.Errorf("%s: said %t, want %t", name, got, c.said)
		}
	}
}
