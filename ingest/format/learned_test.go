package format

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// TestFormatsOfManuals: log_format and LogFormat strings that manuals and tutorials tell people to use, some of them with a slip. The
// values differ from line to line; $upstream stands for the address of the origin, which lines from the cache have none of.
func TestFormatsOfManuals(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		has  string // what is read beside the address, the target and the status
	}{
		"NGINX Amplify": {`$ip - - [$clf] "$request" $status $bytes "$ref" "$ua" "-" "$host" sn="$host" rt=$took ua="$upstream" us="$upstatus" ut="$took" ul="$bytes" cs=HIT`,
			"bytes referer user_agent host took"},
		"cPanel: blanks around the request": {`$host $host 443 $ip HIT - [$clf] " $request " $status $bytes "$ref" "$ua" "-"`, "bytes referer user_agent host"},
		"no blanks between parts":           {`$ip - - [$clf]"$request" $status $bytes"$ref" "$ua""$took" "$took""Kra" "PL"`, "bytes referer user_agent took"},
		"the host before the agent":         {`$ip - - [$clf] "$request" $status $bytes "$ref" $host "$ua" "$took" "$took"`, "bytes referer user_agent host took"},
		"Nginx Proxy Manager":               {`[$clf] - $upstatus $status - $method https $host "$target" [Client $ip] [Length $bytes] [Gzip -] [Sent-to up] "$ua" "$ref"`, "bytes referer user_agent host"},
		"the upstream's status behind":      {`$ip [$clf] "$request" 1300 $status $upstatus $took "$ref" "$ua"`, "referer user_agent took"},
		"the upstream's status before":      {`$ip [$clf] "$request" $upstatus $status $bytes "$ref" "$ua"`, "bytes referer user_agent"},
		"a list of addresses before":        {`$list $ip - - [$clf] "$request" $status $bytes "$ref" "$ua"`, "bytes referer user_agent"},
		"the server's address behind":       {`$private $host [$clf] "$request" $status $bytes "$ref" "$ua" $took HIT 192.0.2.1`, "bytes referer user_agent host took private"},
		"the origin's address behind":       {`$private - - [$clf] "$request" $status $bytes "$ref" "$ua" 300 $took [up] [] $upstream $bytes $took $upstatus x`, "bytes referer user_agent took private"},
		"Apache's manual":                   {`[$spaced] $ip "$request" $status $bytes "$ua" 250`, "bytes user_agent"},
		"Apache, JSON with %U and %q":       {`{"time":"$iso","remoteIP":"$ip","host":"$host","request":"$path","query":"$query","method":"$method","status":"$status","userAgent":"$ua","referer":"$ref"}`, "referer user_agent host"},
		"CloudFront, real-time":             {"$epoch\t$ip\t$status\t$bytes\t$method\thttps\t$host\t$target\tWAW50-P1\tid==\t$encoded\t$ref\t-", "bytes referer user_agent host"},
	} {
		var lines [][]byte
		var want []Record
		for i := range 40 {
			r := base(func(r *Record) {
				r.Client = netip.MustParseAddr(fmt.Sprintf("203.0.113.%d", i+1))
				r.Method, r.Target = []byte("GET"), fmt.Appendf(nil, "/v/a%%20%d.ts?md5=x&expires=%d", i, i)
				r.Status = []uint16{200, 403, 206}[i%3]
				r.UserAgent, r.Referer, r.Host = fmt.Appendf(nil, "Mozilla/5.%d (X11; Linux)", i%7), []byte("https://player.example/"), []byte("cdn.example.com")
				r.Bytes, r.Duration = int64(1000+i), int64(i+1)*ms
			})
			upstream, upstatus, list := "-", "-", "-"
			if i%3 > 0 {
				upstream, list = fmt.Sprintf("192.0.2.10:%d", 443), r.Client.String()+", 10.0.0.9"
			}
			if i%3 == 2 {
				upstatus = "206"
			}
			private := fmt.Sprintf("10.0.0.%d", i+1)
			if strings.Contains(c.has, "private") {
				r.Client = netip.MustParseAddr(private)
			}
			path, query, _ := strings.Cut(string(r.Target), "?")
			text := strings.NewReplacer("$ip", r.Client.String(), "$private", private, "$clf", fmt.Sprintf("23/Nov/2026:09:26:%02d +0000", i), "$spaced", fmt.Sprintf("23/Nov/2026 09:26:%02d.000 +0000", i),
				"$iso", fmt.Sprintf("2026-11-23T09:26:%02d+0000", i), "$epoch", fmt.Sprintf("%d.000", at(0)/second+int64(i)), "$request", "GET "+string(r.Target)+" HTTP/1.1",
				"$method", "GET", "$target", string(r.Target), "$path", strings.ReplaceAll(path, "%20", " "), "$query", "?"+query, "$status", fmt.Sprint(r.Status), "$bytes", fmt.Sprint(r.Bytes), "$ref", string(r.Referer),
				"$ua", string(r.UserAgent), "$encoded", strings.ReplaceAll(string(r.UserAgent), " ", "%20"), "$host", string(r.Host), "$took", fmt.Sprintf("0.%03d", i+1),
				"$upstream", upstream, "$upstatus", upstatus, "$list", list).Replace(c.line)
			lines, want = append(lines, []byte(text)), append(want, r)
		}
		f := detected(t, lines)
		p := f.NewParser()
		for i, line := range lines {
			var r Record
			bad, w := p.Parse(line, &r), want[i]
			if bad.Reason != "" || r.Client != w.Client || string(r.Target) != string(w.Target) || r.Status != w.Status || r.Logged-r.Logged%second != at(int64(i)*1000) {
				t.Errorf("%s: %s\n%s\n%+v: %s %s %d at %d", name, f.Doc, line, bad, r.Client, r.Target, r.Status, r.Logged)
				break
			}
			for what, ok := range map[string]bool{"bytes": r.Bytes == w.Bytes, "referer": string(r.Referer) == string(w.Referer), "user_agent": string(r.UserAgent) == string(w.UserAgent),
				"host": string(r.Host) == string(w.Host), "took": r.Duration == w.Duration} {
				if strings.Contains(c.has, what) != ok && (strings.Contains(c.has, what) || what == "bytes" && r.Bytes >= 0) {
					t.Errorf("%s: %s of %s\n%s: %+v", name, what, line, f.Doc, r)
				}
			}
			if t.Failed() {
				break
			}
		}
	}
}

