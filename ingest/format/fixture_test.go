package format

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const (
	oddTemplate    = `'$msec|$status "$request" rt=$request_time host=$host [$remote_addr]:$remote_port ua="$http_user_agent" ref="$http_referer" $body_bytes_sent'`
	turnedTemplate = `[$time_iso8601] $host $status $remote_addr "$request_method" "$request_uri" $request_time "$http_user_agent" "$http_referer"`
	mainTemplate   = `log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
		'"$http_user_agent" "$http_x_forwarded_for" rt=$request_time host=$host secure_link="$secure_link"';`
	ownTemplate = `escape=json '{"a":"$remote_addr","t":$msec,"m":"$request_method","u":"$request_uri","s":$status,"d":$request_time,"b":"$http_user_agent"}'`
)

// fixture reads a log's lines.
func fixture(t testing.TB, name string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "logs", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte{'\n'}), []byte{'\n'})
}

func named(t testing.TB, spec string) *Format {
	t.Helper()
	f, err := Named(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func detected(t testing.TB, lines [][]byte) *Format {
	t.Helper()
	f, m := Detect(lines, nil)
	if m != nil {
		t.Fatal(m)
	}
	return f
}

// sent is what a client told the nginx that wrote the fixtures, and what nginx answered.
type sent struct {
	client, method, target, agent, referer string
	status                                 uint16
}

const phone = "Mozilla/5.0 (Linux; Android 14) Mobile"

func sentToNginx() []sent {
	const seg = "/videos/video-1/seg-3.ts?md5="
	const good7, good8, end = "5PTjZfDb-vtZzGWYmSzIfQ", "4bk7KIfS9tSQnrL8u2u47w", "&expires=1893456000"
	return []sent{
		{"203.0.113.7", "GET", seg + good7 + end, phone, "https://player.example/", 200},
		{"198.51.100.9", "GET", seg + good7 + end, phone, "", 403},
		{"203.0.113.7", "GET", seg + "sqxeNjUUMVszJPtT1D0lyg&expires=1700000000", phone, "", 410},
		{"2001:db8::7", "GET", seg + "i7v-iNK_fMBCk10jxxFIcA" + end, `VLC/3.0.20 "quoted" \back\slash\ [x] "`, "", 200},
		{"203.0.113.8", "GET", seg + good8 + end, "Плеер/1.0 ☃", "", 200},
		{"203.0.113.8", "GET", seg + good8 + end, "tab\there \x01\x7f\xff\xfe bytes", "", 200},
		{"203.0.113.8", "GET", seg + good8 + end, `evil" "192.0.2.66" 200 "x`, "", 200},
		{"203.0.113.8", "GET", seg + good8 + end, "", "", 200},
		{"203.0.113.9", "GET", `/videos/video-1/seg%204.ts?x=%22quote%22&y="raw"`, phone, `https://a.example/?q="x" y`, 403},
		{"203.0.113.10", "HEAD", seg + "SvNMJuPqZgkir8-Xj0IveA" + end, phone, "", 200},
		{"203.0.113.11", "GET", "/abs.ts?md5=x&expires=1", phone, "", 403},
	}
}

// TestNginxWroteIt reads the same twelve requests out of every format that nginx logged them in, with the format named and,
// where that is possible, detected.
func TestNginxWroteIt(t *testing.T) {
	for _, c := range []struct {
		file, spec string
		detect     bool
		host       bool
		referer    bool
	}{
		{"nginx-combined.log", "nginx", true, false, true},
		{"nginx-combined.log", "nginx:" + combined, true, false, true},
		{"nginx-main.log", "nginx:" + mainTemplate, true, true, true},
		{"nginx-odd.log", "nginx:" + oddTemplate, true, true, true},
		{"nginx-turned.log", "nginx:" + turnedTemplate, true, true, true},
		{"nginx-json.log", "json", true, true, true},
		{"nginx-ownjson.log", "nginx:" + ownTemplate, false, false, false},
	} {
		t.Run(c.file, func(t *testing.T) {
			lines := fixture(t, c.file)
			formats := []*Format{named(t, c.spec)}
			if c.detect {
				formats = append(formats, detected(t, lines))
			}
			for _, f := range formats {
				sameRequests(t, f, lines, c.host, c.referer)
			}
		})
	}
}

func sameRequests(t *testing.T, f *Format, lines [][]byte, withHost, withReferer bool) {
	t.Helper()
	p := f.NewParser()
	var r Record
	want := sentToNginx()
	if len(lines) != len(want)+1 {
		t.Fatalf("%d lines, want %d", len(lines), len(want)+1)
	}
	if f.HasHost() != withHost || !f.HasQuery() {
		t.Errorf("%s: HasHost %v, HasQuery %v", f.Name, f.HasHost(), f.HasQuery())
	}
	for i, w := range want {
		if bad := p.Parse(lines[i], &r); bad.Reason != "" {
			t.Fatalf("%s, line %d: %+v", f.Name, i+1, bad)
		}
		if !withReferer {
			w.referer = ""
		}
		got := sent{r.Client.String(), string(r.Method), string(r.Target), string(r.UserAgent), string(r.Referer), r.Status}
		if got != w {
			t.Errorf("%s, line %d:\n got %+v\nwant %+v", f.Name, i+1, got, w)
		}
		if got := r.Logged / second; got != 1795447705 { // date -u -d '2026-11-23 15:28:25' +%s
			t.Errorf("%s, line %d: logged at %d", f.Name, i+1, got)
		}
		if withHost && string(r.Host) != "video.example.com" {
			t.Errorf("%s, line %d: host %q", f.Name, i+1, r.Host)
		}
	}
	if bad := p.Parse(lines[len(want)], &r); bad.Reason != ReasonNoTarget {
		t.Errorf("%s, TLS hello: %+v", f.Name, bad)
	}
}

// at is a time of the hand-made fixtures: this many ms past 2026-11-23 09:26:00 UTC (date -u +%s: 1795425960).
func at(ms int64) int64 { return 1795425960*second + ms*1000 }

// base is what most hand-made lines say.
func base(change func(*Record)) Record {
	r := Record{Resolution: second, Duration: -1, Client: netip.MustParseAddr("203.0.113.7"), Host: []byte("cdn.example.com"),
		Method: []byte("GET"), Status: 403, Bytes: -1}
	change(&r)
	if !r.HasStart {
		r.Start = r.Logged
	}
	return r
}

func TestGcoreLog(t *testing.T) {
	const signed = "/videos/video-1/seg-3.ts?expires=1893456000&md5=8vAHfjuFGwiLpCsVjgfSqA"
	line := func(ms, took int64, target string, change func(*Record)) Record {
		return base(func(r *Record) {
			r.Logged, r.Start, r.Duration, r.HasStart = at(ms), at(ms-took), took*1000, true
			r.Target, r.UserAgent, r.Referer = []byte(target), []byte(phone), []byte("https://player.example/")
			r.Country, r.ASN, r.Bytes = []byte("PL"), 64500, 146
			change(r)
		})
	}
	same(t, "gcore.log", "gcore", []Record{
		line(12000, 0, signed, func(r *Record) { r.Code = 1005 }),
		line(13000, 0, signed, func(r *Record) { r.Code, r.Status = 1006, 410 }),
		line(14000, 2250, "/videos/video-1/seg-4.ts", func(r *Record) {
			r.Client, r.Status, r.UserAgent = netip.MustParseAddr("2001:db8::9"), 200, []byte(`Odd"Player/1.0 with "stray" quotes`)
			r.Country, r.ASN, r.Upstream = []byte("DE"), 64501, 200
		}),
		line(15000, 125, signed, func(r *Record) {
			r.Client, r.Status, r.UserAgent = netip.MustParseAddr("198.51.100.4"), 200, []byte(`Back"slash\/1.0`)
			r.Country, r.ASN, r.Upstream, r.Shield = nil, 0, 200, true
		}),
		line(16000, 1, signed, func(r *Record) { r.Client, r.Upstream = netip.MustParseAddr("203.0.113.8"), 403 }),
		line(17000, 10, "/a b/seg 5.ts?x=1", func(r *Record) {
			r.Client, r.Status, r.UserAgent = netip.MustParseAddr("203.0.113.8"), 206, nil
		}),
		line(12000, 0, signed, func(r *Record) { r.Country, r.ASN, r.HasStart, r.Duration = nil, 0, false, -1 }),
		line(12000, 0, signed, func(r *Record) { r.Country, r.ASN = nil, 0 }),
	})
}

func TestVendorJSON(t *testing.T) {
	line := func(target string, change func(*Record)) Record {
		return base(func(r *Record) { r.Logged, r.Target = at(12043), []byte(target); r.Resolution = 1000; change(r) })
	}
	same(t, "cdn-json.log", "json", []Record{
		line("/v/1/seg.ts?verify=1795425000-x", func(r *Record) { // Cloudflare
			r.Logged, r.Start, r.HasStart, r.Resolution = at(12000), at(12000), true, second
			r.Country, r.ASN, r.Bytes, r.UserAgent = []byte("pl"), 64500, 612, []byte("Mozilla/5.0")
		}),
		line("/videos/v1/seg-3.ts?md5=x", func(r *Record) { // CloudFront
			r.Host, r.Country, r.ASN = []byte("d111111abcdef8.cloudfront.net"), []byte("PL"), 64500
		}),
		line("/v/1/seg.ts?hdnts=ip=203.0.113.7~exp=1893456000~acl=/v/1/*~hmac=x", func(r *Record) { // Akamai
			r.Start, r.HasStart, r.Country, r.ASN, r.Bytes, r.UserAgent = at(12043), true, []byte("PL"), 64500, 312, []byte("Mozilla%2F5.0")
		}),
		line("/v/1/seg.ts?token=1893456000_ab12", func(r *Record) { // Fastly
			r.Logged, r.Resolution, r.Country, r.Bytes, r.UserAgent = at(12000), second, []byte("poland"), 0, []byte("Mozilla/5.0")
		}),
		line("/v/1/seg.ts?md5=x&expires=1893456000", func(r *Record) { // Caddy
			r.Logged, r.Start, r.HasStart, r.Duration, r.Resolution = at(12520), at(12500), true, 20000, 10000
			r.Status, r.Bytes, r.UserAgent = 200, 10900, []byte("curl/7.82.0")
		}),
		line("/v/1/seg.ts?md5=x&expires=1", func(r *Record) { // Gcore Logs Uploader
			r.Logged, r.Start, r.HasStart, r.Duration = at(14000), at(12043), true, 1500000
			r.Country, r.ASN, r.Code, r.Bytes = []byte("PL"), 64500, 1005, 146
		}),
		line("/a.ts?x=1", func(r *Record) { // Yandex; date -u -d '2025-11-17 16:23:18' +%s
			r.Logged, r.HasStart, r.Duration = 1763396598798000, true, 500000
			r.Start, r.Method, r.Status, r.Bytes, r.UserAgent = 1763396598298000, nil, 200, 5, []byte("curl/8.0")
		}),
	})
}

func TestApacheVhostLog(t *testing.T) {
	line := func(n byte, status uint16, size int64, ua string, change func(*Record)) Record {
		return base(func(r *Record) {
			r.Logged, r.Client = at(10000+int64(n)*1000-3600000), netip.AddrFrom4([4]byte{203, 0, 113, n})
			r.Start, r.HasStart = r.Logged, true // %t is when the request was received
			r.Target, r.Status, r.Bytes = []byte("/a.mp4?md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000"), status, size
			if ua != "" {
				r.UserAgent = []byte(ua)
			}
			change(r)
		})
	}
	none := func(*Record) {}
	same(t, "apache-vhost.log", "apache-vhost", []Record{
		line(0, 403, 199, "curl/8.0", none),
		line(1, 200, 1024, phone, func(r *Record) { r.Referer = []byte("https://player.example/") }),
		line(2, 304, -1, "say \"hi\" \\o/ \t/1.0", none),
		line(3, 200, 5, "VLC/3.0.20", none),
		line(4, 206, 7, "", none),
		line(5, 200, 9, "", func(r *Record) { r.Host = []byte("[2001:db8::80]") }),
	})
}

func TestCloudFrontLog(t *testing.T) {
	lines := fixture(t, "cloudfront.log")
	f := detected(t, lines)
	p := f.NewParser()
	var r Record
	for i := range 2 {
		if bad := p.Parse(lines[i], &r); bad.Reason != ReasonHeader {
			t.Errorf("line %d: %+v", i+1, bad)
		}
	}
	for i, query := range []string{"?Expires=1893456000&Signature=x", "?Expires=1893456000&Signature=x", "?Expires=1893456000&Signature=x", ""} {
		bad := p.Parse(lines[i+2], &r)
		checkRecord(t, i+3, bad, r, base(func(r *Record) {
			r.Logged, r.Start = at(10000+int64(i)*1000), at(9999+int64(i)*1000)
			r.HasStart, r.Duration, r.Bytes = true, 1000, 919
			r.Target, r.UserAgent = []byte("/videos/v1/seg-3.ts"+query), []byte("Mozilla/5.0 (Linux; Android 14)")
		}))
	}
}

func TestBunnyLog(t *testing.T) {
	var want []Record
	for i, status := range []uint16{403, 200, 200, 206, 403} {
		want = append(want, base(func(r *Record) {
			r.Logged, r.Resolution, r.Client = at(12040+int64(i)), 1000, netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})
			r.Host, r.Method, r.Status = []byte("z.b-cdn.net"), nil, status
			r.Target, r.UserAgent = []byte("/v/1/seg.ts?token=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000"), []byte("Mozilla/5.0 (Linux; Android 14)")
			r.Country, r.Bytes = []byte("PL"), 312
		}))
	}
	same(t, "bunny.log", "bunny", want)
}

