package format

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What public access logs showed: the shapes are theirs, the values ours.

// TestIdleLines: connections without a request are no damage to a format, however many there are.
func TestIdleLines(t *testing.T) {
	const (
		combinedGood = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "curl/8.0"`
		combinedIdle = `203.0.113.8 - - [23/Nov/2026:09:26:12 +0000] "-" 400 0 "-" "-"`
		combinedTLS  = `203.0.113.9 - - [23/Nov/2026:09:26:12 +0000] "\x16\x03\x01\x01 \x02" 400 226 "-" "-"`
		ownGood      = `203.0.113.7 [23/Nov/2026:09:26:12 +0000] 0.250 "GET /a.ts HTTP/1.1" 200 77`
		ownIdle      = `203.0.113.8 [23/Nov/2026:09:26:12 +0000] 0.000 "-" 400 0`
	)
	for name, c := range map[string]struct {
		good, idle string
		goods      int
		format     string
	}{
		"few requests":     {combinedGood, combinedIdle, 2, "nginx"},
		"no request":       {combinedGood, combinedIdle, 0, "nginx"},
		"TLS alone":        {combinedGood, combinedTLS, 0, "nginx"},
		"a format learned": {ownGood, ownIdle, 1, "nginx-like"},
	} {
		sample := slices.Repeat([][]byte{[]byte(c.idle)}, 20)
		for range c.goods {
			sample = append(sample, []byte(c.good))
		}
		f := detected(t, sample)
		if f.Name != c.format || !f.HasQuery() || !slices.Contains(f.Fields(), "bytes") {
			t.Errorf("%s: %s with %v, want %s", name, f.Name, f.Fields(), c.format)
		}
		var r Record
		if bad := f.NewParser().Parse([]byte(c.idle), &r); bad.Reason != ReasonNoTarget {
			t.Errorf("%s: %+v, want %s", name, bad, ReasonNoTarget)
		}
		if bad := f.NewParser().Parse([]byte(c.good), &r); bad.Reason != "" || string(r.Target) != "/a.ts" {
			t.Errorf("%s: %+v, %s", name, bad, r.Target)
		}
	}
	app := bytes.Split([]byte(strings.Repeat(`{"ip":"203.0.113.7","time":"2026-11-23T09:26:12Z","status":200,"msg":"started"}`+"\n", 9)), []byte{'\n'})
	if f, m := Detect(app, nil); m == nil {
		t.Errorf("lines without any request are %s", f.Name)
	}
}

// TestCutLine: a line that ends early still fits a format with fewer fields, which must not win for that.
func TestCutLine(t *testing.T) {
	lines := slices.Repeat([][]byte{[]byte(`203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "curl/8.0"`)}, 99)
	cut := lines[0][:bytes.LastIndexByte(lines[0], '/')]
	for name, sample := range map[string][][]byte{"last of three": append(slices.Clone(lines[:2]), cut), "one of 100": append(slices.Clone(lines), cut)} {
		if f := detected(t, sample); f.Name != "nginx" || !slices.Contains(f.Fields(), "user_agent") {
			t.Errorf("%s: %s with %v", name, f.Name, f.Fields())
		}
	}
	short := slices.Repeat([][]byte{cut[:bytes.LastIndexByte(cut, '7')+1]}, 60)
	if f := detected(t, append(short, lines[:40]...)); f.Name != "apache-common" {
		t.Errorf("60 short lines of 100: %s", f.Name)
	}
}

// TestCloudFrontWithoutHeader: the columns are those of the year, 19 to 33; an agent may be encoded twice.
func TestCloudFrontWithoutHeader(t *testing.T) {
	values := strings.Fields("2026-11-23 09:26:12 CDG50-P2 612 203.0.113.7 GET d1.cloudfront.net /v/1/seg.ts 403 - AGENT x=1 - Error id== cdn.example.com https 62 0.250 " +
		"- TLSv1.3 TLS_AES_128_GCM_SHA256 Error HTTP/2.0 - - 51754 0.113 Error text/plain 20 - -")
	for _, n := range []int{19, 24, 26, 33} {
		for raw, agent := range map[string]string{
			"Mozilla/5.0%2520(Linux;%2520Android%252014)": "Mozilla/5.0 (Linux; Android 14)",
			"App%2520Name/12%20Darwin":                    "App%20Name/12 Darwin",
			"Mozilla/5.0%20(Linux)":                       "Mozilla/5.0 (Linux)",
		} {
			line := []byte(strings.Replace(strings.Join(values[:n], "\t"), "AGENT", raw, 1))
			f := detected(t, [][]byte{line})
			var r Record
			bad := f.NewParser().Parse(line, &r)
			if f.Name != "cloudfront" {
				t.Errorf("%d columns: %s", n, f.Name)
			}
			checkRecord(t, n, bad, r, base(func(r *Record) {
				r.Logged, r.Target, r.UserAgent, r.Bytes = at(12000), []byte("/v/1/seg.ts?x=1"), []byte(agent), 612
				r.began(11750, 250*ms, second)
			}))
		}
	}
}

// TestJSONBehindALead: what syslog or a container's log puts before an object is passed over; a piece of an object is none.
func TestJSONBehindALead(t *testing.T) {
	const object = `{"client_ip":"203.0.113.7","timestamp":"2026-11-23T09:26:12+0000","host":"cdn.example.com","url":"/a.ts","request_method":"GET","response_status":403,"fastly_is_edge":true}`
	for _, lead := range []string{"", " ", "caddy  | ", "2026-11-23T09:26:12.613304+00:00 198.51.100.1  ", "<134>2026-11-23T09:26:12Z cache-fra1 cdn[77]: ", "Nov  3 09:26:12 web nginx: @cee:", "\ufeff"} {
		line := []byte(lead + object)
		f := detected(t, [][]byte{line})
		var r Record
		bad := f.NewParser().Parse(line, &r)
		if f.Name != "fastly" {
			t.Errorf("%q: %s", lead, f.Name)
		}
		checkRecord(t, 1, bad, r, base(func(r *Record) { r.Logged, r.Target = at(12000), []byte("/a.ts"); r.began(12000, -1, second) }))
	}
	for _, lead := range []string{`"outer":`, `uest":`, strings.Repeat("x", maxLead)} {
		var r Record
		if bad := named(t, "json").NewParser().Parse([]byte(lead+object), &r); bad.Reason != ReasonJSON || bad.Column != 1 {
			t.Errorf("%.20q: %+v", lead, bad)
		}
	}
}