// TestNamesOfMakersInRows: columns with the names of a maker mean what they mean in its JSON.
func TestNamesOfMakersInRows(t *testing.T) {
	lines := [][]byte{[]byte("timestamp,requestTimeMs,resourceID,clientIP,clientRequestHost,clientRequestMethod,clientRequestPath,responseStatus"),
		[]byte("2026-11-23T09:26:12.000Z,250,7,203.0.113.7,cdn.example.com,GET,/v/1/seg.ts?x=1,403")}
	f := detected(t, lines)
	p := f.NewParser()
	var r Record
	p.Parse(lines[0], &r)
	if bad := p.Parse(lines[1], &r); bad.Reason != "" || r.Start != at(12000) || r.Duration != 250*ms {
		t.Errorf("%s: %+v, %+v", f.Name, bad, r)
	}
}

// TestNoStatus: what has one digit or two is a port's beginning or a version, but for 0 and nginx's 009.
func TestNoStatus(t *testing.T) {
	for text, ok := range map[string]bool{"403": true, "000": true, "0": true, "009": true, "403.0": true, "TCP_HIT/200": true, "2": false, "HTTP/2.0": false, "1000": false, "99": false} {
		p := named(t, "nginx").NewParser()
		var r Record
		if bad := p.Parse([]byte(`203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a HTTP/1.1" `+text+` 1 "-" "x"`), &r); (bad.Reason == "") != ok {
			t.Errorf("%s: %+v", text, bad)
		}
	}
}

