package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"
	"pgregory.net/rapid"

	"ipdrift/detect/finding"
)

// atNoon is a request at noon, of a link that lives an hour longer.
func atNoon(change func(*finding.Request)) finding.Request {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	later := noon.Add(time.Hour)
	q := finding.Request{Source: "a.log", Line: 7, Time: noon, Client: "198.51.7.9", Host: "video.example.com", Method: "GET", Path: "/a/b.ts", Status: 403,
		Token: "vVK6uH", Expires: &later, Scope: "file", Basis: "recomputed"}
	change(&q)
	return q
}

func explainedAt(t testing.TB, q finding.Request, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Request(&b, q, load(t, fixtures+"/widen.json"), o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRequest holds the explanation of each cause against what a person who
// knows the rules would say.
func TestRequest(t *testing.T) {
	mismatch := func(signed, client string) func(*finding.Request) {
		return func(q *finding.Request) {
			q.Cause, q.Verdict, q.SignedIP, q.SignedBasis, q.Client = "ip_mismatch", "ip_mismatch", signed, "recomputed", client
		}
	}
	for name, c := range map[string]struct {
		change func(*finding.Request)
		want   []string
		not    string
	}{
		"within a /24": {mismatch("198.51.7.200", "198.51.7.9"), []string{
			"answer     refused, ip_mismatch: the link was signed for 198.51.7.200, the request came from 198.51.7.9",
			"hashed     the key, the expiry, the whole path and the address 198.51.7.200",
			"masks      the addresses share their first 24 of 32 bits: /24, /16 would have accepted it",
			"known by   recomputed: a hash was reproduced, which is a proof", "do         sign for the address that the edge will see"}, "not\n"},
		"within a /16":     {mismatch("198.51.128.1", "198.51.7.9"), []string{"share their first 16 of 32 bits: /16 would have accepted it, /24 not"}, ""},
		"beyond":           {mismatch("203.0.113.9", "198.51.7.9"), []string{"share their first 4 of 32 bits: none of /24, /16 would have accepted it"}, ""},
		"mapped":           {mismatch("::ffff:198.51.7.1", "198.51.7.9"), []string{"share their first 28 of 32 bits"}, ""},
		"IPv6":             {mismatch("2001:db8::1", "2001:db8:0:0:1::9"), []string{"share their first 79 of 128 bits: /64, /56, /48 would have accepted it"}, ""},
		"between families": {mismatch("2001:db8::1", "198.51.7.9"), []string{"masks      none would have accepted it", "do         offer the same address families"}, "bind to a mask"},
		"late and elsewhere": {func(q *finding.Request) {
			mismatch("198.51.7.200", "198.51.7.9")(q)
			q.Cause, q.Verdict = "expired_ip_mismatch", "expired_ip_mismatch"
		}, []string{"but the link had expired, so that no mask would have helped", "do         use a fresh link"}, ""},
		"inferred": {func(q *finding.Request) {
			mismatch("198.51.7.200", "198.51.7.9")(q)
			q.Basis, q.SignedBasis = "inferred", "inferred"
		}, []string{"signed for 198.51.7.200, since the same token was served there", "no hash was reproduced"}, "a proof"},
		"expired": {func(q *finding.Request) {
			q.Cause, q.Verdict, q.Reproduced, q.SignedIP, q.SignedBasis = "expired", "expired", true, "198.51.7.9", "recomputed"
			at := q.Time.Add(-90 * time.Second)
			q.Expires = &at
		}, []string{"expires 2026-11-20 11:58:30 UTC, 1 min 30 s before the request", "came after the expiry"}, "masks"},
		"at the expiry": {func(q *finding.Request) { q.Cause, q.Verdict, q.Detail = "expired", "expired", "at_expiry" }, []string{"at the very expiry"}, ""},
		"malformed": {func(q *finding.Request) {
			q.Cause, q.Verdict, q.Detail, q.Token, q.Basis = "malformed", "malformed", "missing_expires", "", ""
		}, []string{"refused, malformed, missing_expires: there is an md5, and no expires", "link       no well-formed token", "it was cut or rewritten"}, "hashed"},
		"unsigned": {func(q *finding.Request) {
			q.Cause, q.Verdict, q.Detail, q.Token = "unsigned", "unsigned", "token_not_forwarded", ""
		}, []string{"the same viewer's manifest had a token, this request has none", "does not forward the query string"}, ""},
		"nothing explains it": {func(q *finding.Request) { q.Cause, q.Verdict = "unresolved_signature", "unresolved_signature" },
			[]string{"hash fails, why is not known", "hashed     not known: no address that was tried", "check the key of this host first"}, "a hash was reproduced for"},
		"the origin": {func(q *finding.Request) {
			q.Cause, q.Verdict, q.Detail, q.Reproduced, q.Upstream, q.EdgeCode = "refused_elsewhere", "valid", "origin", true, 404, 1
		}, []string{"the token was valid; the origin refused; the edge logged reason 1; the origin answered 404"}, ""},
		"a rule": {func(q *finding.Request) {
			q.Cause, q.Verdict, q.Detail = "refused_elsewhere", "valid", "user_agent"
		}, []string{"the rule about user agent refused"}, ""},
		"another path": {func(q *finding.Request) {
			q.Cause, q.Verdict, q.Scope, q.SignedIP, q.SignedBasis = "wrong_path", "wrong_path", "ancestor", "198.51.7.9", "recomputed"
		}, []string{"the link was signed over a directory above that of the path, where this host hashes the whole path", "hashed the key, the expiry, a directory above"}, "masks"},
		"no key":   {func(q *finding.Request) { q.Cause, q.Verdict = "unchecked", "unchecked" }, []string{"do         analyse the log with the key of this host"}, ""},
		"served":   {func(q *finding.Request) { q.Status, q.Verdict = 206, "valid" }, []string{"answer     served, valid: the hash holds and the link is in time"}, "do  "},
		"redirect": {func(q *finding.Request) { q.Status, q.Verdict = 302, "valid" }, []string{"answer     answered 302, valid"}, "do  "},
	} {
		text := explainedAt(t, atNoon(c.change), Options{Width: 200})
		for _, want := range c.want {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(want), " ")) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		if c.not != "" && strings.Contains(text, c.not) {
			t.Errorf("%s: %q in\n%s", name, c.not, text)
		}
	}
}

// TestRequestNamesTheMistake takes says and fix from what the analysis found.
func TestRequestNamesTheMistake(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	a.Signer = []finding.Signer{{Host: "files.example.com", Mistake: "no_space", Says: "of another host"}, {Host: "video.example.com", Mistake: "no_space", Says: "the space was left out", Fix: "put one space"}}
	var b bytes.Buffer
	q := atNoon(func(q *finding.Request) {
		q.Cause, q.Verdict, q.Detail = "unresolved_signature", "unresolved_signature", "signer:no_space"
	})
	if err := Request(&b, q, a, Options{Width: 200}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); strings.Contains(text, "not known") || !strings.Contains(text, "the space was left out") || !strings.Contains(text, "do         put one space") || strings.Contains(text, "of another host") {
		t.Error(text)
	}
}

// TestRequestIsHarmless puts anything into every field that a log fills.
func TestRequestIsHarmless(t *testing.T) {
	a := load(t, fixtures+"/hostile.json")
	word := rapid.SampledFrom([]string{"", "\x1b[2J\u202e", "影片🎬e\u0301", "198.51.7.9", "2001:db8::1", "ip_mismatch", "expired", "signer:x", strings.Repeat("x", 400), "\n\xff' OR 1"})
	rapid.Check(t, func(r *rapid.T) {
		q := atNoon(func(q *finding.Request) {
			for _, field := range []*string{&q.Source, &q.Client, &q.Country, &q.Host, &q.Method, &q.Path, &q.UserAgent, &q.Referer, &q.Verdict, &q.Cause, &q.Detail, &q.Basis, &q.Token, &q.Scope, &q.SignedIP, &q.SignedBasis} {
				*field = word.Draw(r, "field")
			}
		})
		width := rapid.SampledFrom([]int{60, 80, 200}).Draw(r, "width")
		var b bytes.Buffer
		if err := Request(&b, q, a, Options{Width: width, Case: word.Draw(r, "case")}); err != nil {
			r.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if line = strings.TrimSuffix(line, "\n"); lipgloss.Width(line) > width || Clean(line) != line {
				r.Fatalf("%q is %d wide in %d", line, lipgloss.Width(line), width)
			}
		}
	})
}
