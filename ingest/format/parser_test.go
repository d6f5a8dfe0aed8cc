package format

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

const goodLine = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a HTTP/1.1" 403 153 "-" "curl/8.0"`

// broken is a line with one thing changed: the column is that of what was put in, unless told.
type broken struct {
	format, line, reason string
	column               int
}

func nginxBut(old, put, reason string) broken {
	return broken{"nginx", strings.Replace(goodLine, old, put, 1), reason, strings.Index(goodLine, old) + 1}
}

// TestDepth reads objects in objects as deep as it says where there are more.
func TestDepth(t *testing.T) {
	for deep, ok := range map[int]bool{1: true, 15: true, 16: false} {
		line := `{"ip":"203.0.113.7","ts":1795425972,"url":"/a","status":403` + strings.Repeat(`,"x":{"y":1`, deep-1) + strings.Repeat("}", deep)
		var r Record
		if bad := named(t, "json").NewParser().Parse([]byte(line), &r); (bad.Reason == "") != ok || !ok && !strings.HasSuffix(bad.Want, "at most 15 deep") {
			t.Errorf("%d deep: %+v", deep, bad)
		}
	}
}

func TestFailures(t *testing.T) {
	gcoreLine := string(fixture(t, "gcore.log")[0])
	for _, c := range []broken{
		{"nginx", "", ReasonBlank, 1},
		{"nginx", " \t\r", ReasonBlank, 1},
		{"nginx", "garbage", ReasonFields, 1},
		{"nginx", goodLine[:50], ReasonFields, strings.Index(goodLine, "GET") + 1},
		nginxBut("203.0.113.7", "-", ReasonAddress),
		nginxBut("203.0.113.7", "viewer.example.com", ReasonAddress),
		nginxBut("203.0.113.7", "203.0.113.xxx", ReasonMasked),
		nginxBut("23/Nov", "32/Nov", ReasonTime),
		nginxBut("GET /a HTTP/1.1", "-", ReasonNoTarget),
		nginxBut("GET /a HTTP/1.1", "", ReasonNoTarget),
		nginxBut("GET /a HTTP/1.1", `\x16\x03\x01`, ReasonNoTarget),
		nginxBut("GET /a HTTP/1.1", "\x16\x03 \x00", ReasonNoTarget),
		nginxBut("403", "-", ReasonStatus),
		nginxBut("403", "4030", ReasonStatus),
		{"gcore", goodLine, ReasonFields, 1},
		{"gcore", strings.Replace(gcoreLine, "Mozilla", `" "`, 1), ReasonShifted, strings.Index(gcoreLine, `https" "cdn`) - len("Mozilla") - len(`[ed-up-gc01]" "`) + len(`" "`) + 1},
		{"gcore", gcoreLine[:strings.Index(gcoreLine, "example.com\" \"0.000")], ReasonFields, strings.Index(gcoreLine, "cdn.example.com") + 1},
		{"gcore", strings.Replace(gcoreLine, "203.0.113.7", "4."+strings.Repeat("ab", 32), 1), ReasonMasked, 2},
		{"json", goodLine, ReasonJSON, 1},
		{"json", `{"ip":"203.0.113.7"`, ReasonJSON, 20},
		{"json", `{"ip" "203.0.113.7"}`, ReasonJSON, 7},
		{"json", `{"ip":"203.0.113.7}`, ReasonJSON, 7},
		{"json", `{"ip":"203.0.113.7"} x`, ReasonJSON, 22},
		{"json", `{}`, ReasonAddress, 1},
		{"json", `{"ip":"203.0.113.7","ts":"noon"}`, ReasonTime, 27},
		{"json", `{"ip":"203.0.113.7","ts":1795425972}`, ReasonNoTarget, 1},
		{"json", `{"ip":"203.0.113.7","ts":1795425972,"url":"/a"}`, ReasonStatus, 1},
		{"json", `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, ReasonJSON, 5 + maxDepth},
	} {
		var r Record
		bad := named(t, c.format).NewParser().Parse([]byte(c.line), &r)
		if bad.Reason != c.reason || bad.Column != c.column || bad.Want == "" {
			t.Errorf("%s, %.120q:\n got %+v\nwant %s, column %d", c.format, c.line, bad, c.reason, c.column)
		}
	}
}

func TestTemplates(t *testing.T) {
	for _, c := range []struct {
		template, line string
		want           func(*Record)
	}{
		{`$remote_addr [$time_local] $scheme://$host$request_uri $request_method $status`,
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] https://cdn.example.com/a?b=c GET 403`, func(r *Record) { r.Target = []byte("/a?b=c") }},
		{`${remote_addr} $msec $host "$request_method $uri$is_args$args" $status`,
			`203.0.113.7 1795425972.000 cdn.example.com "GET /a?b=c" 403`, func(r *Record) { r.Target, r.Resolution = []byte("/a?b=c"), 1000 }},
		{`$remote_addr $time_iso8601 $host "$request_method" "$uri" "$args" $status`,
			`203.0.113.7 2026-11-23T09:26:12+00:00 cdn.example.com "GET" "/a" "b=c" 403`, func(r *Record) { r.Target = []byte("/a?b=c") }},
		{`$remote_addr $time_iso8601 $host "$request_method" "$uri" "$args" $status`,
			`203.0.113.7 2026-11-23T09:26:12+00:00 cdn.example.com "GET" "/a" "-" 403`, func(r *Record) { r.Target = []byte("/a") }},
		{`$remote_addr $time_iso8601 $host "$request_method" "$uri" $status`,
			`203.0.113.7 2026-11-23T09:26:12+00:00 cdn.example.com "GET" "/a" 403`, func(r *Record) { r.Target, r.QueryCut = []byte("/a"), true }},
		{`$realip_remote_addr $http_x_forwarded_for|$remote_addr [$time_local] $http_host $server_name "$request" $status $bytes_sent $body_bytes_sent $request_time`,
			`192.0.2.1 192.0.2.2, 192.0.2.3|203.0.113.7 [23/Nov/2026:09:26:12 +0000] cdn.example.com:443 _ "GET /a HTTP/1.1" 403 300 146 1.250`,
			func(r *Record) {
				r.Target, r.Bytes, r.Duration, r.HasStart, r.Start = []byte("/a"), 146, 1250000, true, at(10750)
			}},
		{`escape=none '$remote_addr [$time_local] $host "$request" $status "$http_user_agent"'`,
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] cdn.example.com "GET /a\ HTTP/1.1" 403 "C:\new\x41\"`,
			func(r *Record) { r.Target, r.UserAgent = []byte(`/a\`), []byte(`C:\new\x41\`) }},
		{`$remote_addr [$time_local] "$request" $status`,
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] "GET http://cdn.example.com:80/a HTTP/1.1" 403`, func(r *Record) { r.Target = []byte("/a") }},
		{`$remote_addr [$time_local] "$request" $status`,
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] "GET https://cdn.example.com?a=b HTTP/1.1" 403`, func(r *Record) { r.Target = []byte("/?a=b") }},
		{`$remote_addr [$time_local] "$request" $status`,
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] "GET https://cdn.example.com HTTP/1.1" 403`, func(r *Record) { r.Target = []byte("/") }},
		{`$remote_addr $time_local $host "$request" $status`,
			`203.0.113.7 23/Nov/2026:09:26:12 +0000 cdn.example.com "GET /a HTTP/1.1" 403`, func(r *Record) { r.Target = []byte("/a") }},
		{`$remote_addr $host "$request" $status $time_local`,
			`203.0.113.7 cdn.example.com "GET /a HTTP/1.1" 403 23/Nov/2026:09:26:12 +0000 more`, func(r *Record) { r.Target = []byte("/a") }},
		{`$remote_addr [$time_local] $host "$request" $status $request_time`,
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] cdn.example.com "GET /a HTTP/1.1" 403 90000.000`, func(r *Record) { r.Target = []byte("/a") }},
		{`$remote_addr [$time_local] $host "$request" $status "$geoip2_data_country_code" "$geoip2_asn_number" "$upstream_status"`,
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] cdn.example.com "GET /a HTTP/1.1" 403 "PL" "64500" "502 : 403"`,
			func(r *Record) { r.Target, r.Country, r.ASN, r.Upstream = []byte("/a"), []byte("PL"), 64500, 403 }},
	} {
		f := named(t, "nginx:"+c.template)
		var r Record
		bad := f.NewParser().Parse([]byte(c.line), &r)
		t.Log(c.template)
		checkRecord(t, 1, bad, r, base(func(r *Record) { r.Logged = at(12000); c.want(r) }))
		if f.HasQuery() == r.QueryCut {
			t.Errorf("%s: HasQuery %v, QueryCut %v", c.template, f.HasQuery(), r.QueryCut)
		}
	}
}