// TestSeparatorsWithinValues: a URL that holds the separator is read where the values behind it tell so. Where an agent may hold it as well,
// the line is rejected, not guessed at.
func TestSeparatorsWithinValues(t *testing.T) {
	type line struct{ url, agent, referer string }
	const chrome, site = "Mozilla/5.0 (X11) Chrome/120.0", "https://site.example/a"
	lines := map[string]line{
		"plain":      {"/v/1.ts?md5=a", chrome, site},
		"one":        {"/v/1.ts?f=1|2&md5=a", chrome, site},
		"three":      {"/v/a|b.ts?f=x|y|z&md5=a", chrome, site},
		"in agent":   {"/v/1.ts?md5=a", "VLC|3.0 (x)", site},
		"in referer": {"/v/1.ts?md5=a", chrome, site + "?a=1|200"},
	}
	write := map[string]struct {
		names string
		text  func(l line) string
		tell  bool // the values behind the URL do
	}{
		"apart":  {"time|client_ip|uri|status|bytes|user_agent", func(l line) string { return "203.0.113.7|" + l.url + "|403|512|" + l.agent }, true},
		"beside": {"time|client_ip|uri|user_agent|referer|status|bytes", func(l line) string { return "203.0.113.7|" + l.url + "|" + l.agent + "|" + l.referer + "|403|512" }, false},
		"last":   {"time|client_ip|status|bytes|uri|user_agent", func(l line) string { return "203.0.113.7|403|512|" + l.url + "|" + l.agent }, true},
	}
	for kind, w := range write {
		for _, sep := range []string{"|", ";", ","} {
			if kind == "last" && sep != "|" {
				continue
			}
			for _, headed := range []bool{false, true} {
				spell := func(s string) string { return strings.ReplaceAll(s, "|", sep) }
				var sample [][]byte
				if headed {
					sample = append(sample, []byte(spell(w.names)))
				}
				for i := range 60 {
					sample = append(sample, []byte(fmt.Sprintf("2026-11-01T00:00:%02dZ", i)+spell("|"+w.text(line{fmt.Sprintf("/v/%d.ts?md5=a%d", i*37%60, i), chrome, fmt.Sprintf("%s/%d", site, i%7)}))))
				}
				f, err := Detect(sample, nil)
				if err != nil {
					t.Fatalf("%s, %q, headed %v: %v", kind, sep, headed, err)
				}
				for name, c := range lines {
					l := line{spell(c.url), spell(c.agent), spell(c.referer)}
					p, r := f.NewParser(), Record{}
					bad := p.Parse([]byte("2026-11-01T00:00:00Z"+spell("|"+w.text(l))), &r)
					right := string(r.Target) == l.url && r.Status == 403 && r.Bytes == 512 && string(r.UserAgent) == l.agent
					switch fine := bad.Reason == ""; {
					case fine && !right:
						t.Errorf("%s, %q, headed %v, %s: read as %s %d %d %q", kind, sep, headed, name, r.Target, r.Status, r.Bytes, r.UserAgent)
					case !fine && (name == "plain" || w.tell && strings.Contains(c.url, "|") && !(kind == "last" && headed)):
						t.Errorf("%s, %q, headed %v, %s: %v", kind, sep, headed, name, bad)
					}
				}
			}
		}
	}
}

