package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// world adds users by hand: so many at each common prefix length (-2: across
// families), beside users nobody refused.
type world struct {
	*Replay
	next uint32
}

func newWorld() *world { return &world{Replay: NewReplay("cdn.example", 4, Default())} }

func (w *world) signer() netip.Addr {
	w.next++
	return netip.AddrFrom4([4]byte{10, byte(w.next >> 16), byte(w.next >> 8), byte(w.next)})
}

func (w *world) refused(users, common int, edit ...func(*User)) *world {
	for range users {
		u := User{Class: finding.Rotating, Family: 4, MinCommon: -1, Interrupted: true}
		u.measure(common)
		for _, e := range edit {
			e(&u)
		}
		u.ChangeLens = u.MismatchLens
		w.Add(&u, w.signer(), uint64(w.next))
	}
	return w
}

func (w *world) quiet(users int) *world {
	for range users {
		w.AddBound(w.signer(), 1)
	}
	return w
}

func (w *world) ask(edit ...func(*Asked)) finding.Recommendation {
	o := Asked{Candidates: []int{24, 16}, Bound: true, Reproduced: true}
	for _, e := range edit {
		e(&o)
	}
	return w.Recommend(o)
}

func on(asn uint32) func(*User)  { return func(u *User) { u.ASN = asn } }
func first(us int64) func(*User) { return func(u *User) { u.First = us } }
func prefix(p int) func(*Asked)  { return func(o *Asked) { o.CurrentPrefix = p } }
func unresolved(u *User)         { u.Class, u.Unresolved, u.MismatchLens = finding.Undetermined, true, nil }
func refusalsOnly(o *Asked)      { o.RefusalsOnly = true }
func unreproduced(o *Asked)      { o.Reproduced = false }
func many(u *User)               { u.Class = finding.ManyNetworks }
func bot(u *User)                { u.Bot = true }

func decided(t *testing.T, rec finding.Recommendation, d finding.Decision, prefix int, says ...string) {
	t.Helper()
	got := 0
	if rec.Prefix != nil {
		got = *rec.Prefix
	}
	if rec.Decision != d || got != prefix {
		t.Errorf("decision %s /%d, want %s /%d: %s", rec.Decision, got, d, prefix, rec.Reason)
	}
	for _, s := range says {
		if !strings.Contains(rec.Reason, s) {
			t.Errorf("reason %q, want it to say %q", rec.Reason, s)
		}
	}
}

func TestRule14FewUsers(t *testing.T) {
	decided(t, newWorld().refused(9, 30).quiet(100).ask(), finding.InsufficientEvidence, 0, "9 users were refused", "listed, not counted on")
	decided(t, newWorld().refused(10, 30).quiet(100).ask(), finding.InsufficientEvidence, 0, "points to /24 as a partial help")
	decided(t, newWorld().refused(12, 3).quiet(100).ask(), finding.InsufficientEvidence, 0, "points to no mask")
	decided(t, newWorld().refused(20, 30).quiet(100).ask(), finding.InsufficientEvidence, 0, "points to /24", "fewer than 30")
	decided(t, newWorld().refused(29, 30).quiet(100).ask(), finding.InsufficientEvidence, 0, "points to /24")
	decided(t, newWorld().refused(30, 30).quiet(100).ask(), finding.Widen, 24)
}

func TestRule14LeftOut(t *testing.T) {
	rec := newWorld().refused(40, 30).refused(50, 5, many).refused(50, 5, bot).quiet(100).ask()
	decided(t, rec, finding.Widen, 24)
	if rec.AffectedUsers != 40 || rec.ManyNetworksUsers != 50 || *rec.BoundUsers != 140 || rec.SharedLinks != 50 {
		t.Errorf("affected %d, many %d, bound %d, shared %d; want 40 50 140 50", rec.AffectedUsers, rec.ManyNetworksUsers, *rec.BoundUsers, rec.SharedLinks)
	}
}

