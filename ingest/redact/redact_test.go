package redact

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"ipdrift/ingest/synth"
	"ipdrift/token"
)

const (
	planted  = "Zq7-Xw_9KjT2mPvL4sRbYg" // the shape of an MD5 token: 22 characters of base64url
	planted2 = "aB3_dE6-gH9kLmN0pQrStU"
)

func TestRedact(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"nothing to hide", `203.0.113.7 - - "GET /a/b.ts HTTP/1.1" 200`, `203.0.113.7 - - "GET /a/b.ts HTTP/1.1" 200`},
		{"a token and its expiry", `GET /a?md5=` + planted + `&expires=1900000000 HTTP`, `GET /a?… HTTP`},
		{"a value of one byte", `GET /a?x=1&y=2 HTTP`, `GET /a?… HTTP`},
		{"no value", `GET /a?x=&y= HTTP`, `GET /a?… HTTP`},
		{"a token in the path", `GET /videos/1_a/` + planted + `/1900000000/x.m3u8`, `GET /videos/1_a/Zq7-Xw…/1900000000/x.m3u8`},
		{"what may be a key", `S3cr-Key_9x`, `…`},
		{"an equals sign in the value", `x=a=b&y=c`, `x=…&y=…`},
		{"quoted at once", `"x=secret" 200`, `"x=…" 200`},
		{"JSON", `{"uri":"/a?x=secret","status":200}`, `{"uri":"…","status":200}`},
		{"a parameter without a value", `"GET /a?SECo1 HTTP/1.1" 200`, `"GET /a?… HTTP/1.1" 200`},
		{"a question mark alone", `GET /a? HTTP`, `GET /a? HTTP`},
		{"behind a raw quote", `"GET /a?x=1"SECo2"SECo3 HTTP/1.1" 200`, `"GET /a?… HTTP/1.1" 200`},
		{"behind a raw quote, no question mark", `"x=1"SECo2 HTTP/1.1" 200`, `"x=… HTTP/1.1" 200`},
		{"a JSON value", `{"session":"SECo4","status":200}`, `{"session":"…","status":200}`},
		{"a JSON value behind a blank", `{"session" : "SECo4", "n": 1}`, `{"session" : "…", "n": 1}`},
		{"a JSON list", `{"cookies":["SECo5"]}`, `{"cookies":["…"]}`},
		{"a JSON value with quotes", `{"session":"a\"SECo6 "SECo7x","status":200}`, `{"session":"…","status":200}`},
		{"a JSON value that does not end", `{"session":"SECo8`, `{"session":"…`},
		{"what JSON may tell", `{"a":"203.0.113.7","b":"2001:db8::1","t":"2026-11-23T07:46:40+00:00","d":"0.120","m":"DELETE","s":"200","c":"HIT"}`,
			`{"a":"203.0.113.7","b":"2001:db8::1","t":"2026-11-23T07:46:40+00:00","d":"0.120","m":"DELETE","s":"200","c":"HIT"}`},
		{"an IPv6 zone", `{"a":"fe80::1%SECo9"}`, `{"a":"…"}`},
		{"bytes that are no text", "\xff\xfe x=\xff", `\xFF\xFE x=…`},
		{"an encoded token", "/v/" + escaped(planted) + "/1", "/v/%5A%71…/1"},
		{"a token encoded twice", "/v/" + strings.ReplaceAll(escaped(planted), "%", "%25") + "/1", "/v/%255A%…/1"},
		{"a token with one letter encoded", "/v/Zq7-Xw_9%4B" + planted[9:] + "/1", "/v/Zq7-Xw…/1"},
		{"escapes of a text", "/%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82%20x", "/%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82%20x"},
		{"no escapes", "100%zz %", "100%zz %"},
		{"pieces between tildes", "a|Ab3dEf9hIj~Kl0mNoPqR|b", "a|Ab3dEf…|b"},
		{"the rest of a broken line", `a3b5c9f3a0b7c5d1&expires=1900000000 HTTP/1.1" 200`, `…&expires=… HTTP/1.1" 200`},
		{"the rest of a broken request", `a3b5c9f3a0b7c5d1 HTTP/1.1" 200`, `… HTTP/1.1" 200`},
		{"the padded rest of a broken line", `a3b5c9f3a0b7c5d1==&expires=1900000000 HTTP/1.1" 200`, `…=…&expires=… HTTP/1.1" 200`},
		{"a JSON value with quotes and commas", `{"session":"a\", SECo6","status":200}`, `{"session":"…","status":200}`},
		{"a JSON number longer than a time", `{"id":"123456789012345678901234567890123"}`, `{"id":"…"}`},
		{"a value before a tab", "x=SECo1\tGET", "x=…\tGET"},
		{"credentials", `h: {Authorization: Basic YWxpY2U6c2VjcmV0, Accept: x}`, `h: {Authorization: Basic …, Accept: x}`},
		{"credentials of a bearer", `-H 'authorization: bearer%20eyJhbG.ci_Oi~x=' /a`, `-H 'authorization: bearer%20…' /a`},
		{"credentials longer than what is kept", "Authorization: Basic " + strings.Repeat("YWxp", 200) + " x", "Authorization: Basic … x"},
		{"credentials of both kinds", "basic YWxp bearer eyJh, Basic QWxp", "basic … bearer …, Basic …"},
		{"the word alone", "Visual Basic 6", "Visual Basic 6"},
		{"empty", "", ""},
	} {
		if got := Line([]byte(c.line)); got != c.want {
			t.Errorf("%s: redact(%q) = %q, want %q", c.name, c.line, got, c.want)
		}
	}
}

