package token

import (
	"net/netip"
	"strings"
	"testing"
)

// What the hash was made over, against what the edge's policy demands.
func TestPolicies(t *testing.T) {
	const target = "/vod/1/hd/seg%201.ts"
	file, dir := Match{OK: true, Scope: ScopeFile, Key: 1}, Match{OK: true, Scope: ScopeDir, Key: 1}
	bound, unbound := Policy{Bound: true}, Policy{}
	in := func(p Policy, s Scope) Policy { p.Scope = s; return p }
	cut := Policy{Bound: true, Prefix4: 24}
	octets := Policy{Bound: true, Prefix4: 16, Form: FormOctetsDot}
	none, m24, m16dot := Binding{Kind: BindNone}, Binding{BindMask, 24, FormNetwork}, Binding{BindMask, 16, FormOctetsDot}
	with := func(m Match, b Binding) Match { m.Binding = b; return m }
	up := func(n uint8) Match { return Match{OK: true, Scope: ScopeAncestor, Up: n, Key: 1} }
	for _, c := range []struct {
		hashed  string // path and address; a space and the key follow
		policy  Policy
		verdict Verdict
		detail  Detail
		match   Match
	}{
		{"/vod/1/hd/seg 1.ts203.0.113.7", bound, Valid, "", file},
		{"/vod/1/hd/203.0.113.7", bound, Valid, "", dir},
		{"/vod/1/hd/203.0.113.7", in(bound, ScopeDir), Valid, "", dir},
		{"/vod/1/hd/203.0.113.7", in(bound, ScopeFile), WrongPath, "", dir},
		{"/vod/1/hd/seg 1.ts203.0.113.7", in(bound, ScopeDir), WrongPath, "", file},
		{"/vod/1/203.0.113.7", bound, WrongPath, "", up(1)},
		{"/vod/203.0.113.7", bound, WrongPath, "", up(2)},
		{"/203.0.113.7", bound, WrongPath, "", up(3)},
		{"/vod/1/hd/seg 2.ts203.0.113.7", bound, UnresolvedSignature, "", Match{}},
		{"/vod/1/hd/seg 1.ts203.0.113.8", bound, UnresolvedSignature, "", Match{}},
		{"/vod/1/hd/seg 1.ts", unbound, Valid, "", with(file, none)},
		{"/vod/1/hd/", unbound, Valid, "", with(dir, none)},
		{"/vod/1/", unbound, WrongPath, "", with(up(1), none)},
		{"/vod/1/hd/", bound, UnresolvedSignature, DetailNoAddress, with(dir, none)},
		{"/vod/1/hd/", cut, UnresolvedSignature, DetailNoAddress, with(dir, none)},
		{"/vod/1/hd/203.0.113.7", unbound, UnresolvedSignature, DetailAddress, dir},
		{"/vod/1/hd/203.0.113.0", cut, Valid, "", with(dir, m24)},
		{"/vod/1/hd/203.0.113.7", cut, UnresolvedSignature, DetailNoMask, dir},
		{"/vod/1/hd/203.0.113.0", bound, UnresolvedSignature, DetailMasked, with(dir, m24)},
		{"/vod/1/hd/203.0.", octets, Valid, "", with(dir, m16dot)},
		{"/vod/1/hd/203.0.", cut, UnresolvedSignature, DetailMasked, with(dir, m16dot)},
		{"/vod/1/203.0.113.0", cut, WrongPath, "", with(up(1), m24)},
		{"/vod/1/hd/seg%201.ts203.0.113.7", bound, UnresolvedSignature, DetailEncodedPath, file},
		{"/vod/1/hd203.0.113.7", bound, UnresolvedSignature, DetailNoSlash, dir},
	} {
		got := judge(t, target+"?md5="+seal("1893456000"+c.hashed+" "+testKey)+"&expires=1893456000", c.policy)
		if want := (Result{c.verdict, c.detail, c.match, testTime}); got != want {
			t.Errorf("%s under %+v: got %v %q %+v", c.hashed, c.policy, got.Verdict, got.Detail, got.Match)
		}
	}
	got := judge(t, target+"?md5="+seal("1893456000/vod/1/hd/203.0.113.7"+testKey)+"&expires=1893456000", bound)
	if got.Verdict != UnresolvedSignature || got.Detail != DetailNoSpace || got.Match != dir {
		t.Errorf("without the space: got %v %q %+v", got.Verdict, got.Detail, got.Match)
	}
}

