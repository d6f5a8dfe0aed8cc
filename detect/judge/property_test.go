package judge

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"

	"pgregory.net/rapid"
)

var names = []string{"index.m3u8", "seg1.ts", "seg2.ts", "seg3.ts", "seg4.ts", "seg12.ts", "movie.mp4"}

var clients = []string{home, same24, same16, far, far2, far3, v6, "::ffff:198.51.100.10"}

// anyEvents draws requests whose times often coincide, in the order of time.
func anyEvents(t *rapid.T, verdicts []token.Verdict) []Event {
	n := rapid.IntRange(1, 40).Draw(t, "events")
	events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Event {
		name := rapid.SampledFrom(names).Draw(t, "name")
		e := Event{
			Time: int64(rapid.IntRange(0, 60).Draw(t, "time")) * second, Client: ip(rapid.SampledFrom(clients).Draw(t, "client")),
			Name: name, Dir: 1, File: fileOf(name), UA: uint32(rapid.IntRange(1, 3).Draw(t, "ua")), Who: uint32(rapid.IntRange(1, 3).Draw(t, "who")),
			Bot: rapid.IntRange(0, 9).Draw(t, "bot") == 0, Elsewhere: rapid.IntRange(0, 9).Draw(t, "elsewhere") == 0,
		}
		e.End = e.Time + int64(rapid.SampledFrom([]int{0, 0, 1, 45, 200}).Draw(t, "took"))*second
		e.Began = rapid.Bool().Draw(t, "began")
		if rapid.Bool().Draw(t, "served") {
			served(&e)
		} else {
			refused(rapid.SampledFrom(verdicts).Draw(t, "verdict"))(&e)
		}
		return e
	}), n, n).Draw(t, "events")
	slices.SortStableFunc(events, func(a, b Event) int { return int(a.Time - b.Time) })
	return events
}

var allVerdicts = []token.Verdict{token.IPMismatch, token.IPMismatch, token.ExpiredIPMismatch, token.Expired, token.UnresolvedSignature, token.Valid}

func TestRule08EqualTimesHaveNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Group{Signed: []netip.Addr{ip(home)}, Events: anyEvents(t, allVerdicts)}
		before := Users(&l, Default())
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		random.Shuffle(len(l.Events), func(i, j int) { l.Events[i], l.Events[j] = l.Events[j], l.Events[i] })
		slices.SortStableFunc(l.Events, func(a, b Event) int { return int(a.Time - b.Time) })
		after := Users(&l, Default())
		for _, users := range [][]User{before, after} {
			for i := range users {
				users[i].idx = nil // where the events stand is not what is judged
			}
		}
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("order within one time matters:\n%+v\n%+v", before, after)
		}
	})
}

func TestCountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Group{Signed: []netip.Addr{ip(home)}, Events: anyEvents(t, allVerdicts)}
		requests := 0
		for _, u := range Users(&l, Default()) {
			requests += u.Requests
			if u.Mismatches > u.Refusals || len(u.MismatchLens) > u.Mismatches || len(u.MismatchLens) < u.Mismatches && u.Class != finding.Rotating || u.Mismatches > 0 && len(u.MismatchLens) == 0 || u.Switches < u.Addresses-2 || u.Served+u.Refusals > u.Requests {
				t.Fatalf("%+v", u)
			}
			if Affected(&u) && (u.Mismatches == 0 || u.Bot) {
				t.Fatalf("affected without a mismatch: %+v", u)
			}
		}
		if requests != len(l.Events) {
			t.Fatalf("%d requests of %d events", requests, len(l.Events))
		}
	})
}

// fewest tries every order within each set.
func fewest(sets [][]netip.Addr, at netip.Addr) int {
	if len(sets) == 0 {
		return 0
	}
	best := 1 << 30
	permute(sets[0], func(p []netip.Addr) {
		n, last := 0, at
		for _, a := range p {
			if last.IsValid() && a != last {
				n++
			}
			last = a
		}
		best = min(best, n+fewest(sets[1:], last))
	})
	return best
}

