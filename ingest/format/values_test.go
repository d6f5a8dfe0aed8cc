package format

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	const noon = 1795425972 // date -u -d '2026-11-23 09:26:12' +%s
	for _, c := range []struct {
		text          string
		micros, grain int64
	}{
		{"23/Nov/2026:09:26:12 +0000", noon * second, second},
		{"[23/Nov/2026:09:26:12 +0000]", noon * second, second},
		{"23/Nov/2026:14:56:12 +0530", noon * second, second},
		{"23/Nov/2026:01:26:12 -0800", noon * second, second},
		{"2026-11-23T09:26:12Z", noon * second, second},
		{"2026-11-23T09:26:12+00:00", noon * second, second},
		{"2026-11-23T10:26:12+0100", noon * second, second},
		{"2026-11-23 09:26:12.798", noon*second + 798000, 1000},
		{"2026-11-23T09:26:12.123456789Z", noon*second + 123456, 1},
		{"2026-11-23T11:26:12,5+02", noon*second + 500000, 100000},
		{"Nov 23, 2026 @ 09:26:12.043", noon*second + 43000, 1000},
		{"Nov 3, 2026 @ 09:26:12", (noon - 20*86400) * second, second},
		{"<134>2026-11-23T09:26:12Z", noon * second, second},
		{"23.11.2026 09:26:12", noon * second, second},
		{"Mon, 23 Nov 2026 09:26:12 GMT", noon * second, second}, // date -u -d 2026-11-23T09:26:12Z -R, and as HTTP has it
		{"Mon, 23 Nov 2026 10:26:12 +0100", noon * second, second},
		{"Tue, 3 Nov 2026 09:26:12 GMT", (noon - 20*86400) * second, second},
		{"Mon Nov 23 09:26:12 2026", noon * second, second}, // LC_ALL=C date -u -d 2026-11-23T09:26:12Z +%c
		{"Tue Nov  3 09:26:12 2026", (noon - 20*86400) * second, second},
		{"20261123T092612Z", noon * second, second},
		{"20261123T102612.043+0100", noon*second + 43000, 1000},
		{"20261123T092612", noon * second, second},
		{"23.11.2026 10:26:12.5 +0100", noon*second + 500000, 100000},
		{"1795425972", noon * second, second},
		{"20261123092612", noon * second, second}, // Tencent's CDN, offline; it was read as ms, in the year 2612
		{"[3/Nov/2026:09:26:12 +0000]", (noon - 20*86400) * second, second},
		{"3/Nov/2026:09:26:12.5 +0000", (noon-20*86400)*second + 500000, second / 10},
		{"1795425972.043", noon*second + 43000, 1000},
		{"1795425972043", noon*second + 43000, 1000},
		{"1795425972043001", noon*second + 43001, 1},
		{"1795425972043001999", noon*second + 43001, 1},
		{"23/Nov/2026:09:26:12.043 +0000", noon*second + 43000, 1000},
		{"23/Nov/2026:09:26:12", noon * second, second}, // no zone: UTC
		{"2026-11-23T09:26:12", noon * second, second},
		{"2026-11-23 09:26:12 UTC", noon * second, second},
		{"2026-11-23 09:26:12.5 GMT", noon*second + 500000, 100000},
		{"2026/11/23 09:26:12", noon * second, second},
		{"2026-11-23T14:41:12+05:15", noon * second, second},
		{"31/Dec/2016:23:59:60 +0000", 1483228800 * second, second}, // a leap second: date -u -d 2017-01-01 +%s
		{"2016-12-31T23:59:60Z", 1483228800 * second, second},
		{"29/Feb/2028:00:00:00 +0000", 1835395200 * second, second}, // date -u -d 2028-02-29 +%s
	} {
		micros, grain, ok := moment([]byte(c.text))
		if !ok || micros != c.micros || grain != c.grain {
			t.Errorf("%s: %d, %d, %v; want %d, %d", c.text, micros, grain, ok, c.micros, c.grain)
		}
	}
	for _, text := range []string{"", "-", "5", "403", "29/Feb/2026:00:00:00 +0000", "31/Apr/2026:00:00:00 +0000", "23/Nov/2026:24:00:00 +0000",
		"23/Nov/2026:09:60:12 +0000", "23/Nov/2026x09:26:12 +0000", "23/Nvo/2026:09:26:12 +0000", "00/Nov/2026:09:26:12 +0000", "23/Nov/2026:09:26:12 +00",
		"2026-13-23T09:26:12Z", "2026-11-23T09:26:12Q", "2026-11-23x09:26:12", "1795425972.x", "1.795e9", "123456789", "17954259720", "179542597204", "20261323092612", "20261123096012", "201611230926121", "0/Nov/2026:09:26:12 +0000", "x/Nov/2026:09:26:12 +0000", "0179542597", "0000000000000000001", "Nov 23 09:26:12", "23 Nov 2026 09:26:12", "31/Dec/2016:23:59:61 +0000", "2026-11-23T09:26:12+5", "99999999999999999999", "23/Nov/1926:09:26:12 +0000", "Nov 31, 2026 @ 09:26:12.043", "<>", "<134", "<134>", "31.11.2026 09:26:12", "11.23.2026 09:26:12", "23.11.26 09:26:12.00", "Nov 23, 2026 @ 09:26:12.043Z", "Nov , 2026 @ 09:26:12.043",
		"Mon, 23 Nov 2026 09:26:12", "Mon, 23 Nov 26 09:26:12 GMT ", "Mon, 32 Nov 2026 09:26:12 GMT", "Mon, 23-Nov-2026 09:26:12 GMT", "Mon Nov 31 09:26:12 2026", "Mon Nov 23 09:26:12 UTC ",
		"20261123T092660Q", "20261323T092612Z", "2026112xT092612Z", "20261123T0926", "Mon,  Nov 2026 09:26:12 GMT GMT",
		"Nov 23, 2026 # 09:26:12.043", "Nov 123, 2026 @ 09:26:12.043"} {
		want := text == "23/Nov/2026:09:26:12 +00" // hours alone are ISO 8601
		if _, _, ok := moment([]byte(text)); ok != want {
			t.Errorf("%q: ok is %v", text, ok)
		}
	}
}

