package policy

import (
	"net/netip"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/token"
)

var client = netip.MustParseAddr("203.0.113.7")

// A log of 2,560 s, in steps of ten seconds; µs.
const logFirst, logFinal, second = 1_000_000_000_000, 1_000_000_000_000 + 2_560_000_000 - 1, 1_000_000

// used are links by the seconds of the log at which they were served for the first and for the
// last time, and refused; -1: they never were.
func used(links [][3]int64) *Usage {
	u := NewUsage(logFirst, logFinal)
	at := func(s int64) int64 {
		if s < 0 {
			return 0
		}
		return logFirst + s*second
	}
	for _, l := range links {
		u.Add(at(l[0]), at(l[1]), at(l[2]))
	}
	return u
}

// servedIn are links that are served in each ten seconds from a second to another, and refusedIn
// links that are refused.
func servedIn(from, to int64) (out [][3]int64) {
	for s := from; s < to; s += 10 {
		out = append(out, [3]int64{s, s + 5, -1})
	}
	return out
}

func refusedIn(from, to int64) (out [][3]int64) {
	for s := from; s < to; s += 10 {
		out = append(out, [3]int64{-1, -1, s})
	}
	return out
}

// changed has what links of IPv4 are bound to change from the address.
func changed(to token.Binding) func(*Policy) {
	return func(p *Policy) { p.Shifts[0] = []Shift{{From: whole, To: to, At: 5}} }
}

// TestCeased: links were taken until 1,205 s, in step 120, when the last one was served, and refused from then on.
func TestCeased(t *testing.T) {
	u := used(append(servedIn(0, 1210), refusedIn(1210, 2560)...))
	until, step, ok := u.Ceased()
	if !ok || step != 120 || until != logFirst+1205*second {
		t.Errorf("ceased %t in step %d at %d, want 120 and %d", ok, step, until, logFirst+1205*second)
	}
	if _, _, ok := used(servedIn(0, 2560)).Ceased(); ok {
		t.Error("links that nothing refuses ceased")
	}
	two := used([][3]int64{{9, 9, -1}, {1, 5, -1}, {2, 3, -1}})
	if two.first[0] != logFirst+second || two.last[0] != logFirst+9*second {
		t.Errorf("the links of a step began at %d and ended at %d", two.first[0], two.last[0])
	}
}

// TestFindShifts: until 1,210 s links are bound to the address, from then on to the /24.
func TestFindShifts(t *testing.T) {
	address, network := BoundAs{whole, 4}, BoundAs{to24, 4}
	before, after := servedIn(0, 1210), servedIn(1210, 2560)
	for name, c := range map[string]struct {
		stated   token.Resource
		together bool
		uses     map[BoundAs]*Usage
		found    bool
		rejects  [2]bool // a link of before at the end of the log, and one of after at its beginning
	}{
		"a folder took both":        {token.Resource{}, true, map[BoundAs]*Usage{address: used(before), network: used(after)}, true, [2]bool{}},
		"none did":                  {token.Resource{}, false, map[BoundAs]*Usage{address: used(before), network: used(after)}, false, [2]bool{}},
		"old ones are refused":      {token.Resource{}, false, map[BoundAs]*Usage{address: used(append(refusedIn(1210, 2560), before...)), network: used(after)}, true, [2]bool{true, false}},
		"new ones were":             {token.Resource{}, false, map[BoundAs]*Usage{address: used(before), network: used(append(refusedIn(0, 1210), after...))}, true, [2]bool{false, true}},
		"both go on":                {token.Resource{}, true, map[BoundAs]*Usage{address: used(servedIn(0, 2560)), network: used(after)}, false, [2]bool{}},
		"29 of the new":             {token.Resource{}, true, map[BoundAs]*Usage{address: used(before), network: used(servedIn(1210, 1500))}, false, [2]bool{}},
		"30 of the new":             {token.Resource{}, true, map[BoundAs]*Usage{address: used(before), network: used(servedIn(1210, 1510))}, true, [2]bool{}},
		"the user states it":        {token.Resource{Bind4: &to24}, true, map[BoundAs]*Usage{address: used(before), network: used(after)}, true, [2]bool{}},
		"the families differ in it": {token.Resource{}, true, map[BoundAs]*Usage{address: used(before), {to24, 6}: used(after)}, false, [2]bool{}},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(c.stated, token.ScopeAuto)
			p.together = map[[2]BoundAs]bool{{address, network}: c.together, {address, {to24, 6}}: c.together}
			th := judge.Default()
			p.FindShifts(c.uses, &th)
			if (len(p.Shifts[0]) == 1) != c.found || len(p.Shifts[0]) > 1 || p.Shifts[1] != nil {
				t.Fatalf("%+v", p.Shifts)
			}
			rejects := func(b token.Binding, at int64) bool { return p.Rejects(4, b, at) }
			if got := [2]bool{rejects(whole, logFinal), rejects(to24, logFirst)}; got != c.rejects {
				t.Errorf("rejects %v, want %v", got, c.rejects)
			}
			if rejects(whole, logFirst) || rejects(to24, logFirst+1210*second) || rejects(to24, logFinal) {
				t.Error("rejects what it took")
			}
			if !c.found {
				return
			}
			s := p.Shifts[0][0]
			if s.From != whole || s.To != to24 || s.At != logFirst+1210*second {
				t.Errorf("%+v", s)
			}
			p.Add(over(token.ScopeDir, to24), 1)
			p.Settle(&th)
			if p.BindingAt(4, s.At-1) != whole || p.BindingAt(4, s.At) != to24 {
				t.Errorf("bound to %v, then to %v", p.BindingAt(4, s.At-1), p.BindingAt(4, s.At))
			}
		})
	}
}

