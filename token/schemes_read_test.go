package token

import (
	"net/netip"
	"strings"
	"testing"
)

const zeroHex = "0000000000000000000000000000000000000000000000000000000000000000"

func TestShapesOfAllSchemes(t *testing.T) {
	const md5 = "AAAAAAAAAAAAAAAAAAAAAA"
	sha := "A" + strings.Repeat("A", 42)
	for _, c := range []struct {
		scheme, target string
		shape          Shape
		detail         Detail
	}{
		{"keycdn", "/a", NoToken, ""},
		{"keycdn", "/a?token=" + md5, BadShape, DetailMissingExpires},
		{"keycdn", "/a?expire=1", BadShape, DetailMissingMD5},
		{"keycdn", "/a?token=" + md5 + "&expire=x", BadShape, DetailBadExpires},
		{"keycdn", "/a?token=x&expire=1", BadShape, DetailBadMD5},
		{"cdn77", "/" + md5 + "==,1/a/b", Signed, ""},
		{"cdn77", "/" + md5 + "/a/b", NoToken, ""},
		{"cdn77", "/" + md5 + "==,1x/a/b", BadShape, DetailBadExpires},
		{"cdn77", "/" + md5 + "==,1", NoToken, ""},
		{"cdn77", "/a?secure=x,1", BadShape, DetailBadMD5},
		{"cdnsun", "/a?secure=" + md5 + "&ip=nobody", BadShape, DetailBadAddress},
		{"cdnsun", "/a?expires=1&ip=1.2.3.4", BadShape, DetailMissingMD5},
		{"bunny", "/a?token=" + md5 + "&expires=1", Signed, ""},
		{"bunny", "/a?token=" + sha + "&expires=1", Signed, ""},
		{"bunny", "/a?token=HS256-" + sha + "&expires=1", Signed, ""},
		{"bunny", "/a?token=HS256-1-" + sha + "&expires=1", Signed, ""},
		{"bunny", "/a?token=HS256-2-" + sha + "&expires=1", BadShape, DetailBadToken},
		{"bunny", "/a?token=" + sha + "A&expires=1", BadShape, DetailBadToken},
		{"bunny", "/a?token=" + sha, BadShape, DetailMissingExpires},
		{"bunny", "/bcdn_token=" + sha + "/a", BadShape, DetailMissingExpires},
		{"bunny", "/bcdn_token=" + sha + "&expires=1/a", Signed, ""},
		{"akamai", "/a?hdnts=exp=1~hmac=" + zeroHex, Signed, ""},
		{"akamai", "/a?hdnts=exp%3D1~hmac=" + zeroHex, BadShape, DetailMissingExpires},
		{"akamai", "/a?hdnts=exp%3D1%7Ehmac%3D" + zeroHex, Signed, ""},
		{"akamai", "/a?__token__=exp=1~hmac=" + zeroHex[:63], BadShape, DetailBadToken},
		{"akamai", "/a?hdnea=exp=1", BadShape, DetailMissingToken},
		{"akamai", "/a?hdnea=hmac=" + zeroHex, BadShape, DetailMissingToken},
		{"akamai", "/a?hdnea=st=1~hmac=" + zeroHex, BadShape, DetailMissingExpires},
		{"akamai", "/a?hdnts=ip=x~exp=1~hmac=" + zeroHex, BadShape, DetailBadAddress},
		{"akamai:q", "/a?hdnts=exp=1~hmac=" + zeroHex, NoToken, ""},
		{"fastly", "/a?token=1893456000_" + zeroHex[:40], Signed, ""},
		{"fastly", "/a?token=189345600_" + zeroHex[:40], BadShape, DetailBadExpires},
		{"fastly", "/a?token=1893456000", BadShape, DetailBadToken},
		{"cloudflare", "/a?verify=1484063787-" + sha, Signed, ""},
		{"cloudflare", "/a?verify=1484063787-" + sha + "&x=1", BadShape, DetailBadToken},
		{"cloudflare", "/a?verify=148406378-" + sha, BadShape, DetailBadExpires},
		{"cloudflare", "/a?verify=", BadShape, DetailBadToken},
		{"mediavault", "/a?e=1&h=" + zeroHex[:32], Signed, ""},
		{"mediavault", "/a?h=" + zeroHex[:31], BadShape, DetailBadMD5},
		{"mediavault", "/a?e=0&h=" + zeroHex[:32], BadShape, DetailBadExpires},
		{"mediavault", "/a?ip=10.9/8&h=" + zeroHex[:32], BadShape, DetailBadAddress},
		{"cloudfront", "/a?Expires=1&Signature=AAAA&Key-Pair-Id=K", Signed, ""},
		{"cloudfront", "/a?expires=1&signature=AAAA", NoToken, ""},
		{"cloudfront", "/a?Expires=1", BadShape, DetailMissingToken},
		{"cloudfront", "/a?Signature=AAAA", BadShape, DetailMissingExpires},
		{"cloudfront", "/a?Expires=1&Signature=!", BadShape, DetailBadToken},
		{"cloudfront", "/a?Policy=AAAA&Signature=AAAA", BadShape, DetailBadPolicy},
		{"cloudfront", "/a?Policy=" + cloudFrontText([]byte(`{"Statement":[{}]}`)) + "&Signature=AAAA", BadShape, DetailBadExpires},
		{"nginx:$arg_k;KEY$uri", "/a?k=" + md5 + ",0", BadShape, DetailBadExpires},
		{"nginx:$arg_k;KEY$uri", "/a?K=" + md5 + ",7", Signed, ""},
		{"nginx:secure_link_secret KEY", "/p/" + zeroHex[:32] + "/x", Signed, ""},
		{"nginx:secure_link_secret KEY", "/p/" + zeroHex[:31] + "/x", NoToken, ""},
		{"nginx:secure_link_secret KEY", "/p/" + zeroHex[:32] + "/", NoToken, ""},
	} {
		var l Link
		NewParser(scheme(t, c.scheme)).Parse([]byte(c.target), &l)
		if l.Shape != c.shape || l.Detail != c.detail {
			t.Errorf("%s %s: got %d %q, want %d %q", c.scheme, c.target, l.Shape, l.Detail, c.shape, c.detail)
		}
	}
}

