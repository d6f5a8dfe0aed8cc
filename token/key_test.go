package token

import (
	"encoding/json"
	"fmt"
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
