package detect

import (
	"math/rand/v2"
	"testing"

	"ipdrift/detect/history"
	"ipdrift/detect/policy"
	"ipdrift/detect/ruling"
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
	over := func(s token.Scope) *outcome {
		return &outcome{Facts: ruling.Facts{Matched: true, How: policy.Hypothesis{Scope: s}}}
	}
	a := &analysis{outcomes: []*outcome{over(token.ScopeDir), over(token.ScopeFile), {}, over(token.ScopeDir)}}
	for _, c := range []struct {
		name    string
		outcome uint32
		change  func(*history.Request)
		same    bool
	}{
		{"time", 0, func(f *history.Request) { f.Start, f.At = 7, 7 }, true},
		{"file, signed by the directory", 0, func(f *history.Request) { f.File = 7 }, true},
		{"file, signed by itself", 1, func(f *history.Request) { f.File = 7 }, false},
		{"file, hash not reproduced", 2, func(f *history.Request) { f.File = 7 }, false},
		{"link", 0, func(f *history.Request) { f.Place = 7 }, false},
		{"outcome", 0, func(f *history.Request) { f.Outcome = 3 }, false},
		{"client", 0, func(f *history.Request) { f.Client = 7 }, false},
		{"directory", 0, func(f *history.Request) { f.Dir = 7 }, false},
		{"user agent", 0, func(f *history.Request) { f.Agent = 7 }, false},
		{"id", 0, func(f *history.Request) { f.Ident = 7 }, false},
	} {
		f := history.Request{Place: 1, Outcome: c.outcome, Client: 1, Dir: 1, File: 1, Agent: 1, Ident: 1}
		o := f
		c.change(&o)
		if got := a.sameVisit(&f, &o); got != c.same {
			t.Errorf("another %s: one visit: %t, want %t", c.name, got, c.same)
		}
	}
}