// TestValuesWithBlanks: where blanks stand around the separators, a third of the values holds these, or a user agent without quotes goes on to
// the end of the line, it is read whole.
func TestValuesWithBlanks(t *testing.T) {
	agents := []string{"Mozilla/5.0 (X11; Linux) Chrome/120.0", "Mozilla/5.0 (X11; Linux) Chrome/121.0", "VLC/3.0.20 LibVLC/3.0.20", "ExoPlayer/2.19", "Mozilla/5.0 (Smart | TV) Chrome/90.0"}
	for name, c := range map[string]struct {
		line         string
		path, agents int // the kinds of them that occur
	}{
		"bars":                       {"$time | $ip | GET | cdn.example.com | $target | $status | $bytes | $ua", 1, 4},
		"bars, also in URLs":         {"$time | $ip | GET | cdn.example.com | $target | $status | $bytes | $ua", 2, 4},
		"bars, also in agents":       {"$time | $ip | cdn.example.com | GET $target HTTP/1.1 | $status | $bytes | $ua", 1, 5},
		"bars behind agents":         {"$time | $ip | $ua | cdn.example.com | GET $target HTTP/1.1 | $status | $bytes", 1, 4},
		"semicolons":                 {"$time ; $ip ; cdn.example.com ; GET $target HTTP/1.1 ; $status ; $bytes ; $ua", 1, 3},
		"two bars":                   {"$time||$ip||cdn.example.com||$target||$status||$bytes||$ua", 1, 4},
		"Hive's separator":           {"$time\x01$ip\x01cdn.example.com\x01$target\x01$status\x01$bytes\x01$ua", 2, 5},
		"the agent last":             {"$time $ip cdn.example.com GET $target $status $bytes $ua", 1, 4},
		"the agent last, and quotes": {`$ip [$time] cdn.example.com "GET $target HTTP/1.1" $status $bytes - $ua`, 1, 2},
	} {
		var lines [][]byte
		var want []string
		for i := range 60 {
			path, ua, status, bytes := []string{"/v/1.ts", "/v|x/1.ts"}[i%3%c.path], agents[i%c.agents], []int{200, 403, 206}[i%3], 1000+i*37
			target := fmt.Sprintf("%s?md5=a%d", path, i)
			lines = append(lines, []byte(strings.NewReplacer("$time", fmt.Sprintf("2026-11-23T09:26:%02dZ", i), "$ip", fmt.Sprintf("203.0.113.%d", i+1), "$target", target,
				"$status", fmt.Sprint(status), "$bytes", fmt.Sprint(bytes), "$ua", ua).Replace(c.line)))
			want = append(want, fmt.Sprintf("203.0.113.%d %s %d %d cdn.example.com %s", i+1, target, status, bytes, ua))
		}
		f := detected(t, lines)
		p := f.NewParser()
		for i, line := range lines {
			var r Record
			if bad, got := p.Parse(line, &r), fmt.Sprintf("%s %s %d %d %s %s", r.Client, r.Target, r.Status, r.Bytes, r.Host, r.UserAgent); bad.Reason != "" || got != want[i] {
				t.Errorf("%s: %s\n got %s\nwant %s\n%+v", name, f.Doc, got, want[i], bad)
				break
			}
		}
	}
}

// TestNetworksWithoutNames: an AS number is found by its letters, and a country beside it or behind the client's address. One elsewhere may be
// the edge's.
func TestNetworksWithoutNames(t *testing.T) {
	for line, want := range map[string]string{
		`203.0.113.%d PL [23/Nov/2026:09:26:12 +0000] "GET /v/1.ts HTTP/1.1" 403 612 "-" "curl/8.0"`:                      "PL 0",
		`203.0.113.%d [23/Nov/2026:09:26:12 +0000] "GET /v/1.ts HTTP/1.1" 403 612 "-" "curl/8.0" "PL" "AS5617 Orange SA"`: "PL 5617",
		"2026-11-23T09:26:12Z\t203.0.113.%d\tAS5617\tPL\tGET\t/v/1.ts\t403":                                               "PL 5617",
		"2026-11-23T09:26:12Z,203.0.113.%d,GET,/v/1.ts,403,FR":                                                            " 0",
	} {
		var lines [][]byte
		for i := range 9 {
			lines = append(lines, fmt.Appendf(nil, line, i+1))
		}
		f, r := detected(t, lines), Record{}
		if bad, got := f.NewParser().Parse(lines[0], &r), fmt.Sprintf("%s %d", r.Country, r.ASN); bad.Reason != "" || got != want {
			t.Errorf("%s: got %s, want %s (%+v)", f.Doc, got, want, bad)
		}
	}
}

// TestRivalOfTheStatus: where all of a few numbers of bytes look like a status, this is said; where one does not, it is not.
func TestRivalOfTheStatus(t *testing.T) {
	const line = `203.0.113.7 [23/Nov/2026:09:26:12 +0000] "GET /v/1.ts HTTP/1.1" %s "curl/8.0"`
	for numbers, doubt := range map[string]bool{"200 403": true, "200 403|403 206": true, "403 403": false, "200 403|153 403": false, "403 153": false, "504 -|200 200": false} {
		var lines [][]byte
		for text := range strings.SplitSeq(numbers, "|") {
			lines = append(lines, fmt.Appendf(nil, line, text))
		}
		facts := Facts{Doubt: detected(t, lines).Doubt()}
		if said := strings.Contains(strings.Join(facts.Sentences(learned), "\n"), "look like its status"); said != doubt {
			t.Errorf("%s: doubt is %v, want %v", numbers, said, doubt)
		}
	}
}

