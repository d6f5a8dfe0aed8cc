package detect

import (
	"math/rand/v2"
	"testing"

	"ipdrift/token"
)

// TestIndex holds the numbers of keys to a map.
func TestIndex(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x index
	for range 200 {
		x.reset()
		want := map[key]int{}
		for range r.IntN(400) {
			k := key{id: uint32(r.IntN(3)), client: uint32(r.IntN(5)), file: uint32(r.IntN(20)), agent: uint32(r.IntN(2)), dir: uint32(r.IntN(2))}
			n, fresh := x.number(k)
			before, ok := want[k]
			if !ok {
				before = len(want)
				want[k] = before
			}
			if n != before || fresh == ok {
				t.Fatalf("key %v has number %d (new: %t), want %d (new: %t)", k, n, fresh, before, !ok)
			}
		}
	}
}

// TestSameVisit wants a take to end where anything changes that a step may ask for once
// a take: all but the time, and the file that a hash over a directory does not hold.
func TestSameVisit(t *testing.T) {
	over := func(s token.Scope) *outcome { return &outcome{matched: true, how: hypothesis{scope: s}} }
	a := &analysis{outcomes: []*outcome{over(token.ScopeDir), over(token.ScopeFile), {}, over(token.ScopeDir)}}
	for _, c := range []struct {
		name    string
		outcome uint32
		change  func(*frame)
		same    bool
	}{
		{"time", 0, func(f *frame) { f.start, f.at = 7, 7 }, true},
		{"file, signed by the directory", 0, func(f *frame) { f.file = 7 }, true},
		{"file, signed by itself", 1, func(f *frame) { f.file = 7 }, false},
		{"file, hash not reproduced", 2, func(f *frame) { f.file = 7 }, false},
		{"link", 0, func(f *frame) { f.place = 7 }, false},
		{"outcome", 0, func(f *frame) { f.outcome = 3 }, false},
		{"client", 0, func(f *frame) { f.client = 7 }, false},
		{"directory", 0, func(f *frame) { f.dir = 7 }, false},
		{"user agent", 0, func(f *frame) { f.agent = 7 }, false},
		{"id", 0, func(f *frame) { f.ident = 7 }, false},
	} {
		f := frame{place: 1, outcome: c.outcome, client: 1, dir: 1, file: 1, agent: 1, ident: 1}
		o := f
		c.change(&o)
		if got := a.sameVisit(&f, &o); got != c.same {
			t.Errorf("another %s: one visit: %t, want %t", c.name, got, c.same)
		}
	}
}
