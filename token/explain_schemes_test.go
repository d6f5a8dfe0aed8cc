package token

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// Where the link itself says what it is bound to, the explanation goes by that and not by the policy.
func TestExplainGoesByWhatTheLinkSays(t *testing.T) {
	const elsewhere = "198.51.100.4"
	for _, c := range []struct {
		scheme, secret string
		client         string // signed for
		prefix         int
		bound          bool // by policy
		verdict        Verdict
		signedFor      string // "" for the zero Addr
		rule           string
	}{
		{"cdnsun", testKey, elsewhere, 0, true, IPMismatch, elsewhere, "address: the address the edge saw lies outside what the link names"},
		{"cdnsun", testKey, testClient, 0, true, Valid, testClient, "no rule"},
		{"cdnsun", testKey, "", 0, true, Valid, "", "no rule"},
		{"mediavault", testKey, elsewhere, 24, true, IPMismatch, "", "lies outside what the link names"},
		{"mediavault", testKey, testClient, 24, true, Valid, testClient, "no rule"},
		{"mediavault", testKey, elsewhere, 0, false, IPMismatch, elsewhere, "lies outside what the link names"},
		{"akamai", "52a152a1", elsewhere, 0, true, IPMismatch, elsewhere, "lies outside what the link names"},
		{"akamai", "52a152a1", "", 0, true, Valid, "", "no rule"},
		{"bunny", testKey, "", 0, true, Valid, "", "no rule"},
		{"bunny", testKey, testClient, 0, false, Valid, testClient, "no rule"},
		{"bunny", testKey, elsewhere, 0, true, IPMismatch, elsewhere, "the link was signed for 198.51.100.4"},
		{"bunny", testKey, elsewhere, 0, false, IPMismatch, elsewhere, "the link was signed for 198.51.100.4"},
		{"bunny:md5", testKey, "", 0, true, UnresolvedSignature, "", "proven: no client address"},
		{"keycdn", testKey, "", 0, true, Valid, "", "no rule"},
	} {
		s := scheme(t, c.scheme)
		link, err := Sign(s, SignParams{Target: "https://cdn.example.com/live/seg-1.ts", Expires: testTime, Client: address(t, c.client), Prefix: c.prefix, Key: mustKey(t, c.secret)})
		if err != nil {
			t.Fatal(err)
		}
		su := Suspect{Target: []byte(link), Clients: []netip.Addr{address(t, testClient), address(t, elsewhere)}, Time: testTime,
			Policy: Policy{Bound: c.bound}, Keys: []Key{mustKey(t, c.secret)}}
		x := Explain(s, &su)
		if x.Verdict != c.verdict || x.Client != address(t, c.signedFor) || !strings.Contains(x.Rule, c.rule) || len(x.Hashed) == 0 {
			t.Errorf("%s: %v for %v, %s, hashed %q", link, x.Verdict, x.Client, x.Rule, x.Hashed)
		}
		if (x.Signed != "") != (c.verdict != Valid) || x.Bound.IsValid() != (s.Visible && c.client != "") {
			t.Errorf("%s: signed %q, names %v", link, x.Signed, x.Bound)
		}
		if c.client == "" && strings.Contains(x.Hashed[0], testClient) && c.scheme != "bunny:md5" {
			t.Errorf("%s: hashed %q", link, x.Hashed)
		}
		su.Keys = nil
		x = Explain(s, &su)
		want := Unchecked
		if s.Visible && c.verdict == IPMismatch {
			want = IPMismatch
		}
		if x.Verdict != want || x.Signed != "" || want == IPMismatch && x.Client != address(t, c.signedFor) {
			t.Errorf("%s: without a key %v for %v, signed %q", link, x.Verdict, x.Client, x.Signed)
		}
	}
}

// What a token does not cover, and when it begins, is told as such. Digests by
// printf %s 'st=1893456000~exp=1893459600~acl=/vod/*' | openssl dgst -sha256 -mac HMAC -macopt hexkey:52a152a1
func TestExplainReachAndStart(t *testing.T) {
	const target = "/vod/a.ts?hdnts=st=1893456000~exp=1893459600~acl=/vod/*~hmac=7ee98251acebaf06e2ef4cb7b1bd912db5cad233ef2a07e62821295414c673b4"
	for _, c := range []struct {
		path, rule, fix string
		at              int64
		verdict         Verdict
	}{
		{"/vod/", "start: the hash holds", "request the link later", 1893455999, Expired},
		{"/vod/", "no rule", "nothing in the link", 1893456000, Valid},
		{"/live/", "what the token is for does not cover this path", "give the token a path or pattern", 1893456000, WrongPath},
	} {
		su := Suspect{Target: []byte(strings.Replace(target, "/vod/", c.path, 1)), Time: c.at, Keys: []Key{mustKey(t, "52a152a1")}}
		x := Explain(scheme(t, "akamai"), &su)
		if x.Verdict != c.verdict || !strings.Contains(x.Rule, c.rule) || !strings.HasPrefix(x.Fix, c.fix) {
			t.Errorf("%s at %d: %v, %s, %s", su.Target, c.at, x.Verdict, x.Rule, x.Fix)
		}
	}
}

