package format

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func oddMap() Map {
	return Map{"time": "when", "client_ip": "cip", "uri": "what", "status": "result", "user_agent": "agent string", "sample_rate": "rate"}
}

// TestMap reads a log whose columns and keys have names of their own.
func TestMap(t *testing.T) {
	lines := fixture(t, "odd-csv.log")
	if f, m := Detect(lines, nil); f != nil || !strings.Contains(m.Error(), "the time is missing") || m.Best != "csv" || m.Line != 1 {
		t.Errorf("without a map: %v, %v", f, m)
	}
	f, m := Detect(lines, oddMap())
	if m != nil {
		t.Fatal(m)
	}
	want := []told{
		bad(ReasonHeader),
		good(12000, func(r *Record) { r.Host = nil; r.says(android, "") }),
		good(13000, func(r *Record) {
			r.from("203.0.113.8", "", 0)
			r.says(`a "b" c`, "")
			r.Host, r.Status, r.Sampled = nil, 200, true
		}),
	}
	tells(t, f, lines, want)
	for _, spec := range []string{"csv", "csv:when;cip;verb;what;result;agent string;rate"} {
		f, err := Named(spec, oddMap())
		if err != nil {
			t.Fatalf("%s: %v", spec, err)
		}
		if spec != "csv" {
			lines, want = lines[1:], want[1:]
		}
		tells(t, f, lines, want)
	}
}

func TestMapOfOtherFormats(t *testing.T) {
	for _, c := range []struct {
		spec, line string
		m          Map
		want       func(*Record)
	}{
		{"json", `{"a":{"ip":"203.0.113.7"},"remote_addr":"192.0.2.1","ts":1795425972,"request":"GET /no HTTP/1.1","p":"/a?x=1","status":200,"result":403,"host":"cdn.example.com"}`,
			Map{"client_ip": "a.ip", "uri": "p", "status": "$Result"}, func(r *Record) { r.Method = nil }},
		{`nginx:$remote_addr $peer [$time_local] $host "$request" $status`, `192.0.2.1 203.0.113.7 [23/Nov/2026:09:26:12 +0000] cdn.example.com "GET /a?x=1 HTTP/1.1" 403`,
			Map{"client_ip": "$peer"}, func(*Record) {}},
		{"gcore:peer time_local request status host", `"203.0.113.7" "[23/Nov/2026:09:26:12 +0000]" "GET /a?x=1 HTTP/1.1" "403" "cdn.example.com" "5"`,
			Map{"client_ip": "peer"}, func(*Record) {}},
		{"w3c:date time c-ip x-real cs-method cs-uri-stem cs-uri-query sc-status cs-host", `2026-11-23 09:26:12 192.0.2.1 203.0.113.7 GET /a x=1 403 cdn.example.com`,
			Map{"client_ip": "x-real"}, func(*Record) {}},
		{"akamai:reqTimeSec cliIP reqMethod reqPath queryStr statusCode reqHost", `1795425972 203.0.113.7 GET %2Fa x=1 403 cdn.example.com`,
			nil, func(r *Record) { r.HasStart = true }},
		{"akamai:reqTimeSec cliIP reqMethod reqPath queryStr statusCode reqHost", `1795425972 203.0.113.7 GET /a%20b/%2525 x=%2520 403 cdn.example.com`,
			nil, func(r *Record) { r.HasStart, r.Target = true, []byte("/a%20b/%25?x=%20") }},
	} {
		f, err := Named(c.spec, c.m)
		if err != nil {
			t.Errorf("%s: %v", c.spec, err)
			continue
		}
		var r Record
		bad := f.NewParser().Parse([]byte(c.line), &r)
		checkRecord(t, 1, bad, r, base(func(r *Record) { r.Logged, r.Start, r.Target = at(12000), at(12000), []byte("/a?x=1"); c.want(r) }))
	}
}