// Links that are good for a pattern of paths: what they cover, and what the search says of it.
func TestReach(t *testing.T) {
	for _, c := range []struct {
		scheme, dir, under string // signed for dir with --dir
		scope              Scope
		want               Verdict
	}{
		{"akamai", "/v/1.ts", "/v/2.ts", ScopeDir, Valid},
		{"akamai", "/v/1.ts", "/v/w/2.ts", ScopeDir, Valid},
		{"akamai", "/v/1.ts", "/w/2.ts", ScopeAncestor, WrongPath},
		{"bunny", "/v/1.ts", "/v/2.ts", ScopeDir, Valid},
		{"bunny", "/v/1.ts", "/w/2.ts", ScopeAncestor, WrongPath},
		{"cdn77", "/v/1.ts", "/v/w/x/2.ts", ScopeAncestor, Valid},
		{"cdn77", "/v/w/1.ts", "/v/2.ts", ScopeDir, UnresolvedSignature},
		{"cloudfront", "/v/1.ts", "/v/w/2.ts?x=1", ScopeDir, Valid},
		{"cloudfront", "/v/1.ts", "/w/2.ts", ScopeAncestor, WrongPath},
		{"mediavault", "/v/1.ts", "/v/2.ts", ScopeDir, Valid},
		{"mediavault", "/v/1.ts", "/w/2.ts", ScopeDir, UnresolvedSignature},
	} {
		s := scheme(t, c.scheme)
		key := otherKey(t, s)
		signed, err := Sign(s, SignParams{Target: "https://h.example" + c.dir, Expires: testTime, Dir: true, Key: key, KeyID: "K"})
		if err != nil {
			t.Fatal(err)
		}
		target := strings.Replace(signed, c.dir, c.under, 1)
		if strings.Contains(c.under, "?") {
			target = strings.Replace(target, "?x=1?", "?x=1&", 1)
		}
		got := NewVerifier(s).Verify(Request{Target: []byte(target), Time: testTime}, Policy{}, []Key{key})
		if got.Verdict != c.want || got.Match.OK && got.Match.Scope != c.scope {
			t.Errorf("%s %s: got %v %q, scope %v", c.scheme, target, got.Verdict, got.Detail, got.Match.Scope)
		}
	}
}