// TestRedactKeepsNothingOfAValue plants values of every character that a
// query may hold unencoded (RFC 3986, 3.4) but the separator.
func TestRedactKeepsNothingOfAValue(t *testing.T) {
	for c := byte(0x21); c < 0x7f; c++ {
		if c == '&' || c == '"' { // ends the value; a quote is never logged bare
			continue
		}
		for _, line := range []string{`"GET /a?k=%sS3cr3t&n=1 HTTP/1.1" 200`, `{"uri": "/a?k=S3%scr3t"}`, `k=S3cr3%s`, `"GET /a?k=%[1]sS3%[1]scr3t%[1]s HTTP/1.1"`} {
			line = fmt.Sprintf(line, string(c))
			got := Line([]byte(line))
			for _, part := range []string{"S3", "cr3"} {
				if strings.Contains(got, part) {
					t.Errorf("a value with %q: redact(%q) = %q", c, line, got)
					break
				}
			}
		}
	}
}

// TestRedactCutsEverywhere moves a token in a path over the place where the
// kept text ends.
func TestRedactCutsEverywhere(t *testing.T) {
	for at := rejectText - 60; at < rejectText+10; at++ {
		line := strings.Repeat("/", at) + planted + "/1900000000/index.m3u8"
		if got := Line([]byte(line)); strings.Contains(got, planted[:Shown+1]) {
			t.Errorf("a token at byte %d: %q is left of it", at, strings.TrimLeft(got, "/"))
			return
		}
	}
	if got := Line([]byte(strings.Repeat("ab ", 1000))); len(got) > rejectText+len(Mark) {
		t.Errorf("%d bytes kept of a long line, want at most %d", len(got), rejectText)
	}
}

// TestRedactDoesNotTellValues: lines that differ in a value alone look the
// same afterwards.
func TestRedactDoesNotTellValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const letters = `abcXYZ0189-._~!$()*+:@/?%`
	word := func(n int) string {
		b := make([]byte, 1+rng.IntN(n))
		for i := range b {
			b[i] = letters[rng.IntN(len(letters))]
		}
		return string(b)
	}
	for range 20_000 {
		shape := word(30) + "?" + "k=%s&" + word(5) + "=%s " + word(20)
		shape = strings.ReplaceAll(strings.ReplaceAll(shape, "%s", "\x00"), "%", "_")
		a := Line([]byte(strings.ReplaceAll(shape, "\x00", word(40))))
		b := Line([]byte(strings.ReplaceAll(shape, "\x00", word(40))))
		if a != b {
			t.Fatalf("%q or %q tells a value of %q", a, b, shape)
		}
	}
}

