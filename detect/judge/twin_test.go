package judge

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
)

// twin is the replay in the plainest possible Go: it keeps everything and
// counts anew for every question.
type twin struct {
	users    []User
	signed   []netip.Addr // of all bound users
	stranger [][]uint8    // by link
}

func (w *twin) affected() (out []User) {
	for _, u := range w.users {
		if Affected(&u) {
			out = append(out, u)
		}
	}
	return out
}

func (w *twin) accepted(p int) (users, requests int64) {
	for _, u := range w.affected() {
		all := len(u.MismatchLens) > 0
		for _, n := range u.MismatchLens {
			in := n != 255 && int(n) >= p
			all = all && in
			if in {
				requests++
			}
		}
		if all {
			users++
		}
	}
	return users, requests
}

// gained counts user by user who is let through by wide and not by narrow.
func (w *twin) gained(narrow, wide int) (n int64) {
	for _, u := range w.affected() {
		worst := 255
		for _, l := range u.MismatchLens {
			if l == 255 {
				worst = -1
			}
			worst = min(worst, int(l))
		}
		if worst >= wide && worst < narrow {
			n++
		}
	}
	return n
}

func (w *twin) exposure(p int) float64 {
	pairs, same := 0, 0
	for i, a := range w.signed {
		for j, b := range w.signed {
			if i != j {
				pairs++
				if addr.CommonPrefix(a, b) >= p {
					same++
				}
			}
		}
	}
	return float64(same) / max(1, float64(pairs))
}

func (w *twin) vetoed(p int) bool {
	var attempts tally
	for _, lens := range w.stranger {
		in := int64(0)
		for _, l := range lens {
			if l != 255 && int(l) >= p {
				in++
			}
		}
		attempts.add(in, int64(len(lens)))
	}
	t := Default()
	return len(w.stranger) > 0 && attempts.interval(&t).Low > 0.05
}

// decide is rules 14, 15 and 17 for the candidates /24 and /16.
func (w *twin) decide() (finding.Decision, int) {
	n := int64(len(w.affected()))
	if n == 0 {
		return finding.KeepCurrent, 0
	}
	if n < 30 {
		return finding.InsufficientEvidence, 0
	}
	if _, low, _ := Wilson(n, int64(len(w.signed))); low < 0.005 {
		return finding.KeepCurrent, 0
	}
	a, _ := w.accepted(24)
	b, _ := w.accepted(16)
	_, low24, high24 := Wilson(a, n)
	_, low16, high16 := Wilson(b, n)
	gain := w.gained(24, 16)
	_, gainLow, _ := Wilson(gain, n)
	step := gain >= 10 && gainLow >= 0.05 && !w.vetoed(16)
	switch {
	case !w.vetoed(24) && low24 >= 0.8 && !step:
		return finding.Widen, 24
	case !w.vetoed(16) && low16 >= 0.8:
		return finding.Widen, 16
	case !w.vetoed(24) && low24 >= 0.8:
		return finding.Widen, 24
	case !w.vetoed(24) && high24 >= 0.5 && !step:
		return finding.HelpsPartly, 24
	case !w.vetoed(16) && high16 >= 0.5:
		return finding.HelpsPartly, 16
	case high16 >= 0.5:
		return finding.KeepCurrent, 0
	}
	return finding.MaskNotEnough, 0
}

func anyUser(random *rand.Rand, far int) User {
	u := User{MinCommon: -1, Family: 4, First: random.Int64N(100), ASN: uint32(random.IntN(4))}
	u.Class = []finding.Class{finding.Rotating, finding.FirstRequest, finding.Rotating, finding.Unchanged}[random.IntN(4)]
	if u.Class == finding.Unchanged {
		return u
	}
	for range random.IntN(3) + 1 {
		common := 24
		if random.IntN(100) < far {
			common = []int{-1, 8, 15, 16, 20, 23, 31}[random.IntN(7)]
		}
		u.measure(common)
	}
	return u
}

