package judge

import (
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

func TestRule12BothAreReported(t *testing.T) {
	recovered := func(u *User) { u.Interrupted = false }
	rec := newWorld().refused(30, 24).refused(12, 24, recovered).quiet(100).ask()
	if rec.Interrupted != 30 || rec.Recovered == nil || *rec.Recovered != 12 {
		t.Errorf("%d interrupted, %v recovered; want 30 and 12", rec.Interrupted, rec.Recovered)
	}
	if rec = newWorld().refused(30, 24).ask(refusalsOnly); rec.Recovered != nil {
		t.Error("refusals alone do not show who recovered")
	}
}

// TestRule14WithAndWithout: those left out move the figure that counts them,
// and no other.
func TestRule14WithAndWithout(t *testing.T) {
	rec := newWorld().refused(40, 24).refused(7, 5, many).refused(3, 24, bot).refused(9, 5, bot, func(u *User) { u.MismatchLens = nil }).quiet(100).ask()
	if rec.AffectedUsers != 40 || rec.Accepted.Share != 1 {
		t.Errorf("%d affected, accepted %+v", rec.AffectedUsers, rec.Accepted)
	}
	if with := rec.IfLeftOutCount; rec.LeftOutUsers != 10 || with == nil || with.Users != 43 || !near(with.Share, 43.0/50) || !near(with.Low, wilsonLow(43, 50)) {
		t.Errorf("%d left out, with them %+v; want 43 of 50", rec.LeftOutUsers, with)
	}
	if rec = newWorld().refused(40, 24).ask(); rec.IfLeftOutCount != nil {
		t.Error("nobody is left out")
	}
}

func TestRule14PartsAreComputed(t *testing.T) {
	rec := newWorld().refused(300, 24, on(5), first(0)).refused(10, 3, first(0)).refused(30, 24, on(9), first(1e9)).refused(30, 3, first(1e9)).quiet(100).ask()
	if len(rec.Parts) != 3 {
		t.Fatalf("%+v, want both halves and the rest of the carriers", rec.Parts)
	}
	for i, want := range []finding.Part{
		{Part: "first half", AffectedUsers: 310, Decision: finding.Widen, AcceptedShare: 300.0 / 310},
		{Part: "second half", AffectedUsers: 60, Decision: finding.HelpsPartly, AcceptedShare: 0.5, Contradicts: true},
		{Part: "without AS5", AffectedUsers: 70, Decision: finding.HelpsPartly, AcceptedShare: 30.0 / 70, Contradicts: true}, // upper bound 53 %
	} {
		got := rec.Parts[i]
		if got.Part != want.Part || got.AffectedUsers != want.AffectedUsers || got.Decision != want.Decision || !near(got.AcceptedShare, want.AcceptedShare) || got.Contradicts != want.Contradicts {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	few := newWorld().refused(40, 24, first(0)).refused(29, 3, first(1e9)).quiet(100).ask()
	if p := few.Parts[1]; p.Decision != finding.InsufficientEvidence || p.Contradicts {
		t.Errorf("29 users do not decide: %+v", p)
	}
	if rec = newWorld().refused(20, 24, first(0)).refused(5, 24, first(9)).ask(); rec.Parts != nil {
		t.Errorf("no decision, no parts of it: %+v", rec.Parts)
	}
}

func TestRule14MissingOperatorsAreAWarning(t *testing.T) {
	rec := newWorld().refused(100, 24).quiet(100).ask()
	decided(t, rec, finding.Widen, 24)
	warned(t, rec, "The log does not tell carriers")
	rec = newWorld().refused(100, 24, on(5)).quiet(100).ask()
	if all := strings.Join(rec.Caveats, " "); strings.Contains(all, "operators") {
		t.Errorf("they are known: %s", all)
	}
}

// TestRule16SmallCarriersAreNamed: pooled as others, a carrier is named all the
// same where it is a tenth of the users, and 10 of them.
func TestRule16SmallCarriersAreNamed(t *testing.T) {
	rec := newWorld().refused(100, 24, on(5)).refused(12, 3, on(9)).refused(3, 24, on(8)).quiet(100).ask()
	decided(t, rec, finding.Widen, 24, "left behind: AS9 with 0 % of its 12 users")
	if len(rec.Carriers) != 2 || rec.Carriers[1].ASN != nil || rec.Carriers[1].AffectedUsers != 15 {
		t.Errorf("%+v, want AS5 and the others", rec.Carriers)
	}
	rec = newWorld().refused(108, 24, on(5)).refused(12, 3, on(9)).quiet(100).ask()
	decided(t, rec, finding.Widen, 24, "left behind: AS9 with 0 % of its 12 users") // a tenth
	for _, w := range []*world{
		newWorld().refused(40, 3, on(9)),                                                        // the answer has told it
		newWorld().refused(110, 24, on(5)).refused(12, 3, on(9)),                                // under a tenth
		newWorld().refused(80, 24, on(5)).refused(9, 3, on(9)),                                  // too few
		newWorld().refused(100, 24, on(5)).refused(6, 3, on(9)).refused(6, 24, on(9)),           // half of them
		newWorld().refused(100, 24, on(5)).refused(4, 3, on(9)).refused(8, 3, on(10)).quiet(10), // two of them
	} {
		if rec = w.quiet(100).ask(); strings.Contains(rec.Reason, "left behind") {
			t.Error(rec.Reason)
		}
	}
}

func TestRule17ClientsOfOtherCarriers(t *testing.T) {
	outside := func(x float64) func(*Asked) {
		return func(o *Asked) { o.Outside = map[int]float64{24: x, 16: 0.9} }
	}
	w := newWorld().refused(100, 24, on(5)).quiet(100)
	rec := w.ask(outside(0.06))
	decided(t, rec, finding.Widen, 24)
	warned(t, rec, "Shorten the life of links first: of two clients in one /24, 6 % are of different carriers.")
	if rec.OutsideShare == nil || *rec.OutsideShare != 0.06 {
		t.Errorf("%v", rec.OutsideShare)
	}
	if all := strings.Join(w.ask(outside(0.05)).Caveats, " "); strings.Contains(all, "different carriers") {
		t.Errorf("5 %% is not above 5 %%: %s", all)
	}
	if w.ask().OutsideShare != nil {
		t.Error("not known, but told")
	}
}

func TestRule17HostingNeverJustifiesWidening(t *testing.T) {
	r := NewReplay("h", 4, Default())
	for n := range uint64(100) {
		s := newScene().ok(0, home, "seg1.ts").no(6, same24, "seg2.ts", token.IPMismatch)
		s.Events[1].Bot = true // in a hosting network
		u := s.users()[0]
		r.Add(&u, ip(home), n)
	}
	if rec := r.Recommend(Asked{Candidates: []int{24, 16}, Bound: true, Reproduced: true}); rec.Prefix != nil || rec.AffectedUsers != 0 || rec.RelayedUsers != 100 {
		t.Errorf("%s with %d affected: %s", rec.Decision, rec.AffectedUsers, rec.Reason)
	}
}

func TestRule18BesideEveryMask(t *testing.T) {
	rec := newWorld().refused(60, 24).refused(40, 16).quiet(100).refused(100, 0, unresolved).ask()
	for _, s := range rec.Curve {
		if want := float64(s.AcceptedUsers) / 200; s.IfUnresolvedCount == nil || !near(s.IfUnresolvedCount.Share, want) || !near(s.IfUnresolvedCount.Low, wilsonLow(s.AcceptedUsers, 200)) {
			t.Fatalf("/%d: %+v, want %v", s.Prefix, s.IfUnresolvedCount, want)
		}
	}
	if s := newWorld().refused(60, 24).ask().Curve[0]; s.IfUnresolvedCount != nil {
		t.Error("nothing is unresolved")
	}
	decided(t, rec, finding.Widen, 16, "(--recover sample=60) would settle it")
	slow := func(o *Asked) { o.Slow = true } // no search ends in time
	decided(t, newWorld().refused(60, 24).refused(40, 16).quiet(100).refused(100, 0, unresolved).ask(slow), finding.Widen, 16, "nobody knows: what the signer issued (--issued) would settle it")
	decided(t, newWorld().quiet(9).refused(40, 0, unresolved).ask(slow), finding.KeepCurrent, 0, "What the signer issued (--issued) would tell whether addresses changed at the links")
}

// TestRule19ChangesAreNotRefusals: what is asked for in vain after one change is
// one change.
func TestRule19ChangesAreNotRefusals(t *testing.T) {
	s := newScene().ok(0, home, "seg1.ts").no(6, same24, "seg2.ts", token.IPMismatch).ok(8, home, "seg2.ts")
	s.no(20, same24, "seg3.ts", token.IPMismatch)
	for n, name := range []string{"seg3.ts", "seg4.ts", "seg5.ts", "seg6.ts"} {
		s.no(int64(30+6*n), far, name, token.IPMismatch)
	}
	u := s.only(t)
	if len(u.MismatchLens) != 6 || len(u.ChangeLens) != 3 || u.ChangeLens[0] != 25 || u.ChangeLens[1] != 25 || u.ChangeLens[2] > 8 {
		t.Errorf("refusals %v, changes %v; want two in the /24 and one far off", u.MismatchLens, u.ChangeLens)
	}
	rec := newWorld().refused(50, 24, func(u *User) { u.measure(3); u.measure(3); u.measure(3) }).quiet(100).ask()
	if in := rec.PerChange; in == nil || !near(in.Share, 0.25) {
		t.Errorf("%+v, want a quarter of the changes", in)
	}
}

func TestRule19SessionsAndLinks(t *testing.T) {
	often := func(o *Asked) { o.Between, o.Session, o.Life = 10*time.Minute, 30*time.Minute, 2*time.Hour }
	rec := newWorld().refused(90, 24).refused(10, 3).quiet(100).ask(often)
	// 0.9³ and 0.9¹².
	warned(t, rec, "Those who change do so every 10 min: with /24, 73 % of typical sessions (30 min) and 28 % of links kept for their longest life (2 h) go unrefused")
	if !strings.Contains(strings.Join(rec.Caveats, " "), "if changes are independent") {
		t.Errorf("nobody changed twice: %s", rec.Caveats)
	}
	seldom := func(o *Asked) { o.Between, o.Session, o.Life = 10*time.Hour, 30*time.Minute, 20*time.Hour }
	rec = newWorld().refused(90, 24).refused(10, 3).quiet(100).ask(seldom)
	warned(t, rec, "every 10 h: with /24, 81 % of links kept for their longest life (20 h) go unrefused")
	if all := strings.Join(rec.Caveats, " "); strings.Contains(all, "typical session") {
		t.Errorf("a session sees no change: %s", all)
	}
}

// TestRule19WhoStayedNearStaysNear: 80 users change four times within the /24, 20
// change four times far away. Taken one by one, 80 % of changes are accepted, and
// independent ones would be so 51 % of the time three in a row; but whoever was
// accepted once always was.
func TestRule19WhoStayedNearStaysNear(t *testing.T) {
	times := func(common int) func(*User) {
		return func(u *User) { u.measure(common); u.measure(common); u.measure(common) }
	}
	often := func(o *Asked) { o.Between, o.Session, o.Life = 10*time.Second, 5*time.Minute, 24*time.Hour }
	rec := newWorld().refused(80, 24, times(24)).refused(20, 3, times(3)).quiet(100).ask(often)
	warned(t, rec, "/24 accepts 80 % of single changes of address, 80 % of three in a row",
		"Those who change do so every 10 s: with /24, 80 % of typical sessions (5 min) go unrefused, judged by those who changed twice.")
	if all := strings.Join(rec.Caveats, " "); strings.Contains(all, "longest life") {
		t.Errorf("8,640 changes are past all that was seen: %s", all)
	}
}

// TestRule20AnHourIsNotAddedForASecond: a request that the log's whole seconds put just
// before the link was signed makes no 3 hours of 2.
func TestRule20AnHourIsNotAddedForASecond(t *testing.T) {
	for life, want := range map[time.Duration]string{
		2*time.Hour + time.Second: "2 h", 2*time.Hour + 2*time.Second: "3 h", 24*time.Hour + time.Second: "24 h", 48*time.Hour + time.Second: "2 days", time.Minute: "60 s", time.Second: "2 s",
	} {
		steps := strings.Join(newWorld().refused(100, 24).quiet(100).ask(func(o *Asked) { o.Life, o.Life95 = life, life }).Change, "\n")
		if want = "links live up to " + want + " from their first use, 95 % of them at most " + want + ")"; !strings.Contains(steps, want) {
			t.Errorf("%s: %q is missing in\n%s", life, want, steps)
		}
	}
}

func TestRule20BothFamiliesAreAskedAbout(t *testing.T) {
	steps := strings.Join(newWorld().refused(100, 24).quiet(100).ask().Change, "\n")
	if !strings.Contains(steps, "Ask what the mask does to IPv6 viewers") {
		t.Error(steps)
	}
	r := NewReplay("h", 6, Default())
	u := User{Class: finding.FirstRequest, Family: 6, MinCommon: -1}
	u.measure(64)
	for n := range uint64(40) {
		r.Add(&u, ip(v6), n)
	}
	steps = strings.Join(r.Recommend(Asked{Candidates: []int{64, 56, 48}, Bound: true, Life: time.Hour, Life95: time.Minute}).Change, "\n")
	for _, want := range []string{"text form an IPv6 network takes", "another address in the same /64 (200), and one in the same /48 only (403)", "links live up to 60 min from their first use, 95 % of them at most 60 s", "to its first 64 bits"} {
		if !strings.Contains(steps, want) {
			t.Errorf("%q is missing in\n%s", want, steps)
		}
	}
}

// TestRule08ClocksOfEdges: what two edges logged within 2 s has no order; what
// one of them did has.
func TestRule08ClocksOfEdges(t *testing.T) {
	s := newScene()
	for n, a := range []string{home, far, home, far} {
		s.ok(int64(n), a, "seg1.ts")
		s.Events[n].Edge = uint32(n % 2)
	}
	u := s.only(t)
	if u.Switches != 1 {
		t.Errorf("%d switches a second apart on two edges, want 1", u.Switches)
	}
	for i := range s.Events {
		s.Events[i].Edge = 0
	}
	if u := s.only(t); u.Switches != 3 {
		t.Errorf("%d switches on one edge, want 3", u.Switches)
	}
	for i := range s.Events {
		s.Events[i].Edge, s.Events[i].Time = uint32(i%2), int64(i)*2*second
	}
	if u := s.only(t); u.Switches != 3 {
		t.Errorf("%d switches 2 s apart, want 3", u.Switches)
	}
	quick := newScene()
	for n := range int64(4) {
		quick.ok(2*n, home, "seg1.ts").no(2*n+1, far, "seg2.ts", token.IPMismatch)
		quick.Events[2*n+1].Edge = 1
	}
	if u := quick.only(t); strings.Contains(u.Reason, "alternates within seconds") {
		t.Errorf("no tempo finer than 2 s across edges: %s", u.Reason)
	}
	for i := range quick.Events {
		quick.Events[i].Edge = 0
	}
	want(t, quick.only(t), finding.Rotating, "alternates within seconds")
}

// TestRule10CastingIsNoStranger: three players in three networks, each of which
// goes on where the one before was, are one viewer with three devices; three that
// begin anew are not.
func TestRule10CastingIsNoStranger(t *testing.T) {
	cast := func(first int64) *scene {
		s := newScene().ok(0, home, "index.m3u8")
		for d, a := range []string{home, far, far2, far3} {
			for n := range int64(4) {
				name := "seg" + string(rune('0'+first*n)) + ".ts"
				if first == 0 { // each goes on
					name = []string{"seg1.ts", "seg2.ts", "seg3.ts", "seg4.ts", "seg5.ts", "seg6.ts", "seg7.ts", "seg8.ts", "seg9.ts", "seg10.ts", "seg11.ts", "seg12.ts", "seg13.ts", "seg14.ts", "seg15.ts", "seg16.ts"}[int64(d)*4+n]
				}
				at := int64(d)*24 + n*6 + 2
				if a == home {
					s.ok(at, a, name).ua(uint32(d + 1))
				} else {
					s.no(at, a, name, token.IPMismatch).ua(uint32(d + 1))
				}
			}
		}
		return s
	}
	for _, u := range cast(0).users() {
		if u.Class == finding.ManyNetworks {
			t.Errorf("a continuing sequence is one viewer: %s", u.Reason)
		}
	}
	for _, u := range cast(1).users() {
		want(t, &u, finding.ManyNetworks, "requested from several networks")
	}
}

// TestRule10AStatedViewerIsNoStranger: devices that a stated id joins ask for one
// segment again as one device would on several gateways.
func TestRule10AStatedViewerIsNoStranger(t *testing.T) {
	devices := func(who func(int) uint32) *scene {
		s := newScene()
		s.Stated = true
		for d, a := range []string{home, far, far2, far3} {
			s.no(int64(d)*5, a, "seg5.ts", token.IPMismatch).of(who(d), 0)
			s.Events[d].UA = uint32(d + 1)
		}
		return s
	}
	if users := devices(func(int) uint32 { return 1 }).users(); len(users) != 1 || users[0].Class == finding.ManyNetworks {
		t.Errorf("%+v, want one viewer on four devices", users)
	}
	users := devices(func(d int) uint32 { return uint32(d + 1) }).users()
	want(t, &users[0], finding.ManyNetworks, "4 of which were only ever refused")
}