func TestCleanPath(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"a plain path", "/a/b/c.ts", "/a/b/c.ts"},
		{"empty", "", ""},
		{"a video token", "/videos/1_a/" + planted + "/1900000000/", "/videos/1_a/Zq7-Xw…/1900000000/"},
		{"a directory of 22 characters", "/title-abcdefghijklmnop/x/", "/title-abcdefghijklmnop/x/"},
		{"a token behind a lost question mark", "/a.ts&md5=" + planted + "&expires=1900000000", "/a.ts&md5=Zq7-Xw…&expires=1900000000"},
		{"an address in an address", "/r/https%253A%252F%252Fcdn%252Fa.ts%253Fmd5%253D" + planted, "/r/https%253A%252F%252Fcdn%252Fa.ts%253Fmd5%253DZq7-Xw…"},
		{"an encoded question mark", "/a.ts%3Fmd5%3D" + planted + "%26expires%3D1", "/a.ts%3Fmd5%3DZq7-Xw…%26expires%3D1"},
		{"a capital name", "/a.ts&MD5=" + planted, "/a.ts&MD5=Zq7-Xw…"},
		{"a token parameter", "/a;token=" + planted, "/a;token=Zq7-Xw…"},
		{"an encoded query", "/v.mp4%3Fk=SECp1%26session=SECp2", "/v.mp4%3Fk=…%26session=…"},
		{"an encoded query without a value", "/v.mp4%3fSECp3", "/v.mp4%3f…"},
		{"an encoded query with slashes", "/v.mp4%3Fr=http://x/SECp4/SECp5", "/v.mp4%3Fr=…"},
		{"a lost question mark and more", "/a.ts&md5=" + planted + "&session=SEC/p6", "/a.ts&md5=Zq7-Xw…&session=…"},
		{"a session behind a semicolon", "/a;jsessionid=SECp7/b.ts;sid=SECp8", "/a;jsessionid=…/b.ts;sid=…"},
		{"an encoded semicolon", "/a%3Bjsessionid%3DSECp9/b", "/a%3Bjsessionid%3D…/b"},
		{"behind a token", "/a;md5=" + planted + ".SECp", "/a;md5=Zq7-Xw……"},
		{"an ampersand of a name", "/rock&roll/a;b/c%2Fd.ts", "/rock&roll/a;b/c%2Fd.ts"},
		{"two tokens", "/a;token=" + planted + ";md5=" + planted2, "/a;token=Zq7-Xw…;md5=aB3_dE…"},
		{"a short token", "/a;md5=abc", "/a;md5=abc"},
		{"a letter whose lower case is longer", "/Ⱥ;md5=" + planted, "/Ⱥ;md5=Zq7-Xw…"},
		{"a list", "/a.ts&md5[]=" + planted + "&expires=1", "/a.ts&md5[]=Zq7-Xw…&expires=1"},
		{"an encoded list", "/a.ts%26MD5%5B0%5d%3D" + planted + "%26x[]=SECp1&y%5B%5D=SECp2", "/a.ts%26MD5%5B0%5d%3DZq7-Xw…%26x[]=…&y%5B%5D=…"},
		{"another name", "/a/st=" + planted + "/b", "/a/st=Zq7-Xw…/b"},
		{"a name of words", "/a/v=Slackbot-LinkExpanding/b", "/a/v=Slackbot-LinkExpanding/b"},
		{"an encoded video token", "/videos/1_a/" + escaped(planted) + "/%3119/", "/videos/1_a/%5A%71%37%2D%58%77…/%3119/"},
		{"a padded video token", "/videos/1_a/" + planted + "==//1900000000/", "/videos/1_a/Zq7-Xw…//1900000000/"},
		{"an encoded query, encoded again", "/v.mp4%253Fk%253DSECp1%2526session%253DSECp2", "/v.mp4%253Fk%253D…%2526session%253D…"},
		{"a token of CDN77", "/" + planted + ",1900000000/a.ts", "/Zq7-Xw…,1900000000/a.ts"},
		{"a padded token of CDN77", "/" + planted + "==,1900000000/a.ts", "/Zq7-Xw…,1900000000/a.ts"},
		{"a digest behind its expiry", "/v/1900000000/9f3a0b7c5d1e2f4a6b8c0d9e7f1a3b5c/a.ts", "/v/1900000000/9f3a0b…/a.ts"},
		{"a digest before its expiry", "/9f3a0b7c5d1e2f4a6b8c0d9e7f1a3b5c/1900000000/a.ts", "/9f3a0b…/1900000000/a.ts"},
		{"behind the word", "/token/" + planted + "/a.ts", "/token/Zq7-Xw…/a.ts"},
		{"a title's digest", "/9f3a0b7c5d1e2f4a6b8c0d9e7f1a3b5c/seg/1.ts", "/9f3a0b7c5d1e2f4a6b8c0d9e7f1a3b5c/seg/1.ts"},
		{"a title's UUID", "/0b7c5d1e-2f4a-6b8c-0d9e-7f1a3b5c9f3a/1900000000/1.ts", "/0b7c5d1e-2f4a-6b8c-0d9e-7f1a3b5c9f3a/1900000000/1.ts"},
		{"base64 with a slash", "/live/z80ghJXVZe9m59/5+Ydk2g==/1764400000/a.ts", "/live/z80ghJ…/1764400000/a.ts"},
		{"base64 with a slash behind its expiry", "/live/1764400017/cO/fLsmwhgeXlcRCY2tV+w==/a.ts", "/live/1764400017/cO/fLs…/a.ts"},
		{"base64 with an encoded slash", "/token/m4YZJRoZBXz%2FcHeSc%2Blapg%3D%3D/a.ts", "/token/m4YZJR…/a.ts"},
		{"a token and its expiry within what could be a digest", "0/" + planted + "/1900000000/0000000=", "0/Zq7-Xw…/1900000000/0000000="},
		{"a title in base64", "/v/m4YZJRoZBXz/cHeSc+lapg==/a.ts", "/v/m4YZJRoZBXz/cHeSc+lapg==/a.ts"},
		{"folders of 22 characters", "/2026/11/23/h264/720p/ab=/1764400000/a.ts", "/2026/11/23/h264/720p/ab=/1764400000/a.ts"},
		{"a digest and its expiry in one", "/v/" + planted + "-1900000000/a.ts", "/v/Zq7-Xw…/a.ts"},
		{"an expiry and its digest in one", "/v/1900000000." + planted + "/a.ts", "/v/190000…/a.ts"},
		{"a title and its time", "/v/late-night-show-about-cars-1900000000/a.ts", "/v/late-night-show-about-cars-1900000000/a.ts"},
		{"behind the word and a colon", "/v/token:" + planted + "/a.ts", "/v/token:…/a.ts"},
		{"a JWT", "/token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U/a.ts", "/token=eyJhbG…/a.ts"},
		{"CloudFront's tilde", "/Signature=Ab3d~Ef9hIj-Kl~Mn/a.ts", "/Signature=Ab3d~E…/a.ts"},
		{"Akamai's tildes", "/hdnts=exp=1900000000~acl=/*~hmac=9f3a0b7c5d1e2f4a6b8c0d9e7f1a3b5c/a.ts", "/hdnts=exp=1900000000~acl=/*~hmac=9f3a0b…/a.ts"},
		{"two video tokens", "/1_a/" + planted + "/1/" + planted2 + "/2", "/1_a/Zq7-Xw…/1/aB3_dE…/2"},
		{"bytes that are no text", "/\xff", `/\xFF`},
		{"a number that is no expiry", "/a;uid=12345/b;expires=1900000000/c", "/a;uid=…/b;expires=1900000000/c"},
		{"an expiry that is no number", "/a;expires=SECp1/b", "/a;expires=…/b"},
		{"16 characters and an expiry", "/abcdefghijklmnop,1900000000/a.ts", "/abcdef…,1900000000/a.ts"},
		{"15 characters and an expiry", "/abcdefghijklmno,1900000000/a.ts", "/abcdefghijklmno,1900000000/a.ts"},
		{"a title with a comma", "/abcdefghijklmnop,the-second/a.ts", "/abcdefghijklmnop,the-second/a.ts"},
		{"an expiry, a comma and a digest", "/v/1900000000," + planted + "/a.ts", "/v/190000…/a.ts"},
		// printf 'ipdrift 3' | openssl dgst -sha256 -binary | base64
		{"a SHA-256 in base64", "/1900000000/TIXGOyv1z8c14iMtWWEkTDYq0eAK47/0GJCjriuBWXg=/a.ts", "/1900000000/TIXGOy…/a.ts"},
		{"36 characters that are no UUID", "/v/1900000000/9f3a0b7c-d1e2f4a6b8c0d9e7f1a3b5c9f3a/a.ts", "/v/1900000000/9f3a0b…/a.ts"},
		{"a tilde at the end", "/Signature=Ab3dEf9hIjKlMnOpQrSt~", "/Signature=Ab3dEf…"},
		{"a list that was not begun", "/a&x]=SECp1&md5]=" + planted, "/a&x]=…&md5]=…"},
	} {
		if got := WithoutTokens(c.path); got != c.want {
			t.Errorf("%s: WithoutTokens(%q) = %q, want %q", c.name, c.path, got, c.want)
		}
	}
}