func TestHashComesBeforeExpiry(t *testing.T) {
	late := "&expires=1893455999"
	for hashed, want := range map[string]Verdict{
		"1893455999/a/b203.0.113.7 ": Expired,
		"1893455999/a/b203.0.113.8 ": UnresolvedSignature,
		"1893455999/203.0.113.7 ":    WrongPath,
		"1893456000/a/b203.0.113.7 ": UnresolvedSignature,
	} {
		if got := judge(t, "/a/b?md5="+seal(hashed+testKey)+late, Policy{Bound: true}); got.Verdict != want || got.Deadline != 1893455999 {
			t.Errorf("%s: got %v, deadline %d", hashed, got.Verdict, got.Deadline)
		}
	}
}

func TestWithoutKeyOrClient(t *testing.T) {
	v := NewVerifier(scheme(t, "gcore"))
	key := []Key{mustKey(t, testKey)}
	link := func(hashed string) []byte {
		return []byte("/a?md5=" + seal("1893456000"+hashed+" "+testKey) + "&expires=1893456000")
	}
	client := netip.MustParseAddr(testClient)
	for _, c := range []struct {
		name   string
		target []byte
		client netip.Addr
		bound  bool
		keys   []Key
		want   Verdict
		detail Detail
	}{
		{"no key", link("/a"), client, false, nil, Unchecked, ""},
		{"zero key", link("/a"), client, false, []Key{{}}, UnresolvedSignature, ""},
		{"no key, unsigned", []byte("/a"), client, false, nil, Unsigned, ""},
		{"no key, malformed", []byte("/a?md5=1"), client, false, nil, Malformed, DetailMissingExpires},
		{"bad path", append([]byte("/%zz"), link("/a")...), client, false, key, UnresolvedSignature, DetailBadPath},
		{"no client, unbound", link("/a"), netip.Addr{}, false, key, Valid, ""},
		{"no client, bound", link("/a" + testClient), netip.Addr{}, true, key, Unchecked, DetailNoClient},
		{"no client, signed without", link("/a"), netip.Addr{}, true, key, UnresolvedSignature, DetailNoAddress},
	} {
		got := v.Verify(Request{Target: c.target, Client: c.client, Time: testTime}, Policy{Bound: c.bound}, c.keys)
		if got.Verdict != c.want || got.Detail != c.detail {
			t.Errorf("%s: got %v %q", c.name, got.Verdict, got.Detail)
		}
	}
}

func TestKeysBeyondTheLimitAreNotTried(t *testing.T) {
	keys := make([]Key, 300)
	for i := range keys {
		keys[i] = mustKey(t, "wrong")
	}
	v, r := NewVerifier(scheme(t, "gcore")), Request{Target: []byte("/a?md5=" + seal("9/a "+testKey) + "&expires=9")}
	keys[256] = mustKey(t, testKey)
	if got := v.Verify(r, Policy{}, keys); got.Verdict != UnresolvedSignature {
		t.Errorf("key 256: got %v", got.Verdict)
	}
	keys[255] = mustKey(t, testKey)
	if got := v.Verify(r, Policy{}, keys); got.Verdict != Valid || got.Match.Key != 255 {
		t.Errorf("key 255: got %v with key %d", got.Verdict, got.Match.Key)
	}
}

// A hostile path costs a bounded number of hashes and gives no answer beyond the bound.
func TestAncestorsAreBounded(t *testing.T) {
	deep := strings.Repeat("/d", 40) + "/f"
	for up, want := range map[int]Verdict{32: WrongPath, 33: UnresolvedSignature} {
		hashed := strings.Repeat("/d", 40-up) + "/"
		if got := judge(t, deep+"?md5="+seal("9"+hashed+testClient+" "+testKey)+"&expires=9", Policy{Bound: true}); got.Verdict != want {
			t.Errorf("%d up: got %v", up, got.Verdict)
		}
	}
}