func TestMapRefuses(t *testing.T) {
	for _, c := range []struct {
		spec string
		m    Map
		want string
	}{
		{"json", Map{"clientip": "a"}, `no field "clientip": the fields are client_ip, forwarded_for, time,`},
		{"json", Map{"text": "a"}, `no field "text"`},
		{"json", Map{"host": ""}, "host is mapped to nothing"},
		{"json", Map{"host": "x", "uri": "$X"}, `host and uri are both mapped to "$X"`},
		{"nginx", Map{"host": "vhost"}, `no value "vhost": it has remote_addr, remote_user,`},
		{"csv:client_ip,time,uri,status", Map{"host": "vhost"}, `no column "vhost": it has client_ip, time, uri, status`},
		{"bunny", Map{"host": "zone"}, "the values of bunny have no names"},
		{"apache", Map{"host": "zone"}, "the values of apache have no names"},
		{"csv:a,b", nil, "the client address is missing: client_ip"},
		{"tsv:client_ip time status", nil, "the request is missing"},
		{"akamai:cliIP statusCode", nil, "the time is missing"},
		{"gcore:remote_addr time_local status", nil, "$request"},
	} {
		if f, err := Named(c.spec, c.m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %v: %v, %v; want %q", c.spec, c.m, f, err, c.want)
		}
	}
	if f, m := Detect([][]byte{[]byte(goodLine)}, Map{"x": "y"}); f != nil || !strings.Contains(m.Error(), `no field "x"`) {
		t.Errorf("%v, %v", f, m)
	}
}

// TestMapFields: each field that a Map may name is one that Fields names, and is read.
func TestMapFields(t *testing.T) {
	for _, doc := range MapFields() {
		name, words, ok := strings.Cut(doc, ": ")
		f, known := mappable(name)
		if !ok || words == "" || !known || f == skipped || f.String() != name {
			t.Errorf("%q: field %v", doc, f)
		}
	}
	if n := len(MapFields()); n != int(fieldCount)-2 { // but for skipped and scheme
		t.Errorf("%d fields", n)
	}
}

// TestExplain gives the values of a line by name, those before a failure too.
func TestExplain(t *testing.T) {
	p := named(t, "nginx").NewParser()
	var r Record
	line := strings.Replace(goodLine, "curl/8.0", `a\x22b`, 1)
	values, bad := p.Explain([]byte(line), &r)
	want := []Value{{"client_ip", 1, "203.0.113.7"}, {"time", 18, "23/Nov/2026:09:26:12 +0000"}, {"request", 47, "GET /a HTTP/1.1"}, {"status", 64, "403"},
		{"bytes", 68, "153"}, {"referer", 73, ""}, {"user_agent", 77, `a"b`}}
	if bad.Reason != "" || len(values) != len(want) {
		t.Fatalf("%+v, %+v", values, bad)
	}
	for i, v := range values {
		if v != want[i] || !bytes.HasPrefix([]byte(line)[v.Column-1:], []byte(v.Text)) && v.Name != "user_agent" {
			t.Errorf("%+v, want %+v", v, want[i])
		}
	}
	values, bad = p.Explain([]byte(strings.Replace(goodLine, "403", "4x3", 1)), &r)
	if bad.Reason != ReasonStatus || bad.Column != 64 || len(values) != 7 || values[3].Text != "4x3" {
		t.Errorf("%+v, %+v", values, bad)
	}
	if values, bad = p.Explain(nil, &r); values != nil || bad.Reason != ReasonBlank {
		t.Errorf("%+v, %+v", values, bad)
	}
}

// TestSpellings: each name stands for one field, which there is.
func TestSpellings(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(spelt) {
		words := strings.Fields(line)
		if !slices.Contains(fieldNames, words[0]) || len(words[1]) != 1 || len(words) < 3 {
			t.Errorf("no field, rank and names: %q", line)
		}
		for _, name := range words[2:] {
			if seen[name] || name != folded(name) {
				t.Errorf("%s stands there twice, or can never be looked up", name)
			}
			seen[name] = true
		}
	}
}