func TestRule15Worth(t *testing.T) {
	// Wilson's lower bound of 40 in 6,000 is 0.52 %, of 40 in 7,000 0.44 %.
	decided(t, newWorld().refused(40, 30).quiet(5960).ask(), finding.Widen, 24)
	few := newWorld().refused(40, 30).quiet(6960)
	decided(t, few.ask(), finding.KeepCurrent, 0, "0.6 % of the 7,000 users", "(0.4 to 0.8 %): not surely the 0.5 %")
	rec := few.ask(refusalsOnly)
	decided(t, rec, finding.Widen, 24)
	warned(t, rec, "The log holds refusals only")
	if rec.BoundUsers != nil {
		t.Error("refusals only, but the users are counted")
	}
}

func TestRule15TheSmallestMaskThatIsEnough(t *testing.T) {
	// 90 of 100: lower bound 84 %; 85 of 100: 78 %.
	decided(t, newWorld().refused(90, 24).refused(10, 3).quiet(100).ask(), finding.Widen, 24, "100 users were refused because their address changed; /24 would have let 90 % of them through (83 to 94 %), a wider mask no more.")
	decided(t, newWorld().refused(85, 24).refused(15, 3).quiet(100).ask(), finding.HelpsPartly, 24, "15 users moved beyond the /24")
	decided(t, newWorld().refused(40, 24).refused(55, 16).refused(5, 15).quiet(100).ask(), finding.Widen, 16, "/24 only 40 %")
	decided(t, newWorld().refused(20, 24).refused(50, 16).refused(30, 15).quiet(100).ask(), finding.HelpsPartly, 16)
	decided(t, newWorld().refused(20, 24).refused(10, 16).refused(70, 15).quiet(100).ask(), finding.MaskNotEnough, 0, "only 30 %", "70 users moved beyond the /16", "fetch a new link")
}

func TestRule15PairedGain(t *testing.T) {
	// 10 of 100 gained: lower bound 6.0 %; 8 of 100: 4.6 %; 9 of 95: 5.5 %, but only 9 users.
	decided(t, newWorld().refused(90, 24).refused(10, 16).quiet(100).ask(), finding.Widen, 16)
	decided(t, newWorld().refused(92, 24).refused(8, 16).quiet(100).ask(), finding.Widen, 24)
	decided(t, newWorld().refused(86, 24).refused(9, 16).quiet(100).ask(), finding.Widen, 24)
	decided(t, newWorld().refused(185, 24).refused(15, 16).quiet(100).ask(), finding.Widen, 24)
	// From one candidate to the next, not beyond one that gains too little.
	twenty := func(o *Asked) { o.Candidates = []int{24, 20, 16} }
	decided(t, newWorld().refused(90, 24).refused(10, 16).quiet(100).ask(twenty), finding.Widen, 24)
}

func TestNobodyAffected(t *testing.T) {
	rec := newWorld().quiet(1000).ask(func(o *Asked) { o.Refused = map[string]int64{"expired": 900, "refused_elsewhere": 100} })
	decided(t, rec, finding.KeepCurrent, 0, "Nobody was refused because of a changed address", "the 1,000 refusals fell on expired links (90 %) and valid links that another rule refused (10 %); sign links that live longer")
	decided(t, newWorld().quiet(9).ask(), finding.KeepCurrent, 0, "no refused request of this host's viewers")
	decided(t, newWorld().quiet(9).refused(40, 0, unresolved).ask(), finding.KeepCurrent, 0,
		"No refusal is proven to come from a changed address, and nothing explains the hashes of 40 users: the log shows", "A full search over a random sample of the links with unexplained hashes (--recover sample=60) would tell whether addresses changed there. Nobody came over IPv6: where the site can be reached so, and this host not, links hold addresses that no search finds; check that first.")
	both := newWorld().quiet(9).refused(40, 0, unresolved).ask(func(o *Asked) { o.Other = NewReplay("cdn.example", 6, Default()) })
	if strings.Contains(both.Reason, "over IPv6") {
		t.Errorf("viewers do come so: %s", both.Reason)
	}
}

