package token

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	for _, c := range []struct {
		file, key, warns, fails string
	}{
		{"abcdef", "abcdef", "", ""},
		{"abcdef\n", "abcdef", "", ""},
		{"abcdef\r\n", "abcdef", "", ""},
		{"ключик\n", "ключик", "", ""},
		{strings.Repeat("k", 32), strings.Repeat("k", 32), "", ""},
		{strings.Repeat("k", 33), strings.Repeat("k", 33), "33 characters", ""},
		{strings.Repeat("k", 255) + "\n", strings.Repeat("k", 255), "255 characters", ""},
		{strings.Repeat("k", 256), "", "", "256 bytes"},
		{"abcde", "abcde", "5 characters", ""},
		{"k", "k", "1 characters", ""},
		{"pass word", "pass word", "", ""},
		{"\"abcdef\"\n", "\"abcdef\"", "quotes, which count", ""},
		{"'abcdef'", "'abcdef'", "quotes", ""},
		{"secret_key=abcdef", "secret_key=abcdef", "a name stands before the key", ""},
		{"Key: abcdef\r\n", "Key: abcdef", "a name", ""},
		{"c2VjcmV0a2V5==", "c2VjcmV0a2V5==", "", ""},
		{"mykeyabc==", "mykeyabc==", "", ""},
		{" abcdef", "", "", "line 1 of the key file begins or ends with a blank"},
		{"abcdef\t\n", "", "", "blank"},
		{"abcdef \r\n", "", "", "take it out"},
		{"\nabcdef", "", "", "line 2"},
		{"abcdef\n\nghi\n", "", "", "line 3"},
		{"", "", "", "empty"},
		{"\n", "", "", "empty"},
		{"\r\n", "", "", "empty"},
		{"abcdef\n\n", "", "", "more than one line"},
		{"abcdef\nghi", "", "", "more than one line"},
		{"abcdef\rghi", "", "", "more than one line"},
		{"abcdef\r", "", "", "more than one line"},
		{"\xef\xbb\xbfabcdef\n", "", "", "byte order mark"},
		{"\xff\xfea\x00b\x00", "", "", "UTF-16"},
		{"a\x00b\x00", "", "", "UTF-16"},
	} {
		key, warning, err := ParseKey([]byte(c.file))
		switch {
		case c.fails != "":
			if err == nil || !strings.Contains(err.Error(), c.fails) || !key.IsZero() || strings.Contains(err.Error(), "abc") {
				t.Errorf("%q: got error %v", c.file, err)
			}
		case err != nil:
			t.Errorf("%q: %v", c.file, err)
		case string(key.append(nil)) != c.key:
			t.Errorf("%q: another key was read", c.file)
		case (warning == "") != (c.warns == "") || !strings.Contains(warning, c.warns):
			t.Errorf("%q: got warning %q, want %q", c.file, warning, c.warns)
		}
	}
}

