package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"ipdrift/ingest/format"
	"ipdrift/ingest/source/sourcetest"
)

func TestParseIdentity(t *testing.T) {
	for text, want := range map[string]Identity{
		"auto": {}, "token": {ByToken, ""}, "query:uid": {ByQuery, "uid"}, "cookie:s-id": {ByCookie, "s-id"}, "field:a:b": {ByField, "a:b"}, "ip+ua": {ByAddress, ""},
	} {
		got, err := ParseIdentity(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("%s: %+v %s, %v", text, got, got, err)
		}
	}
	for _, text := range []string{"", "Auto", "query", "query:", "token:x", "auto:", "ip", "user:x"} {
		if got, err := ParseIdentity(text); err == nil || err.Error() != "want auto, token, query:NAME, cookie:NAME, field:NAME or ip+ua" { // quotes nothing
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestParameter(t *testing.T) {
	for _, c := range []struct{ list, sep, name, want string }{
		{"a=1&b=2", "&", "b", "2"}, {"a=1&b=2", "&", "c", ""}, {"aa=1&a=2", "&", "a", "2"}, {"a=1&a=2", "&", "a", "1"}, {"a=x=y", "&", "a", "x=y"},
		{"theme=dark; sid=42;x=1", ";", "sid", "42"}, {"sid", ";", "sid", ""}, {"", "&", "a", ""},
	} {
		if got := string(parameter([]byte(c.list), c.sep, c.name)); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.name, c.list, got, c.want)
		}
	}
}

// The example is the one of CTA-5004, chapter 3.1 ("sid").
func TestCMCDSession(t *testing.T) {
	for encoded, want := range map[string]string{
		"bl%3D21300%2Csid%3D%226e2fb550-c457-11e9-bb97-0800200c9a66%22": "6e2fb550-c457-11e9-bb97-0800200c9a66",
		"bl%3D21300": "", "%zz": "", "": "",
	} {
		if got := cmcdSession(encoded); got != want {
			t.Errorf("%s: %q, want %q", encoded, got, want)
		}
	}
}

// identLines are requests with an id of their own in every place that --user can name.
const identLines = `{"remote_addr":"203.0.113.%d","time":"2026-11-01T00:00:00Z","method":"GET","uri":"/a.ts?md5=%s&expires=1900000000&viewer=%s","status":200,"cookie":"a=b; sid=%s","subscriber":"%s","user_agent":"x"}` + "\n"

// TestIdentIsTheSameForTheSame counts the ids that a load tells apart, and
// looks for their values in the case.
func TestIdentIsTheSameForTheSame(t *testing.T) {
	var text strings.Builder
	for i, id := range []string{"v13w3r-0ne", "v13w3r-tw0", "v13w3r-0ne"} {
		fmt.Fprintf(&text, identLines, i, planted, id, id, id)
	}
	for _, c := range []struct {
		user         string
		idents, ties int
	}{{"auto", 0, 0}, {"token", 0, 0}, {"query:viewer", 2, 0}, {"query:none", 0, 0}, {"cookie:sid", 2, 0}, {"field:subscriber", 2, 0}, {"ip+ua", 3, 0}} {
		o := testOptions(t)
		o.Identity, _ = ParseIdentity(c.user)
		o.Format = namedFormat(t, "json")
		s, loaded := loadText(t, o, text.String())
		if loaded.Identity != o.Identity || loaded.Sources[0].Err != nil {
			t.Fatalf("%s: %+v", c.user, loaded.Sources)
		}
		got := one[int64](t, s, `SELECT count(DISTINCT ident) FROM hit WHERE ident > 0`)
		if same := one[bool](t, s, `SELECT min(ident) = max(ident) FROM hit WHERE line <> 2`); int(got) != c.idents || same != (c.user != "ip+ua") {
			t.Errorf("%s: %d ids, the same for the first and the last: %v", c.user, got, same)
		}
		if held := secretsOf(t, s); !bytes.Contains(held, []byte("203.0.113.")) || bytes.Contains(held, []byte("v13w3r-")) {
			t.Errorf("%s: the case holds an id, or nothing at all", c.user)
		}
	}
}

// TestTies: what auto notes of a line, each once.
func TestTies(t *testing.T) {
	const line = `{"remote_addr":"203.0.113.7","time":"2026-11-01T00:00:00Z","method":"GET","uri":"/a.ts?md5=%s&expires=1900000000%s","status":200,"user_agent":"x"%s}` + "\n"
	for _, c := range []struct {
		query, fields, want string
	}{
		{"", "", ""},
		{"", `,"uid_got":"uid=7F0000011A2B3C4D","uid_set":"-"`, "1"}, {"", `,"uid_got":"-","uid_set":"uid=7F0000011A2B3C4D"`, "1"},
		{"", `,"ssl_session_id":"5a8f0011223344556677"`, "2"}, {"", `,"ssl_session_id":"-"`, ""},
		{"", `,"connection":"47","edgename":"ed"`, "3"}, {"", `,"connection":"47"`, ""}, {"", `,"connection":"keep-alive","edgename":"ed"`, ""},
		{"&session_id=1", "", "4"}, {"&CMCD=sid%3D%226e2f%22", "", "4"}, {"&CMCD=br%3D1", "", ""}, {"&quality=1", "", ""},
		{"&sid=1", `,"uid_got":"uid=7F0000011A2B3C4D"`, "1 4"},
	} {
		o := testOptions(t)
		o.Format = namedFormat(t, "json")
		text := fmt.Sprintf(line, planted, c.query, c.fields)
		s, _ := loadText(t, o, text+text)
		if got := one[string](t, s, `SELECT coalesce(string_agg(kind, ' ' ORDER BY kind), '') FROM tie`); got != c.want {
			t.Errorf("%s %s: ties %q, want %q", c.query, c.fields, got, c.want)
		}
	}
}

// TestIdentityField asks for a field that the log does not have.
func TestIdentityField(t *testing.T) {
	o := testOptions(t)
	o.Identity = Identity{ByField, "subscriber"}
	o.Format, _ = format.Named("nginx", nil)
	_, loaded := loadArgs(t, o, sourcetest.Write(t, t.TempDir(), "a.log", []byte(plainLines(2))))
	if err := loaded.Sources[0].Err; err == nil || !strings.Contains(err.Error(), "--user field:subscriber") {
		t.Errorf("%v", err)
	}
}