func TestHostsThatCannotBeAsked(t *testing.T) {
	w := newWorld().refused(100, 30).quiet(100)
	decided(t, w.ask(func(o *Asked) { o.CalibrationFailed = true }), finding.InsufficientEvidence, 0, "do not fit", "send the key")
	decided(t, w.ask(func(o *Asked) { o.Proxy = "10.0.0.1" }), finding.MaskNotEnough, 0, "Most links were signed for one address, 10.0.0.1")
	rec := w.ask(func(o *Asked) { o.Bound, o.Unbound = false, true })
	decided(t, rec, finding.KeepCurrent, 0, "carry no address")
	if rec.CurrentPrefix != nil {
		t.Error("an unbound host has no current prefix")
	}
}

func TestAMaskInForceIsTheStart(t *testing.T) {
	w := newWorld().refused(100, 17).quiet(100)
	rec := w.ask(prefix(24))
	decided(t, rec, finding.Widen, 16)
	if strings.Contains(rec.Reason, "/24 ") || *rec.CurrentPrefix != 24 {
		t.Errorf("the mask in force is no candidate: %s", rec.Reason)
	}
	decided(t, w.ask(prefix(16)), finding.KeepCurrent, 0, "the mask in force, /16, is as wide as any candidate")
	if rec = w.ask(); *rec.CurrentPrefix != 32 {
		t.Errorf("whole addresses are /%d, want /32", *rec.CurrentPrefix)
	}
}

func TestRule16Carriers(t *testing.T) {
	rec := newWorld().refused(70, 24, on(5)).refused(30, 3, on(9)).refused(10, 24, on(8)).refused(200, 24).refused(29, 24, on(7)).quiet(100).ask()
	got := ""
	for _, c := range rec.Carriers {
		asn := int64(-1)
		if c.ASN != nil {
			asn = *c.ASN
		}
		got += fmt.Sprintf("%d:%d:%.0f ", asn, c.AffectedUsers, c.AcceptedShare*100)
	}
	if got != "5:70:100 9:30:0 -1:239:100 " {
		t.Errorf("carriers %s", got)
	}
	if strings.Contains(rec.Reason, "AS9") {
		t.Errorf("a carrier under a tenth of the users is not named: %s", rec.Reason)
	}
	rec = newWorld().refused(260, 24, on(5)).refused(30, 3, on(9)).quiet(100).ask()
	decided(t, rec, finding.Widen, 24, "left behind: AS9 with 0 % of its 30 users")
}

// strange adds links with one refused attempt each, at a common prefix length.
func (w *world) strange(links int, lens ...uint8) *world {
	for range links {
		w.next++
		w.AddStranger(uint64(w.next)<<32, lens)
	}
	return w
}

func TestRule17StrangersVeto(t *testing.T) {
	reached16 := func() *world { return newWorld().refused(50, 24).refused(50, 16).quiet(100) }
	rec := reached16().strange(59, 2).ask()
	if decided(t, rec, finding.Widen, 16); rec.StrangersLetIn != nil {
		t.Error("59 links without one let in are too few to measure")
	}
	warned(t, rec, "/16 lets strangers in on 0 of 59 shared links seen.")
	rec = reached16().strange(60, 2).ask()
	if decided(t, rec, finding.Widen, 16); rec.StrangersLetIn == nil || rec.StrangersLetIn.Links != 60 {
		t.Error("60 links measure")
	}
	// 8 of 75 links: lower bound above 5 %; 6 of 75: below.
	rec = reached16().strange(69, 2).strange(6, 17).ask()
	if decided(t, rec, finding.Widen, 16); !near(rec.StrangersLetIn.Share, 6.0/75) {
		t.Errorf("%+v", rec.StrangersLetIn)
	}
	decided(t, reached16().strange(67, 2).strange(8, 17).ask(), finding.HelpsPartly, 24, "ruled out")
	// Few links veto too once they are sure: 3 of 3.
	decided(t, reached16().strange(3, 17).ask(), finding.HelpsPartly, 24, "/16 is ruled out, as strangers would get in with 100 % of their refused attempts on 3 shared links")
	// Nothing narrower helps: keep.
	decided(t, newWorld().refused(100, 16).quiet(100).strange(3, 17).ask(), finding.KeepCurrent, 0, "/16 is ruled out", "no narrower mask helps enough")
	// The unit is the link: many attempts on one link are one.
	decided(t, reached16().strange(70, 2).strange(1, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17).ask(), finding.Widen, 16)
	// What counts is the attempts: on each of 70 links one of 40 is let in, 2.5 % of 2,800; one of 6 is 17 %.
	far := func(n int) []uint8 { return append(slices.Repeat([]uint8{2}, n-1), 17) }
	rec = reached16().strange(70, far(40)...).ask()
	if decided(t, rec, finding.Widen, 16); !near(rec.StrangersLetIn.Share, 1.0/40) || rec.StrangersLetIn.Requests != 70 {
		t.Errorf("%+v", rec.StrangersLetIn)
	}
	decided(t, reached16().strange(70, far(6)...).ask(), finding.HelpsPartly, 24, "/16 is ruled out, as strangers would get in with 17 % of their refused attempts on 70 shared links")
	// A link on which nobody was refused tells of no stranger.
	rec = reached16().strange(59, 2).strange(9).ask()
	if decided(t, rec, finding.Widen, 16); rec.StrangersLetIn != nil || rec.SharedLinks != 68 {
		t.Errorf("%+v of %d links", rec.StrangersLetIn, rec.SharedLinks)
	}
	// Across families nobody gets in.
	rec = reached16().strange(70, acrossFamilies).ask()
	if decided(t, rec, finding.Widen, 16); rec.StrangersLetIn.Share != 0 || rec.StrangersLetIn.Links != 70 {
		t.Errorf("%+v", rec.StrangersLetIn)
	}
}