// TestEdgeCenterID reads EdgeCenter's layout, which has a request id where Gcore has the internal status code.
func TestEdgeCenterID(t *testing.T) {
	line := strings.Replace(string(fixture(t, "gcore.log")[0]), `"1005"`, `"1005fe1dc9035165ce36952daf29686b"`, 1)
	var r Record
	if bad := gcore().NewParser().Parse([]byte(line), &r); bad.Reason != "" || r.Code != 0 || r.ASN != 64500 {
		t.Errorf("%+v, code %d, ASN %d", bad, r.Code, r.ASN)
	}
}

func TestNamedRefuses(t *testing.T) {
	for spec, want := range map[string]string{
		"apache2":                             "want gcore, gcore-uploader, gcore-viewer, nginx, apache,",
		"":                                    "json, csv, tsv, 'gcore:<field names>'",
		"nginx:":                              "$remote_addr",
		"nginx:$time_local":                   "$remote_addr",
		"nginx:$remote_addr $status":          "$time_local",
		"nginx:$remote_addr $msec":            "$request",
		"nginx:$remote_addr $msec $uri":       "$request_method",
		`nginx:$remote_addr $msec "$request"`: "$status",
		"nginx:$remote_addr$msec":             "between $remote_addr and $msec",
		"nginx:$remote_addr $ x":              "variable name",
		"nginx:'$remote_addr":                 "not closed",
		"nginx:'$remote_addr' x":              "outside the quotes",
		"nginx:escape=xml $remote_addr":       "escape=xml",
	} {
		f, err := Named(spec, nil)
		if f != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want an error with %q", spec, err, want)
		}
	}
}