// TestSecondObjectOnALine: a line is one object; what stands behind it is not passed over in silence.
func TestSecondObjectOnALine(t *testing.T) {
	const object = `{"client_ip":"203.0.113.7","timestamp":"2026-11-23T09:26:12+0000","url":"/a.ts","response_status":403}`
	p := named(t, "json").NewParser()
	var r Record
	for text, reason := range map[string]string{object: "", object + ",": "", object + " , ": "", object + "," + object: ReasonJSON, object + object: ReasonJSON, object + ",]": ReasonJSON} {
		if bad := p.Parse([]byte(text), &r); bad.Reason != reason {
			t.Errorf("%s: %+v, want %q", text[len(object):], bad, reason)
		}
	}
}

// TestListOfAddresses: the client is the first public one of a list with blanks in it, in a format learned and in one given
// (elastic/integrations, packages/nginx, test-test-with-host.log).
func TestListOfAddresses(t *testing.T) {
	lists := map[string]string{"10.0.0.2, 10.0.0.1, 203.0.113.7": "203.0.113.7", "203.0.113.8": "203.0.113.8", "2001:db8::7, 10.225.192.17": "2001:db8::7", "10.0.0.2, 10.0.0.1, 127.0.0.1": "10.0.0.2"}
	var lines [][]byte
	var want []string
	for list, address := range lists {
		lines = append(lines, []byte("cdn.example.com "+list+` - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 403 77 "-" "curl/8.0"`))
		want = append(want, address)
	}
	for _, f := range []*Format{detected(t, lines), named(t, `nginx:$host $http_x_forwarded_for $a $b [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`)} {
		p := f.NewParser()
		var r Record
		for i, line := range lines {
			if bad := p.Parse(line, &r); bad.Reason != "" || r.Client.String() != want[i] || r.Status != 403 || string(r.UserAgent) != "curl/8.0" {
				t.Errorf("%s: %s: %+v, %s, want %s", f.Name, line, bad, r.Client, want[i])
			}
		}
	}
	p := named(t, `nginx:$http_x_forwarded_for $remote_addr [$time_local] "$request" $status`).NewParser()
	var r Record
	for _, line := range []string{"203.0.113.7,", "203.0.113.7, ", "203.0.113.7, x"} {
		if bad := p.Parse([]byte(line), &r); bad.Reason != ReasonFields {
			t.Errorf("%q: %+v", line, bad)
		}
	}
}