// A token for some files of a directory must not be taken for one of the directory.
func TestReachOfFile(t *testing.T) {
	s := scheme(t, "akamai")
	key, client := otherKey(t, s), netip.Addr{}
	none := Binding{Kind: BindNone}
	for acl, want := range map[string][3]bool{ // file, dir, ancestor
		"/v/*":          {true, true, false},
		"/*":            {true, true, false},
		"/v/a.ts":       {true, false, false},
		"/v/*.ts":       {true, false, false},
		"/v/?.ts":       {true, false, false},
		"/x!/v/*":       {true, true, false},
		"%2fv%2f*":      {true, true, false},
		"/v/b.ts":       {false, false, true},
		"/w/*!/v/a.mp4": {false, false, true},
	} {
		text := "exp=1893456000~acl=" + acl
		sum, err := s.keyBytes(key)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmacSHA256.newMAC(sum)
		mac.Write([]byte(text))
		const hex = "0123456789abcdef"
		digits := ""
		for _, b := range mac.Sum(nil) {
			digits += string(hex[b>>4]) + string(hex[b&15])
		}
		var l Link
		NewParser(s).Parse([]byte("/v/a.ts?hdnts="+text+"~hmac="+digits), &l)
		trier := NewTrier(s)
		got := [3]bool{trier.Try(&l, ScopeFile, 0, key, client, none), trier.Try(&l, ScopeDir, 0, key, client, none), trier.Try(&l, ScopeAncestor, 1, key, client, none)}
		if got != want {
			t.Errorf("%s: got %v, want %v", acl, got, want)
		}
		for i, path := range []string{"/v/a.ts", "/v/", "/"} {
			if trier.Aim(&l, []byte(path), key); trier.Hit(client, none) != want[i] && !(i == 2 && l.reach == reachDir) {
				t.Errorf("%s: aimed at %s", acl, path)
			}
		}
	}
}

func TestEarly(t *testing.T) {
	met := 0
	for _, r := range linkRows(t) {
		v := NewVerifier(r.scheme)
		start := map[string]int64{"akamai": 1700000000, "cloudfront": 1700000000, "mediavault": 1672531200}[r.scheme.Name]
		var l Link
		NewParser(r.scheme).Parse([]byte(r.target), &l)
		if l.Start == 0 || l.Start != start {
			continue
		}
		got := v.Verify(r.at(r.client, start-1), Policy{Bound: r.client.IsValid()}, []Key{r.key})
		if got.Verdict != Expired || got.Detail != DetailEarly {
			t.Errorf("%s: early is %v %q", r.name, got.Verdict, got.Detail)
		}
		if got := v.Verify(r.at(r.client, start), Policy{Bound: r.client.IsValid()}, []Key{r.key}); got.Verdict != Valid {
			t.Errorf("%s: at its start it is %v %q", r.name, got.Verdict, got.Detail)
		}
		met++
	}
	if met < 3 {
		t.Errorf("%d links have a start", met)
	}
}