// Whatever a key file holds that is not the scheme's key, the error says what that is and the way out.
func TestParseKeyOfAllSchemes(t *testing.T) {
	good := map[string]string{"akamai": "52a152a152a1", "fastly": "c2VjcmV0X2tleQ==", "cloudfront": testPrivateKey(t)}
	ec := "-----BEGIN PUBLIC KEY-----\n" + // openssl ecparam -name prime256v1 -genkey -noout | openssl pkey -pubout
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ+jzTYtg6+hNn5lFDoy1vyyUaTtV\nObeB8+8MAKVeGogUHNQviFlzCHmEyTiLE8/olDoPRn9eijMYfMB1jiJSmQ==\n-----END PUBLIC KEY-----\n"
	rsa := good["cloudfront"]
	all := []struct{ file, cause, out string }{
		{"", "empty", "save"},
		{"\n", "empty", "save"},
		{"\xff\xfea\x00b\x00", "UTF-16", "save it as UTF-8"},
		{"\xfe\xff\x00a\x00b", "UTF-16", "save it as UTF-8"},
	}
	text := append(all, []struct{ file, cause, out string }{
		{"\xef\xbb\xbf{}\n", "byte order mark", "save it as UTF-8 without one"},
		{"{}\nsecond_line\n", "more than one line", "keep the key alone"},
		{"{}\n\n", "more than one line", "keep the key alone"},
		{"{} \n", "blank", "take it out"},
		{"{}\t", "blank", "take it out"},
		{" {}", "blank", "take it out"},
		{"{}\x00", "binary", "save it as UTF-8"},
		{strings.Repeat("a", 256), "256 bytes", "keep the key alone"},
		{rsa, "PEM", "save that alone"},
	}...)
	pems := append(all, []struct{ file, cause, out string }{
		{"secret_key\n", "no RSA key in PEM", "begins with"},
		{"0\x82\x01", "DER", "openssl pkey"},
		{rsa[:len(rsa)-40], "cut off", "copy all of it"},
		{strings.ReplaceAll(rsa, "PRIVATE", "PUBLIC")[:60] + "\n", "cut off", "copy all of it"},
		{"ssh-rsa AAAAB3NzaC1yc2E secret@host", "OpenSSH", "ssh-keygen -e"},
		{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate", "openssl x509"},
		{"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "OpenSSH", "ssh-keygen -p"},
		{"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", "encrypted", "openssl pkey"},
		{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "encrypted", "openssl pkey"},
		{ec, "no RSA key", "give the RSA key"},
	}...)
	extra := map[string][]struct{ file, cause, out string }{
		"akamai": {{"secret_key\n", "10 characters", "copy it"}, {"52a", "3 characters", "copy it"}, {"0x52a1", "hexadecimal", "copy it"}},
		"fastly": {{"secret_key\n", "not base64", "the file holds"}, {"c2VjcmV0X2tleQ", "not base64", "the file holds"}},
	}
	for _, s := range Schemes() {
		key, cases := good[s.Name], append(text, extra[s.Name]...)
		if key == "" {
			key = testKey
		}
		if s.Name == "cloudfront" {
			cases = pems
		}
		for _, end := range []string{"", "\n", "\r\n"} {
			if got, warning, err := s.ParseKey([]byte(strings.TrimSpace(key) + end)); err != nil || warning != "" || got.IsZero() {
				t.Errorf("%s, %q behind the key: %q, %v", s.Name, end, warning, err)
			}
		}
		for _, c := range cases {
			file := strings.ReplaceAll(c.file, "{}", key)
			got, _, err := s.ParseKey([]byte(file))
			switch {
			case err == nil || !got.IsZero():
				t.Errorf("%s: took %q", s.Name, c.file)
			case !strings.Contains(err.Error(), c.cause) || !strings.Contains(err.Error(), c.out):
				t.Errorf("%s: %q: %v", s.Name, c.file, err)
			case strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "secret"+"_key") || strings.HasSuffix(err.Error(), "."):
				t.Errorf("%s: %q: the error shows the key or ends in a full stop", s.Name, c.file)
			}
		}
	}
	withMark := "\xef\xbb\xbf" + rsa
	if _, _, err := scheme(t, "cloudfront").ParseKey([]byte(withMark)); err != nil {
		t.Errorf("PEM behind a byte order mark: %v", err)
	}
}

func TestKeyNeverPrints(t *testing.T) {
	const secret = "hunter2hunter2"
	type outer struct {
		Shown  Key
		hidden Key
		list   []Key
		byName map[string]*Key
	}
	key := mustKey(t, secret)
	ring := Keyring{}
	ring.Add("h", key)
	v := NewVerifier(scheme(t, "gcore"))
	v.Verify(Request{Target: []byte("/a?expires=1&md5=AAAAAAAAAAAAAAAAAAAAAA")}, Policy{}, []Key{key})
	values := []any{key, &key, []Key{key}, map[string]Key{"k": key}, outer{key, key, []Key{key}, map[string]*Key{"k": &key}}, &outer{hidden: key}, ring, &ring, SignParams{Key: key}}
	if got := fmt.Sprintf("%v %+v %x", v, v.trier, v.trier); got != "token.Verifier token.Trier token.Trier" {
		t.Errorf("scratch memory printed as %d bytes", len(got))
	}
	hexed := fmt.Sprintf("%x", secret)
	decimal := strings.Trim(fmt.Sprint([]byte(secret)), "[]")
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%b", "%o", "%U", "%c", "%p", "%e", "%w", "%z", "% x", "%10s", "%T"} {
			out := fmt.Sprintf(verb, v)
			if strings.Contains(out, secret) || strings.Contains(strings.ToLower(out), hexed) || strings.Contains(out, decimal) {
				t.Errorf("%s of %T shows the secret", verb, v)
			}
		}
		out, err := json.Marshal(v)
		if err != nil || strings.Contains(string(out), secret) {
			t.Errorf("JSON of %T: error %v or secret shown", v, err)
		}
	}
	if got := fmt.Sprintf("%s %v %+v %#v %x", key, key, &key, key, key); got != "<key> <key> <key> <key> <key>" {
		t.Errorf("printed as %s", got)
	}
	if text, err := json.Marshal(key); string(text) != `"\u003ckey\u003e"` && string(text) != `"<key>"` || err != nil {
		t.Errorf("JSON is %s, %v", text, err)
	}
	if text, err := key.MarshalText(); string(text) != "<key>" || err != nil || key.String() != "<key>" || key.GoString() != "<key>" {
		t.Errorf("text is %s, %v", text, err)
	}
}