func TestRule17Exposure(t *testing.T) {
	w := NewReplay("h", 4, Default())
	// Two users at one address, two more in its /24, one far off: 5 users, 20 ordered pairs.
	w.AddBound(ip("198.51.100.1"), 2)
	w.AddBound(ip("198.51.100.2"), 1)
	w.AddBound(ip("198.51.100.3"), 1)
	w.AddBound(ip("203.0.113.1"), 1)
	rec := w.Recommend(Asked{Candidates: []int{24}, Bound: true})
	if !near(rec.ExposureNow, 2.0/20) || !near(rec.Exposure, 12.0/20) {
		t.Errorf("exposure %v now %v, want 0.6 and 0.1", rec.Exposure, rec.ExposureNow)
	}
	rec = newWorld().refused(100, 24).quiet(10).ask()
	decided(t, rec, finding.Widen, 24)
	warned(t, rec, "Shorten the life of links first: ", "over 5 % of other viewers share the /24")
	if rec.Exposure < 0.9 || rec.ExposureNow != 0 {
		t.Errorf("exposure %v now %v", rec.Exposure, rec.ExposureNow)
	}
	if steps := strings.Join(rec.Change, "\n"); !strings.Contains(steps, "Shorten the life of links first: ") {
		t.Error(steps)
	}
	// Everybody else sits behind one address: a mask makes that no worse.
	behind := newWorld()
	for range 30 {
		behind.next += 1 << 16
		behind.refused(1, 24)
	}
	behind.AddBound(ip(far), 100)
	rec = behind.ask()
	decided(t, rec, finding.Widen, 24)
	if all := strings.Join(append(rec.Caveats, rec.Change...), "\n"); rec.Exposure != rec.ExposureNow || rec.Exposure < 0.5 || strings.Contains(all, "Shorten the life") {
		t.Errorf("exposure %v now %v: %s", rec.Exposure, rec.ExposureNow, all)
	}
}

func TestRule17RelaysNeverJustifyAMask(t *testing.T) {
	rec := newWorld().refused(50, 24, bot, func(u *User) { u.Mismatches = 1 }).quiet(100).ask()
	decided(t, rec, finding.KeepCurrent, 0, "Only 50 users in relay, VPN or hosting networks, for which no mask is widened, were refused because of a changed address")
}

func TestRule18Unresolved(t *testing.T) {
	w := newWorld().refused(100, 24).quiet(100)
	rec := w.ask()
	if rec.IfUnresolvedCount.Share != 1 || strings.Contains(rec.Reason, "unexplained") {
		t.Errorf("nothing unresolved: %+v %s", rec.IfUnresolvedCount, rec.Reason)
	}
	rec = w.refused(100, 0, unresolved).ask()
	decided(t, rec, finding.Widen, 24, "This holds only if at most 16 of the 100 users with unexplained hashes changed to an address that no mask covers (/24 lets 50 % through if all did)", "full search over a random sample")
	if rec.IfUnresolvedCount.Share != 0.5 || rec.UnresolvedUsers != 100 || !near(rec.IfUnresolvedCount.Low, wilsonLow(100, 200)) {
		t.Errorf("%+v of %d", rec.IfUnresolvedCount, rec.UnresolvedUsers)
	}
}