// TestCalendar compares every day of a leap cycle, and the turns of centuries, with package time.
func TestCalendar(t *testing.T) {
	for day := time.Unix(0, 0).UTC(); day.Year() < 2401; day = day.AddDate(0, 0, 1) {
		for _, layout := range []string{"02/Jan/2006:15:04:05 -0700", "2006-01-02T15:04:05Z07:00"} {
			text := day.Format(layout)
			if micros, _, ok := moment([]byte(text)); !ok || micros != day.UnixMicro() {
				t.Fatalf("%s: %d, %v; want %d", text, micros, ok, day.UnixMicro())
			}
		}
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "203.0.113.7:51234": "203.0.113.7", "[2001:db8::1]:443": "2001:db8::1", "[2001:db8::1]": "2001:db8::1",
		"2001:DB8::A": "2001:db8::a", "fe80::1%eth0": "fe80::1", "[fe80::1%25eth0]:80": "fe80::1", "::ffff:203.0.113.7": "::ffff:203.0.113.7",
		"203.0.113.7, 192.0.2.1": "203.0.113.7", "2001:db8::1,192.0.2.1": "2001:db8::1", " 203.0.113.7 ": "203.0.113.7", "0.0.0.0": "0.0.0.0",
		"[203.0.113.7]:": "203.0.113.7", "255.255.255.255": "255.255.255.255", "::": "::",
		"10.0.0.1, 203.0.113.7": "203.0.113.7", "unknown, 203.0.113.7": "203.0.113.7", "-, 203.0.113.7:80, 192.0.2.1": "203.0.113.7",
		"10.0.0.1, 192.168.0.1": "10.0.0.1", "fe80::1%eth0, ::1, [2001:db8::1]:443": "2001:db8::1", "127.0.0.1,": "127.0.0.1", "100.64.0.1, 203.0.113.7": "100.64.0.1",
		"2001:db8:0:1:2:3:4:7:50718": "2001:db8:0:1:2:3:4:7", "2001:db8::7:50718": "2001:db8::7", "::ffff:203.0.113.7:443": "::ffff:203.0.113.7",
		"203.0.113.7,garbage": "203.0.113.7", "_hidden, for, 203.0.113.7": "203.0.113.7",
	} {
		if a, ok := Address([]byte(text)); !ok || a.String() != want || a.Zone() != "" {
			t.Errorf("%q: %v, %v; want %s", text, a, ok, want)
		}
	}
	for _, text := range []string{"", "-", "unix:", "host.example.com", "203.0.113", "203.0.113.256", "203.0.113.07", "1.2.3.4.5", ".1.2.3", "1.2.3.",
		"2001:db8::g", "[2001:db8::1", "[2001:db8::1]x", "203.0.113.7:port", "3405803783", ":", "unknown", "unknown, -", ",", ",,", "%eth0",
		"2001:db8:0:1:2:3:4:7:65536", "2001:db8:0:1:2:3:4:7:8:9", "203.0.113.7:1:2"} {
		if a, ok := Address([]byte(text)); ok {
			t.Errorf("%q: %v, want none", text, a)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"203.0.113.7", "2001:db8::1", "1.2.3.04", "::ffff:1.2.3.4", "[::1]:1", "256.1.1.1", "a,b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Address([]byte(s))
		want, err := netip.ParseAddr(s)
		if err == nil && (!ok || got != want.WithZone("")) {
			t.Errorf("%q: %v, %v; net/netip reads %v", s, got, ok, want)
		}
		if ok && err != nil && !strings.ContainsAny(s, ":,[] \t\n\r\v\f%\u0085\u00a0") {
			t.Errorf("%q: %v, which net/netip refuses", s, got)
		}
	})
}