// TestNamesOfTheirOwn: JSON whose writers chose the names. Its query is found under one that nobody knows, and the host where "host" is the
// server's address.
func TestNamesOfTheirOwn(t *testing.T) {
	const some = `"time":"2026-11-23T09:26:12+00:00","remote_addr":"203.0.113.7","method":"GET","status":403,`
	const query = "md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000"
	for name, c := range map[string]struct{ line, host, query string }{
		"ingress-nginx's manual":   {some + `"vhost":"cdn.example.com","path":"/v/%d.ts","request_query":"` + query + `","duration":0.25`, "cdn.example.com", query},
		"an endpoint":              {some + `"endpoint":"/v/%[1]d.ts?` + query + `","uri":"/v/%[1]d.ts"`, "", query},
		"within an object":         {some + `"req":{"full":"/v/%[1]d.ts?` + query + `"},"uri":"/v/%[1]d.ts"`, "", query},
		"parameters":               {some + `"uri":"/v/%d.ts","req_params":"` + query + `"`, "", query},
		"none":                     {some + `"uri":"/v/%d.ts","referer":"https://player.example/?a=1&b=2","note":"a&b"`, "", ""},
		"the server's address":     {some + `"uri":"/v/%d.ts","args":"` + query + `","host":"10.0.0.1","http_host":"cdn.example.com"`, "cdn.example.com", query},
		"addresses that are asked": {some + `"uri":"/v/%d.ts","args":"` + query + `","host":"192.0.2.1"`, "192.0.2.1", query},
		"both":                     {some + `"uri":"/v/%d.ts","req_params":"` + query + `","host":"10.0.0.1","domain":"cdn.example.com"`, "cdn.example.com", query},
	} {
		var lines [][]byte
		for i := range 9 {
			lines = append(lines, fmt.Appendf(nil, "{"+c.line+"}", i))
		}
		want := c.host + "/v/0.ts"
		if c.query != "" {
			want += "?" + c.query
		}
		f, r := detected(t, lines), Record{}
		if bad := f.NewParser().Parse(lines[0], &r); bad.Reason != "" || string(r.Host)+string(r.Target) != want {
			t.Errorf("%s: got %s%s, want %s (%+v)", name, r.Host, r.Target, want, bad)
		}
	}
	for _, names := range []string{"time,client_ip,path,status,params", "time\tclient_ip\tpath\tstatus\tparams"} {
		lines := [][]byte{[]byte(names)}
		for i := range 9 {
			lines = append(lines, []byte(strings.ReplaceAll(fmt.Sprintf("2026-11-23T09:26:12Z,203.0.113.7,/v/%d.ts,403,%s", i, query), ",", names[4:5])))
		}
		p, r := detected(t, lines).NewParser(), Record{}
		p.Parse(lines[0], &r)
		if bad := p.Parse(lines[1], &r); bad.Reason != "" || string(r.Target) != "/v/0.ts?"+query {
			t.Errorf("%q: got %s (%+v)", names, r.Target, bad)
		}
	}
	line, r := []byte(`{"request":{"method":"GET","uri":"/v/1.ts","headers":{"host":"cdn.example.com","user-agent":"curl/8.0"}},"response":{"status":403,"size":"612"},"latencies":{"proxy":1,"request":250},"client_ip":"203.0.113.7","started_at":1795425972000}`), Record{}
	if bad := detected(t, [][]byte{line}).NewParser().Parse(line, &r); bad.Reason != "" || r.Start != at(12000) || r.Duration != 250*ms || string(r.Host)+string(r.UserAgent) != "cdn.example.comcurl/8.0" || r.Bytes != 612 {
		t.Errorf("Kong: %+v, %+v", bad, r)
	}
}
