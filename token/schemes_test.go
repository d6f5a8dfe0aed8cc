package token

import (
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// linkRow is a link of schemes.tsv.
type linkRow struct {
	kind, name, target, source string
	scheme                     *Scheme
	key                        Key
	client                     netip.Addr
	time                       int64
}

func linkRows(t testing.TB) []linkRow {
	t.Helper()
	var out []linkRow
	for _, f := range rows(t, "schemes.tsv") {
		s := scheme(t, f[1])
		secret := []byte(f[2])
		if name, ok := strings.CutPrefix(f[2], "@"); ok {
			text, err := os.ReadFile("../testdata/token/" + name)
			if err != nil {
				t.Fatal(err)
			}
			secret = text
		}
		key, _, err := s.ParseKey(secret)
		if err != nil {
			t.Fatalf("%s: %v", f[1], err)
		}
		last, err := strconv.ParseInt(f[5], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, linkRow{f[0], f[1], f[3], f[6], s, key, address(t, f[4]), last})
	}
	return out
}

// seenTest is what the edge sees beside the targets of schemes.tsv.
var seenTest = Seen{UserAgent: []byte("agent/1")}

func (r linkRow) at(client netip.Addr, time int64) Request {
	return Request{Target: []byte(r.target), Client: client, Time: time, Seen: seenTest}
}

// Every link holds until its last second, for its own address and with its own key alone.
func TestLinksOfAllSchemes(t *testing.T) {
	other := netip.MustParseAddr("198.51.100.77")
	for _, r := range linkRows(t) {
		v, keys := NewVerifier(r.scheme), []Key{r.key}
		p := Policy{Bound: r.client.IsValid()}
		got := v.Verify(r.at(r.client, r.time), p, keys)
		if got.Verdict != Valid || got.Deadline != r.time {
			t.Errorf("%s, %s: %s: got %v %q until %d", r.name, r.source, r.target, got.Verdict, got.Detail, got.Deadline)
			continue
		}
		if got := v.Verify(r.at(r.client, r.time+1), p, keys); got.Verdict != Expired {
			t.Errorf("%s, %s: late is %v %q", r.name, r.source, got.Verdict, got.Detail)
		}
		want := Valid
		switch {
		case r.scheme.Visible && r.client.IsValid():
			want = IPMismatch
		case r.client.IsValid():
			want = UnresolvedSignature
		}
		if got := v.Verify(r.at(other, r.time), p, keys); got.Verdict != want {
			t.Errorf("%s, %s: elsewhere is %v %q, want %v", r.name, r.source, got.Verdict, got.Detail, want)
		}
		path, _, _ := split([]byte(r.target))
		changed := r
		changed.target = r.target[:path[1]] + "x" + r.target[path[1]:]
		p.Scope = ScopeFile
		if got := v.Verify(changed.at(r.client, r.time), p, keys); got.Verdict == Valid && !v.wholeLink() && !v.link.below {
			t.Errorf("%s, %s: holds for another path", r.name, r.source)
		}
		p.Scope = ScopeAuto
		if got := v.Verify(r.at(r.client, r.time), p, []Key{otherKey(t, r.scheme)}); got.Verdict != UnresolvedSignature {
			t.Errorf("%s, %s: with another key %v %q", r.name, r.source, got.Verdict, got.Detail)
		}
	}
}

// otherKey is a key of the scheme's form that none of the vectors uses.
func otherKey(t testing.TB, s *Scheme) Key {
	t.Helper()
	text := "another_key"
	switch s.Name {
	case "akamai":
		text = "00ff00ff"
	case "fastly":
		text = "AAAA"
	case "cloudfront":
		text = testPrivateKey(t)
	}
	key, _, err := s.ParseKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A table for people claims no vectors that are not in the file.
func TestVectorsAreAsClaimed(t *testing.T) {
	kinds := map[string][]string{"gcore": {"published"}, "gcore-mp4": {"published"}, "gcore-video": {"own"}}
	for _, r := range linkRows(t) {
		kinds[r.scheme.Name] = append(kinds[r.scheme.Name], r.kind)
	}
	for _, s := range Schemes() {
		want := "own"
		if slices.Contains(kinds[s.Name], "published") {
			want = "published"
		}
		if len(kinds[s.Name]) == 0 || s.Vectors != want {
			t.Errorf("%s: %d vectors, %s ones; the scheme says %s", s.Name, len(kinds[s.Name]), want, s.Vectors)
		}
		if s.Doc == "" || s.Params == "" || s.Hash == "" || s.KeyForm == "" || s.Source == "" {
			t.Errorf("%s is not described", s.Name)
		}
	}
}

// The address that stands in a link proves a mismatch without any key.
func TestBoundNeedsNoKey(t *testing.T) {
	seen := 0
	for _, r := range linkRows(t) {
		if !r.scheme.Visible || !r.client.IsValid() {
			continue
		}
		seen++
		v := NewVerifier(r.scheme)
		for client, want := range map[string][2]Verdict{
			r.client.String(): {Unchecked, Unchecked}, "198.51.100.77": {IPMismatch, ExpiredIPMismatch}, "2001:db8::99": {IPMismatch, ExpiredIPMismatch},
		} {
			a := netip.MustParseAddr(client)
			got := [2]Verdict{v.Verify(r.at(a, r.time), Policy{}, nil).Verdict, v.Verify(r.at(a, r.time+1), Policy{}, nil).Verdict}
			if got != want || v.Link().Admits(a) != (want[0] == Unchecked) {
				t.Errorf("%s, %s: %s: got %v", r.name, r.source, client, got)
			}
		}
	}
	if seen < 8 {
		t.Errorf("%d links name an address", seen)
	}
}

// The tries of a search agree with Verify, for every scheme.
func TestSearchOfAllSchemes(t *testing.T) {
	for _, r := range linkRows(t) {
		parser, trier := NewParser(r.scheme), NewTrier(r.scheme)
		parser.See(seenTest)
		var l Link
		parser.Parse([]byte(r.target), &l)
		v := NewVerifier(r.scheme)
		m := v.Verify(r.at(r.client, r.time), Policy{Bound: r.client.IsValid()}, []Key{r.key}).Match
		if !trier.Try(&l, m.Scope, int(m.Up), r.key, r.client, m.Binding) {
			t.Errorf("%s, %s: %+v is not reproduced", r.name, r.source, m)
		}
		path := ScopePath(l.Path, m.Scope, int(m.Up))
		trier.Aim(&l, path, r.key)
		none := trier.Hit(r.client, Binding{Kind: BindNone})
		if none == r.client.IsValid() {
			t.Errorf("%s, %s: without an address %v", r.name, r.source, none)
		}
		if !r.client.Is4() {
			continue
		}
		around, _ := r.client.Prefix(28)
		a, _, ok := trier.Sweep(around)
		if !ok || a != r.client && !l.Bound.Contains(a) {
			t.Errorf("%s, %s: the sweep found %v", r.name, r.source, a)
		}
		if i, _, ok := trier.Among(NewList([]netip.Addr{netip.MustParseAddr("198.51.100.77"), r.client}), 0, 2); !ok || i != 1 {
			t.Errorf("%s, %s: among a list %d %v", r.name, r.source, i, ok)
		}
	}
}

// Cutting TokenAt out of a path leaves no part of a token that stands there.
func TestTokenAtOfAllSchemes(t *testing.T) {
	paths := 0
	for _, r := range linkRows(t) {
		var l Link
		NewParser(r.scheme).Parse([]byte(r.target), &l)
		at := l.TokenAt
		if at[0] >= at[1] || at[1] > len(r.target) {
			t.Errorf("%s, %s: token at %v", r.name, r.source, at)
			continue
		}
		path, _, _ := split([]byte(r.target))
		if at[0] >= path[1] {
			continue
		}
		paths++
		left := r.target[path[0]:at[0]] + r.target[at[1]:path[1]]
		if strings.Contains(left, string(l.Token)) || strings.Contains(left, "token=") {
			t.Errorf("%s: cut leaves %q", r.name, left)
		}
		if r.scheme.InQuery() {
			t.Errorf("%s has a token in the path and says it is in the query", r.name)
		}
	}
	if paths < 5 {
		t.Errorf("%d tokens stand in paths", paths)
	}
}