// TestPortIsNoStatus: in a format that is learned, a port behind the request is not taken for its status.
func TestPortIsNoStatus(t *testing.T) {
	line := []byte(`203.0.113.7 [23/Nov/2026:09:26:12 +0000] 403 "GET /a.ts HTTP/1.1" 443 77`)
	var r Record
	if bad := detected(t, [][]byte{line, line}).NewParser().Parse(line, &r); bad.Reason != "" || r.Status != 403 {
		t.Errorf("%+v, status %d", bad, r.Status)
	}
}

// TestDataStreamIsNamed: of a structured line in Akamai's documentation (https://techdocs.akamai.com/datastream2/v3/docs/log-format-1) only the
// fields that the stream was made with tell what is what.
func TestDataStreamIsNamed(t *testing.T) {
	line := []byte("1 12345 123456 1239f220 1573840000 4995 203.0.113.7 206 HTTPS test.hostname.net GET /path1/path2/file.ext 443 5000 text/html Mozilla%2F5.0+%28Macintosh%29 0 TLSv1 484 484 232 0 " +
		"param=value //BC/%5Ba=23.33.41.20,c=g,k=0,l=1%5D en-US cookie-content 37334-42356 https%3A%2F%2Ftest.referrer.net%2Fen-US 8.47.28.38 3600 3")
	if f, m := Detect([][]byte{line, line}, nil); f != nil || !strings.Contains(m.Error(), "akamai:version,streamId") {
		t.Errorf("%v, %v", f, m)
	}
	p := named(t, "akamai:version,streamId,cp,reqId,reqTimeSec,bytes,cliIP,statusCode,proto,reqHost,reqMethod,reqPath,reqPort,rspContentLen,rspContentType,UA,a,b,c,d,e,f,queryStr,"+
		"breadcrumbs,accLang,cookie,range,referer,xForwardedFor,maxAgeSec,reqEndTimeMSec").NewParser()
	var r Record
	if bad := p.Parse(line, &r); bad.Reason != "" || r.Status != 206 || string(r.Target) != "/path1/path2/file.ext?param=value" || string(r.Referer) != "https://test.referrer.net/en-US" {
		t.Errorf("%+v, %d %s %s", bad, r.Status, r.Target, r.Referer)
	}
}

// TestUploaderWithoutNames: Gcore's Logs Uploader lets its customer choose delimiter and separator; the lines show them.
func TestUploaderWithoutNames(t *testing.T) {
	values := []string{"203.0.113.7", "[23/Nov/2026:09:26:12 +0000]", "GET /a,b;c.ts?x=1 HTTP/1.1", "403", "77", "https://player.example/", "Mozilla/5.0 (KHTML, like Gecko; x) 'q'", "cdn.example.com", "0.250", "PL"}
	for _, c := range [][2]string{{`"`, " "}, {"", "\t"}, {"", "|"}, {`"`, ","}, {`"`, ";"}, {"'", ","}, {"'", ";"}, {"'", "\t"}} {
		line := []byte(c[0] + strings.Join(values, c[0]+c[1]+c[0]) + c[0])
		f := detected(t, [][]byte{line, line})
		var r Record
		bad := f.NewParser().Parse(line, &r)
		if f.Name != "nginx-like" {
			t.Errorf("%q: %s", c, f.Name)
		}
		checkRecord(t, 1, bad, r, base(func(r *Record) {
			r.Logged, r.Target, r.Bytes = at(12000), []byte("/a,b;c.ts?x=1"), 77
			r.began(11750, 250*ms, second)
			r.says(values[6], player)
		}))
	}
}

