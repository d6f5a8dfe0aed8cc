package token

import (
	"crypto/md5"
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
)

func digest(text string) [16]byte { return md5.Sum([]byte(text)) }

// seal makes a digest as the vendor's scripts do, without our code.
func seal(text string) string {
	sum := digest(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const (
	testKey    = "secret_key"
	testClient = "203.0.113.7"
	testTime   = 1893456000
)

// What nginx 1.22.1 answered to these requests, with secure_link $arg_md5,$arg_expires and
// secure_link_md5 "$secure_link_expires$uri$remote_addr secret_key": 200 valid, 410 expired, 403 else.
// In the targets GOOD is the digest over text, the path and the client, and NOW is testTime.
func TestAnswersOfNginx(t *testing.T) {
	const path = "/s/file.txt"
	for _, c := range []struct {
		target, expires string // the request, and the expiry text that GOOD was made over
		verdict         Verdict
		detail          Detail
	}{
		{"?md5=GOOD&expires=1893455999", "1893455999", Expired, ""},
		{"?md5=GOOD&expires=NOW", "NOW", Valid, ""},
		{"?md5=GOOD&expires=1893456001", "1893456001", Valid, ""},
		{"?md5=AAAAAAAAAAAAAAAAAAAAAA&expires=1", "1", UnresolvedSignature, ""},
		{"?md5=GOOD", "", Malformed, DetailMissingExpires},
		{"?expires=NOW", "", Malformed, DetailMissingMD5},
		{"?md5=GOOD&expires=", "", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=0", "0", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=-1", "-1", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=abc", "abc", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=NOWx", "NOWx", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=%20NOW", "NOW", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=+NOW", "+NOW", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=NOW.0", "NOW.0", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=000NOW", "000NOW", Valid, ""},
		{"?md5=GOOD&expires=000NOW", "NOW", UnresolvedSignature, ""},
		{"?md5=GOOD&expires=9223372036854775807", "9223372036854775807", Valid, ""},
		{"?md5=GOOD&expires=9223372036854775808", "9223372036854775808", Malformed, DetailBadExpires},
		{"?md5=GOOD&expires=99999999999999999999", "99999999999999999999", Malformed, DetailBadExpires},
		{"?md5=GOOD==&expires=NOW", "NOW", Valid, ""},
		{"?md5=GOOD=&expires=NOW", "NOW", Valid, ""},
		{"?md5=GOOD=x&expires=NOW", "NOW", Valid, ""},
		{"?md5=GOOD===&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=GOOD%3D%3D&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=GOODA&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=%2DAAAAAAAAAAAAAAAAAAAAA&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=+AAAAAAAAAAAAAAAAAAAA/&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=AAAAAAAAAAAAAAAAAAAAA&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=00000000000000000000000000000000&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?MD5=GOOD&EXPIRES=NOW", "NOW", Valid, ""},
		{"?expires=NOW&other=1&md5=GOOD&z", "NOW", Valid, ""},
		{"?md5=GOOD&md5=AAAAAAAAAAAAAAAAAAAAAA&expires=NOW", "NOW", Valid, ""},
		{"?md5=AAAAAAAAAAAAAAAAAAAAAA&md5=GOOD&expires=NOW", "NOW", UnresolvedSignature, ""},
		{"?xmd5=AAAAAAAAAAAAAAAAAAAAAA&md5=GOOD&expires=NOW", "NOW", Valid, ""},
		{"?md5=GOOD;expires=NOW", "NOW", Malformed, DetailMissingExpires},
		{"?md5=GOOD&amp;expires=NOW", "NOW", Malformed, DetailMissingExpires},
		{"??md5=GOOD&expires=NOW", "NOW", Malformed, DetailMissingMD5},
		{"?md5=GOOD,&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=GOOD=,&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=GOOD,NOW&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5=GOOD&expires=NOW#frag", "NOW", Valid, ""},
		{"#frag?md5=GOOD&expires=NOW", "NOW", Unsigned, ""},
		{"?md5=&expires=", "", Malformed, DetailBadMD5},
		{"?md5=&expires=NOW", "NOW", Malformed, DetailBadMD5},
		{"?md5&expires", "", Unsigned, ""},
		{"?&&=&md=1", "", Unsigned, ""},
		{"?", "", Unsigned, ""},
		{"", "", Unsigned, ""},
	} {
		now := strings.NewReplacer("NOW", "1893456000")
		good := seal(now.Replace(c.expires) + path + testClient + " " + testKey)
		target := path + strings.ReplaceAll(now.Replace(c.target), "GOOD", good)
		got := judge(t, target, Policy{Scope: ScopeFile, Bound: true})
		if got.Verdict != c.verdict || got.Detail != c.detail {
			t.Errorf("%s: got %v %q, want %v %q", c.target, got.Verdict, got.Detail, c.verdict, c.detail)
		}
	}
}

func judge(t testing.TB, target string, p Policy) Result {
	r := Request{Target: []byte(target), Client: netip.MustParseAddr(testClient), Time: testTime}
	return NewVerifier(scheme(t, "gcore")).Verify(r, p, []Key{mustKey(t, "wrong_key"), mustKey(t, testKey)})
}

// All sixteen spellings of the last character decode to the same bytes.
func TestLastCharacterHasFourUnusedBits(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	good := seal("1893456000/a" + testClient + " " + testKey)
	valid := 0
	for _, c := range alphabet {
		if judge(t, "/a?expires=1893456000&md5="+good[:21]+string(c), Policy{Bound: true}).Verdict == Valid {
			valid++
		}
	}
	if valid != 16 {
		t.Errorf("%d last characters verify, want 16", valid)
	}
}

// $uri as nginx 1.22.1 printed it for these targets; "" where it answered 400.
func TestPathOfNginx(t *testing.T) {
	parser := NewParser(scheme(t, "gcore"))
	for target, want := range map[string]string{
		"/s/a%20b.txt":                    "/s/a b.txt",
		"/%C3%a9":                         "/é",
		"/é":                              "/é",
		"/a%2Fb":                          "/a/b",
		"/a%2f%2Fb":                       "/a/b",
		"/a%2Bb+c":                        "/a+b+c",
		"/%2520":                          "/%20",
		"/%3F%23":                         "/?#",
		"/%FF":                            "/\xff",
		"/%0a%7f":                         "/\n\x7f",
		"//s//a":                          "/s/a",
		"/x/../s/./a":                     "/s/a",
		"/x/%2e%2e/s/a":                   "/s/a",
		"/x/%2e%2e%2Fs/a":                 "/s/a",
		"/a//../b":                        "/b",
		"/a/.":                            "/a/",
		"/a/..":                           "/",
		"/a/b/..?x":                       "/a/",
		"/a/.?x":                          "/a/",
		"/a/.#x":                          "/a/",
		"/a/..#x":                         "/",
		"/...":                            "/...",
		"/.a/..b/c.":                      "/.a/..b/c.",
		"/.%3F/..%23":                     "/.?/..#",
		"/a;b":                            "/a;b",
		"/A":                              "/A",
		"/":                               "/",
		"http://h/s/a?x":                  "/s/a",
		"HTTPS://h.x:80//s/a":             "/s/a",
		"http://[::1]:8/a":                "/a",
		"http://h":                        "/",
		"http://h?x":                      "/",
		"/..":                             "",
		"//..":                            "",
		"/a/../..":                        "",
		"/%2e%2E":                         "",
		"/%zz":                            "",
		"/%4":                             "",
		"/%":                              "",
		"/a%2":                            "",
		"/%00":                            "",
		"/a b":                            "",
		"/a\x01":                          "",
		"/a?\x7f":                         "",
		"a":                               "",
		"":                                "",
		"*":                               "",
		"://h/a":                          "",
		"1a://h/a":                        "",
		"http:/a":                         "",
		"http:///a":                       "",
		"http://u@h/a":                    "",
		"http://h:x/a":                    "",
		"http://h%41/a":                   "",
		"http://../a":                     "",
		"http://h#x":                      "",
		"?md5=a":                          "",
		"http://h/..":                     "",
		"/%25%32%46":                      "/%2F",
		"/" + strings.Repeat("a/../", 50): "/",
	} {
		var l Link
		parser.Parse([]byte(target), &l)
		if string(l.Path) != want || l.PathOK != (want != "") {
			t.Errorf("%q: got %q %v, want %q", target, l.Path, l.PathOK, want)
		}
	}
}

// $remote_addr as nginx 1.22.1 printed it.
func TestAddressesOfNginx(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7":          "203.0.113.7",
		"0.0.0.0":              "0.0.0.0",
		"2001:DB8:0:0:0:0:0:1": "2001:db8::1",
		"2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
		"2001:0:0:1:0:0:0:1":   "2001:0:0:1::1",
		"2001:0:0:1:1:0:0:1":   "2001::1:1:0:0:1",
		"fe80::1%eth0":         "fe80::1",
		"::ffff:203.0.113.9":   "::ffff:203.0.113.9",
		"::203.0.113.9":        "::203.0.113.9",
		"::":                   "::",
		"::1":                  "::1",
		"::1:2":                "::0.1.0.2",
		"::102":                "::0.0.1.2",
		"::101":                "::101",
		"::ff":                 "::ff",
		"64:ff9b::cb00:7109":   "64:ff9b::cb00:7109",
		"1::":                  "1::",
		"0:1:2:3:4:5:6:7":      "0:1:2:3:4:5:6:7",
		"0:0:2:3:4:5:6:7":      "::2:3:4:5:6:7",
	} {
		if got := string(AppendAddr(nil, netip.MustParseAddr(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := AppendAddr(nil, netip.Addr{}); len(got) != 0 {
		t.Errorf("zero address: got %q", got)
	}
}

// TestSchemeThatNoLogTells: the digests are those of openssl md5 -binary | openssl base64, of the texts beside them.
func TestSchemeThatNoLogTells(t *testing.T) {
	const before, behind = "$secure_link_expires$scheme://$host$uri$remote_addr KEY", "$secure_link_expires$uri$remote_addr$scheme KEY"
	client := netip.MustParseAddr(testClient)
	key, err := NewKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ expression, digest, text string }{
		{before, "AHGJSLoPHHU8jL9TPXJvIw", "1893456000https://cdn.example.com/v/a.ts203.0.113.7 secret_key"},
		{before, "XJkHArQDhK2Ex6HTvPbezw", "1893456000http://cdn.example.com/v/a.ts203.0.113.7 secret_key"},
		{behind, "VUPoEgB3niqvn-I7_V29iw", "1893456000/v/a.ts203.0.113.7https secret_key"},
		{behind, "us2J6tB7-5Fn5a-JwrTf2w", "1893456000/v/a.ts203.0.113.7http secret_key"},
	} {
		s, err := SchemeNamed("nginx:$arg_md5,$arg_expires;" + c.expression)
		if err != nil {
			t.Fatal(err)
		}
		seen := Seen{Host: []byte("cdn.example.com")}
		target := []byte("/v/a.ts?md5=" + c.digest + "&expires=1893456000")
		if r := NewVerifier(s).Verify(Request{Target: target, Client: client, Time: testTime, Seen: seen}, Policy{Bound: true}, []Key{key}); r.Verdict != Valid {
			t.Errorf("%s: %s, want valid", c.text, r.Verdict)
		}
		var l Link
		p, trier := NewParser(s), NewTrier(s)
		p.See(seen)
		p.Parse(target, &l)
		trier.Aim(&l, l.Path, key)
		for range 2 { // what was tried before must not matter
			if trier.Hit(netip.MustParseAddr("203.0.113.8"), Binding{}) {
				t.Errorf("%s: holds for another address", c.text)
			}
			if a, _, ok := trier.Sweep(netip.MustParsePrefix("203.0.113.0/24")); !ok || a != client {
				t.Errorf("%s: the sweep finds %v, want %v", c.text, a, client)
			}
			if i, _, ok := trier.Among(NewList([]netip.Addr{netip.MustParseAddr("192.0.2.1"), client}), 0, 2); !ok || i != 1 {
				t.Errorf("%s: the list has it at %d, want 1", c.text, i)
			}
			if !trier.Hit(client, Binding{}) {
				t.Errorf("%s: does not hold", c.text)
			}
		}
	}
}