func permute(set []netip.Addr, visit func([]netip.Addr)) {
	var walk func(int)
	walk = func(n int) {
		if n == len(set) {
			visit(set)
			return
		}
		for i := n; i < len(set); i++ {
			set[n], set[i] = set[i], set[n]
			walk(n + 1)
			set[n], set[i] = set[i], set[n]
		}
	}
	walk(0)
}

func TestRule08FewestSwitchesOfAllOrders(t *testing.T) {
	four := []netip.Addr{ip(home), ip(far), ip(far2), ip(far3)}
	rapid.Check(t, func(t *rapid.T) {
		sets := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.SampledFrom(four), 1, 3, rapid.ID), 1, 5).Draw(t, "sets")
		s := newScene()
		for at, set := range sets {
			for _, a := range set {
				s.ok(int64(at), a.String(), "seg1.ts")
			}
		}
		if got, want := s.users()[0].Switches, fewest(sets, netip.Addr{}); got != want {
			t.Fatalf("%d switches, want %d: %v", got, want, sets)
		}
	})
}

func TestRule08MergingAsPlainlyAsPossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := anyEvents(t, allVerdicts)
		for i := range events {
			events[i].UA, events[i].Who, events[i].Time = 1, 1, events[i].Time*3
		}
		u := Users(&Group{Signed: []netip.Addr{ip(home)}, Events: events}, Default())[0]
		taken := make([]bool, len(events))
		refusals := 0
		for i, a := range events {
			if !a.Refused || taken[i] {
				continue
			}
			refusals++
			for j, b := range events[i:] {
				if b.Refused && b.Client == a.Client && b.Name == a.Name && b.Time-a.Time <= 30*second {
					taken[i+j] = true
				}
			}
		}
		if u.Refusals != refusals {
			t.Fatalf("%d refusals, want %d", u.Refusals, refusals)
		}
	})
}

// Negative controls: without an unexpired proven mismatch nothing rotates and
// nothing is widened, however addresses are shuffled.
func TestNegativeControls(t *testing.T) {
	for name, verdicts := range map[string][]token.Verdict{
		"shuffled addresses": {token.UnresolvedSignature, token.Unchecked},
		"only expired":       {token.Expired, token.ExpiredIPMismatch},
		"other faults":       {token.Unsigned, token.Malformed, token.WrongPath, token.Valid},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { nothingRotates(t, anyEvents(t, verdicts)) })
		})
	}
	t.Run("fixed addresses", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			events := anyEvents(t, []token.Verdict{token.Expired, token.Valid, token.WrongPath})
			for i := range events {
				events[i].Client = ip(home)
			}
			nothingRotates(t, events)
		})
	})
	t.Run("served whatever the verdict", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			events := anyEvents(t, allVerdicts)
			for i := range events {
				events[i].Served, events[i].Refused, events[i].Verdict = true, false, token.IPMismatch
			}
			nothingRotates(t, events)
		})
	})
}

func nothingRotates(t *rapid.T, events []Event) {
	r := NewReplay("h", 4, Default())
	for id := range uint64(60) {
		l := Group{Signed: []netip.Addr{ip(home)}, Events: events}
		for _, u := range Users(&l, Default()) {
			if u.Class == finding.Rotating || u.Class == finding.FirstRequest || u.Class == finding.Conflicting {
				t.Fatalf("%s: %s", u.Class, u.Reason)
			}
			r.Add(&u, l.Signed[0], id)
		}
	}
	if rec := r.Recommend(Asked{Candidates: []int{24, 16}, Bound: true, Reproduced: true}); rec.Decision != finding.KeepCurrent || rec.AffectedUsers != 0 {
		t.Fatalf("%s with %d affected: %s", rec.Decision, rec.AffectedUsers, rec.Reason)
	}
}