func TestTraefik(t *testing.T) {
	lines := fixture(t, "traefik.log")
	want := []told{
		good(12043, func(r *Record) {
			r.Logged, r.Upstream, r.Bytes = at(12043)+123, 200, 612
			r.began(12043, -1, 1)
			r.Start += 123
		}),
		good(13500, func(r *Record) {
			r.Method, r.Status, r.Bytes = []byte("HEAD"), 200, 77
			r.from("2001:db8::7", "", 0)
			r.says("", "")
			r.began(13500, -1, 100*ms)
		}),
	}
	if f := detected(t, lines); f.Name != "traefik" {
		t.Errorf("detected %s", f.Name)
	}
	tells(t, named(t, "traefik"), lines, want)
}

// TestQuotedW3C: values with blanks stand in quotes where the log's writer does that; where it does not, a client's quote is one
// byte of its value.
func TestQuotedW3C(t *testing.T) {
	lines := fixture(t, "w3c-quoted.log")
	tells(t, detected(t, lines), lines, []told{
		bad(ReasonHeader), bad(ReasonHeader), bad(ReasonHeader),
		good(12043, func(r *Record) { r.Bytes, r.Resolution = 612, ms }),
		good(12543, func(r *Record) {
			r.Target, r.Status, r.Bytes, r.Resolution = []byte("/v/1/seg.ts"), 200, 77, ms
			r.from("203.0.113.8", "", 0)
			r.says(`a "quoted" agent`, "")
		}),
		bad(ReasonQuote),
	})
	plain := [][]byte{[]byte("#Fields: date time cs-method cs-uri-stem c-ip cs(User-Agent) sc-status")}
	for _, agent := range []string{`"open+quote`, `"`, `curl/8.0`, `""`} {
		plain = append(plain, fmt.Appendf(nil, "2026-11-23 09:26:12 GET /a.ts 203.0.113.7 %s 200", agent))
	}
	p := detected(t, plain).NewParser()
	var r Record
	for i, agent := range []string{`"open+quote`, `"`, `curl/8.0`, `""`} {
		if bad := p.Parse(plain[i+1], &r); bad.Reason != "" || string(r.UserAgent) != agent {
			t.Errorf("%+v, %s, want %s", bad, r.UserAgent, agent)
		}
	}
}

