package judge

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// seen makes a user's sights from "second address" pairs.
func seen(asn uint32, steps ...string) (out []Sight) {
	for _, s := range steps {
		var at int64
		var a string
		if _, err := fmt.Sscan(s, &at, &a); err != nil {
			panic(err)
		}
		out = append(out, Sight{Time: at * second, Client: ip(a), ASN: asn})
	}
	return out
}

// TestMovesByHand counts four users on paper. The first goes within the /24,
// within the /16, and away: 1 of 3 in the /24, 2 of 3 in the /16. The second
// goes to IPv6 and stays there. The third never moves. The fourth goes within
// the /16, then within the /24.
func TestMovesByHand(t *testing.T) {
	few := Default()
	few.ListedBelow = 1
	m := NewMoves(few)
	m.Add(Follow(seen(7, "0 "+home, "100 "+home, "120 "+same24, "200 "+same16, "300 "+far, "400 "+far)))
	m.Add(Follow(seen(7, "0 "+home, "60 "+v6, "90 "+v6)))
	m.Add(Follow(seen(7, "0 "+home, "900 "+home)))
	m.Add(Follow(seen(7, "0 "+same16, "50 "+same24, "60 "+home)))
	f := m.Findings()
	if len(f) != 1 || f[0].Family != "ipv4" || f[0].Pool != "all" || f[0].ASN != nil {
		t.Fatalf("%+v, want all of IPv4 alone: no carrier has 30 users, and nobody left an IPv6 address", f)
	}
	got := f[0]
	if got.Users != 3 || got.Changes != 6 || got.Across != 1 {
		t.Errorf("%d users, %d changes, %d across; want 3, 6, 1", got.Users, got.Changes, got.Across)
	}
	if !near(got.Within[0].Share, 2.0/6) || !near(got.Within[1].Share, 4.0/6) || got.Within[0].Prefix != 24 || got.Within[1].Prefix != 16 {
		t.Errorf("%+v, want 2 and 4 of 6", got.Within)
	}
	// From the first change to the next: 80 s, and 10 s; the second user left
	// IPv4 for good. Half are left at 10 s, none at 80 s.
	if b := got.Between; asText(b) != "10 10 80" {
		t.Errorf("quartiles %v, want 10 10 80", asText(b))
	}
}

func asText(q finding.Quartiles) string {
	var out []string
	for _, n := range []*int64{q.Lower, q.Median, q.Upper} {
		if n == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, fmt.Sprint(*n))
	}
	return strings.Join(out, " ")
}

// TestMovesInOneSecond: what has no order is one change where one will do.
func TestMovesInOneSecond(t *testing.T) {
	for _, c := range []struct {
		steps []string
		want  string
	}{
		{[]string{"0 " + home, "5 " + far, "5 " + home, "9 " + far}, home + " " + far},
		{[]string{"0 " + home, "5 " + home, "5 " + far, "9 " + home}, home + " " + far + " " + home},
		{[]string{"0 " + home, "5 " + far, "5 " + far2, "9 " + far}, home + " " + far2 + " " + far},
		{[]string{"0 " + far, "0 " + home, "9 " + home}, far + " " + home},
	} {
		var got []string
		for _, v := range Follow(seen(1, c.steps...)) {
			got = append(got, v.client.String())
		}
		want := strings.Fields(c.want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v: %v, want %v", c.steps, got, want)
		}
	}
	s := seen(1, "0 "+home, "1 "+far, "2 "+home, "9 "+home)
	for i := range s {
		s[i].Grain = 2 * second
	}
	if n := len(Follow(s)); n != 2 {
		t.Errorf("%d addresses in turn within the resolution of the log, want 2", n)
	}
}

// TestRule13MovesAreBoundedByUser: one user who moves a hundred times within
// the /24 is one user.
func TestRule13MovesAreBoundedByUser(t *testing.T) {
	m := NewMoves(Default())
	for range 40 {
		m.Add(Follow(seen(7, "0 "+home, "60 "+far)))
	}
	var steps []string
	for n := range 101 {
		steps = append(steps, fmt.Sprint(n*60, " 198.51.100.", n+1))
	}
	m.Add(Follow(seen(7, steps...)))
	f := m.Findings()
	if len(f) != 2 || f[1].ASN == nil || *f[1].ASN != 7 || f[1].Users != 41 || f[1].Changes != 140 {
		t.Fatalf("%+v, want all and AS7", f)
	}
	in := f[1].Within[0]
	if !near(in.Share, 100.0/140) || in.Low > 0.01 {
		t.Errorf("%+v: who is drawn decides, so the bound knows little", in)
	}
	if q := asText(f[1].Between); q != "- - -" {
		t.Errorf("quartiles %s of the one user who moved twice, want none", q)
	}
}

// TestRule16CarriersThatMove pools those with fewer than 30 users.
func TestRule16CarriersThatMove(t *testing.T) {
	m := NewMoves(Default())
	for n := range 60 {
		asn := uint32(5)
		if n >= 30 {
			asn = 6 // 29 users, and one whose operator is not known
			if n == 59 {
				asn = 0
			}
		}
		m.Add(Follow(seen(asn, "0 "+home, "60 "+same24)))
	}
	m.Add(Follow(seen(0, "0 "+home, "60 "+same24)))
	f := m.Findings()
	if len(f) != 3 || *f[1].ASN != 5 || f[2].Pool != "others" || f[2].Users != 31 || f[0].Users != 61 || !near(f[2].Within[0].Low, wilsonLow(31, 31)) {
		t.Errorf("%+v", f)
	}
}

// TestMovesAcrossCarriers gives a change to the carrier that was left.
func TestMovesAcrossCarriers(t *testing.T) {
	m := NewMoves(Default())
	for range 30 {
		s := append(seen(5, "0 "+home), seen(6, "60 "+far)...)
		m.Add(Follow(append(s, seen(5, "120 "+home)...)))
	}
	f := m.Findings()
	if len(f) != 3 || f[0].Users != 30 || f[0].Changes != 60 || f[1].Changes != 30 || f[2].Changes != 30 {
		t.Errorf("%+v", f)
	}
}

// TestStaysAgreeWithTheTruth: users who move at random, followed for a while
// each, give back the quartiles of the exponential law they were drawn from.
func TestStaysAgreeWithTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 9))
	m := NewMoves(Default())
	for range 4000 {
		var s []Sight
		end, at := 300+random.Float64()*1500, 0.0
		for n := 0; at < end; n++ {
			a := netip.AddrFrom4([4]byte{10, 0, byte(random.IntN(200)), byte(1 + n)})
			until := at + random.ExpFloat64()*600
			s = append(s, Sight{Time: int64(at * 1e6), Client: a}, Sight{Time: int64(min(until, end) * 1e6), Client: a})
			at = until
		}
		m.Add(Follow(s))
	}
	q := m.Findings()[0].Between // ln(4/3), ln 2 and ln 4 times 600 s: 173, 416 and 832
	for _, c := range []struct {
		got  *int64
		want float64
	}{{q.Lower, 173}, {q.Median, 416}, {q.Upper, 832}} {
		if c.got == nil || float64(*c.got) < 0.93*c.want || float64(*c.got) > 1.07*c.want {
			t.Errorf("quartiles %s, want 173 416 832", asText(q))
		}
	}
}