// TestForwarded: the connection's address counts unless it is none or private; then the list's first public one does.
func TestForwarded(t *testing.T) {
	for _, c := range []struct {
		peer, list, want string
		via              bool
	}{
		{"203.0.113.7", "-", "203.0.113.7", false},
		{"203.0.113.7", "192.0.2.1", "203.0.113.7", false},
		{"10.0.0.5", "192.0.2.1, 10.0.0.9", "192.0.2.1", true},
		{"10.0.0.5", "10.0.0.9, 192.0.2.1", "192.0.2.1", true},
		{"10.0.0.5", "10.0.0.9", "10.0.0.5", false},
		{"10.0.0.5", "unknown", "10.0.0.5", false},
		{"10.0.0.5", "-", "10.0.0.5", false},
		{"::1", "2001:db8::1", "2001:db8::1", true},
		{"-", "10.0.0.9", "10.0.0.9", true},
		{"unix:", "[2001:db8::1]:443, 10.0.0.9", "2001:db8::1", true},
		{"-", "-", "", false},
		{"unknown", "", "", false},
	} {
		line := `{"remote_addr":"` + c.peer + `","x_forwarded_for":"` + c.list + `","ts":1795425972,"method":"GET","url":"/a","status":403}`
		var r Record
		bad := named(t, "json").NewParser().Parse([]byte(line), &r)
		if c.want == "" {
			if bad.Reason != ReasonAddress {
				t.Errorf("%s and %s: %+v, %v", c.peer, c.list, bad, r.Client)
			}
			continue
		}
		if bad.Reason != "" || r.Client.String() != c.want || r.Forwarded != c.via || r.Behind != (c.list == "192.0.2.1") {
			t.Errorf("%s and %s: %+v, %v, %v; want %s, %v", c.peer, c.list, bad, r.Client, r.Forwarded, c.want, c.via)
		}
	}
}