// Escaped writes every byte of a text as a percent-escape.
func escaped(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&out, "%%%02X", c)
	}
	return out.String()
}

// TestLongRun compares with what looks at every byte.
func TestLongRun(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		text := make([]byte, random.IntN(120))
		for i := range text {
			text[i] = "aZ0-_+"[random.IntN(6)]
			if random.IntN(15) == 0 {
				text[i] = ' '
			}
		}
		start, end := 0, 0
		for start = 0; start < len(text); start = end + 1 {
			for end = start; end < len(text) && TokenByte(text[end]); end++ {
			}
			if end-start >= tokenRun {
				break
			}
		}
		if start >= len(text) {
			start, end = len(text), len(text)
		}
		if from, to := longRun(string(text), 0); from != start || to != end {
			t.Fatalf("%q: %d to %d, want %d to %d", text, from, to, start, end)
		}
	}
}

// TestLooksHashed has digests in the letters that schemes write them in.
func TestLooksHashed(t *testing.T) {
	missed := 0
	for i := range 20_000 {
		sum := md5.Sum(fmt.Append(nil, i))
		if text := base64.RawURLEncoding.EncodeToString(sum[:]); !looksHashed(text) {
			missed++
		}
		if text := hex.EncodeToString(sum[:]); !looksHashed(text) {
			missed++
		}
	}
	if missed > 40 {
		t.Errorf("%d of 40,000 digests are taken for words, want less than one in a thousand", missed)
	}
}

