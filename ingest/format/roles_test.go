package format

import (
	"crypto/md5"
	"fmt"
	"strings"
	"testing"
)

// TestRivals reads lines in which two columns look alike, and must tell the right one.
func TestRivals(t *testing.T) {
	const id, query = "5a8f001122334455667788990a1b2c3d", "?md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000"
	for name, c := range map[string]struct{ line, want string }{
		"the id of a request is no client": {id + " 203.0.113.%d [23/Nov/2026:09:26:12 +0000] \"GET /v/1.ts" + query + " HTTP/1.1\" 403 612 \"curl/8.0\"", "203.0.113.7 /v/1.ts" + query + " 403 612 curl/8.0"},
		"a URI is more than its path":      {"203.0.113.%d,2026-11-23T09:26:12Z,GET,/v/1.ts,https://player.example/v/1.ts,/v/1.ts" + query + ",403", "203.0.113.7 /v/1.ts" + query + " 403 -1 "},
		"a path stands before another":     {"203.0.113.%d,2026-11-23T09:26:12Z,GET,/v/1.ts" + query + ",/v/1.ts,403", "203.0.113.7 /v/1.ts" + query + " 403 -1 "},
		"the last part of IPv6 is no port": {"2001:db8::7:%d|2026-11-23T09:26:12Z|GET /v/1.ts HTTP/1.1|403|curl/8.0", "2001:db8::7:7 /v/1.ts 403 -1 curl/8.0"},
		"Squid's route is no user agent":   {`1795425972.043 250 203.0.113.%d TCP_MISS/403 612 GET http://cdn.example.com/v/1.ts - HIER_DIRECT/192.0.2.1 - "https://player.example/" "VLC/3.0.18 LibVLC/3.0.18"`, "203.0.113.7 /v/1.ts 403 612 VLC/3.0.18 LibVLC/3.0.18"},
		"a port behind IPv6, and a zone":   {"fe80::1%%eth0|2026-11-23T09:26:12Z|GET /v/%d.ts HTTP/1.1|403|curl/8.0", "fe80::1 /v/7.ts 403 -1 curl/8.0"},
	} {
		var lines [][]byte
		for i := 1; i < 10; i++ {
			lines = append(lines, fmt.Appendf(nil, c.line, i))
		}
		var r Record
		bad := detected(t, lines).NewParser().Parse(lines[6], &r)
		got := fmt.Sprintf("%s %s %d %d %s", r.Client, r.Target, r.Status, r.Bytes, r.UserAgent)
		if bad.Reason != "" {
			got = bad.Reason
		}
		if got != c.want || r.Forwarded {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// TestGluedPorts: where all addresses of IPv4 bear a port, those of IPv6 do, with brackets or not; where one does not, none is cut.
func TestGluedPorts(t *testing.T) {
	const line = "%s [23/Nov/2026:09:26:12 +0000] \"GET /v/1.ts HTTP/1.1\" 403 \"curl/8.0\""
	for _, c := range []struct{ others, address, want string }{
		{"203.0.113.7:443", "2001:db8::7:443", "2001:db8::7"},
		{"203.0.113.7:443", "2001:db8:::443", "2001:db8::"},
		{"203.0.113.7:443", "[2001:db8::7]:443", "2001:db8::7"},
		{"203.0.113.7:443", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"},
		{"203.0.113.7", "2001:db8::7:443", "2001:db8::7:443"},
		{"203.0.113.7:443 2001:db8::beef", "2001:db8::7:443", "2001:db8::7:443"},
		{"2001:db8::7:50718", "2001:db8::7:443", "2001:db8::7"},
		{"::ffff:203.0.113.7", "2001:db8::7:443", "2001:db8::7:443"},
		{"2001:db8::8", "2001:db8::7:443", "2001:db8::7:443"},
		{"2001:db8::8%eth0", "2001:db8::7:443", "2001:db8::7:443"},
	} {
		var lines [][]byte
		for address := range strings.FieldsSeq(c.others + " " + c.address) {
			lines = append(lines, fmt.Appendf(nil, line, address))
		}
		var r Record
		if bad := detected(t, lines).NewParser().Parse(lines[len(lines)-1], &r); bad.Reason != "" || r.Client.String() != c.want {
			t.Errorf("%s beside %s: %s, want %s (%+v)", c.address, c.others, r.Client, c.want, bad)
		}
	}
}

// TestMaskedBesideServers: where clients are masked, the address of a server behind the request is not taken for one.
func TestMaskedBesideServers(t *testing.T) {
	const line = `5a8f00112233445566778899%08x - - [23/Nov/2026:09:26:12 +0000] "GET /v/1.ts HTTP/1.1" 403 612 "-" "curl/8.0" 192.0.2.1:8080`
	var lines [][]byte
	for i := range 40 {
		lines = append(lines, fmt.Appendf(nil, line, i%7))
	}
	if f, misfit := Detect(lines, nil); misfit == nil || !strings.Contains(misfit.Error(), "masked") {
		t.Errorf("%v, %v", f, misfit)
	}
}

// TestFewStepsBack: of a few lines, one that is a little out of order does not tell that times are those of starts.
// TestHashBesideAddress: hashes that come again, several for each address behind them, are the clients, masked; what
// stands once on each line is the id of a request, and what is the same on all is the owner of a bucket.
func TestHashBesideAddress(t *testing.T) {
	hash := func(n int) string { return fmt.Sprintf("%x", md5.Sum([]byte{byte(n)})) }
	for name, c := range map[string]struct {
		hash, address func(line int) int
		masked        bool
	}{
		"a server":            {func(i int) int { return i % 20 }, func(int) int { return 1 }, true},
		"a few servers":       {func(i int) int { return i % 20 }, func(i int) int { return i % 4 }, true},
		"ids of requests":     {func(i int) int { return i }, func(int) int { return 1 }, false},
		"an owner":            {func(int) int { return 1 }, func(i int) int { return i % 20 }, false},
		"ids of who asks":     {func(i int) int { return i % 20 }, func(i int) int { return i % 30 }, false},
		"one owner, one asks": {func(int) int { return 1 }, func(int) int { return 1 }, false},
	} {
		var lines [][]byte
		for i := range 60 {
			lines = append(lines, fmt.Appendf(nil, `%s - [23/Nov/2026:09:26:%02d +0000] 203.0.113.%d "GET /v/%d.ts?x=1 HTTP/1.1" 403 7 "-" "curl/8.0"`, hash(c.hash(i)), i, c.address(i), i))
		}
		f, misfit := Detect(lines, nil)
		if c.masked && (misfit == nil || !strings.Contains(misfit.Error(), "addresses masked")) || !c.masked && misfit != nil {
			t.Errorf("%s: %v, %v", name, f, misfit)
		}
	}
}

func TestFewStepsBack(t *testing.T) {
	var lines [][]byte
	for _, text := range []string{"100 0.250", "099 0.300", "300 0.200", "500 0.200", "700 0.300"} {
		lines = append(lines, fmt.Appendf(nil, `203.0.113.7 1795425972.%s "GET /v/1.ts HTTP/1.1" 200 "curl/8.0"`, text))
	}
	var r Record
	if bad := detected(t, lines).NewParser().Parse(lines[0], &r); bad.Reason != "" || r.Logged != at(12100) || r.Start != at(11850) {
		t.Errorf("from %d to %d, %+v", r.Start, r.Logged, bad)
	}
}

// TestStartsAlone: where lines are in the order of the ends of their requests, a time that is not is that of the start, as the Logs Uploader's
// timestamp_request_start; one that is in order is the line's own, as nginx's $msec.
func TestStartsAlone(t *testing.T) {
	took := []int64{250, 1500, 0, 2750, 40}
	for name, start := range map[string]bool{"starts": true, "ends": false} {
		var lines [][]byte
		for i := range 40 {
			written := at(12000) + int64(i)*100_000 // µs
			if start {
				written -= took[i%5] * 1000
			}
			lines = append(lines, fmt.Appendf(nil, `"203.0.113.%d" "%d" "GET" "/v/1.ts" "200" "0.%03d"`, i, written/1000, took[i%5]))
			if took[i%5] >= 1000 {
				lines[i] = fmt.Appendf(nil, `"203.0.113.%d" "%d" "GET" "/v/1.ts" "200" "%d.%03d"`, i, written/1000, took[i%5]/1000, took[i%5]%1000)
			}
		}
		var r Record
		if bad := detected(t, lines).NewParser().Parse(lines[3], &r); bad.Reason != "" || r.Start != at(12300-2750) || r.Logged != at(12300) {
			t.Errorf("%s: from %d to %d, %+v", name, r.Start, r.Logged, bad)
		}
	}
}

// TestBareCSVWithFewQuotes: where four of five lines need no quotes, those that do are read, too.
func TestBareCSVWithFewQuotes(t *testing.T) {
	var lines [][]byte
	for i := range 20 {
		agent := "curl/8.0"
		if i%5 == 0 {
			agent = `"Mozilla/5.0 (KHTML, like ""Gecko"")"`
		}
		lines = append(lines, fmt.Appendf(nil, "203.0.113.%d,2026-11-23T09:26:12Z,GET,/v/1.ts,403,%s", i, agent))
	}
	p := detected(t, lines).NewParser()
	for i, line := range lines {
		var r Record
		want := "curl/8.0"
		if i%5 == 0 {
			want = `Mozilla/5.0 (KHTML, like "Gecko")`
		}
		if bad := p.Parse(line, &r); bad.Reason != "" || string(r.UserAgent) != want {
			t.Errorf("line %d: %q, %+v", i+1, r.UserAgent, bad)
		}
	}
	if p.format.Name != learned || !strings.Contains(p.format.Doc, "CSV") {
		t.Errorf("%s: %s", p.format.Name, p.format.Doc)
	}
}