// TestNoLines: text that is not cut into lines, or is in another encoding, is told from a log of one long line.
func TestNoLines(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "curl/8.0"`
	for name, c := range map[string]struct{ text, want string }{
		"CR alone":  {strings.Repeat(line+"\r", 50), "carriage returns alone"},
		"UTF-32 LE": {"\xff\xfe\x00\x002\x00\x00\x00", "iconv -f UTF-32"},
		"a program": {strings.Repeat("usage: prog [file]\n\x7fELF\x02\x01\x00\x00\x01\n%s: no such file\n", 20), "binary data"},
	} {
		if f, m := Detect(bytes.Split([]byte(c.text), []byte{'\n'}), nil); m == nil || !strings.Contains(m.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, f, m)
		}
	}
	for name, text := range map[string]string{
		"CR and LF":      line + "\r\n",
		"CR, CR and LF":  line + "\r\r\n",
		"mostly Russian": strings.Replace(line, "/a.ts", "/видео/фильмы-о-природе-и-животных/первый-сезон/сегмент-1.ts", 1) + "\n",
	} {
		lines := bytes.Split([]byte(strings.Repeat(text, 50)), []byte{'\n'})
		f := detected(t, lines)
		var r Record
		if bad := f.NewParser().Parse(lines[0], &r); f.Name != "nginx" || bad.Reason != "" || string(r.UserAgent) != "curl/8.0" {
			t.Errorf("%s: %s, %+v", name, f.Name, bad)
		}
	}
}

// TestNoAccessLog: what else comes with a ticket is named. The lines are as nginx 1.22, Apache 2.4 and curl 7.88 write them.
func TestNoAccessLog(t *testing.T) {
	for text, want := range map[string]string{
		`2026/11/23 09:26:12 [error] 31#31: *45 access forbidden by rule, client: 203.0.113.7, server: cdn.example.com, request: "GET /v/1.ts?md5=x&expires=1 HTTP/1.1", host: "cdn.example.com"`:    "error log",
		`[Mon Nov 23 09:26:12.043211 2026] [authz_core:error] [pid 12:tid 34] [client 203.0.113.7:5443] AH01630: client denied by server configuration: /var/www/v/1.ts`:                             "error log",
		"* Connected to cdn.example.com (203.0.113.9) port 443 (#0)\n> GET /v/1.ts?md5=x&expires=1 HTTP/1.1\r\n> Host: cdn.example.com\r\n> \r\n< HTTP/1.1 403 Forbidden\r\n< Server: nginx\r\n< \r": "curl -v",
	} {
		f, misfit := Detect(bytes.Split([]byte(strings.Repeat(text+"\n", 5)), []byte{'\n'}), nil)
		if misfit == nil || !strings.Contains(misfit.Error(), "an access log, found") || !strings.Contains(misfit.Error(), want) {
			t.Errorf("%s: %v, %v", want, f, misfit)
		}
	}
}

// TestRealtimeQuery: CloudFront's real-time logs have the query in a column of its own, far behind the path. The line is that of
// https://github.com/elastic/integrations/issues/6219.
func TestRealtimeQuery(t *testing.T) {
	const line = "1795425972.937\t203.0.113.7\t0.332\t403\t347\tGET\thttps\td1.cloudfront.net\t/v/a.ts\t50\tARN1-C1\tQUJDREVGR0hJSktMTU5PUA==\tcdn.example.com\t0.332\tHTTP/2.0\tIPv4\tcurl/7.88.1\t-\t-\t" +
		"md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000\tError\t-"
	none := strings.Replace(strings.Replace(line, "md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000", "-", 1), "QUJD", "RUZH", 1)
	f := detected(t, [][]byte{[]byte(line), []byte(none), []byte(line)})
	for text, want := range map[string]string{line: "/v/a.ts?md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000", none: "/v/a.ts"} {
		var r Record
		if bad := f.NewParser().Parse([]byte(text), &r); bad.Reason != "" || string(r.Target) != want || r.Status/100 == 0 || r.Duration != 332000 || string(r.Host) != "d1.cloudfront.net" {
			t.Errorf("%+v, %s %d %s in %d, want %s", bad, r.Host, r.Status, r.Target, r.Duration, want)
		}
	}
}