func TestKeyEqual(t *testing.T) {
	a, same, b := mustKey(t, "abcdef"), mustKey(t, "abcdef"), mustKey(t, "abcdeg")
	if !a.Equal(same) || a.Equal(b) || a.Equal(Key{}) || (Key{}).Equal(a) || !(Key{}).Equal(Key{}) {
		t.Error("equality is wrong")
	}
}

func TestKeyring(t *testing.T) {
	a, b, c := mustKey(t, "key of a"), mustKey(t, "second of a"), mustKey(t, "for all")
	var r Keyring
	if r.For([]byte("a.example")) != nil || r.Len() != 0 {
		t.Error("the empty ring has keys")
	}
	r.Add("A.example:443", a)
	r.Add("a.example", b)
	r.Add("a.example.", b)
	r.Add("a.example", Key{})
	if r.For([]byte("b.example")) != nil {
		t.Error("a host without keys has some")
	}
	r.Add("", c)
	r.Add("[2001:db8::1]", b)
	for host, want := range map[string][]Key{
		"a.example": {a, b}, "A.Example": {a, b}, "a.example:8080": {a, b}, "a.example.": {a, b},
		"b.example": {c}, "": {c}, ":80": {c}, "[2001:db8::1]:80": {b}, "[2001:DB8::1]": {b}, "[2001:db8::2]": {c},
	} {
		got := r.For([]byte(host))
		if len(got) != len(want) {
			t.Errorf("%q: %d keys, want %d", host, len(got), len(want))
			continue
		}
		for i := range want {
			if !got[i].Equal(want[i]) {
				t.Errorf("%q: key %d is another", host, i)
			}
		}
	}
	if r.Len() != 4 {
		t.Errorf("%d keys, want 4", r.Len())
	}
}

func TestSpan(t *testing.T) {
	for _, c := range []struct {
		span        Span
		first, last int64
		want        bool
	}{
		{Span{}, 0, 0, true}, {Span{}, -5, 5, true}, {Span{}, 6, 5, false},
		{Span{From: 10}, 0, 9, false}, {Span{From: 10}, 0, 10, true}, {Span{From: 10}, 11, 11, true},
		{Span{Until: 20}, 19, 19, true}, {Span{Until: 20}, 20, 20, false}, {Span{Until: 20}, 0, 99, true},
		{Span{10, 20}, 0, 9, false}, {Span{10, 20}, 9, 10, true}, {Span{10, 20}, 0, 99, true}, {Span{10, 20}, 12, 13, true},
		{Span{10, 20}, 19, 25, true}, {Span{10, 20}, 20, 25, false}, {Span{10, 10}, 0, 99, false}, {Span{20, 10}, 0, 99, false},
		{Span{-20, -10}, -15, -15, true}, {Span{-20, -10}, 0, 0, false},
		{Span{math.MaxInt64, math.MinInt64}, math.MinInt64, math.MaxInt64, false},
	} {
		if got := c.span.Holds(c.first, c.last); got != c.want {
			t.Errorf("%+v holds some of [%d,%d]: %v", c.span, c.first, c.last, got)
		}
	}
}

