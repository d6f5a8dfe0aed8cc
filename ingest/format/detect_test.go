package format

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestDetectByStructure(t *testing.T) {
	for name, c := range map[string]struct {
		lines  []string
		fields []string
	}{
		"names before values": {[]string{
			`host="cdn.example.com" addr=[2001:db8::1]:443 t=1795425972.043 rt=0.123 req="GET /a?x=1 HTTP/1.1" st=403 ua="curl/8.0"`,
			`host="cdn.example.com" addr=203.0.113.7:9 t=1795425973.043 rt=1.000 req="GET /b HTTP/1.1" st=200 ua="-"`,
		}, []string{"host", "client_ip", "time", "request_time", "request", "status", "user_agent"}},
		"upstream time beside request time": {[]string{
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] 0.010 0.250 "GET /a HTTP/1.1" 200 200 77`,
			`203.0.113.8 [23/Nov/2026:09:26:12 +0000] 0.000 0.002 "GET /b HTTP/1.1" 200 200 78`,
		}, []string{"client_ip", "time", "request_time", "request", "status"}},
		"LTSV, the labels of ltsv.org": {[]string{
			"time:[23/Nov/2026:09:26:12 +0000]\thost:203.0.113.7\tforwardedfor:-\treq:GET /a?x=1 HTTP/1.1\tstatus:403\tsize:7\treferer:http://p.example/\tua:Mozilla/5.0 (X11)\treqtime:0.040\tvhost:cdn.example.com",
			"time:[23/Nov/2026:09:26:13 +0000]\thost:2001:db8::7\tforwardedfor:-\treq:GET /b HTTP/1.1\tstatus:200\tsize:7\treferer:-\tua:TVApp\treqtime:0.041\tvhost:cdn.example.com",
		}, []string{"time", "client_ip", "forwarded_for", "request", "status", "bytes", "referer", "user_agent", "request_time", "host"}},
		"single quotes, blanks between": {[]string{
			`'[23/Nov/2026:09:26:12 +0000]' '203.0.113.7' 'GET' '/a?x=1' '403' 'cdn.example.com' '7' 'Mozilla/5.0 (X11; it's a player)' '-' '0.040'`,
			`'[23/Nov/2026:09:26:13 +0000]' '203.0.113.8' 'GET' '/b' '200' 'cdn.example.com' '7' 'TVApp/1.0' '-' '0.041'`,
		}, []string{"time", "client_ip", "method", "uri", "status", "host", "user_agent", "referer", "request_time"}},
		"names nobody knows": {[]string{
			`peer=203.0.113.7 clk=1795425972 q="GET /a HTTP/1.1" res=403`,
			`peer=203.0.113.8 clk=1795425973 q="GET /b HTTP/1.1" res=200`,
		}, []string{"client_ip", "time", "request", "status"}},
		"fine time beside coarse": {[]string{
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] 1795425972.043 "GET /a HTTP/1.1" 200 77`,
		}, []string{"client_ip", "time", "request", "status", "bytes"}},
		"Fastly's first default, behind its syslog header": {[]string{ // https://www.fastly.com/documentation/guides/integrations/streaming-logs/custom-log-formats/
			`<134>2026-11-23T09:26:12Z cache-waw1 LogTest[62959]: 203.0.113.7 "-" "-" Mon, 23 Nov 2026 09:26:12 GMT GET /a?x=1 403`,
			`<134>2026-11-23T09:26:13Z cache-waw1 LogTest[62959]: 203.0.113.8 "-" "-" Mon, 23 Nov 2026 09:26:13 GMT GET /b 200`,
		}, []string{"time", "client_ip", "method", "uri", "status"}},
		"iso time with a blank, bare request": {[]string{
			`2026-11-23 09:26:12.500 +0100 203.0.113.7 cdn.example.com GET /a?x=1 HTTP/1.1 206`,
			`2026-11-23 09:26:13.500 +0100 203.0.113.7 cdn.example.com HEAD /b HTTP/1.1 403`,
		}, []string{"time", "client_ip", "host", "method", "uri", "status"}},
	} {
		var sample [][]byte
		for _, line := range c.lines {
			sample = append(sample, []byte(line))
		}
		f, m := Detect(sample, nil)
		if m != nil {
			t.Errorf("%s: %v", name, m)
			continue
		}
		if !slices.Equal(f.Fields(), c.fields) {
			t.Errorf("%s: %v, want %v", name, f.Fields(), c.fields)
		}
		var r Record
		for _, line := range sample {
			if bad := f.NewParser().Parse(line, &r); bad.Reason != "" || r.Logged < at(-60*60*1000) || r.Logged > at(60000) {
				t.Errorf("%s: %+v, %+v", name, bad, r)
			}
		}
	}
}

func TestDetectAmongGarbage(t *testing.T) {
	for _, file := range []string{"gcore.log", "nginx-combined.log", "nginx-main.log", "nginx-json.log", "nginx-turned.log", "cloudfront.log", "bunny.log"} {
		lines := fixture(t, file)
		want := detected(t, lines)
		var sample [][]byte
		for i := range 120 {
			sample = append(sample, lines[i%len(lines)])
			if i%3 == 0 {
				sample = append(sample, []byte("Nov 23 kernel: something else entirely"), nil)
			}
		}
		got := detected(t, sample)
		if got.Name != want.Name || !slices.Equal(got.Fields(), want.Fields()) {
			t.Errorf("%s: %s %v, want %s %v", file, got.Name, got.Fields(), want.Name, want.Fields())
		}
	}
}

func TestFormatsTellWhatTheyCarry(t *testing.T) {
	for _, c := range []struct {
		format             *Format
		host, query, start bool
	}{
		{named(t, "gcore"), true, true, true},
		{named(t, "nginx"), false, true, false},
		{named(t, "json"), true, true, true},
		{detected(t, fixture(t, "nginx-json.log")), true, true, true},
		{detected(t, fixture(t, "apache-vhost.log")), true, true, true},
		{detected(t, fixture(t, "alb.log")), true, true, true},
		{detected(t, fixture(t, "bunny.log")), true, true, false},
		{named(t, `nginx:$remote_addr $msec "$request_method $uri" $status`), false, false, false},
	} {
		f := c.format
		if f.HasHost() != c.host || f.HasQuery() != c.query || f.HasStart() != c.start || f.Doc == "" {
			t.Errorf("%s: host %v, query %v, start %v", f.Name, f.HasHost(), f.HasQuery(), f.HasStart())
		}
	}
}

// TestMisfitShowsNoKey: a key file that is taken for a log is not quoted.
func TestMisfitShowsNoKey(t *testing.T) {
	for text, shown := range map[string]bool{"S3cr-Key_9x": false, "ab/cd+e=": false, "old-key\nnew-key": false, "time,ip,url": true, "no log at all": true} {
		_, m := Detect(bytes.Split([]byte(text), []byte("\n")), nil)
		if m == nil || (m.Text != "") != shown || !shown && (strings.Contains(m.Error(), text[:4]) || strings.Contains(m.Error(), "near")) {
			t.Errorf("%q: %v", text, m)
		}
	}
}

func TestDetectNeedsMoreThanHalf(t *testing.T) {
	good := fixture(t, "nginx-combined.log")[:3]
	sample := append(slices.Clone(good), []byte("x"), nil, []byte("203.0.113.7 y"), []byte("z"))
	_, m := Detect(sample, nil)
	if m == nil {
		t.Fatal("half of the lines were enough")
	}
	if m.Parsed != 3 || m.Lines != 6 || m.Line != 4 || m.Column != 1 || m.Text != "x" || !strings.Contains(m.Error(), "3 of 6 lines; line 4, column 1") {
		t.Errorf("%+v: %v", m, m)
	}
	if f := detected(t, sample[:5]); f.Name != "nginx" {
		t.Errorf("detected %s", f.Name)
	}
}

// TestDetectOneOfSeveral: four formats in equal parts, line by line or one after the other, are all read; beside as many lines that are none,
// nothing is.
func TestDetectOneOfSeveral(t *testing.T) {
	kinds := []string{
		`203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /v/%d.ts?x=1 HTTP/1.1" 403 77 "-" "Mozilla/5.0 (X11)"`,
		`{"time":"2026-11-23T09:26:12Z","remote_addr":"203.0.113.7","host":"cdn.test","method":"GET","uri":"/v/%d.ts?x=1","status":403}`,
		"2026-11-23T09:26:12Z|203.0.113.7|cdn.test|GET|/v/%d.ts?x=1|403|Mozilla/5.0 (X11)",
		"1795425972\tcdn.test\t203.0.113.7\tGET /v/%d.ts?x=1 HTTP/1.1\t403\t77\tMozilla/5.0 (X11)",
	}
	for name, kindOf := range map[string]func(int) int{"in turn": func(i int) int { return i % 4 }, "one after the other": func(i int) int { return i / 50 }} {
		var lines, spoiled [][]byte
		for i := range 200 {
			lines = append(lines, fmt.Appendf(nil, kinds[kindOf(i)], i))
			spoiled = append(spoiled, lines[i], fmt.Appendf(nil, "request %d served in %d ms", i, i))
		}
		f := detected(t, lines)
		parsed := 0
		formats := append([]*Format{f}, Others(f, lines, nil)...)
		for _, line := range lines {
			if slices.ContainsFunc(formats, func(f *Format) bool { return f.NewParser().Parse(line, &Record{}).Reason == "" }) {
				parsed++
			}
		}
		if parsed != len(lines) {
			t.Errorf("%s: %d of %d lines", name, parsed, len(lines))
		}
		if f, m := Detect(spoiled, nil); m == nil {
			t.Errorf("%s, half of the lines spoiled: %v", name, f)
		}
	}
}

