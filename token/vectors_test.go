package token

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
)

// rows reads a vector file: tab-separated fields, "-" for an empty one.
func rows(t testing.TB, name string) [][]string {
	t.Helper()
	text, err := os.ReadFile("../testdata/token/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i, f := range fields {
			if f == "-" {
				fields[i] = ""
			}
		}
		out = append(out, fields)
	}
	if len(out) < 5 {
		t.Fatalf("%s holds %d vectors", name, len(out))
	}
	return out
}

func mustKey(t testing.TB, secret string) Key {
	t.Helper()
	k, err := NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func scheme(t testing.TB, name string) *Scheme {
	t.Helper()
	s, err := SchemeNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// address reads "" as the zero Addr.
func address(t testing.TB, text string) netip.Addr {
	t.Helper()
	if text == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

type vector struct {
	id, expires, path, digest string
	client                    netip.Addr
	binding                   Binding
	key                       Key
}

func gcoreVectors(t testing.TB) []vector {
	t.Helper()
	var out []vector
	for _, f := range rows(t, "gcore.tsv") {
		v := vector{id: f[0], expires: f[1], path: f[2], digest: f[7], client: address(t, f[3]), key: mustKey(t, f[6])}
		switch {
		case f[3] == "":
			v.binding.Kind = BindNone
		case f[4] != "":
			bits, err := strconv.Atoi(f[4])
			form, ok := ParseForm(f[5])
			if err != nil || !ok {
				t.Fatalf("%s: bad prefix or form", f[0])
			}
			v.binding = Binding{BindMask, uint8(bits), form}
		}
		out = append(out, v)
	}
	if len(out) != 32 {
		t.Fatalf("%d vectors, want 32", len(out))
	}
	return out
}

func (v vector) link() string { return "/x?md5=" + v.digest + "&expires=" + v.expires }

func TestGcoreVectors(t *testing.T) {
	s := scheme(t, "gcore")
	parser, trier := NewParser(s), NewTrier(s)
	for _, v := range gcoreVectors(t) {
		var l Link
		parser.Parse([]byte(v.link()), &l)
		if l.Shape != Signed {
			t.Fatalf("%s: shape %d %s", v.id, l.Shape, l.Detail)
		}
		trier.Aim(&l, []byte(v.path), v.key)
		if !trier.Hit(v.client, v.binding) {
			t.Errorf("%s: not reproduced", v.id)
		}
		trier.Aim(&l, []byte(v.path), mustKey(t, "another_key"))
		if trier.Hit(v.client, v.binding) {
			t.Errorf("%s: reproduced with another key", v.id)
		}
		trier.Aim(&l, []byte(v.path+"x"), v.key)
		if trier.Hit(v.client, v.binding) {
			t.Errorf("%s: reproduced for another path", v.id)
		}
	}
}

// Every vector but the raw-encoded and unmerged ones is a link the edge accepts as it stands.
func TestGcoreVectorsVerify(t *testing.T) {
	verifier := NewVerifier(scheme(t, "gcore"))
	unread := map[string]Detail{"S01": DetailEncodedPath, "S02": DetailEncodedPath}
	escape := strings.NewReplacer(" ", "%20", "ф", "%D1%84", "о", "%d0%be")
	for _, v := range gcoreVectors(t) {
		target := escape.Replace(v.path) + "?expires=" + v.expires + "&md5=" + v.digest
		if v.id == "G10" || v.id == "G12" {
			unread[v.id] = DetailEncodedPath
		}
		p := Policy{Bound: v.binding.Kind != BindNone, Prefix4: v.binding.Prefix, Form: v.binding.Form}
		got := verifier.Verify(Request{Target: []byte(target), Client: v.client}, p, []Key{v.key})
		want := Result{Verdict: Valid, Match: got.Match}
		if d, ok := unread[v.id]; ok {
			want.Verdict, want.Detail = UnresolvedSignature, d
		}
		if want.Deadline, _ = strconv.ParseInt(v.expires, 10, 64); got != want || !got.Match.OK {
			t.Errorf("%s: got %v %q match %+v deadline %d", v.id, got.Verdict, got.Detail, got.Match, got.Deadline)
		}
	}
}

func TestSignGivesTheVectors(t *testing.T) {
	s := scheme(t, "gcore")
	for _, v := range gcoreVectors(t) {
		expires, err := strconv.ParseInt(v.expires, 10, 64)
		if err != nil || strings.HasPrefix(v.expires, "0") || strings.ContainsAny(v.path, "% ") || strings.Contains(v.path, "//") {
			continue // not what Sign would write
		}
		got, err := Sign(s, SignParams{Target: v.path, Expires: expires, Client: v.client,
			Prefix: int(v.binding.Prefix), Form: v.binding.Form, Key: v.key})
		if want := v.path + "?md5=" + v.digest + "&expires=" + v.expires; err != nil || got != want {
			t.Errorf("%s: got %q, %v", v.id, got, err)
		}
	}
}

func TestVideoVectors(t *testing.T) {
	s := scheme(t, "gcore-video")
	verifier := NewVerifier(s)
	for _, f := range rows(t, "gcore_video.tsv") {
		client, key := address(t, f[2]), mustKey(t, f[3])
		target := "/videos/" + f[0] + "/" + f[4] + "/" + f[1] + "/720/master.m3u8"
		r := Request{Target: []byte(target), Client: client, Time: 1861919999}
		got := verifier.Verify(r, Policy{Bound: client.IsValid()}, []Key{key})
		if got.Verdict != Valid || got.Match.Scope != ScopeWhole || got.Deadline != 1861919999 {
			t.Errorf("%s %v: got %v %q", f[0], client, got.Verdict, got.Detail)
		}
		if at := verifier.Link().TokenAt; target[at[0]:at[1]] != f[4] {
			t.Errorf("%s: token at %v", f[0], at)
		}
		signed, err := Sign(s, SignParams{Target: "https://h/videos/" + f[0] + "/720/master.m3u8?x=1", Expires: 1861919999, Client: client, Key: key})
		if want := "https://h" + target + "?x=1"; err != nil || signed != want {
			t.Errorf("signed %q, %v", signed, err)
		}
		again, err := Sign(s, SignParams{Target: signed, Expires: 1861919999, Client: client, Key: key})
		if err != nil || again != signed {
			t.Errorf("signed again %q, %v", again, err)
		}
	}
}

func TestMP4Vectors(t *testing.T) {
	s := scheme(t, "gcore-mp4")
	verifier := NewVerifier(s)
	for _, f := range rows(t, "gcore_mp4.tsv") {
		client, key := address(t, f[4]), mustKey(t, f[5])
		for _, download := range []string{"", "/download", "/download=a.mp4"} {
			p := SignParams{Target: f[0] + download, Expires: 1743167062, Client: client, Key: key, Speed: f[2], Buffer: f[3]}
			signed, err := Sign(s, p)
			if err != nil || !strings.HasPrefix(signed, f[0]+download+"?md5="+f[6]+"&expires="+f[1]) {
				t.Errorf("%s %s: signed %q, %v", f[6], download, signed, err)
			}
			got := verifier.Verify(Request{Target: []byte(signed), Client: client}, Policy{Bound: client.IsValid()}, []Key{key})
			if got.Verdict != Valid || got.Match.Scope != ScopeFile {
				t.Errorf("%s %s: got %v %q", f[6], download, got.Verdict, got.Detail)
			}
		}
	}
}

// Digest leniencies as nginx's own suite states them (nginx-tests, secure_link.t).
func TestDigestsOfNginxSuite(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{"q-5vpkjBkRXXtkUMXiJVHA==", true},
		{"q-5vpkjBkRXXtkUMXiJVHA", true},
		{"q-5vpkjBkRXXtkUMXiJVHAQQ", false},
		{"q-5vpkjBkRXXtkUMXiJVHA-TOOLONG", false},
		{"BADHASHLENGTH", false},
		{"q-5vpkjBkRXXtkUMXiJVHX==", true}, // decodes, to other bytes
		{"", false},
	} {
		sum, ok := decodeSum([]byte(c.text))
		if ok != c.ok {
			t.Errorf("%q: ok %v", c.text, ok)
		}
		if right := digest("secret/test.html"); ok && (sum == right) != (c.text[21] == 'A') {
			t.Errorf("%q: decoded to %x", c.text, sum)
		}
	}
}
