package ingest

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"strings"
	"testing"

	"ipdrift/ingest/format"
	"ipdrift/ingest/synth"
	"ipdrift/token"
)

// brute tries everything the prover knows, without memory or habit: masks over
// a single file only for served requests.
func brute(trier *token.Trier, l *token.Link, keys []token.Key, client netip.Addr, served bool) bool {
	for _, key := range keys {
		for _, scope := range []token.Scope{token.ScopeDir, token.ScopeFile} {
			bindings := []token.Binding{{Kind: token.BindAddress}, {Kind: token.BindNone}}
			if served || scope == token.ScopeDir {
				bindings = append(bindings, Masks(client, &token.Resource{})...)
			}
			for _, b := range bindings {
				if trier.Try(l, scope, 0, key, client, b) {
					return true
				}
			}
		}
	}
	return false
}

// proveAll asks one prover for every signed line of a log, as a worker does.
func proveAll(t *testing.T, ring *token.Keyring, text string, f func(line int, r *format.Record, l *token.Link, m token.Match)) {
	t.Helper()
	scheme := testScheme(t, "gcore")
	p := newProver(&load{Options: Options{Resources: token.NewResources(scheme), Keys: ring}}, make([]memo, memoSlots))
	parser, links := namedFormat(t, combinedHost).NewParser(), token.NewParser(scheme)
	seed, proofs := maphash.MakeSeed(), map[uint64]memo{}
	var r format.Record
	var l token.Link
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if fail := parser.Parse([]byte(line), &r); fail.Reason != "" {
			t.Fatalf("line %d: %+v", i+1, fail)
		}
		if links.Parse(r.Target, &l); l.Shape != token.Signed {
			continue
		}
		dir, file := splitPath(l.RawPath)
		c := contextHash{link: maphash.Bytes(seed, fmt.Appendf(nil, "%s %s %s", r.Host, l.Token, l.Expires)), dir: maphash.Bytes(seed, dir), file: maphash.Bytes(seed, file)}
		ok := served(r.Status, r.Method)
		m, known := p.recall(r.Client, ok, c)
		if !known {
			other := proofs[c.link]
			m = p.prove(&l, p.site(r.Host), r.Client, ok, c, &other, true)
		}
		if m.OK && m.Scope != token.ScopeFile {
			proofs[c.link] = memo{c.link, c.dir, r.Client, m, true}
		}
		f(i+1, &r, &l, m)
	}
}

func TestProveIsBruteForce(t *testing.T) {
	for name, o := range map[string]synth.Options{
		"normal": {Seed: 1, Lines: 30_000, Refused: 0.2}, "hostile": {Seed: 2, Lines: 10_000, Hostile: true, Refused: 0.2}, "few": {Seed: 3, Lines: 20_000, Sessions: 5, IPv6: 0.5},
	} {
		text, want := synthLog(t, o)
		for keys, ring := range map[string]*token.Keyring{"one key": testKeys(t, testKey), "the second of three": testKeys(t, "wrong1", testKey, "wrong2"), "a wrong key": testKeys(t, "wrong1")} {
			trier, held := token.NewTrier(testScheme(t, "gcore")), int64(0)
			proveAll(t, ring, text, func(line int, r *format.Record, l *token.Link, m token.Match) {
				all := ring.For(r.Host)
				if ok := brute(trier, l, all, r.Client, served(r.Status, r.Method)); ok != m.OK {
					t.Errorf("%s, %s: line %d verifies: %t, brute force says %t", name, keys, line, m.OK, ok)
				}
				if m.OK && m.Binding.Kind != token.BindMask {
					held++
				}
				if m.OK {
					if !trier.Try(l, m.Scope, int(m.Up), all[m.Key], r.Client, m.Binding) {
						t.Errorf("%s, %s: line %d does not hold as %+v", name, keys, line, m)
					}
				}
			})
			truth := want.Verdicts["valid"] + want.Verdicts["expired"]
			if keys == "a wrong key" {
				truth = 0
			}
			if held != truth {
				t.Errorf("%s, %s: %d lines hold, want %d", name, keys, held, truth)
			}
		}
	}
}

// masked writes requests with links signed for a cut address.
func masked(client, text string, status int, n int) string {
	const expires = logTime + 3600
	path := fmt.Sprintf("/d%d/x.ts", n)
	return testLine(client, fmt.Sprintf("%s?md5=%s&expires=%d", path, signedFor(expires, path, text, testKey), expires), status)
}

func TestProveUnderMasks(t *testing.T) {
	for text, client := range map[string]string{
		"198.51.100.0": "198.51.100.23", "198.51.100.0/24": "198.51.100.23", "198.51.100": "198.51.100.23", "198.51.100.": "198.51.100.23",
		"198.51.0.0": "198.51.100.23", "198.51.0.0/16": "198.51.100.23", "198.51": "198.51.100.23", "198.51.": "198.51.100.23",
		"2001:db8:1:2::": "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64": "2001:db8:1:2:3:4:5:6", "2001:db8:1::": "2001:db8:1:2:3:4:5:6", "2001:db8:1::/48": "2001:db8:1:2:3:4:5:6",
	} {
		var served, late strings.Builder
		for n := range 50 {
			served.WriteString(masked(client, text, 200, n))
			late.WriteString(masked(client, text, 403, n) + masked(client, text, 200, n))
		}
		for name, log := range map[string]string{"served": served.String(), "refused first": late.String()} {
			trier := token.NewTrier(testScheme(t, "gcore"))
			missed := 0
			proveAll(t, testKeys(t, testKey), log, func(line int, r *format.Record, l *token.Link, m token.Match) {
				switch {
				case r.Status == 200 && !m.OK:
					missed++
				case m.OK && !trier.Try(l, m.Scope, int(m.Up), testKeys(t, testKey).For(nil)[m.Key], r.Client, m.Binding):
					t.Errorf("%s: line %d does not hold as %+v", text, line, m)
				}
			})
			if missed > 0 {
				t.Errorf("signed for %s, %s: %d of 50 served links are not proven", text, name, missed)
			}
		}
	}
}

func TestProveWithoutKeys(t *testing.T) {
	proveAll(t, &token.Keyring{}, masked("198.51.100.23", "198.51.100.23", 200, 1), func(line int, _ *format.Record, _ *token.Link, m token.Match) {
		if m.OK {
			t.Errorf("line %d holds without a key", line)
		}
	})
}

// TestProveAgain: a link that is taken for a new one, since its dictionary has
// forgotten it, verifies as it did, whatever other links were signed like of late.
func TestProveAgain(t *testing.T) {
	const expires, client = logTime + 3600, "198.51.100.23"
	scheme := testScheme(t, "gcore")
	p := newProver(&load{Options: Options{Resources: token.NewResources(scheme), Keys: testKeys(t, testKey)}}, make([]memo, memoSlots))
	links := token.NewParser(scheme)
	ask := func(n int, text string) token.Match {
		dir := fmt.Sprintf("/d%d/", n)
		var l token.Link
		links.Parse(fmt.Appendf(nil, "%sx.ts?md5=%s&expires=%d", dir, signedFor(expires, dir, text, testKey), expires), &l)
		return p.prove(&l, p.site([]byte("cdn.test")), netip.MustParseAddr(client), true, contextHash{link: uint64(n), dir: uint64(n), file: 7}, &memo{}, true)
	}
	ask(1, client) // the first way to sign is tried before all others from now on, the last one too
	first := ask(2, "198.51.100.0")
	ask(3, "198.51.0.0")
	if again := ask(2, "198.51.100.0"); !first.OK || again != first {
		t.Errorf("%+v at first, then %+v", first, again)
	}
}