func TestNginxExpressions(t *testing.T) {
	for text, want := range map[string]string{
		"nginx:$arg_a,$arg_b":                               "both expressions",
		"nginx:$arg_a,$arg_b;$uri secret":                   "word KEY",
		"nginx:$arg_a,$arg_b;KEY$uri KEY":                   "word KEY",
		"nginx:$arg_a,$arg_b;$uri MONKEY":                   "word KEY",
		"nginx:$cookie_a;$uri KEY":                          "$arg_NAME",
		"nginx:$arg_a;$uri$geo KEY":                         "$geo",
		"nginx:$arg_a;$uri$remote_addr$remote_addr KEY":     "2 times",
		"nginx:secure_link_secret hunter2":                  "key file",
		"nginx:$arg_a;$uri hunter2$x":                       "word KEY",
		"nginx:$arg_a;$uri $hunter2":                        "word KEY",
		"nginx:hunter2;$uri KEY":                            "$arg_NAME",
		"nginx:$arg_a;$remote_addr$remote_addr hunter2 KEY": "2 times",
		"bunny:hunter2":                                     "hmac, sha256 and md5",
		"fastly:hunter2":                                    "option path",
		"cloudflare:hunter2,x":                              "cloudflare:verify,10800",
		"akamai:hunter2=x":                                  "names the query parameter",
		"hunter2":                                           "no such token scheme",
		"keycdn:x":                                          "no options",
		"bunny:x":                                           "hmac, sha256 and md5",
		"fastly:x":                                          "option path",
		"cloudflare:v,x":                                    "cloudflare:verify,10800",
		"akamai:a=b":                                        "names the query parameter",
		"nobody":                                            "no such token scheme",
		"nginx:$arg_a;secure_link_md5 \"${uri}KEY\";":       "",
		"nginx:secure_link $arg_a,$arg_b;$uri$is_args KEY;": "",
	} {
		s, err := SchemeNamed(text)
		if want == "" && (err != nil || s.Name != "nginx") || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	if s := scheme(t, "nginx:$arg_a;$uri KEY"); s.Binds {
		t.Error("an expression without an address binds one")
	}
	if s := scheme(t, "nginx:$arg_a;$uri$host$http_user_agent KEY"); s.Needs != "host, user agent" {
		t.Errorf("needs %q", s.Needs)
	}
}

func TestAliases(t *testing.T) {
	for _, name := range []string{"edgecenter", "yandex", "vk", "orange"} {
		if s, err := SchemeNamed(name); err != nil || s.Name != "gcore" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestParseKeyOfSchemes(t *testing.T) {
	private := testPrivateKey(t)
	for _, c := range []struct{ scheme, file, want string }{
		{"gcore", "secret_key\n", ""},
		{"gcore", private, "holds PEM"},
		{"keycdn", "a\nb", "line 2"},
		{"keycdn", "ab ", "blank"},
		{"akamai", "52a152a1\r\n", ""},
		{"akamai", "52a152a", "hexadecimal"},
		{"akamai", "secret", "hexadecimal"},
		{"fastly", "iqFPeN2u+Z0Lm5IrsKaOFKRqEU5Gw8ePtaEkHZWuD24=\n", ""},
		{"fastly", "secret_key", "base64"},
		{"cloudfront", private, ""},
		{"cloudfront", "\xef\xbb\xbf" + private + "\n\n", ""},
		{"cloudfront", "secret_key", "RSA key in PEM"},
		{"cloudfront", "", "RSA key in PEM"},
		{"cloudfront", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds no RSA key"},
	} {
		key, warning, err := scheme(t, c.scheme).ParseKey([]byte(c.file))
		switch {
		case c.want == "" && (err != nil || key.IsZero() || warning != ""):
			t.Errorf("%s: got %q, %v", c.scheme, warning, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !key.IsZero() || strings.Contains(err.Error(), "secret_key")):
			t.Errorf("%s %.20q: got %v", c.scheme, c.file, err)
		}
	}
}

func TestMD5SchemesDoNotAllocate(t *testing.T) {
	tried := 0
	for _, r := range linkRows(t) {
		var l Link
		NewParser(r.scheme).Parse([]byte(r.target), &l)
		if l.digest.algorithm != plainMD5 {
			continue
		}
		tried++
		v, keys, trier := NewVerifier(r.scheme), []Key{otherKey(t, r.scheme), r.key}, NewTrier(r.scheme)
		p, request := Policy{Bound: r.client.IsValid()}, r.at(r.client, r.time)
		none(t, r.name+" Verify", func() { v.Verify(request, p, keys) })
		none(t, r.name+" Verify without key", func() { v.Verify(request, p, nil) })
		none(t, r.name+" Try", func() { trier.Try(&l, ScopeFile, 0, r.key, r.client, Binding{}) })
	}
	if tried < 15 {
		t.Errorf("%d links tried", tried)
	}
}

// parsePrefix agrees with netip about what an address is.
func FuzzParsePrefix(f *testing.F) {
	for _, seed := range []string{"1.2.3.4", "1.2.3.4/24", "01.2.3.4", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0.0.0.0/0", "1.2.3.4/33", "1.2.3.4/024", "::1", "2001:db8::/32", "::ffff:1.2.3.4", "fe80::1%eth0", "", "/", "1.2.3.4/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parsePrefix([]byte(text))
		addr, length, ranged := strings.Cut(text, "/")
		a, err := netip.ParseAddr(addr)
		if err != nil || a.Zone() != "" {
			if ok {
				t.Errorf("%q is read as %v", text, got)
			}
			return
		}
		if !ranged && (!ok || got.Addr() != a.Unmap() || !got.IsSingleIP()) {
			t.Errorf("%q is read as %v", text, got)
		}
		if ranged && !a.Is4In6() && !strings.HasPrefix(length, "0") {
			want, err := netip.ParsePrefix(text)
			if ok != (err == nil) || ok && got != want.Masked() {
				t.Errorf("%q is read as %v, want %v", text, got, want)
			}
		}
	})
}