// TestSeveralChanges: links are bound to the address, to the /24 from 800 s on, and from 1,700 s on to something third, or
// to the address again. Each change is found, in the order of time, and old links are refused only while they are old.
func TestSeveralChanges(t *testing.T) {
	address, network, wide := BoundAs{whole, 4}, BoundAs{to24, 4}, BoundAs{to16, 4}
	for name, c := range map[string]struct {
		uses    map[BoundAs]*Usage
		third   token.Binding
		rejects [3]bool // a link to the address at 100, 1,300 and 2,000 s
	}{
		"a third": {map[BoundAs]*Usage{
			address: used(append(refusedIn(800, 2560), servedIn(0, 800)...)),
			network: used(servedIn(800, 1700)),
			wide:    used(servedIn(1700, 2560)),
		}, to16, [3]bool{false, true, true}},
		"the first again": {map[BoundAs]*Usage{
			address: used(append(append(refusedIn(800, 1700), servedIn(0, 800)...), servedIn(1700, 2560)...)),
			network: used(servedIn(800, 1700)),
		}, whole, [3]bool{false, true, false}},
	} {
		p := New(token.Resource{}, token.ScopeAuto)
		p.together = map[[2]BoundAs]bool{{address, network}: true, {network, address}: true, {network, wide}: true, {address, wide}: true}
		th := judge.Default()
		p.FindShifts(c.uses, &th)
		if len(p.Shifts[0]) != 2 || p.Shifts[0][0].To != to24 || p.Shifts[0][1].From != to24 || p.Shifts[0][1].To != c.third {
			t.Errorf("%s: %+v", name, p.Shifts[0])
			continue
		}
		for i, s := range []int64{100, 1300, 2000} {
			at := logFirst + s*second
			if got, want := p.BindingAt(4, at), [...]token.Binding{whole, to24, c.third}[i]; i < 2 && got != want {
				t.Errorf("%s: bound to %v at %d s, want %v", name, got, s, want)
			}
			if got := p.Rejects(4, whole, at); got != c.rejects[i] {
				t.Errorf("%s: the edge rejects the address at %d s: %t", name, s, got)
			}
		}
	}
}

// TestMended: who was refused before a change, and whom the new mask would have let in.
func TestMended(t *testing.T) {
	p := learned(token.Resource{}, map[Rule]int64{over(token.ScopeDir, whole): 90, over(token.ScopeDir, to24): 10}, changed(to24))
	for common, want := range map[int]bool{16: false, 23: false, 24: true, 30: true} {
		u := &judge.User{Class: finding.Rotating, MinCommon: common}
		if got := p.Mended(u, 4); got != want {
			t.Errorf("%d bits in common: mended %t", common, got)
		}
		if learned(token.Resource{}, map[Rule]int64{over(token.ScopeDir, to24): 100}).Mended(u, 4) {
			t.Errorf("%d bits in common: mended by what was always so", common)
		}
	}
	if p.Mended(&judge.User{Class: finding.Unchanged, MinCommon: 32}, 4) {
		t.Error("mended who was not affected")
	}
}
