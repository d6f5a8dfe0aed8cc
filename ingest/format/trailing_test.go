package format

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestBlanksBehindALine: white space at the end of lines, of all or of some, neither decides the format nor loses a value.
func TestBlanksBehindALine(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/logs/*.log")
	for _, file := range files {
		lines := fixture(t, filepath.Base(file))
		want, m := Detect(lines, nil)
		if m != nil {
			continue
		}
		for _, tail := range []string{" ", "\t", " \t", "\t  ", "\t\r"} {
			for every := 1; every <= 3; every++ {
				var longer [][]byte
				for i, line := range lines {
					if line = append([]byte(nil), line...); i%every == 0 {
						line = append(line, tail...)
					}
					longer = append(longer, line)
				}
				f, m := Detect(longer, nil)
				if m != nil || f.Name != want.Name || !reflect.DeepEqual(f.Fields(), want.Fields()) {
					t.Errorf("%s with %q on every %d: %+v (%v), want %s", file, tail, every, f, m, want.Name)
					continue
				}
				p, q := f.NewParser(), want.NewParser()
				p.Latest, q.Latest = someday, someday
				for i := range lines {
					var got, exact Record
					bad, was := p.Parse(longer[i], &got), q.Parse(lines[i], &exact)
					if a, b := fmt.Sprintf("%q %+v", bad.Reason, got), fmt.Sprintf("%q %+v", was.Reason, exact); a != b {
						t.Fatalf("%s with %q on every %d, line %d:\n%s, want\n%s", file, tail, every, i+1, a, b)
					}
				}
			}
		}
	}
}

// TestBlanksBehindSeparators: CSV with a blank behind the comma, quoted or not, with a header or without.
func TestBlanksBehindSeparators(t *testing.T) {
	names := []string{"time", "client_ip", "host", "method", "uri", "status", "bytes", "user_agent"}
	values := []string{"2026-11-01T12:00:00Z", "203.0.113.7", "cdn.test", "GET", "/v/1/a.ts?md5=x&expires=1", "403", "77", "Player/1.0 (X11; Linux)"}
	quote := func(list []string, some func(int) bool) (out []string) {
		for i, v := range list {
			if some(i) {
				v = `"` + v + `"`
			}
			out = append(out, v)
		}
		return out
	}
	all, none, agents := func(int) bool { return true }, func(int) bool { return false }, func(i int) bool { return i == 7 }
	for _, sep := range []string{", ", " , ", "; "} {
		for _, quoted := range []func(int) bool{all, none, agents} {
			line := strings.Join(quote(values, quoted), sep)
			if quoted(0) != quoted(7) || sep[0] != ';' || quoted(7) { // a bare agent with a semicolon is two values
				for _, head := range []string{strings.Join(names, sep), strings.Join(quote(names, all), sep)} {
					readsAs(t, [][]byte{[]byte(head), []byte(line), []byte(line)}, "csv")
				}
			}
			if sep == ", " {
				readsAs(t, [][]byte{[]byte(line), []byte(line)}, "nginx-like")
			}
		}
	}
}

func readsAs(t *testing.T, lines [][]byte, name string) {
	t.Helper()
	f, m := Detect(lines, nil)
	if m != nil || f.Name != name {
		t.Errorf("%s: %+v, %v, want %s", lines, f, m, name)
		return
	}
	var r Record
	bad := f.NewParser().Parse(lines[len(lines)-1], &r)
	if got := fmt.Sprintf("%s %s %s %s %s %d %d %s", bad.Reason, r.Client, r.Host, r.Method, r.Target, r.Status, r.Bytes, r.UserAgent); got != " 203.0.113.7 cdn.test GET /v/1/a.ts?md5=x&expires=1 403 77 Player/1.0 (X11; Linux)" {
		t.Errorf("%s: %s", lines, got)
	}
}

// TestNULBytes: those before a line are no part of it, and those in a user agent make no other viewer.
func TestNULBytes(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /v/1.ts HTTP/1.1" 403 612 "-" "%s"`
	for _, text := range []string{fmt.Sprintf(line, "curl/8.0"), strings.Repeat("\x00", 5000) + fmt.Sprintf(line, "curl/8.0"), fmt.Sprintf(line, "\x00cu\x00\x00rl/8.0\x00"), fmt.Sprintf(line, `curl\x00/8.0`)} {
		var r Record
		if bad := nginx().NewParser().Parse([]byte(text), &r); bad.Reason != "" || string(r.UserAgent) != "curl/8.0" || r.Client != netip.MustParseAddr("203.0.113.7") {
			t.Errorf("%.40q…: %s %q, %+v", text, r.Client, r.UserAgent, bad)
		}
	}
	var r Record
	if bad := nginx().NewParser().Parse(make([]byte, 5000), &r); bad.Reason != ReasonBlank {
		t.Errorf("nothing else: %+v", bad)
	}
}