// TestCarriageReturnAlone: two lines with a carriage return between them are not one request.
func TestCarriageReturnAlone(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 77 "-" "curl/8.0"`
	sample := [][]byte{[]byte(line), []byte(line + "\r"), []byte(line + "\r" + line + "\r")}
	p := detected(t, sample).NewParser()
	for i, want := range []int{0, 0, len(line) + 1} {
		var r Record
		if bad := p.Parse(sample[i], &r); bad.Column != want {
			t.Errorf("line %d: %+v, want column %d", i+1, bad, want)
		}
	}
}

// TestNamedQuery: a name before a value is told from the first parameter of a query.
func TestNamedQuery(t *testing.T) {
	const args = "md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000"
	for text, want := range map[string]string{"uri=/v/a.ts?" + args: "/v/a.ts?" + args, "path=/v/a.ts args=" + args: "/v/a.ts?" + args, "/v/a.ts " + args: "/v/a.ts?" + args, "path=/v/a.ts args=-": "/v/a.ts"} {
		line := []byte("time=2026-11-23T09:26:12Z ip=203.0.113.7 method=GET " + text + " status=403 bytes=12 host=c.example.com")
		var r Record
		if bad := detected(t, [][]byte{line, line}).NewParser().Parse(line, &r); bad.Reason != "" || string(r.Target) != want || r.Status != 403 {
			t.Errorf("%s: %+v, %d %s, want %s", text, bad, r.Status, r.Target, want)
		}
	}
}

// TestFormEncodedAgent: a user agent as in the lines of https://techdocs.akamai.com/datastream2/v3/docs/log-format-1.
func TestFormEncodedAgent(t *testing.T) {
	for text, want := range map[string]string{
		"Mozilla%2F5.0+%28Macintosh%3B+Intel+Mac+OS+X+10_14_3%29": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_3)",
		"bot%2F1.0+%28%2Bhttps%3A%2F%2Fbot.example%29":            "bot/1.0 (+https://bot.example)",
		"bot/1.0%20(+https://bot.example)":                        "bot/1.0 (+https://bot.example)",
		"bot%2F1.0%20%28+https%3A%2F%2Fbot.example%29":            "bot/1.0 (+https://bot.example)",
		"C++%20player": "C++ player",
	} {
		line := []byte(`{"version":1,"cliIP":"203.0.113.7","reqTimeSec":"1795425972.043","statusCode":"403","reqHost":"c.example.com","reqMethod":"GET","reqPath":"/a.ts","UA":"` + text + `"}`)
		var r Record
		if bad := detected(t, [][]byte{line}).NewParser().Parse(line, &r); bad.Reason != "" || string(r.UserAgent) != want {
			t.Errorf("%s: %+v, %s, want %s", text, bad, r.UserAgent, want)
		}
	}
}

// TestTimeOfItsOwn: of equally fine times a line's own counts, not that of what passed it on (rsyslog's RSYSLOG_FileFormat without its
// fraction), and a number as long as a Unix time is none beside one.
func TestTimeOfItsOwn(t *testing.T) {
	const own = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 403 77 "-" "Mozilla/5.0 (X11)"`
	for _, line := range []string{"2026-11-23T09:31:00+00:00 edge1 nginx[123]: " + own, own + " 1795999999", "1795999999 " + own} {
		var r Record
		if bad := detected(t, [][]byte{[]byte(line), []byte(line)}).NewParser().Parse([]byte(line), &r); bad.Reason != "" || r.Logged != at(12000) || r.Client.String() != "203.0.113.7" {
			t.Errorf("%s: %+v, %d", line, bad, r.Logged)
		}
	}
}

// TestQuotedAsAWhole: CSV of one column, as Splunk exports _raw, is not OpenLiteSpeed's, whose quotes within stand alone.
func TestQuotedAsAWhole(t *testing.T) {
	line := []byte(`"203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] ""GET /a.ts HTTP/1.1"" 403 77 ""-"" ""Mozilla/5.0 (X11)"""`)
	if f, m := Detect([][]byte{line, line}, nil); m == nil {
		t.Errorf("%s reads it", f.Name)
	}
}

// TestCloudFrontByChosenFields: of v2 the customer chooses the fields, and may leave out those that no other log has.
func TestCloudFrontByChosenFields(t *testing.T) {
	for _, sep := range []string{"\t", " "} {
		lines := [][]byte{[]byte("#Version: 1.0"), []byte("#Fields: timestamp(ms) c-ip cs-method x-host-header cs-uri-stem cs-uri-query sc-status cs(User-Agent)"),
			[]byte(strings.Join([]string{"1795425972043", "203.0.113.7", "GET", "cdn.example.com", "/a.ts", "x=1", "403", "Mozilla/5.0%20(Linux;%20Android%2014)"}, sep))}
		f := detected(t, lines)
		var r Record
		if bad := f.NewParser().Parse(lines[2], &r); bad.Reason != "" || f.Name != "cloudfront" || string(r.UserAgent) != "Mozilla/5.0 (Linux; Android 14)" || string(r.Host) != "cdn.example.com" {
			t.Errorf("%s: %+v, %s, %s", f.Name, bad, r.UserAgent, r.Host)
		}
	}
}