func TestVideoPaths(t *testing.T) {
	s := scheme(t, "gcore-video")
	v, keys := NewVerifier(s), []Key{mustKey(t, testKey)}
	sum := seal("7_abc_" + testKey + "_1893456000_")
	for target, want := range map[string]string{
		"/videos/7_abc/SUM/1893456000/a/b.m3u8":      "valid SUM",
		"/cmaf/7_abc/SUM/1893456000/":                "valid SUM",
		"/mpegts/7_abc/SUM/1893456000":               "valid SUM",
		"/streams/7_abc/SUM/1893456000/x?md5=1":      "valid SUM",
		"https://h//videos/./7_abc/SUM/1893456000/x": "valid SUM",
		"/videos/7_abc/SUM/1893456001/x":             "unresolved_signature SUM",
		"/videos/8_abc/SUM/1893456000/x":             "unresolved_signature SUM",
		"/videos/7_abc/SUM/0/x":                      "malformed bad_expires SUM",
		"/videos/7_abc/SUM/x.m3u8":                   "malformed bad_expires SUM",
		"/videos/7_abc/SUM":                          "malformed missing_expires SUM",
		"/videos/7_abc/short/1893456000/x":           "malformed bad_md5 short",
		"/videos/7_abc/master.m3u8":                  "unsigned ",
		"/videos/7_abc":                              "unsigned ",
		"/videos/abc/SUM/1893456000/x":               "unsigned ",
		"/other/7_abc/SUM/1893456000/x":              "unsigned ",
		"/":                                          "unsigned ",
		"videos/7_abc/SUM/1893456000/x":              "unresolved_signature bad_path SUM",
		"":                                           "unsigned ",
		"/videos/7_abc/SUM/1893456000/%zz":           "unresolved_signature bad_path SUM",
		"/videos/7_abc/SUM/1893456000/SUM":           "valid /videos/7_abc/SUM/1893456000/SUM",
		"/%76ideos/7_abc/%" + hexOf(sum[0]) + sum[1:] + "/1893456000/x": "valid /%76ideos/7_abc/%" + hexOf(sum[0]) + sum[1:] + "/1893456000/x",
	} {
		target = strings.ReplaceAll(target, "SUM", sum)
		got := v.Verify(Request{Target: []byte(target), Time: testTime}, Policy{Scope: ScopeFile}, keys)
		at := v.Link().TokenAt
		said := got.Verdict.String() + " "
		if got.Detail != "" {
			said += string(got.Detail) + " "
		}
		if said += target[at[0]:at[1]]; said != strings.ReplaceAll(want, "SUM", sum) {
			t.Errorf("%s: got %s", target, said)
		}
	}
}

func hexOf(c byte) string { return string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]) }

func TestWordsAreInverse(t *testing.T) {
	for v := Unchecked; v <= Unsigned; v++ {
		if got, ok := ParseVerdict(v.String()); !ok || got != v {
			t.Errorf("verdict %d: %s", v, v)
		}
	}
	for s := ScopeAuto; s <= ScopeAncestor; s++ {
		if got, ok := ParseScope(s.String()); !ok || got != s {
			t.Errorf("scope %d: %s", s, s)
		}
	}
	for f := FormNetwork; f <= FormOctetsDot; f++ {
		if got, ok := ParseForm(f.String()); !ok || got != f {
			t.Errorf("form %d: %s", f, f)
		}
	}
	_, v := ParseVerdict("")
	_, s := ParseScope("FILE")
	_, f := ParseForm("unknown")
	if v || s || f || Verdict(9).String() != "unknown" || Scope(9).String() != "unknown" || Form(9).String() != "unknown" {
		t.Error("a word out of range is known")
	}
}

// The words are the contract's.
func TestVerdictWords(t *testing.T) {
	var words []string
	for v := Unchecked; v <= Unsigned; v++ {
		words = append(words, v.String())
	}
	const want = "unchecked valid expired malformed ip_mismatch expired_ip_mismatch wrong_path unresolved_signature unsigned"
	if got := strings.Join(words, " "); got != want {
		t.Errorf("got %s", got)
	}
}

func TestSchemeNamed(t *testing.T) {
	if _, err := SchemeNamed("akamai3"); err == nil || !strings.Contains(err.Error(), "gcore, gcore-video, gcore-mp4") {
		t.Errorf("got %v", err)
	}
}