func TestDetectRefuses(t *testing.T) {
	noise := make([]byte, 4000)
	source := rand.NewChaCha8([32]byte{1})
	if _, err := source.Read(noise); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		lines [][]byte
		want  string
	}{
		"nothing":                {nil, "found none"},
		"blank lines":            {[][]byte{nil, []byte(" "), []byte("\r")}, "found none"},
		"binary":                 {bytes.Split(noise, []byte{'\n'}), "binary"},
		"prose":                  {[][]byte{[]byte("It was a dark and stormy night.")}, "--log-format"},
		"keys without a meaning": {fixture(t, "nginx-ownjson.log"), "client_ip, ip or the like (a map names the key that holds it)"},
	} {
		f, m := Detect(c.lines, nil)
		if f != nil || m == nil || !strings.Contains(m.Error(), c.want) {
			t.Errorf("%s: %v, %v; want %q", name, f, m, c.want)
		}
	}
}

// TestExcerptHidesSecrets puts a token anywhere a log may have one.
func TestExcerptHidesSecrets(t *testing.T) {
	for _, shape := range []string{"?md5=%s&expires=1", "/%s/1893456000/a.m3u8", "token %s", `{"token":"%s"}`, "k=v&md5=%s"} {
		line := fmt.Sprintf(shape, "8vAHfjuFGwiLpCsVjgfSqA")
		for column := 1; column <= len(line)+1; column++ {
			got := excerpt([]byte(line), column)
			if strings.Contains(got, "vAHf") || len(got) > excerptLen {
				t.Errorf("%s, column %d: %s", shape, column, got)
			}
		}
	}
	if got := excerpt([]byte("a?user=bob&x=y \x00\xff end"), 1); got != "a?user=***&x=* ?? end" {
		t.Errorf("got %q", got)
	}
	long := strings.Repeat("word ", 100)
	if got := excerpt([]byte(long+"HERE"), len(long)+1); !strings.Contains(got, "HERE") || len(got) != excerptLen {
		t.Errorf("got %q", got)
	}
}