func TestJSONKeys(t *testing.T) {
	const rest = `,"ts":1795425972,"method":"GET","url":"/a","status":403,"host":"cdn.example.com"}`
	for _, c := range []struct {
		line string
		want func(*Record)
	}{
		{`{"remote_addr":"203.0.113.7"` + rest, func(*Record) {}},
		{`{"ip":"192.0.2.1","remote_addr":"203.0.113.7"` + rest, func(*Record) {}},
		{`{"remote_addr":"203.0.113.7","remote_addr":"192.0.2.1"` + rest, func(*Record) {}},
		{`{"remote_addr":"-","ip":"203.0.113.7"` + rest, func(*Record) {}},
		{`{"remote_addr":null,"x_forwarded_for":"203.0.113.7, 192.0.2.1"` + rest, func(r *Record) { r.Forwarded = true }},
		{`{"remote_addr":"10.0.0.5","http_x_real_ip":"203.0.113.7"` + rest, func(r *Record) { r.Forwarded = true }},
		{`{"remote_addr":"10.0.0.5","cf_connecting_ip":"192.0.2.1","x_forwarded_for":"203.0.113.7"` + rest, func(r *Record) { r.Forwarded = true }},
		{`{"request":{"remote_ip":"10.0.0.5","headers":{"X-Forwarded-For":["203.0.113.7"]}}` + rest, func(r *Record) { r.Forwarded = true }},
		{` { "ip" : "203.0.113.7" , "events":[{"status":500},{"ip":"192.0.2.1"}], "o":{"ip":"192.0.2.1"} ` + rest + "\r", func(*Record) {}},
		{`{"ip":"203.0.113.7","user_agent":"a\"},{\\","referer":"\u00e9"` + rest, func(r *Record) { r.UserAgent, r.Referer = []byte(`a"},{\`), []byte("é") }},
	} {
		var r Record
		bad := named(t, "json").NewParser().Parse([]byte(c.line), &r)
		t.Log(c.line)
		checkRecord(t, 1, bad, r, base(func(r *Record) { r.Logged, r.Target = at(12000), []byte("/a"); c.want(r) }))
	}
}

// TestKeyMemory changes the keys from line to line: what the memory of their order says must not show.
func TestKeyMemory(t *testing.T) {
	p := named(t, "json").NewParser()
	var r, fresh Record
	lines := fixture(t, "cdn-json.log")
	for i := range 200 {
		line := lines[i*5%len(lines)]
		bad := p.Parse(line, &r)
		named(t, "json").NewParser().Parse(line, &fresh)
		checkRecord(t, i, bad, r, fresh)
	}
}

// FuzzParse feeds any line to every format: nothing may panic, and what is told must lie within the line or the scratch.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "logs", "*.log"))
	if err != nil || len(files) < 11 {
		f.Fatalf("%d fixtures, %v", len(files), err)
	}
	formats := Formats()
	for _, t := range []string{oddTemplate, turnedTemplate, ownTemplate} {
		formats = append(formats, named(f, "nginx:"+t))
	}
	for _, file := range files {
		lines := fixture(f, filepath.Base(file))
		if format, m := Detect(lines, nil); m == nil {
			formats = append(formats, format)
		}
		for _, line := range lines {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, format := range formats {
			checkAny(t, format, line)
		}
	})
}

func checkAny(t *testing.T, f *Format, line []byte) { checkLine(t, f.NewParser(), line) }

// checkLine parses a line and checks what can be said of any outcome.
func checkLine(t *testing.T, p *Parser, line []byte) {
	kept, name := bytes.Clone(line), p.format.Name
	var r Record
	bad := p.Parse(line, &r)
	if !bytes.Equal(kept, line) {
		t.Fatalf("%s changed the line", name)
	}
	if bad.Reason != "" {
		if bad.Column < 1 || bad.Column > len(line)+1 || bad.Want == "" {
			t.Fatalf("%s: %+v in a line of %d bytes", name, bad, len(line))
		}
		return
	}
	if !r.Client.IsValid() || r.Client.Zone() != "" || len(r.Target) == 0 || r.Status > 999 || r.Resolution < 1 || r.Resolution > second ||
		r.Duration < -1 || r.Bytes < -1 || !r.HasStart && r.Start != r.Logged {
		t.Fatalf("%s: %+v", name, r)
	}
	total := 0
	for _, part := range [][]byte{r.Host, r.Method, r.Target, r.UserAgent, r.Referer, r.Country} {
		total += len(part)
		if len(part) > 0 && !within(part, line) && !within(part, p.scratch) {
			t.Fatalf("%s: %q is neither in the line nor in the scratch", name, part)
		}
	}
	if total > 2*len(line)+1 {
		t.Fatalf("%s: %d bytes out of %d", name, total, len(line))
	}
}

// within reports whether part is a piece of whole's memory. What scratch held before it grew is as good.
func within(part, whole []byte) bool {
	if len(whole) == 0 {
		return false
	}
	first, at := uintptr(unsafe.Pointer(&whole[0])), uintptr(unsafe.Pointer(&part[0]))
	return first <= at && at+uintptr(len(part)) <= first+uintptr(cap(whole)) || bytes.Contains(whole, part)
}

// TestRest: a parser that rests keeps neither the line nor what it took to undo the escapes of a long one, and reads on.
func TestRest(t *testing.T) {
	const line = `{"time":"2026-11-23T09:26:12Z","client_ip":"203.0.113.7","method":"GET","uri":"/a.ts","status":200,"user_agent":"`
	p := jsonLines().NewParser()
	var r Record
	for _, agent := range []string{strings.Repeat(`\"x`, 100_000), `\"x`} {
		if bad := p.Parse([]byte(line+agent+`"}`), &r); bad.Reason != "" || string(r.UserAgent) != strings.ReplaceAll(agent, `\`, "") {
			t.Fatalf("%+v, %d bytes of user agent for %d", bad, len(r.UserAgent), len(agent))
		}
		if p.Rest(); p.line != nil || cap(p.scratch) > restBytes {
			t.Errorf("a parser at rest holds %d bytes", len(p.line)+cap(p.scratch))
		}
	}
}

// TestRequestWithoutQuotes: a log_format or LogFormat may lack the quotes around the request.
func TestRequestWithoutQuotes(t *testing.T) {
	for spec, line := range map[string]string{
		"nginx:$remote_addr [$time_local] $request $status $body_bytes_sent $http_user_agent": "203.0.113.7 [23/Nov/2026:09:26:12 +0000] GET /a.ts?x=1 HTTP/2.0 403 77 Mozilla/5.0 (X11)",
		"apache:%h %t %r %>s %b %{User-Agent}i":                                               "203.0.113.7 [23/Nov/2026:09:26:12 +0000] GET /a.ts?x=1 HTTP/1.1 403 77 Mozilla/5.0 (X11)",
		"nginx:$request $status $remote_addr $msec":                                           "GET /a.ts?x=1 HTTP/3.0 403 203.0.113.7 1795425972.000",
	} {
		var r Record
		bad := named(t, spec).NewParser().Parse([]byte(line), &r)
		if bad.Reason != "" || string(r.Method) != "GET" || string(r.Target) != "/a.ts?x=1" || r.Status != 403 || r.Logged != at(12000) {
			t.Errorf("%s: %+v, %s %s, %d", spec, bad, r.Method, r.Target, r.Status)
		}
	}
}