// TestTurns counts by hand: 20 characters and four turns between capitals, small letters and digits make a digest, but
// for the one behind a capital that begins a word.
func TestTurns(t *testing.T) {
	for run, want := range map[string]bool{
		"aaaa0aaaa0aaaaaaaaaa": true,  // four turns
		"aaaa0aaaa0aaaaaaaaa":  false, // in 19 characters
		"aaaa0aaaa00000000000": false, // three
		"Aaaa1aaa1aaaaaaaaaaa": true,  // four, and a word's beginning
		"Aaaa1aaa111111111111": false, // three, and a word's beginning
		"1-Aaa1aaa11111111111": false, // and behind a dash begins another
		"aaaAaaa1aaaaaaaaaaaa": true,  // a capital within a word is two
		"9A9A9AAAAAAAAAAAAAAA": true,  // the first and the last of each kind
		"0Z0Z0ZZZZZZZZZZZZZZZ": true,
		"0a0a0aaaaaaaaaaaaaaa": true,
		"9z9z9zzzzzzzzzzzzzzz": true,
		"-_-_-_-_-_-_-_-_-_-_": false,
	} {
		if got := looksHashed(run); got != want {
			t.Errorf("%s looks like a digest: %t, want %t", run, got, want)
		}
	}
}

// TestWithoutToken has the places counted by hand.
func TestWithoutToken(t *testing.T) {
	for _, c := range []struct {
		target, path string
		at           [2]int
		want         string
	}{
		{"/a/b.ts", "/a/b.ts", [2]int{}, "/a/b.ts"},
		{"/a/b.ts?md5=abcdefghijkl", "/a/b.ts", [2]int{12, 24}, "/a/b.ts"}, // goes with the query
		{"/v/abcdefghijkl/b.ts?x", "/v/abcdefghijkl/b.ts", [2]int{3, 15}, "/v/abcdef…/b.ts"},
		{"/v/abc/b.ts", "/v/abc/b.ts", [2]int{3, 6}, "/v/abc…/b.ts"},
		{"/v/abcdefghijkl", "/v/abcdefghijkl", [2]int{3, 15}, "/v/abcdef…"}, // up to the end of the path
		{"https://h/v/abcdefghijkl/b", "/v/abcdefghijkl/b", [2]int{12, 24}, "/v/abcdef…/b"},
	} {
		if got := string(WithoutToken([]byte(c.target), &token.Link{RawPath: []byte(c.path), TokenAt: c.at})); got != c.want {
			t.Errorf("of %s remains %s, want %s", c.target, got, c.want)
		}
	}
}