// anyWorld fills a replay and its twin with the same users and strangers.
func anyWorld(random *rand.Rand) (*Replay, *twin) {
	r, w := NewReplay("h", 4, Default()), &twin{}
	far := []int{0, 5, 15, 30, 50, 100}[random.IntN(6)]
	for i := range random.IntN(200) {
		u := anyUser(random, far)
		signed := netip.AddrFrom4([4]byte{10, byte(i % 3), byte(i % 7), byte(i % 50)})
		r.Add(&u, signed, uint64(i))
		w.users, w.signed = append(w.users, u), append(w.signed, signed)
	}
	for i := range random.IntN(8) {
		lens := []uint8{3, 255}
		if random.IntN(3) == 0 {
			lens = append(lens, []uint8{12, 17, 26}[random.IntN(3)])
		}
		r.AddStranger(uint64(1000+i), lens)
		w.stranger = append(w.stranger, lens)
	}
	return r, w
}

func TestReplayAgreesWithItsSlowTwin(t *testing.T) {
	decisions := map[finding.Decision]int{}
	for seed := range uint64(600) {
		r, w := anyWorld(rand.New(rand.NewPCG(seed, 7)))
		rec := r.Recommend(Asked{Candidates: []int{16, 24}, Bound: true})
		decision, prefix := w.decide()
		decisions[decision]++
		if rec.Decision != decision || prefix != 0 && *rec.Prefix != prefix {
			t.Fatalf("seed %d: %s %v, twin %s /%d: %s", seed, rec.Decision, rec.Prefix, decision, prefix, rec.Reason)
		}
		if n := strings.Count(rec.Reason+" ", ". "); n != 1 || !strings.HasSuffix(rec.Reason, ".") {
			t.Fatalf("seed %d: %d sentences where nothing is unresolved: %s", seed, n, rec.Reason)
		}
		w.sameCurve(t, rec.Curve)
		carried := int64(0)
		for _, c := range rec.Carriers {
			carried += c.AffectedUsers
		}
		if rec.AffectedUsers != int64(len(w.affected())) || carried != rec.AffectedUsers {
			t.Fatalf("seed %d: %d affected, %d by carriers, twin %d", seed, rec.AffectedUsers, carried, len(w.affected()))
		}
	}
	for _, d := range []finding.Decision{finding.Widen, finding.KeepCurrent, finding.HelpsPartly, finding.MaskNotEnough, finding.InsufficientEvidence} {
		if decisions[d] < 5 {
			t.Errorf("only %d worlds led to %s: the twins were not put to the test", decisions[d], d)
		}
	}
}

func (w *twin) sameCurve(t *testing.T, curve []finding.CurveStep) {
	t.Helper()
	previous := int64(math.MaxInt64)
	for _, s := range curve {
		users, requests := w.accepted(s.Prefix)
		if s.AcceptedUsers != users || s.AcceptedRequests != requests {
			t.Fatalf("/%d: %+v, twin %d %d", s.Prefix, s, users, requests)
		}
		if s.Prefix%8 == 0 && math.Abs(s.Exposure-w.exposure(s.Prefix)) > 1e-12 {
			t.Fatalf("/%d: exposure %v, twin %v", s.Prefix, s.Exposure, w.exposure(s.Prefix))
		}
		if s.AcceptedUsers > previous {
			t.Fatalf("/%d accepts more than a shorter prefix", s.Prefix)
		}
		previous = s.AcceptedUsers
	}
}

// The crowd joins addresses as it grows: as many as added, whatever the order.
func TestCrowdSettles(t *testing.T) {
	var c crowd
	for i := range 10000 {
		c.add(netip.AddrFrom4([4]byte{10, 0, byte(i * 7 % 20), byte(i % 100)}), 1)
	}
	if c.four.settle(); c.users != 10000 || len(c.four.heads) != 100 {
		t.Errorf("%d users at %d addresses", c.users, len(c.four.heads))
	}
	if one := c.exposure(8); one != 1 {
		t.Errorf("all in one /8: %v", one)
	}
	var many crowd // more than 32 bits count
	many.add(ip("192.0.2.1"), 3<<32)
	many.add(ip("192.0.2.1"), 1<<32)
	many.add(ip("192.0.2.2"), 4<<32)
	if half, all := many.exposure(32), many.exposure(30); math.Abs(half-0.5) > 1e-9 || all != 1 {
		t.Errorf("2³⁴ users at each of two addresses: %v at one, %v in one /30", half, all)
	}
	var six crowd
	six.add(ip("2001:db8::1"), 1)
	six.add(ip("2001:db8::2"), 1)
	for length, want := range map[int]float64{128: 0, 127: 0, 126: 1, 64: 1, 32: 1} {
		if got := six.exposure(length); got != want {
			t.Errorf("/%d: %v, want %v", length, got, want)
		}
	}
}