// TestUndated: the year is the last one in which the time is not after 2026-03-01 00:00:00 UTC. Seconds are those of date -u -d.
func TestUndated(t *testing.T) {
	const latest = 1772323200 * second
	for text, want := range map[string]int64{
		"Nov 23 09:26:12":                   1763889972 * second, // of 2025
		"[23/Nov:09:26:12 +0100]":           1763886372 * second,
		"23/Nov 09:26:12":                   1763889972 * second,
		"<190>Feb  3 04:05:06":              1770091506 * second, // of 2026
		"Feb 03 04:05:06.25":                1770091506*second + 250000,
		"Mar  1 00:00:00":                   latest,
		"Mar 1 00:00:01":                    1740787201 * second, // of 2025
		"Feb 29 12:00:00":                   1709208000 * second, // of 2024
		"Feb 30 12:00:00":                   0,
		"Nov 23 2025 09:26:12":              0,
		"Nov 23 09:26":                      0,
		"Nvo 23 09:26:12":                   0,
		"Nov 123 09:26:12":                  0,
		"Nov   3 09:26:12":                  0,
		"23/11:09:26:12":                    0,
		"09:26:12":                          0,
		"<190 Nov 23 09:26:12":              0,
		"Nov 23 09:26:12 ok":                0,
		"Nov 23 24:26:12":                   0,
		"23/Nov/2025:09:26:12 +0000":        0,
		"Nov 23 09:26:12 2025":              0,
		"2025-11-23 09:26:12":               0,
		"<>Nov 23 09:26:12":                 1763889972 * second,
		"Nov 23 09:26:12 Z":                 1763889972 * second,
		"Nov 23 09:26:12,5":                 1763889972*second + 500000,
		"Nov 23 09:26:12 -0100":             1763893572 * second,
		"<190>Nov 23 09:26:12.000001 +0000": 1763889972*second + 1,
	} {
		if got, _, ok := undated([]byte(text), latest); got != want || ok != (want != 0) {
			t.Errorf("%q: %d, %v; want %d", text, got, ok, want)
		}
	}
}

// TestYearless: without knowing when the log ends a time without a year is none.
func TestYearless(t *testing.T) {
	line := []byte(`{"ip":"203.0.113.7","ts":"Nov 23 09:26:12","url":"/a","status":403}`)
	p := named(t, "json").NewParser()
	var r Record
	if bad := p.Parse(line, &r); bad.Reason != ReasonTime || bad.Column != 27 {
		t.Errorf("%+v", bad)
	}
	p.Latest = 1772323200 * second
	for range 2 { // the second is remembered
		if bad := p.Parse(line, &r); bad.Reason != "" || r.Logged != 1763889972*second || r.Start != r.Logged || !r.Yearless {
			t.Errorf("%+v: %+v", bad, r)
		}
	}
	if bad := p.Parse([]byte(`{"ip":"203.0.113.7","ts":"2025-11-23T09:26:12Z","url":"/a","status":403}`), &r); bad.Reason != "" || r.Yearless {
		t.Errorf("%+v: %+v", bad, r)
	}
}

// TestSyslog: days of one digit and of two stand in one log, with a full time behind them or without.
func TestSyslog(t *testing.T) {
	const request = `"GET /a.ts?md5=188aVDL4F5BxOM59QhqtOQ&expires=1794185400 HTTP/1.1" 403 146 "-" "Mozilla/5.0 (X)"`
	for _, c := range []struct {
		text     string
		yearless bool
	}{
		{"<190>%s edge1 nginx: 203.0.113.7 " + request, true},
		{"%s edge1 nginx[12]: 203.0.113.7 " + request, true},
		{"203.0.113.7 %s " + request, true},
		{"<190>%s edge1 nginx: 203.0.113.7 - - [23/Nov/2025:09:26:12 +0000] " + request, false},
	} {
		var lines [][]byte
		for day := 8; day <= 12; day++ {
			lines = append(lines, fmt.Appendf(nil, c.text, fmt.Sprintf("Nov %2d 09:26:12", day)))
		}
		f, misfit := Detect(lines[:2], nil)
		if misfit != nil {
			t.Errorf("%s: %v", lines[0], misfit)
			continue
		}
		p := f.NewParser()
		p.Latest = 1772323200 * second
		for i, line := range lines {
			var r Record
			want := 1763889972 * second
			if c.yearless {
				want -= int64(15-i) * 86400 * second // of the 23rd
			}
			if bad := p.Parse(line, &r); bad.Reason != "" || r.Logged != want || r.Yearless != c.yearless || r.Client.String() != "203.0.113.7" {
				t.Errorf("%s: %+v, %d; want %d", line, bad, r.Logged, want)
			}
		}
	}
}