// What an edge sees beside the target is passed on to all that hashes it.
func TestExplainPassesOnWhatIsSeen(t *testing.T) {
	s := scheme(t, "nginx:$arg_st,$arg_e;$secure_link_expires$uri$host$http_user_agent KEY")
	text := fmt.Sprintf("%d/acdn.example.comagent/1 ", testTime)
	su := Suspect{Target: []byte("/a?st=" + seal(text+testKey) + fmt.Sprintf("&e=%d", testTime)), Host: "cdn.example.com", Seen: Seen{UserAgent: []byte("agent/1")},
		Time: testTime, Keys: []Key{mustKey(t, testKey)}, OldKeys: []Key{mustKey(t, oldSecret)}}
	if x := Explain(s, &su); x.Verdict != Valid || x.Hashed[0] != text+"<key>" {
		t.Errorf("%v, hashed %q", x.Verdict, x.Hashed)
	}
	su.Target = []byte("/a?st=" + seal(text+oldSecret) + fmt.Sprintf("&e=%d", testTime))
	if f, _ := NewExaminer(s).Examine(&su); f.Mistake.Name != "old_key" || f.Hashed != text+"<key>" {
		t.Errorf("found %q, %s", f.Mistake.Name, f.Hashed)
	}
	su.Seen.Host = []byte("other.example")
	if _, ok := NewExaminer(s).Examine(&su); ok {
		t.Error("the host of Seen counts for nothing")
	}
}

// RSA signatures are tried with other keys.
func TestExamineCloudFront(t *testing.T) {
	s := scheme(t, "cloudfront")
	pem, err := os.ReadFile("../testdata/token/cloudfront_boto.pem")
	if err != nil {
		t.Fatal(err)
	}
	now, _, err := s.ParseKey(pem)
	if err != nil {
		t.Fatal(err)
	}
	old := otherKey(t, s)
	link, err := Sign(s, SignParams{Target: "https://h.example/a", Expires: testTime, Key: old, KeyID: "K"})
	if err != nil {
		t.Fatal(err)
	}
	su := Suspect{Target: []byte(link), Keys: []Key{now}, OldKeys: []Key{old}}
	e := NewExaminer(s)
	if f, _ := e.Examine(&su); f.Mistake.Name != "old_key" || e.hashes > 50 {
		t.Errorf("found %q after %d hashes", f.Mistake.Name, e.hashes)
	}
	su.Keys = su.OldKeys
	if f, ok := e.Examine(&su); ok {
		t.Errorf("found %q in a link that holds", f.Mistake.Name)
	}
}

// A path token of CDN77 may be made for any directory above the file. Digests by
// printf %s '1893456000/vod/2026secret_key' | openssl md5 -binary | openssl base64 | tr +/ -_
func TestBelow(t *testing.T) {
	s := scheme(t, "cdn77")
	for up, digest := range []string{"1nRLcVMwKeqrHAeCBV5ifA==", "1RNYP4v5oAIa0IeAyKOpog==", "m0rQrwOqbUICfwBteyo_2Q=="} { // of /vod/2026/a, /vod/2026, /vod
		var l Link
		NewParser(s).Parse([]byte("/"+digest+",1893456000/vod/2026/a/seg-1.ts"), &l)
		if !l.Below() {
			t.Fatalf("%s covers nothing below", digest)
		}
		for _, scope := range []Scope{ScopeAuto, ScopeDir, ScopeFile} {
			r := Request{Target: []byte("/" + digest + ",1893456000/vod/2026/a/seg-1.ts"), Time: testTime}
			if got := NewVerifier(s).Verify(r, Policy{Scope: scope}, []Key{mustKey(t, testKey)}); got.Verdict != Valid || int(got.Match.Up) != up {
				t.Errorf("%s, scope %v: %v, %d up", digest, scope, got.Verdict, got.Match.Up)
			}
		}
		trier := NewTrier(s)
		for tried := range 4 {
			got := trier.Try(&l, ScopeAncestor, tried, mustKey(t, testKey), netip.Addr{}, Binding{Kind: BindNone})
			if tried == 0 {
				got = trier.Try(&l, ScopeDir, 0, mustKey(t, testKey), netip.Addr{}, Binding{Kind: BindNone})
			}
			if got != (tried == up) {
				t.Errorf("%s, %d up: %v", digest, tried, got)
			}
		}
	}
	var l Link
	for _, target := range []string{"/a.mp4?secure=C2MGNyKfNaSIDSDjG5fjBw==,1893456000", "/a.mp4"} {
		if NewParser(s).Parse([]byte(target), &l); l.Below() {
			t.Errorf("%s covers what is below", target)
		}
	}
}

// A link that the stated scheme does not read, but another, is not called damaged.
func TestExplainNamesTheSchemeThatReadsALink(t *testing.T) {
	for target, want := range map[string]string{
		"/a?token=tO30NAhRI01mliuy0K_Pvg&expires=1893456000":       "say --scheme bunny if",
		"/a?hdnts=exp=1893456000~hmac=" + strings.Repeat("0a", 32): "say --scheme akamai if",
		"/a?md5=tO30NAhRI01mliuy0K_Pvg":                            "it was cut or rewritten",
		"/a":                                                       "sign the link",
	} {
		x := Explain(scheme(t, "gcore"), &Suspect{Target: []byte(target), Clients: []netip.Addr{address(t, testClient)}, Time: testTime, Keys: []Key{mustKey(t, testKey)}})
		if !strings.Contains(x.Fix, want) {
			t.Errorf("%s: fix %q, want %q", target, x.Fix, want)
		}
	}
}