func TestRule19TheFuture(t *testing.T) {
	rec := newWorld().refused(90, 24).refused(10, 3).quiet(100).ask()
	warned(t, rec, "/24 accepts 90 % of single changes of address, 73 % of three in a row")
}

// TestRule20StepsOfAScheme: where the link names the network, the CDN sets nothing and no link breaks; where nothing is
// published about networks, that is asked first.
func TestRule20StepsOfAScheme(t *testing.T) {
	for scheme, c := range map[string]struct{ first, never string }{
		"cloudfront": {"In the signer, name the viewer's /24 in the link (198.51.100.0/24)", "hash"},
		"mediavault": {"In the signer, name the viewer's /24 in the link", "mask of the CDN"},
		"akamai":     {"Ask the CDN whether it can bind links to a network at all", "has no setting"},
		"bunny":      {"Ask the CDN whether it can bind links to a network at all", "has no setting"},
		"gcore":      {"Ask the CDN which text", "at all"},
	} {
		steps := newWorld().refused(100, 24).quiet(100).ask(func(o *Asked) { o.Scheme = scheme }).Change
		if all := strings.Join(steps, "\n"); !strings.Contains(all, c.first) || strings.Contains(all, c.never) || !strings.Contains(all, "The way back") {
			t.Errorf("%s:\n%s", scheme, all)
		}
	}
}

func TestRule20Steps(t *testing.T) {
	steps := strings.Join(newWorld().refused(100, 24).quiet(100).ask().Change, "\n")
	at := -1
	for _, s := range []string{"Ask the CDN which text", "In the signer, cut", "quiet time", "three places: the signing address, another address in the same /24 (200), and one in the same /16 only (403)", "The way back: set the mask to the whole address"} {
		i := strings.Index(steps, s)
		if i < at || i < 0 {
			t.Errorf("step %q is missing or out of order in\n%s", s, steps)
		}
		at = i
	}
	steps = strings.Join(newWorld().refused(100, 17).quiet(100).ask(prefix(24)).Change, "\n")
	for _, s := range []string{"the network (198.51.0.0)", "one in the same /16 only (200)", "The way back: set the mask to /24"} {
		if !strings.Contains(steps, s) {
			t.Errorf("step %q is missing from /24 to /16 in\n%s", s, steps)
		}
	}
	if newWorld().quiet(10).ask().Change != nil {
		t.Error("nothing to change, but steps")
	}
}

func TestRule14HalvesAndLargestCarrier(t *testing.T) {
	rec := newWorld().refused(300, 24, on(5), first(0)).refused(10, 3, first(0)).refused(30, 24, first(1e9)).refused(30, 3, first(1e9)).quiet(100).ask()
	decided(t, rec, finding.Widen, 24)
	warned(t, rec, "does not hold in the second half of the time", "50 % of 60", "does not hold without AS5")
	rec = newWorld().refused(100, 24, on(5), first(0)).refused(100, 24, first(1e9)).quiet(100).ask()
	holds(t, rec)
}

func TestAcrossFamiliesNoMaskHelps(t *testing.T) {
	rec := newWorld().refused(100, -1).quiet(100).ask()
	decided(t, rec, finding.MaskNotEnough, 0, "/16 would have let none of them through (0 to 2.7 %), as 100 users changed between IPv4 and IPv6: ", "same address families")
	for _, s := range rec.Curve {
		if s.AcceptedUsers != 0 || s.AcceptedRequests != 0 {
			t.Fatalf("/%d lets %d users and %d requests through", s.Prefix, s.AcceptedUsers, s.AcceptedRequests)
		}
	}
}

func TestAShortLogIsAWarning(t *testing.T) {
	rec := newWorld().refused(100, 24).quiet(100).ask(func(o *Asked) { o.Span = 3 * time.Hour })
	warned(t, rec, "This host's requests span less than a day (3 h).")
}