func TestApacheTimesWithoutYear(t *testing.T) {
	p := named(t, `apache:%h %{%b %e %T}t "%r" %>s`).NewParser()
	p.Latest = 1772323200 * second
	for text, want := range map[string]int64{"Nov 23": 1763889972, "Feb  3": 1770110772} { // date -u -d '2026-02-03 09:26:12' +%s
		var r Record
		if bad := p.Parse([]byte("203.0.113.7 "+text+` 09:26:12 "GET /a HTTP/1.1" 403`), &r); bad.Reason != "" || r.Logged != want*second {
			t.Errorf("%s: %+v, %d", text, bad, r.Logged)
		}
	}
}

func TestSampled(t *testing.T) {
	for text, want := range map[string]bool{"1": false, "1.0": false, "100%": false, "": false, "-": false, "0": false, "no": false, "0.1": true, "10": true, "10%": true, "0.5": true} {
		if got := sampled([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestUnpercent(t *testing.T) {
	for text, want := range map[string][2]string{
		"a%20b": {"a b", "a%20b"}, "a%2520b": {"a%20b", "a%20b"}, "%": {"%", "%"}, "%2": {"%2", "%2"}, "%25": {"%", "%25"}, "%zz": {"%zz", "%zz"}, "%25zz": {"%zz", "%25zz"},
		"%2525": {"%25", "%25"}, "100%%41": {"100%A", "100%%41"},
	} {
		if got := [2]string{string(unpercent(nil, []byte(text), true)), string(unpercent(nil, []byte(text), false))}; got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestMasked(t *testing.T) {
	hash := strings.Repeat("0123456789abcdef", 4)
	for text, want := range map[string]bool{
		"4." + hash: true, "203.0.113.xxx": true, "203.0.x.x": true, "203.0.113.*": true, "2001:db8::x": true,
		"4." + hash[1:]: false, "-": false, "host.example.com": false, "203.0.113.256": false, "x": false, hash: true, hash[:33]: false, "xbox.example": false,
	} {
		if got := masked([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		`plain`: "plain", `\x22q\x22`: `"q"`, `\xD0\x9F`: "П", `\xd0\x9f`: "П", `\x5Cx22`: `\x22`, `a\"b`: `a"b`, `a\\b`: `a\b`,
		`a\tb\n`: "a\tb\n", `\u0041\u00e9`: "Aé", `\ud83d\ude00`: "😀", `\ud83d`: "\uFFFD", `\/x`: "/x", `\q`: `\q`, `\r\b\f\v`: "\r\b\f\v", `\'`: "'", `\ud83d\u0041`: "\uFFFDA", `\`: `\`, `\x2`: `\x2`, `\u00`: `\u00`, `x\xZZ`: `x\xZZ`,
	} {
		if got := string(unescape(nil, []byte(text))); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// FuzzUnescape undoes what encoding/json escapes.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{"", `"quoted" \ back`, "tab\tnul\x00", "П😀", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(unescape(nil, text[1:len(text)-1])); got != s {
			t.Errorf("%s: %q, want %q", text, got, s)
		}
	})
}

func TestSplitRequest(t *testing.T) {
	for _, c := range []struct{ line, method, target string }{
		{"GET /a HTTP/1.1", "GET", "/a"}, {"GET /a", "GET", "/a"}, {"GET /a b c HTTP/2.0", "GET", "/a b c"}, {"GET /a HTTP/1.1 HTTP/1.1", "GET", "/a HTTP/1.1"},
		{"GET  HTTP/1.1", "GET", ""}, {"GET / HTTP/3", "GET", "/"}, {"GET /a HTTP/is/a/path", "GET", "/a HTTP/is/a/path"}, {"GET ", "GET", ""}, {"GET", "", ""}, {" /a", "", ""},
	} {
		method, target := splitRequest([]byte(c.line))
		if string(method) != c.method || string(target) != c.target {
			t.Errorf("%q: %q, %q", c.line, method, target)
		}
	}
}

func TestWithoutPort(t *testing.T) {
	for text, want := range map[string]string{
		"a.example": "a.example", "a.example:80": "a.example", "a.example:": "a.example:", "a.example:x": "a.example:x", "[2001:db8::1]:80": "[2001:db8::1]",
		"2001:db8::1": "2001:db8::1", ":80": "", "": "",
	} {
		if got := string(withoutPort([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Tables that know no integers (a column of floating-point numbers in Parquet) write a fraction of zeros.
func TestWholeFractions(t *testing.T) {
	line := `{"time": "2026-11-23T09:26:12Z", "remote_addr": "203.0.113.7", "method": "GET", "uri": "/a", "status": 403.0, "bytes": 150.00}`
	f, misfit := Detect([][]byte{[]byte(line)}, nil)
	if misfit != nil {
		t.Fatal(misfit)
	}
	var r Record
	if bad := f.NewParser().Parse([]byte(line), &r); bad.Reason != "" || r.Status != 403 || r.Bytes != 150 {
		t.Errorf("%q, status %d, %d bytes; want 403, 150", bad.Reason, r.Status, r.Bytes)
	}
	for _, text := range []string{"403.5", ".0", "4.0.3", "-1.0", ""} {
		if n, ok := whole([]byte(text)); ok {
			t.Errorf("%q is the whole number %d", text, n)
		}
	}
}

// TestProtocolInLowerCase: the sample line of https://www.esurfingcloud.com/document/20689737/20689927, with an address and a query of ours.
func TestProtocolInLowerCase(t *testing.T) {
	line := []byte(`203.0.113.7 www.test.ctyun.cn - [20200101013524] "GET http://www.ctyun.cn/live/test.flv?md5=x&expires=1893456000 http/1.1" 403 1360598 - "VLC/2.0.6 LibVLC/2.0.6" 0.003 HIT 565 bytes 0-1562467/1562468.`)
	var r Record
	bad := detected(t, [][]byte{line, line}).NewParser().Parse(line, &r)
	const logged = 1577842524 // date -u -d '2020-01-01 01:35:24' +%s
	if bad.Reason != "" || string(r.Target) != "/live/test.flv?md5=x&expires=1893456000" || r.Logged != logged*second || !r.Zoneless || r.Status != 403 || string(r.Host) != "www.test.ctyun.cn" {
		t.Errorf("%+v, %q, %d, %d", bad, r.Target, r.Logged, r.Status)
	}
}

// TestRewrittenTimes: what LibreOffice and Excel save for a time that they took for one, and for Unix milliseconds.
func TestRewrittenTimes(t *testing.T) {
	p := named(t, "csv:time,client_ip,method,uri,status").NewParser()
	for text, want := range map[string]bool{"11/23/2026 9:26": true, "23.11.2026 09:26": true, "23/11/2026 09:26:12": true, "1.79543E+12": true, "1.79543E+09": true, "1/3/26 9:26 AM": true,
		"yesterday": false, "-": false, "203.0.113.7": false, "1,79E+": false, "09:26:12": false} {
		var r Record
		bad := p.Parse([]byte(`"`+text+`",203.0.113.7,GET,/a.ts,403`), &r)
		if bad.Reason != ReasonTime || strings.Contains(bad.Want, "spreadsheet") != want {
			t.Errorf("%s: %+v", text, bad)
		}
	}
}

func TestDecimalComma(t *testing.T) {
	for text, want := range map[string]int64{"0,96": 960 * ms, "12,345": 12345 * ms, "0,040": 40 * ms} {
		if got, ok := seconds([]byte(text)); !ok || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{",5", "1,5,6", "1.5,6", "0,04, 0,05"} {
		if got, ok := seconds([]byte(text)); ok {
			t.Errorf("%s: %d", text, got)
		}
	}
}