// TestLearnIsBounded gives up on lines made to take long.
func TestLearnIsBounded(t *testing.T) {
	for _, hostile := range []string{strings.Repeat(`"a `, maxColumns+1), strings.Repeat("a|", maxLearned), strings.Repeat("a", maxLearned+1)} {
		for _, seps := range []string{" |", "|", "\t"} {
			if list, _ := tokens(hostile, seps, nil); len(list) > maxColumns {
				t.Errorf("%.10s…: %d tokens", hostile, len(list))
			}
		}
	}
	if list, _ := tokens(strings.Repeat("a|", maxLearned), "|", nil); list != nil {
		t.Errorf("%d tokens of a line of %d bytes", len(list), 2*maxLearned)
	}
}

func FuzzDetect(f *testing.F) {
	for _, file := range []string{"gcore.log", "nginx-main.log", "nginx-json.log", "cloudfront.log", "bunny.log", "nginx-odd.log"} {
		f.Add(bytes.Join(fixture(f, file), []byte{'\n'}))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := bytes.Split(text, []byte{'\n'})
		found, m := Detect(lines, nil)
		if (found == nil) == (m == nil) {
			t.Fatalf("%v and %v", found, m)
		}
		if m != nil && (m.Line > len(lines) || len(m.Text) > excerptLen || m.Error() == "") {
			t.Fatalf("%+v", m)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{combined, oddTemplate, turnedTemplate, mainTemplate, ownTemplate, "$", "'", "${", "escape="} {
		f.Add(s, goodLine)
	}
	f.Fuzz(func(t *testing.T, template, line string) {
		if format, err := Named("nginx:"+template, nil); err == nil {
			checkAny(t, format, []byte(line))
		}
	})
}

// TestNULBytesDoNotDecide: what a rotation leaves before a log is one line of many.
func TestNULBytesDoNotDecide(t *testing.T) {
	lines := fixture(t, "nginx-combined.log")
	want := detected(t, lines)
	lines = append([][]byte{append(make([]byte, 100_000), lines[0]...)}, lines...)
	if got := detected(t, lines); got.Name != want.Name {
		t.Errorf("behind 100000 NUL bytes: %s, want %s", got.Name, want.Name)
	}
}

// TestEscapesOfAConfiguration: a log_format reads the same with its quotes and pasted without them.
func TestEscapesOfAConfiguration(t *testing.T) {
	const body = `$remote_addr\t[$time_local]\t\"$request\"\t$status\t\\\'`
	line := []byte("203.0.113.7\t[23/Nov/2026:07:46:40 +0000]\t\"GET /a HTTP/1.1\"\t200\t\\'")
	for _, spec := range []string{"nginx:" + body, "nginx:'" + body + "'"} {
		f, err := Named(spec, nil)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		var r Record
		if bad := f.NewParser().Parse(line, &r); bad.Reason != "" || string(r.Target) != "/a" || r.Status != 200 {
			t.Errorf("%s: %+v, %q %d, want /a and 200", spec, bad, r.Target, r.Status)
		}
	}
}

// TestHeaderRowWins: where more than half of the lines fit a row of names, no other reading of the lines is looked for: it would know
// fewer of the values. A record in five has a line break in its comment.
func TestHeaderRowWins(t *testing.T) {
	text := "time,client_ip,method,uri,status,user_agent,comment\n"
	for i := range 20 {
		comment := "one"
		if i%5 == 0 {
			comment = "\"two\nlines\""
		}
		text += fmt.Sprintf("2026-11-23T09:26:%02dZ,203.0.113.7,GET,/v/%d.ts,403,\"Mozilla/5.0 (like, Gecko)\",%s\n", i, i, comment)
	}
	f := detected(t, bytes.Split([]byte(text), []byte("\n")))
	if want := "time client_ip method path status user_agent"; f.Name != "csv" || strings.Join(f.Fields(), " ") != want {
		t.Errorf("%s with %v, want csv with %s", f.Name, f.Fields(), want)
	}
}

// TestForwardedIsLearned: where all addresses of the connections are those of a proxy, X-Forwarded-For is found, as nginx's own
// nginx.conf has it (log_format main) and as in allinurl/goaccess issue 1161; where they are the clients', it is not looked for.
func TestForwardedIsLearned(t *testing.T) {
	const line = ` [15/Jul/2026:19:15:14 +0800] "GET /a.ts HTTP/1.1" 200 142 "https://player.example/" "Mozilla/5.0 (Linux)"`
	for _, c := range []struct{ first, second, format, clients string }{
		{`172.23.51.6 - -` + line + ` "203.0.113.7, 10.0.0.1"`, `172.23.51.6 - -` + line + ` "-"`, learned, "203.0.113.7 172.23.51.6"},
		{`10.0.2.100 (203.0.113.7, 198.51.100.1) - -` + line, `10.0.2.101 (-) - -` + line, learned, "203.0.113.7 10.0.2.101"},
		{`10.0.0.5 203.0.113.7, 198.51.100.1 - -` + line, `10.0.0.5 2001:db8::7 - -` + line, learned, "203.0.113.7 2001:db8::7"},
		{`198.51.100.6 - -` + line + ` "203.0.113.7"`, `198.51.100.7 - -` + line + ` "203.0.113.8"`, "nginx", "198.51.100.6 198.51.100.7"},
		{`172.23.51.6 - -` + line + ` "-"`, `172.23.51.7 - -` + line + ` "-"`, "nginx", "172.23.51.6 172.23.51.7"},
	} {
		f := detected(t, [][]byte{[]byte(c.first), []byte(c.second)})
		p := f.NewParser()
		var clients []string
		for _, text := range []string{c.first, c.second} {
			var r Record
			if bad := p.Parse([]byte(text), &r); bad.Reason != "" {
				t.Errorf("%s: %+v", text, bad)
			}
			clients = append(clients, r.Client.String())
		}
		if got := strings.Join(clients, " "); f.Name != c.format || got != c.clients {
			t.Errorf("%s: %s, %s; want %s, %s", c.first, f.Name, got, c.format, c.clients)
		}
	}
}

// TestBehindALoadBalancer: one with public addresses of its own has fewer of them than its clients, whom X-Forwarded-For names. Which of
// the two the server takes, no line tells: it is said, and a name settles it.
func TestBehindALoadBalancer(t *testing.T) {
	const said = "another public address in X-Forwarded-For"
	var lines, clients [][]byte
	for i := range 20 {
		line := fmt.Sprintf(` - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts?x=1 HTTP/1.1" 403 77 "-" "curl/8.0" "203.0.113.%d, 198.51.100.%d"`, i+1, i%2+1)
		lines = append(lines, fmt.Appendf(nil, "198.51.100.%d%s", i%2+1, line))
		clients = append(clients, fmt.Appendf(nil, "203.0.113.%d%s", i+1, line))
	}
	if f := detected(t, lines); !strings.Contains(fmt.Sprint(f.Notes()), said) {
		t.Errorf("%s, notes %q", f.Doc, f.Notes())
	}
	if f := detected(t, clients); strings.Contains(fmt.Sprint(f.Notes()), said) {
		t.Errorf("the server takes X-Forwarded-For, but: %q", f.Notes())
	}
	var r Record
	p := named(t, `nginx:$proxy - - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$remote_addr"`).NewParser()
	if bad := p.Parse(lines[0], &r); bad.Reason != "" || r.Client.String() != "203.0.113.1" || r.Behind {
		t.Errorf("%+v, %v, %v", bad, r.Client, r.Behind)
	}
}

// TestTimesOfALine: of several times in a line, one is when the request began (timestamp_request_start of Gcore's uploader, which with
// the request time adds up to the second that nginx logs), and what Kubernetes or rsyslog stamps on a line may be late.
func TestTimesOfALine(t *testing.T) {
	for name, c := range map[string]struct {
		lines         []string
		start, logged int64 // of the last line, ms
	}{
		"start behind a request time": {[]string{
			`"203.0.113.7" "[23/Nov/2026:09:26:12 +0000]" "GET /a.ts HTTP/1.1" "200" "0.040" "1795425972500"`,
			`"203.0.113.8" "[23/Nov/2026:09:26:15 +0000]" "GET /b.ts HTTP/1.1" "200" "2.750" "1795425972900"`,
		}, 12900, 15000},
		"start alone": {[]string{
			`"1795425972500" "203.0.113.7" "[23/Nov/2026:09:26:12 +0000]" "GET /a.ts HTTP/1.1" "200"`,
			`"1795425972900" "203.0.113.8" "[23/Nov/2026:09:26:15 +0000]" "GET /b.ts HTTP/1.1" "200"`,
		}, 12900, 15000},
		"stamped on the way": {[]string{
			`2026-11-23T09:26:12.031234567Z 203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "curl/8.0" 0.040`,
			`2026-11-23T09:31:00.031234567Z 203.0.113.8 - - [23/Nov/2026:09:26:15 +0000] "GET /b.ts HTTP/1.1" 200 77 "-" "curl/8.0" 2.000`,
		}, 13000, 15000},
		"the same moment": {[]string{
			`203.0.113.7 [23/Nov/2026:09:26:12 +0000] 1795425972.043 "GET /a.ts HTTP/1.1" 200 77 0.040`,
			`203.0.113.8 [23/Nov/2026:09:26:15 +0000] 1795425975.100 "GET /b.ts HTTP/1.1" 200 77 2.000`,
		}, 13100, 15100},
	} {
		lines := [][]byte{[]byte(c.lines[0]), []byte(c.lines[1])}
		var r Record
		bad := detected(t, lines).NewParser().Parse(lines[1], &r)
		if bad.Reason != "" || r.Start != at(c.start) || r.Logged != at(c.logged) {
			t.Errorf("%s: %+v, started %d, logged %d, want %d, %d", name, bad, r.Start, r.Logged, at(c.start), at(c.logged))
		}
	}
}

// TestAgentAnywhere: user agents stand where the customer of a log wants them, and numbers with a slash are none.
func TestAgentAnywhere(t *testing.T) {
	for _, line := range []string{
		`"curl/8.0" "-" "203.0.113.7" "[23/Nov/2026:09:26:12 +0000]" "GET /a.ts HTTP/1.1" "200" "-" "64500" "-"`,
		`203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "curl/8.0" 0/999000 cdn.example.com`, // %T/%D
		`203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "TVApp" 0/999000 cdn.example.com`,
	} {
		var r Record
		f := detected(t, [][]byte{[]byte(line), []byte(line)})
		if bad := f.NewParser().Parse([]byte(line), &r); bad.Reason != "" || !strings.Contains(line, `"`+string(r.UserAgent)+`"`) || len(r.UserAgent) < 5 {
			t.Errorf("%s: %+v, user agent %q", line, bad, r.UserAgent)
		}
	}
}

// TestWhatIsNoHost: the time that kubectl logs --timestamps puts before a line ends in no port, and ${request_time}s in no domain.
func TestWhatIsNoHost(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "curl/8.0"`
	for text, want := range map[string]string{
		"2026-11-23T09:26:12.031234567Z " + line: "", line + " 0.250s": "", line + " 0.250s 203.0.113.9 v1.example.com": "v1.example.com", line + " xn--e1afmkfd.xn--p1ai": "xn--e1afmkfd.xn--p1ai",
	} {
		var r Record
		bad := detected(t, [][]byte{[]byte(text), []byte(text)}).NewParser().Parse([]byte(text), &r)
		if bad.Reason != "" || string(r.Host) != want || r.Client.String() != "203.0.113.7" {
			t.Errorf("%s: %+v, host %s, want %s", text, bad, r.Host, want)
		}
	}
}

// TestHalfALineAtTheEnd: a log that is being written to ends where the server's last block ended, within its last value, too.
func TestHalfALineAtTheEnd(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "curl/8.0" "v1.example.com" 0.050`
	for cut := range len(" 0.050") + 1 {
		f := detected(t, [][]byte{[]byte(line), []byte(line), []byte(line[:len(line)-cut])})
		if !slices.Contains(f.Fields(), "request_time") {
			t.Errorf("without the last %d characters: %s", cut, f.Fields())
		}
	}
	if f := detected(t, [][]byte{[]byte(line), []byte(line[:len(line)-2]), []byte(line)}); slices.Contains(f.Fields(), "request_time") {
		t.Errorf("0.0 among whole lines is no request time of nginx: %s", f.Fields())
	}
}

// TestBareCSV: what a spreadsheet saves has quotes around the values that hold a separator or a quote, and no others; a customer may
// have cut away the row of names.
func TestBareCSV(t *testing.T) {
	for _, sep := range []string{",", ";"} {
		var lines [][]byte
		for i := range 12 {
			agent, target := "curl/8.0", "/a.ts?x=1"
			if i%3 == 0 {
				agent = `"Mozilla/5.0 (Linux; Android 14) ""q"" (KHTML, like Gecko)"`
			}
			if i%4 == 0 {
				target = "/a;v=1,2.ts?x=1"
			}
			request := "GET " + target + " HTTP/1.1"
			if strings.Contains(request, sep) {
				request = `"` + request + `"`
			}
			lines = append(lines, []byte(strings.Join([]string{"203.0.113.7", "-", "[23/Nov/2026:09:26:12 +0000]", request, "403", "77", "https://p.example/", agent, "cdn.example.com", "0.040"}, sep)+"\r"))
		}
		p := detected(t, lines).NewParser()
		for i, line := range lines {
			var r Record
			bad := p.Parse(line, &r)
			if bad.Reason != "" || string(r.Host) != "cdn.example.com" || string(r.Referer) != "https://p.example/" || r.Duration != 40*ms || r.Bytes != 77 ||
				!strings.HasSuffix(string(r.Target), ".ts?x=1") || i%3 == 0 && string(r.UserAgent) != `Mozilla/5.0 (Linux; Android 14) "q" (KHTML, like Gecko)` {
				t.Errorf("%s: %+v, %+v", line, bad, flat(r))
			}
		}
	}
}

// TestServerIsNoHost: syslog names the server that wrote a line, with its domain where it is set up so, and nginx the host that was asked for.
func TestServerIsNoHost(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 403 77 "-" "curl/8.0"`
	for _, lead := range []string{"Nov 23 09:26:12 edge1.pop.example.net nginx: ", "<190>Nov  3 09:26:12 edge1.pop.example.net nginx[77]: ",
		"2026-11-23T09:26:12.123456+00:00 edge1.pop.example.net nginx: ", "<190>1 2026-11-23T09:26:12.123456+00:00 edge1.pop.example.net nginx 77 - - "} {
		for tail, want := range map[string]string{"": "", " cdn.example.com 0.040": "cdn.example.com"} {
			text := []byte(lead + line + tail)
			var r Record
			bad := detected(t, [][]byte{text, text}).NewParser().Parse(text, &r)
			if bad.Reason != "" || string(r.Host) != want || string(r.Viewer.Edge) != "edge1.pop.example.net" {
				t.Errorf("%s: %+v, host %q, edge %q", text, bad, r.Host, r.Viewer.Edge)
			}
		}
	}
}

// TestSplunkHost: host is one of Splunk's default fields, the server that a line came from.
func TestSplunkHost(t *testing.T) {
	for names, want := range map[string]string{
		"_time,host,source,sourcetype,clientip,method,uri,status": "", "_time,host,source,sourcetype,clientip,method,uri,status,cs_host": "cdn.example.com", "_time,host,source,kind,clientip,method,uri,status": "edge1.example.net",
	} {
		row := "2026-11-23T09:26:12.000+0000,edge1.example.net,/var/log/a.log,access,203.0.113.7,GET,/a.ts?x=1,403"
		if strings.HasSuffix(names, "cs_host") {
			row += ",cdn.example.com"
		}
		var r Record
		p := detected(t, [][]byte{[]byte(names), []byte(row)}).NewParser()
		if bad := p.Parse([]byte(row), &r); bad.Reason != "" || string(r.Host) != want || (want == "edge1.example.net") != (r.Viewer.Edge == nil) {
			t.Errorf("%s: %+v, host %q, edge %q, want %q", names, bad, r.Host, r.Viewer.Edge, want)
		}
	}
}

// TestIdleByChance: what damage left of a line may fit a format but for its request; the one that tells more is taken all the same.
func TestIdleByChance(t *testing.T) {
	var lines [][]byte
	for i := range 60 {
		lines = append(lines, fmt.Appendf(nil, `203.0.113.7 - - [23/Nov/2026:09:26:%02d +0000] "GET /v/%d.ts HTTP/1.1" 200 612 "-" "curl/8.0"`, i, i))
	}
	lines = append(lines, []byte(`203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "V/1.1" 200 612 "htt`))
	if f := detected(t, lines); f.Name != "nginx" {
		t.Errorf("%s", f.Name)
	}
}