// Spans stand beside the keys that For returns, whatever the order in which limited and unlimited keys come.
func TestKeyringSpans(t *testing.T) {
	a, b, c := mustKey(t, "key of a"), mustKey(t, "second of a"), mustKey(t, "for all")
	var r Keyring
	if r.Spans([]byte("a.example")) != nil {
		t.Error("the empty ring has spans")
	}
	r.Add("a.example", a)
	r.Add("", c)
	if r.Spans([]byte("a.example")) != nil || r.Spans([]byte("b.example")) != nil {
		t.Error("keys without limits have spans")
	}
	r.AddDuring("A.example:443", b, Span{10, 20})
	r.AddDuring("a.example", b, Span{30, 40}) // there already
	r.AddDuring("a.example", Key{}, Span{30, 40})
	r.AddDuring("b.example", a, Span{Until: 5})
	r.Add("b.example", a)
	r.AddDuring("b.example", b, Span{})
	for host, want := range map[string][]Span{
		"a.example": {{}, {10, 20}}, "A.EXAMPLE.": {{}, {10, 20}}, "b.example:80": {{Until: 5}, {}}, "c.example": nil, "": nil,
	} {
		got := r.Spans([]byte(host))
		if !slices.Equal(got, want) || got != nil && len(got) != len(r.For([]byte(host))) {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
	if r.Len() != 5 || len(r.For([]byte("a.example"))) != 2 {
		t.Errorf("%d keys", r.Len())
	}
}

func TestKeyringCut(t *testing.T) {
	var ring Keyring
	for host, secrets := range map[string][]string{"": {"s3cret", "s3cret-and-longer"}, "a.example": {"other key", "abcde"}, "b.example": {"s3cret"}} {
		for _, secret := range secrets {
			ring.Add(host, mustKey(t, secret))
		}
	}
	for text, want := range map[string]string{
		"": "", "nothing": "nothing", "s3cret": "#", "/s3cret/s3cret.ts": "/#/#.ts", "s3cret-and-longer": "#", "s3cret-and": "#-and",
		"an other key here": "an # here", "abcde stays": "abcde stays", "S3CRET": "S3CRET",
	} {
		if got := string(ring.Cut([]byte(text), "#")); got != want {
			t.Errorf("Cut(%q) = %q, want %q", text, got, want)
		}
	}
	var none *Keyring
	if got := none.Cut([]byte("s3cret"), "#"); string(got) != "s3cret" || ring.Cut(nil, "#") != nil {
		t.Errorf("no ring cuts %q, want nothing cut and nil kept", got)
	}
}

// TestDeriveIsHMAC: the digest is openssl's.
//
//	printf %s 'The quick brown fox jumps over the lazy dog' | openssl dgst -sha256 -hmac key
func TestDeriveIsHMAC(t *testing.T) {
	k, err := NewKey("key")
	if err != nil {
		t.Fatal(err)
	}
	const want = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
	if got, ok := k.Derive("The quick brown fox jumps over the lazy dog"); !ok || fmt.Sprintf("%x", got) != want {
		t.Errorf("%x, %t, want %s", got, ok, want)
	}
	pem, _ := NewKey("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n")
	for name, k := range map[string]Key{"no key": {}, "PEM": pem} {
		if got, ok := k.Derive("x"); ok || got != [32]byte{} {
			t.Errorf("%s: %x", name, got)
		}
	}
}

func TestKeyUnwrapped(t *testing.T) {
	for text, want := range map[string][]string{
		"secret":               nil,
		`"secret"`:             {"secret"},
		"'secret'":             {"secret"},
		"key=secret":           {"secret"},
		"secret_key: secret":   {"secret"},
		`KEY="secret";`:        {"secret", `KEY="secret"`},
		`"key": "secret",`:     {"secret", `key": "secret`},
		`"a=b"`:                {"a=b"},
		"c2VjcmV0MQ==":         {"="},
		"a:b":                  {"b"},
		`""`:                   nil,
		"=":                    nil,
		"password = 'a=b:c' ;": {"a=b:c", "password = 'a=b:c'"},
	} {
		k, _ := NewKey(text)
		var got []string
		for _, inner := range k.Unwrapped() {
			got = append(got, *inner.secret)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