func TestIPv6(t *testing.T) {
	r := NewReplay("h", 6, Default())
	u := User{Class: finding.FirstRequest, Family: 6, MinCommon: -1}
	u.measure(64)
	for range 40 {
		r.Add(&u, ip(v6), 1)
	}
	r.Add(&u, ip(home), 1) // the other family: not this replay's
	rec := r.Recommend(Asked{Candidates: []int{64, 56, 48}, Bound: true})
	decided(t, rec, finding.Widen, 64)
	if rec.Family != "ipv6" || rec.AffectedUsers != 40 || rec.FirstRequestUsers != 40 || rec.Curve[0].Prefix != 0 || len(rec.Curve) != 33 {
		t.Errorf("%s: %d affected, %d first, curve of %d from /%d", rec.Family, rec.AffectedUsers, rec.FirstRequestUsers, len(rec.Curve), rec.Curve[0].Prefix)
	}
}

func TestRule13RequestsAreResampledByUser(t *testing.T) {
	// One user with 100 accepted refusals among 99 with one that was not: as
	// requests 50 %, but who was drawn decides it.
	w := newWorld().refused(99, 3).refused(1, 24, func(u *User) {
		for range 99 {
			u.measure(24)
		}
	})
	in := w.ask().Accepted.RequestShare
	if in == nil || in.Low > 0.01 || in.High < 0.7 || !near(in.Share, 100.0/199) {
		t.Fatalf("interval %+v, want one that knows its users", in)
	}
	if again := w.ask().Accepted.RequestShare; *again != *in {
		t.Errorf("%+v, then %+v", in, again)
	}
}

// Both ways to bound a request share agree where both may be used.
func TestRule13NormalApproximationAgrees(t *testing.T) {
	var s tally
	for i := range int64(4000) {
		s.add(i%4, 3)
		s.add(i%2, 2)
	}
	d := Default()
	boot := s.interval(&d)
	d.BootstrapUsers = 0
	normal := s.interval(&d)
	if diff := max(boot.Low-normal.Low, normal.Low-boot.Low, boot.High-normal.High, normal.High-boot.High); diff > 0.002 || normal.Low >= normal.Share {
		t.Errorf("bootstrap %+v, normal %+v", boot, normal)
	}
}

func TestPercentInWords(t *testing.T) {
	for share, want := range map[float64]string{0: "0 %", 0.0004: "under 0.1 %", 0.0057: "0.6 %", 0.9999: "over 99.9 %", 1: "100 %"} {
		if got := percent(share); got != want {
			t.Errorf("percent(%v) = %s, want %s", share, got, want)
		}
	}
}

func TestThresholdsAreAllNamed(t *testing.T) {
	if got := len(Default().Named()); got != 34 {
		t.Errorf("%d names for 34 thresholds", got)
	}
	for name, v := range Default().Named() {
		if v == 0 {
			t.Errorf("%s is 0", name)
		}
	}
}

func TestRule13AllOrNoneIsBoundedByUsers(t *testing.T) {
	all := newWorld().refused(10, 24).ask().Accepted.RequestShare
	if all.Share != 1 || !near(all.Low, wilsonLow(10, 10)) || all.High != 1 {
		t.Errorf("all of 10 accepted: %+v", all)
	}
	nearly := newWorld().refused(9, 24).refused(1, 3).ask().Accepted.RequestShare
	if nearly.Low > wilsonLow(9, 10) { // resampled alone it is 0.7
		t.Errorf("9 of 10 users, one request each: %+v, surer than of the users", nearly)
	}
	none := newWorld().refused(10, 3).ask().Accepted.RequestShare
	if none.Share != 0 || none.Low != 0 || !near(none.High, wilsonHigh(0, 10)) {
		t.Errorf("none of 10 accepted: %+v", none)
	}
}

func TestRule14SmallPartsDoNotContradict(t *testing.T) {
	rec := newWorld().refused(300, 24, on(5)).refused(29, 3).quiet(100).ask()
	decided(t, rec, finding.Widen, 24)
	holds(t, rec)
}
