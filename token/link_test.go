package token

import (
	"bytes"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestTokenAt(t *testing.T) {
	for target, want := range map[string]string{
		"/a?md5=abc&expires=1":         "abc",
		"http://h/a?x&MD5=abc":         "abc",
		"/a?expires=1&md5=":            "",
		"/a?expires=1":                 "",
		"/a?md5=abc#md5=def":           "abc",
		"/%zz?md5=abc&md5=def":         "abc",
		"no path?expires=1&md5=a/b?c=": "a/b?c=",
	} {
		var l Link
		NewParser(scheme(t, "gcore")).Parse([]byte(target), &l)
		if got := target[l.TokenAt[0]:l.TokenAt[1]]; got != want || string(l.Token) != want {
			t.Errorf("%s: got %q and %q", target, got, l.Token)
		}
	}
}

// slowURI is nginx's state machine (ngx_http_parse_complex_uri) written down character by character,
// where appendURI decodes first and resolves afterwards.
func slowURI(raw string) (string, bool) {
	var out []byte
	state := "usual" // usual, slash, dot, dots
	back := func() bool {
		if len(out) < 4 {
			return false
		}
		i := bytes.LastIndexByte(out[:len(out)-3], '/')
		if i < 0 {
			return false
		}
		out = out[:i+1]
		return true
	}
	for i := 0; i < len(raw); i++ {
		c, literal := raw[i], false
		if c == '%' {
			text, err := url.PathUnescape(raw[i:min(i+3, len(raw))])
			if err != nil || len(text) != 1 || text == "\x00" {
				return "", false
			}
			c, i = text[0], i+2
			literal = c == '%' || c == '#' || c == '?'
		}
		switch {
		case literal || c != '/' && c != '.':
			out, state = append(out, c), "usual"
		case c == '.' && state == "slash":
			out, state = append(out, c), "dot"
		case c == '.' && state == "dot":
			out, state = append(out, c), "dots"
		case c == '.':
			out, state = append(out, c), "usual"
		case state == "usual":
			out, state = append(out, c), "slash"
		case state == "dot":
			out, state = out[:len(out)-1], "slash"
		case state == "dots":
			if !back() {
				return "", false
			}
			state = "slash"
		}
	}
	switch state {
	case "dot":
		out = out[:len(out)-1]
	case "dots":
		if !back() {
			return "", false
		}
	}
	return string(out), true
}

func FuzzPathAgainstStateMachine(f *testing.F) {
	for _, seed := range []string{"/", "/a//b/./../c", "/%2e%2e/a", "/a/..", "/a/.%2e%2f", "/%25%3f%23", "/...", "/..a/.b", "/%", "/%00", "/a%zz", "/./..//", "/é%FF"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if raw == "" || raw[0] != '/' || strings.ContainsAny(raw, "?#\x00") {
			t.Skip()
		}
		got, ok := appendURI([]byte("kept"), []byte(raw))
		want, wantOK := slowURI(raw)
		if ok != wantOK || ok && string(got) != "kept"+want {
			t.Errorf("%q: got %q %v, want %q %v", raw, got, ok, want, wantOK)
		}
		if isPlain([]byte(raw)) && (!ok || want != raw) {
			t.Errorf("%q is taken for plain, its path is %q", raw, want)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "/", "/a?md5=14nsJ0zrjGipdIbehZ1tRw&expires=2147483647", "https://h/a?MD5=x#y", "/a?md5=,&expires=0", "*", "h:1",
		"/videos/7_a/14nsJ0zrjGipdIbehZ1tRw/1861919999/x", "/videos/7_a/%31/1/1", "/videos//7_a/../", "/b.mp4/download?md5=x&expires=1&speed=1&buffer=2", "\x00\xff?&=#"} {
		f.Add([]byte(seed))
	}
	for _, r := range linkRows(f) {
		f.Add([]byte(r.target))
	}
	var parsers []*Parser
	var verifiers []*Verifier
	for _, s := range signedForms(f) {
		parsers, verifiers = append(parsers, NewParser(s)), append(verifiers, NewVerifier(s))
	}
	keys := []Key{mustKey(f, testKey)}
	f.Fuzz(func(t *testing.T, target []byte) {
		before := bytes.Clone(target)
		for i, p := range parsers {
			var l, again Link
			p.Parse(target, &l)
			checkLink(t, target, &l)
			p.Parse(target, &again)
			if again.Shape != l.Shape || again.TokenAt != l.TokenAt || again.Sum != l.Sum || !bytes.Equal(again.Path, l.Path) {
				t.Errorf("%q: read differently the second time", target)
			}
			got := verifiers[i].Verify(Request{Target: target, Client: netip.IPv6Loopback()}, Policy{Bound: true, Prefix6: 64}, keys)
			if got.Verdict == Unchecked || (got.Verdict == Malformed) != (got.Detail == l.Detail && l.Shape == BadShape) {
				t.Errorf("%q: got %v %q", target, got.Verdict, got.Detail)
			}
		}
		if !bytes.Equal(before, target) {
			t.Errorf("%q was changed", before)
		}
	})
}

func checkLink(t *testing.T, target []byte, l *Link) {
	t.Helper()
	if at := l.TokenAt; at[0] < 0 || at[0] > at[1] || at[1] > len(target) {
		t.Fatalf("%q: token at %v", target, at)
	}
	cut := string(target[:l.TokenAt[0]]) + "\n" + string(target[l.TokenAt[1]:])
	if l.asset != nil && len(l.Token) > 0 && strings.Contains(strings.SplitN(cut, "?", 2)[0], string(l.Token)) && !strings.Contains(string(l.asset), string(l.Token)) {
		t.Errorf("%q: cut leaves the token in %q", target, cut)
	}
	if l.PathOK != (l.Path != nil) || l.PathOK && l.Path[0] != '/' {
		t.Errorf("%q: path %q, ok %v", target, l.Path, l.PathOK)
	}
	if (l.Shape == Signed) != (l.Deadline > 0) || (l.Shape == BadShape) != (l.Detail != "") {
		t.Errorf("%q: shape %d, deadline %d, detail %q", target, l.Shape, l.Deadline, l.Detail)
	}
}