// TestSplit: slashes behind a question mark that was encoded or forgotten are no folders.
func TestSplit(t *testing.T) {
	for path, want := range map[string][2]string{
		"":                      {"", ""},
		"/":                     {"/", ""},
		"/a/b.ts":               {"/a/", "b.ts"},
		"/a/b.ts%3Fr=x/y":       {"/a/", "b.ts%3Fr=x/y"},
		"/a/b.ts&r=x/y":         {"/a/", "b.ts&r=x/y"},
		"/rock&roll/a%2Fb/c.ts": {"/rock&roll/a%2Fb/", "c.ts"},
	} {
		if dir, file := Split([]byte(path)); string(dir) != want[0] || string(file) != want[1] {
			t.Errorf("%s parts into %q and %q, want %q", path, dir, file, want)
		}
	}
}

// TestCutReferer goes by RFC 3986, 3: what is left is scheme, host, port and path.
func TestCutReferer(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"-":                                  "-",
		"https://site.example":               "https://site.example",
		"https://site.example/a?b#c":         "https://site.example/a",
		"https://site.example/a#b?c":         "https://site.example/a",
		"https://user:SEC@site.example":      "https://site.example",
		"https://user:SEC@site.example/a":    "https://site.example/a",
		"https://user:S@EC@site.example:8/":  "https://site.example:8/",
		"https://site.example/@a":            "https://site.example/@a",
		"https://@site.example/":             "https://site.example/",
		"https://user:SEC@site.example?x#/y": "https://site.example",
		"site.example/a?b":                   "site.example/a",
	} {
		if got := string(CutReferer([]byte(in))); got != want {
			t.Errorf("of %q remains %q, want %q", in, got, want)
		}
	}
}