// same parses a fixture with the format detected and, if spec is not empty, named, and compares every record.
func same(t *testing.T, file, spec string, want []Record) {
	t.Helper()
	lines := fixture(t, file)
	formats := []*Format{detected(t, lines)}
	if spec != "" {
		formats = append(formats, named(t, spec))
		if formats[0].Name != spec {
			t.Errorf("detected %s, want %s", formats[0].Name, spec)
		}
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for _, f := range formats {
		p := f.NewParser()
		var r Record
		for i, line := range lines {
			bad := p.Parse(line, &r)
			checkRecord(t, i+1, bad, r, want[i])
		}
	}
}

func checkRecord(t *testing.T, line int, bad Failure, got, want Record) {
	t.Helper()
	if bad.Reason != "" {
		t.Errorf("line %d: %+v", line, bad)
		return
	}
	for _, c := range []struct {
		what      string
		got, want []byte
	}{
		{"host", got.Host, want.Host}, {"method", got.Method, want.Method}, {"target", got.Target, want.Target},
		{"user agent", got.UserAgent, want.UserAgent}, {"referer", got.Referer, want.Referer}, {"country", got.Country, want.Country},
	} {
		if !bytes.Equal(c.got, c.want) || (c.got == nil) != (c.want == nil) {
			t.Errorf("line %d: %s %q, want %q", line, c.what, c.got, c.want)
		}
	}
	if a, b := flat(got), flat(want); a != b {
		t.Errorf("line %d:\n got %+v\nwant %+v", line, a, b)
	}
}

// flatRecord is the part of a Record that == compares.
type flatRecord struct {
	Logged, Start, Resolution, Duration, Bytes int64
	HasStart, Shield, QueryCut                 bool
	Forwarded, Sampled                         bool
	Client                                     netip.Addr
	ASN                                        uint32
	Status, Code, Upstream                     uint16
}

func flat(r Record) flatRecord {
	return flatRecord{r.Logged, r.Start, r.Resolution, r.Duration, r.Bytes, r.HasStart, r.Shield, r.QueryCut, r.Forwarded, r.Sampled, r.Client, r.ASN,
		r.Status, r.Code, r.Upstream}
}

func TestNoAllocation(t *testing.T) {
	for _, c := range []struct{ file, spec string }{
		{"gcore.log", "gcore"}, {"nginx-combined.log", "nginx"}, {"nginx-json.log", "json"}, {"cdn-json.log", "json"},
		{"nginx-main.log", ""}, {"nginx-odd.log", "nginx:" + oddTemplate}, {"nginx-ownjson.log", "nginx:" + ownTemplate},
		{"bunny.log", ""}, {"bunny-bars.log", ""}, {"cloudfront.log", ""}, {"apache-vhost.log", ""}, {"apache-custom.log", "apache:" + custom}, {"edgecenter.log", ""},
		{"gcore-viewer-csv.log", ""}, {"gcore-uploader-json.log", ""}, {"iis.log", ""}, {"cloudflare.log", ""}, {"akamai.log", ""}, {"akamai-text.log", stream2},
		{"fastly.log", ""}, {"cdn77.log", ""}, {"keycdn.log", ""}, {"plain-tsv.log", ""}, {"caddy.log", ""}, {"cloudfront-json.log", ""},
		{"alb.log", ""}, {"elb.log", ""}, {"haproxy.log", ""},
	} {
		lines := fixture(t, c.file)
		f := detectedOr(t, lines, c.spec)
		if f.heads != noHeader { // what looks like a header may allocate
			lines = slices.DeleteFunc(lines, func(line []byte) bool { return line[0] == '#' || bytes.IndexByte(line, '/') < 0 })
		}
		p := f.NewParser()
		var r Record
		parseAll := func() {
			for _, line := range lines {
				p.Parse(line, &r)
			}
		}
		parseAll()
		if n := testing.AllocsPerRun(20, parseAll); n != 0 {
			t.Errorf("%s: %v allocations", c.file, n)
		}
	}
}

func detectedOr(t testing.TB, lines [][]byte, spec string) *Format {
	t.Helper()
	if spec == "" {
		return detected(t, lines)
	}
	return named(t, spec)
}