// TestCutOwn: the token of a line goes wherever its text stands, however it is written.
func TestCutOwn(t *testing.T) {
	own := "abcdefghabcdefgh"
	for in, want := range map[string]string{
		"":                             "",
		"P " + own[1:]:                 "P " + own[1:],
		"P " + own + " and " + own:     "P abcdef… and abcdef…",
		own + "ijk":                    "abcdef…ijk",
		"P/" + escaped(own) + "%20":    "P/%61%62%63%64%65%66…%20",
		"a%2520b%25" + own:             "a%2520b%25abcdef…",
		"%61bcdefghabcdef%67%2568":     "%61bcdef…",
		"%" + own + "%4" + own[:15]:    "%abcdef…%4" + own[:15],
		strings.Repeat("abcdefgh", 40): strings.Repeat("abcdef…", 20),
	} {
		if got := string(CutOwn([]byte(in), []byte(own))); got != want {
			t.Errorf("cutOwn(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"": "", "short": "", own[1:]: "", own + "==": own, escaped(own): own, own + "%3D": own} {
		if got := string(OwnToken([]byte(in))); got != want {
			t.Errorf("ownToken(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCutQuery(t *testing.T) {
	for in, want := range map[string]string{"": "", "?": "", "/a": "/a", "/a?": "/a", "/a?b?c": "/a", "https://x/?a=1": "https://x/"} {
		if got := string(CutQuery([]byte(in))); got != want {
			t.Errorf("cutQuery(%q) = %q, want %q", in, got, want)
		}
	}
}

func seedLines(f *testing.F) []string {
	var log strings.Builder
	for _, o := range []synth.Options{{Seed: 9, Lines: 20, Refused: 0.2}, {Seed: 9, Lines: 5, Format: "gcore"}} {
		if _, err := synth.Write(&log, o); err != nil {
			f.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 25 {
		f.Fatalf("%d seeds, want 25", len(lines))
	}
	return lines
}

func FuzzRedact(f *testing.F) {
	for _, line := range seedLines(f) {
		f.Add(line, "v")
	}
	f.Add("", "\xff")
	f.Fuzz(func(t *testing.T, before, value string) {
		if strings.ContainsAny(value, "& \"\t\r\n") || len(before)+len(value) > rejectText/2 {
			return
		}
		got, want := Line([]byte(before+"&k="+value+"&n")), Line([]byte(before+"&k=v&n"))
		if got != want || !utf8.ValidString(got) {
			t.Errorf("redact tells the value %q behind %q: %q, want %q", value, before, got, want)
		}
	})
}

func FuzzCleanPath(f *testing.F) {
	f.Add("/videos/1_a/", "/1900000000/x.m3u8")
	f.Add("/a.ts&md5=", "&expires=1")
	f.Add("/Ⱥ;token=", "")
	f.Add("0", "0000000=")
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, path := range []string{before + "/" + planted + "/1900000000/" + after, before + "/a&md5=" + planted + "&" + after} {
			got := WithoutTokens(path)
			if strings.Contains(got, planted) && !strings.Contains(before+"|"+after, planted) || !utf8.ValidString(got) {
				t.Errorf("WithoutTokens(%q) = %q", path, got)
			}
		}
	})
}

func TestValidText(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "naïve ☃ \x00": "naïve ☃ \x00", "\uFFFD": "\uFFFD",
		"\xff": `\xFF`, "a\xc3": `a\xC3`, "\xed\xa0\x80": `\xED\xA0\x80`, "\xc0\xaf": `\xC0\xAF`, "\xf4\x90\x80\x80": `\xF4\x90\x80\x80`,
	} {
		if got := ValidText(in); got != want {
			t.Errorf("validText(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzValidText(f *testing.F) {
	for _, s := range []string{"", "a", "\xff", "ä\xc3", "\xed\xa0\x80", "\uFFFD\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := ValidText(s)
		if !utf8.ValidString(got) || utf8.ValidString(s) && got != s || len(got) > 4*len(s) {
			t.Errorf("validText(%q) = %q", s, got)
		}
	})
}

// TestShownName: a download is named for its link, with the query that signed it.
func TestShownName(t *testing.T) {
	for name, want := range map[string]string{
		"logs/2026-11-20/access.log.gz":                           "logs/2026-11-20/access.log.gz",
		"logs/host=cdn/day=20/access.log":                         "logs/host=cdn/day=20/access.log",
		"logs/a.log.gz?X-Amz-Date=1&X-Amz-Signature=" + planted:   "logs/a.log.gz?…",
		"a?md5=" + planted + "/b.log":                             "a?…/b.log",
		"a.log%253Fmd5%253D" + planted:                            "a.log?…",
		"a_md5=" + planted + ".log":                               "a_md5=Zq7-Xw….log",
		"what?.log":                                               "what?.log",
		"E2EXAMPLE.2026-11-20-14.9f3a0b7c5d1e2f4a6b8c0d9e7f1a.gz": "E2EXAMPLE.2026-11-20-14.9f3a0b7c5d1e2f4a6b8c0d9e7f1a.gz",
	} {
		if got := Name(name); got != want {
			t.Errorf("ShownName(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestAgentWithoutQueries has user agents that hold addresses.
func TestAgentWithoutQueries(t *testing.T) {
	for agent, want := range map[string]string{
		"Bot/1.0 (+https://bot.example/about?id=alice&x=1) Gecko": "Bot/1.0 (+https://bot.example/about?…) Gecko",
		"Bot https://a.example/?u=1 http://b.example/c?v=2":       "Bot https://a.example/?… http://b.example/c?…",
		"Bot https%3A%2F%2Fa.example%2F%3Fu%3Dalice%20x":          "Bot https%3A%2F%2Fa.example%2F%3F…%20x",
		"Bot bot.example/?u=1&v=2 //b.example/c?w=3":              "Bot bot.example/?… //b.example/c?…",
		"Bot (+http://bot.example/what?)":                         "Bot (+http://bot.example/what?)",
		"What? Nothing://":                                        "What? Nothing://",
	} {
		if got, _ := Agent([]byte(agent)); got != want {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}
