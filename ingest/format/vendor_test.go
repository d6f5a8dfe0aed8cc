package format

import (
	"bytes"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	segment = "/v/1/seg.ts"
	signed  = segment + "?md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000"
	android = "Mozilla/5.0 (Linux; Android 14)"
	player  = "https://player.example/"
	custom  = `LogFormat "%v:%p %h %{X-Forwarded-For}i [%{%F %T}t.%{msec_frac}t %{%z}t] \"%r\" %m %U %q %s->%>s %b %D \"%{User-Agent}i\"" own`
	stream2 = "akamai:version,streamId,reqTimeSec,cliIP,statusCode,reqHost,reqMethod,reqPath,queryStr,UA,country,asn"
)

// told is what a line of a fixture tells: a record, or the reason why it is none.
type told struct {
	reason string
	record Record
}

func bad(reason string) told { return told{reason: reason} }

// good is a refused GET for the signed segment at 09:26 and so many ms, as most lines tell it.
func good(ms int64, change func(*Record)) told {
	return told{record: base(func(r *Record) {
		r.Logged, r.Start, r.Target, r.UserAgent, r.Referer = at(ms), at(ms), []byte(signed), []byte(android), []byte(player)
		change(r)
	})}
}

// began says when the request started, and how finely that is told.
func (r *Record) began(ms, took, grain int64) {
	r.Start, r.HasStart, r.Duration, r.Resolution = at(ms), true, took, grain
}

func (r *Record) from(address, country string, asn uint32) {
	r.Client, r.Country, r.ASN = netip.MustParseAddr(address), nil, asn
	if country != "" {
		r.Country = []byte(country)
	}
}

func (r *Record) says(agent, referer string) {
	r.UserAgent, r.Referer = nil, nil
	if agent != "" {
		r.UserAgent = []byte(agent)
	}
	if referer != "" {
		r.Referer = []byte(referer)
	}
}

const ms = int64(1000) // µs

// TestVendors reads every format's fixture, named unless spec is "", and found by itself unless detected is.
func TestVendors(t *testing.T) {
	edge := func(address, country string, asn uint32, status uint16) told {
		return good(12000, func(r *Record) {
			r.began(11750, 250*ms, second)
			r.from(address, country, asn)
			r.Status, r.Bytes = status, 146
		})
	}
	sharded := edge("203.0.113.7", "PL", 64500, 200)
	sharded.record.Shield = true
	header := bad(ReasonHeader)
	viewer := []told{
		header,
		good(12000, func(r *Record) { r.Bytes = 146 }),
		good(13000, func(r *Record) {
			r.from("203.0.113.8", "", 0)
			r.says("say \"hi\", player\tone", "")
			r.Target, r.QueryCut, r.Status, r.Bytes = []byte(segment), true, 200, 1024
		}),
		header,
		good(16000, func(r *Record) { r.from("2001:db8::7", "", 0); r.says(android, ""); r.Status, r.Bytes = 200, 1024 }),
		good(17000, func(r *Record) { r.says(android, ""); r.Status, r.Bytes = 200, 1024 }),
		bad(ReasonQuote), bad(ReasonFields), bad(ReasonShifted),
	}
	for _, c := range []struct {
		file, detected, spec string
		want                 []told
	}{
		{"edgecenter.log", "gcore", "gcore", []told{
			edge("203.0.113.7", "PL", 64500, 403), edge("2001:db8::7", "PL", 64500, 200), edge("203.0.113.8", "PL", 64500, 403), edge("203.0.113.9", "", 0, 410),
			sharded, edge("203.0.113.9", "PL", 64500, 403),
		}},
		{"gcore-waap.log", "gcore", "gcore", []told{waap(1005), waap(0)}},
		{"gcore-uploader.log", "gcore-uploader", "gcore-uploader", []told{
			header,
			good(14000, func(r *Record) { r.began(12043, 1957*ms, ms); r.Code = 1005; r.says(android, "") }),
			good(15000, func(r *Record) {
				r.began(13043, 1957*ms, ms)
				r.from("2001:db8::7", "", 0)
				r.says("it''s; a player", "")
				r.Status = 200
			}),
			bad(ReasonAddress),
			good(16000, func(r *Record) { r.began(14043, 1957*ms, ms); r.says(android, "") }),
		}},
		{"gcore-uploader-json.log", "gcore-json", "gcore-json", []told{
			good(14000, func(r *Record) {
				r.began(12000, 2*second, second)
				r.Code, r.Country = 1005, []byte("PL")
				r.says(android, "")
			}),
			good(14000, func(r *Record) {
				r.began(12000, 2*second, second)
				r.Code, r.Country = 1005, []byte("PL")
				r.says(android, "")
			}),
			bad(ReasonMasked),
		}},
		{"gcore-viewer-csv.log", "gcore-viewer", "gcore-viewer", viewer},
		{"gcore-viewer-csv.log", "gcore-viewer", "csv", viewer},
		{"gcore-viewer-tsv.log", "gcore-viewer", "tsv", viewer},
		{"alb.log", "alb", "alb", []told{
			good(12043, func(r *Record) {
				r.began(11793, 250*ms, 1)
				r.says(android, "")
				r.Upstream, r.Bytes = 403, 612
			}),
			good(13043, func(r *Record) {
				r.began(12793, 250*ms, 1)
				r.from("2001:db8:0:1:2:3:4:7", "", 0)
				r.says(android, "")
				r.Status, r.Upstream, r.Bytes = 200, 200, 1024
			}),
			good(14043, func(r *Record) {
				r.began(14043, 0, 1)
				r.from("2001:db8::7", "", 0)
				r.says("", "")
				r.Status, r.Bytes = 503, 0
			}),
			bad(ReasonNoTarget),
		}},
		{"elb.log", "elb", "elb", []told{
			good(12043, func(r *Record) { r.began(12043, -1, 1); r.says(android, ""); r.Upstream, r.Bytes = 403, 612 }),
			good(13043, func(r *Record) {
				r.began(13043, -1, 1)
				r.from("2001:db8:0:1:2:3:4:7", "", 0)
				r.says(android, "")
				r.Status, r.Upstream, r.Bytes = 200, 200, 1024
			}),
			bad(ReasonNoTarget),
		}},
		{"s3.log", "s3", "s3", []told{
			good(12250, func(r *Record) { r.began(12000, 250*ms, second); r.Bytes = 243 }),
			good(13007, func(r *Record) {
				r.began(13000, 7*ms, second)
				r.from("2001:db8::7", "", 0)
				r.says("curl/8.0", "")
				r.Target, r.Status, r.Bytes = []byte(segment), 200, 1024
			}),
			bad(ReasonAddress),
		}},
		{"s3-2018.log", "s3-2018", "s3-2018", []told{
			good(12250, func(r *Record) { r.began(12000, 250*ms, second); r.Bytes, r.Host = 243, nil }),
			good(13007, func(r *Record) {
				r.began(13000, 7*ms, second)
				r.from("2001:db8::7", "", 0)
				r.says("curl/8.0", "")
				r.Target, r.Status, r.Bytes, r.Host = []byte(segment), 200, 1024, nil
			}),
			bad(ReasonAddress),
		}},
		{"edgecast.log", "w3c", "", []told{
			header,
			good(12000, func(r *Record) { r.Bytes = 612 }),
			good(13000, func(r *Record) {
				r.from("2001:db8::7", "", 0)
				r.says("curl/8.0", "")
				r.Target, r.QueryCut, r.Status, r.Bytes = []byte(segment), false, 200, 1302
			}),
			good(14000, func(r *Record) {
				r.from("203.0.113.8", "", 0)
				r.says("", "")
				r.Method, r.Target, r.Status, r.Bytes = []byte("HEAD"), []byte(segment), 304, 302
			}),
			bad(ReasonStatus),
		}},
		{"squid.log", "squid", "squid", []told{
			good(12043, func(r *Record) { r.began(11793, 250*ms, ms); r.says("", ""); r.Bytes = 612 }),
			good(13043, func(r *Record) {
				r.began(13043, 0, ms)
				r.from("2001:db8::7", "", 0)
				r.says("", "")
				r.Target, r.Status, r.Bytes = []byte(segment), 200, 1024
			}),
			good(14043, func(r *Record) {
				r.Resolution = ms
				r.from("203.0.113.8", "", 0)
				r.says("", "")
				r.Status, r.Bytes = 200, 1024
			}),
			bad(ReasonNoTarget), bad(ReasonFields),
		}},
		{"haproxy.log", "haproxy", "haproxy", []told{
			good(11759, func(r *Record) { r.began(11650, 109*ms, ms); r.says(android, "https://player.example/"); r.Bytes = 612 }),
			good(13012, func(r *Record) {
				r.began(13012, 0, ms)
				r.from("2001:db8::7", "", 0)
				r.says("curl/8.0", "")
				r.Status, r.Bytes = 200, 1024
			}),
			good(14003, func(r *Record) {
				r.began(14000, 3*ms, ms)
				r.from("203.0.113.8", "", 0)
				r.says("", "")
				r.Host, r.Target, r.Status, r.Bytes = []byte("img.example.com"), []byte("/a.ts"), 206, 300
			}),
			bad(ReasonNoTarget),
		}},
		{"apache-common.log", "apache-common", "apache:common", []told{
			common(10000, 0, 403, 199), common(11000, 1, 200, 1024), common(12000, 2, 304, -1),
		}},
		{"apache-custom.log", "", "apache:" + custom, []told{
			good(13543, func(r *Record) { r.began(12043, 1500*ms, ms); r.Bytes = 199; r.says(android, "") }),
			good(13293, func(r *Record) {
				r.began(13043, 250*ms, ms)
				r.from("198.51.100.1", "", 0)
				r.says(`a"b`, "")
				r.Target, r.Status, r.Forwarded = []byte(segment), 206, true
			}),
			bad(ReasonNoTarget),
		}},
		{"cloudfront-two.log", "cloudfront", "cloudfront", []told{
			header, header,
			good(12000, func(r *Record) {
				r.began(11750, 250*ms, second)
				r.Target, r.Bytes = []byte("/a%20b/seg%20x.ts?md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000"), 919
			}),
			bad(ReasonFields), header, header,
			good(14043, func(r *Record) {
				r.from("2001:db8::7", "PL", 64500)
				r.says("curl/8.0", "")
				r.Status, r.Resolution = 200, ms
			}),
			good(15043, func(r *Record) {
				r.from("203.0.113.8", "DE", 64501)
				r.says("", "")
				r.Target, r.Status, r.Resolution = []byte(segment), 200, ms
			}),
			bad(ReasonShifted),
		}},
		{"iis.log", "iis", "w3c", []told{
			header, header, header, header,
			good(12000, func(r *Record) {
				r.began(11750, 250*ms, second)
				r.Host = nil
				r.says("Mozilla/5.0+(Linux;+Android+14)", player)
			}),
			good(13000, func(r *Record) {
				r.began(11500, 1500*ms, second)
				r.from("fe80::1", "", 0)
				r.says("", "")
				r.Host, r.Target, r.Status = nil, []byte(segment), 200
			}),
		}},
		{"w3c.log", "w3c", "w3c", []told{
			header, header,
			good(12043, func(r *Record) { r.began(11793, 250*ms, ms); r.Bytes = 146; r.says("curl/8.0", "") }),
			good(13000, func(r *Record) {
				r.began(12750, 250*ms, second)
				r.from("203.0.113.8", "", 0)
				r.says("", "")
				r.Status, r.Bytes = 200, 146
			}),
		}},
		{"cloudfront-json.log", "cloudfront-json", "cloudfront-json", []told{
			good(12000, func(r *Record) {
				r.began(11750, 250*ms, second)
				r.from("203.0.113.7", "PL", 64500)
				r.says(android, "")
			}),
			good(13043, func(r *Record) {
				r.began(12793, 250*ms, ms)
				r.from("203.0.113.7", "PL", 64500)
				r.says(android, "")
				r.Target = []byte(segment)
			}),
			good(14000, func(r *Record) { // as Parquet has the names
				r.began(13750, 250*ms, second)
				r.from("203.0.113.7", "", 0)
				r.says(android, player)
				r.Bytes = 919
			}),
		}},
		{"cloudflare.log", "cloudflare", "cloudflare", []told{
			good(12000, cloudflared(second, -1)), good(12000, cloudflared(second, -1)),
			good(12293, func(r *Record) { r.Start = at(12043); cloudflared(1, 250*ms)(r) }),
			good(12000, func(r *Record) { cloudflared(second, -1)(r); r.Target, r.QueryCut = []byte(segment), true }),
			bad(ReasonAddress),
		}},
		{"akamai.log", "akamai", "akamai", []told{
			good(12043, func(r *Record) { r.began(12043, -1, ms); r.from("203.0.113.7", "PL", 64500); r.Bytes = 312 }),
			good(13000, func(r *Record) {
				r.began(13000, -1, second)
				r.from("203.0.113.7", "PL", 0)
				r.Target, r.Status, r.Bytes = []byte(segment), 200, 312
			}),
			good(14000, func(r *Record) { // what would be "-" is omitted
				r.began(14000, -1, second)
				r.says("", "")
				r.Target, r.Status = []byte(segment), 200
			}),
			good(15000, func(r *Record) { r.began(15000, -1, second); r.says("", "") }),
		}},
		{"akamai-text.log", "", stream2, []told{
			good(12043, func(r *Record) { r.began(12043, -1, ms); r.from("203.0.113.7", "PL", 64500); r.says(android, "") }),
			good(13000, func(r *Record) {
				r.began(13000, -1, second)
				r.from("2001:db8::7", "", 0)
				r.says("", "")
				r.Target, r.Status = []byte(segment), 200
			}),
			bad(ReasonFields),
			good(14000, func(r *Record) { r.began(14000, -1, second); r.says("", "") }),
		}},
		{"fastly.log", "fastly", "fastly", []told{
			good(12000, func(r *Record) { r.began(12000, -1, second); r.from("203.0.113.7", "poland", 0); r.Bytes = 612 }),
			good(13000, func(r *Record) {
				r.began(13000, -1, second)
				r.from("2001:db8::7", "", 0)
				r.says(android, "")
				r.Status, r.Bytes = 200, 612
			}),
			good(14250, func(r *Record) { r.began(14000, 250*ms, second); r.from("203.0.113.7", "PL", 0) }),
			good(16000, func(r *Record) { // time_elapsed is finer than the two times
				r.began(14000, 1500*ms, second)
				r.from("192.0.2.1", "PL", 0)
				r.Method, r.Status, r.Bytes, r.Shield = []byte("HEAD"), 200, 612, true
			}),
			good(12000, func(r *Record) { r.began(12000, -1, second) }),
		}},
		{"bunny-bars.log", "bunny", "bunny", []told{
			good(12043, bunnied("203.0.113.0", "PL", 403)),
			good(13043, func(r *Record) {
				bunnied("198.51.100.0", "PL", 200)(r)
				r.says("odd | agent|WA|x", "")
				r.Target = []byte("/a|b.ts?x=1")
			}),
			good(14043, func(r *Record) { bunnied("2001:db8:1:2::", "DE", 206)(r); r.says(android, "") }),
			good(15043, func(r *Record) { bunnied("192.0.2.0", "", 200)(r); r.says(android, "") }),
			bad(ReasonFields),
		}},
		{"bunny-json.log", "bunny-json", "bunny-json", []told{
			good(12043, func(r *Record) { bunnied("203.0.113.0", "PL", 403)(r); r.ASN = 64500 }),
			good(12043, func(r *Record) { bunnied("0.0.0.0", "PL", 403)(r); r.ASN = 64500 }),
			good(13000, func(r *Record) {
				bunnied("203.0.113.0", "PL", 200)(r)
				r.says(android, "")
				r.Resolution = second
			}),
		}},
		{"cdn77.log", "cdn77", "cdn77", []told{
			good(12293, func(r *Record) { r.began(12043, 250*ms, ms); r.from("203.0.113.7", "PL", 64500); r.Bytes = 612 }),
			good(14543, func(r *Record) {
				r.began(13043, 1500*ms, ms)
				r.from("203.0.113.7", "PL", 64500)
				r.Status, r.Bytes = 200, 612
			}),
		}},
		{"keycdn.log", "keycdn", "keycdn", []told{
			good(12043, func(r *Record) { r.from("203.0.113.0", "PL", 64500); r.Bytes, r.Resolution = 612, ms }),
			good(13043, func(r *Record) {
				r.from("2001:db8::", "PL", 64501)
				r.says("a|b", "")
				r.Host, r.Status, r.Bytes, r.Resolution = []byte("example-hexid.kxcdn.com"), 200, 612, ms
			}),
		}},
		{"plain-tsv.log", "tsv", "tsv", []told{
			header,
			good(12000, func(r *Record) { r.says(android, ""); r.Bytes = 146 }),
			good(13000, func(r *Record) { r.from("2001:db8::7", "", 0); r.says("", ""); r.Status = 200 }),
		}},
		{"yandex.log", "yandex", "yandex", []told{good(12043, func(r *Record) {
			r.began(11543, 500*ms, ms)
			r.says(android, "")
			r.Method, r.Bytes = nil, 5
		})}},
		{"alibaba.log", "alibaba", "alibaba", []told{good(12000, func(r *Record) { r.began(11750, 250*ms, second); r.says(android, ""); r.Bytes = 612 })}},
		{"tencent.log", "tencent", "tencent", []told{good(12000, func(r *Record) { r.began(11750, 250*ms, second); r.says(android, "NULL"); r.Bytes = 612 })}},
		{"huawei.log", "huawei", "huawei", []told{good(12043, func(r *Record) { r.Resolution = ms; r.says(android, "") })}},
		{"akamai-w3c.log", "akamai-w3c", "w3c", []told{
			header, header,
			good(12000, func(r *Record) { r.Bytes = 312 }),
			good(13000, func(r *Record) {
				r.from("2001:db8::7", "", 0)
				r.says("a, b", "")
				r.Target, r.Status, r.Bytes = []byte(segment), 200, 1024
			}),
			good(14000, func(r *Record) { r.says("", ""); r.Host, r.Bytes = nil, 312 }),
			bad(ReasonFields),
		}},
		{"imperva.log", "w3c", "", []told{header, header, header, good(12000, func(r *Record) {})}},
		{"litespeed.log", "litespeed", "litespeed", []told{
			good(12000, func(r *Record) { r.Host, r.Bytes = nil, 312 }),
			good(13000, func(r *Record) {
				r.from("2001:db8::7", "", 0)
				r.says(`say "hi"`, "")
				r.Host, r.Target, r.Status, r.Bytes = nil, []byte(segment), 200, 1024
			}),
		}},
		{"alibaba-offline.log", "alibaba-offline", "alibaba-offline", []told{
			good(12000, func(r *Record) { r.Bytes = 612 }),
			good(13000-20*86400*1000, func(r *Record) { r.says("", ""); r.Status, r.Bytes = 200, 1024 }),
		}},
		{"tencent-offline.log", learned, "", []told{
			good(12000, func(r *Record) { r.says(android, "") }),
			good(13000, func(r *Record) {
				r.from("2001:db8::7", "", 0)
				r.says("curl/8.0", "")
				r.Target, r.Status = []byte(segment), 200
			}),
		}},
		{"edgeone.log", "edgeone", "edgeone", []told{
			good(12250, func(r *Record) {
				r.began(12000, 250*ms, second)
				r.from("203.0.113.7", "PL", 0)
				r.Bytes = 612
			}),
			good(14000, func(r *Record) {
				r.began(13000, 250*ms, second)
				r.from("2001:db8::7", "PL", 0)
				r.says(android, "")
				r.Target, r.Status, r.Bytes = []byte(segment), 200, 612
			}),
		}},
		{"envoy.log", "envoy", "envoy", []told{
			good(12293, func(r *Record) { r.began(12043, 250*ms, ms); r.says(android, ""); r.Bytes = 612 }),
			good(12293, func(r *Record) {
				r.began(12043, 250*ms, ms)
				r.from("2001:db8::7", "", 0)
				r.says("", "")
				r.Status, r.Bytes, r.Forwarded = 200, 612, true
			}),
		}},
		{"ioriver.log", "ioriver", "ioriver", []told{
			good(12293, func(r *Record) {
				r.began(12043, 250*ms, ms)
				r.from("203.0.113.7", "PL", 0)
				r.Bytes = 612
			}),
		}},
		{"cachefly.log", "cachefly", "cachefly", []told{
			good(12000, func(r *Record) { r.from("203.0.113.7", "PL", 64500); r.Bytes = 612 }),
			good(12000, func(r *Record) {
				r.from("203.0.113.7", "PL", 0)
				r.says(android, "")
				r.Target, r.Status, r.Bytes = []byte(segment), 200, 612
			}),
		}},
		{"caddy.log", "caddy", "caddy", []told{good(12293, func(r *Record) { r.began(12043, 250*ms, ms); r.Bytes = 612 })}},
	} {
		t.Run(c.file+" as "+c.spec, func(t *testing.T) {
			lines := fixture(t, c.file)
			if c.spec != "" {
				tells(t, named(t, c.spec), lines, c.want)
			}
			if c.detected == "" {
				return
			}
			f := detected(t, lines)
			if f.Name != c.detected || f.Doc == "" || len(f.Fields()) < 5 {
				t.Errorf("detected %s (%s) with %v, want %s", f.Name, f.Doc, f.Fields(), c.detected)
			}
			tells(t, f, lines, knowing(f, c.want))
		})
	}
}

// knowing is want with what only detection can know: of paths some of which have a query, none was cut.
func knowing(f *Format, want []told) []told {
	want = slices.Clone(want)
	for i := range want {
		want[i].record.QueryCut = want[i].record.QueryCut && !f.whole
	}
	return want
}

// TestWhoWroteIt: edges and requests are named where the maker names them.
func TestWhoWroteIt(t *testing.T) {
	for file, want := range map[string]string{
		"bunny-bars.log": "WA 322b688bd63fb63f2babe9de30a5d262", "bunny-json.log": "WA 322b688bd63fb63f2babe9de30a5d262", "cdn77.log": "warsawPL ",
		"fastly.log": "cache-waw1 ", "keycdn.log": "plwa ", "alb.log": " Root=1-58337281-1d84f3d73c47ec4e58577259",
		"cloudfront.log": "WAW50-P1 r1==",
	} {
		lines := fixture(t, file)
		p := detected(t, lines).NewParser()
		var r Record
		for i := 0; p.Parse(lines[i], &r).Reason != ""; i++ {
		}
		if got := string(r.Viewer.Edge) + " " + string(r.Viewer.Trace); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

// TestWhoAskedNeedNotBeSaidAtOnce: the lines that decide a format need not have all keys that a later one has,
// nor the field that --user names.
func TestWhoAskedNeedNotBeSaidAtOnce(t *testing.T) {
	const first = `{"remote_addr":"203.0.113.7","time":"2026-11-23T09:26:12Z","uri":"/a.ts","status":200,"subscriber":"anna"}`
	const later = `{"remote_addr":"203.0.113.7","time":"2026-11-23T09:26:13Z","uri":"/b.ts","status":200,"subscriber":"bert","ssl_session_id":"5a8f00112233"}`
	f, err := detected(t, [][]byte{[]byte(first)}).WithMap(Map{"identity": "subscriber"})
	if err != nil {
		t.Fatal(err)
	}
	p := f.NewParser()
	var r Record
	for line, want := range map[string]string{first: "anna ", later: "bert 5a8f00112233"} {
		if bad := p.Parse([]byte(line), &r); bad.Reason != "" {
			t.Fatal(bad)
		}
		if got := string(r.Viewer.Identity) + " " + string(r.Viewer.Session); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func waap(code uint16) told {
	return good(12000, func(r *Record) {
		r.began(12000, 0, second)
		r.from("203.0.113.7", "PL", 64500)
		r.says(phone, player)
		r.Target, r.Code, r.Bytes = []byte("/videos/video-1/seg-3.ts?expires=1893456000&md5=8vAHfjuFGwiLpCsVjgfSqA"), code, 146
	})
}

func common(ms int64, n byte, status uint16, size int64) told {
	return good(ms, func(r *Record) {
		r.began(ms, -1, second)
		r.Client, r.Host, r.Status, r.Bytes = netip.AddrFrom4([4]byte{203, 0, 113, n}), nil, status, size
		r.says("", "")
	})
}

func cloudflared(grain, took int64) func(*Record) {
	return func(r *Record) {
		r.from("203.0.113.7", "pl", 64500)
		r.HasStart, r.Resolution, r.Duration, r.Bytes = true, grain, took, 612
	}
}

func bunnied(address, country string, status uint16) func(*Record) {
	return func(r *Record) {
		r.from(address, country, 0)
		r.Method, r.Status, r.Bytes, r.Resolution = nil, status, 312, ms
	}
}

func tells(t *testing.T, f *Format, lines [][]byte, want []told) {
	t.Helper()
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	p := f.NewParser()
	var r Record
	for i, w := range want {
		got := p.Parse(lines[i], &r)
		if w.reason == "" {
			checkRecord(t, i+1, got, r, w.record)
		} else if got.Reason != w.reason || got.Want == "" || got.Column < 1 || got.Column > len(lines[i])+1 {
			t.Errorf("%s, line %d: %+v, want %s", f.Name, i+1, got, w.reason)
		}
	}
}

// TestEveryFormatHasItsFixture: whatever Formats lists, a fixture is read by it, and its maker's page is named.
func TestEveryFormatHasItsFixture(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "logs", "*.log"))
	if err != nil || len(files) < 35 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, f := range Formats() {
		if seen[f.Name] || f.Doc == "" || !strings.HasPrefix(f.Source, "https://") || strings.ContainsAny(f.Name, " :") {
			t.Errorf("%q: doc %q, source %q", f.Name, f.Doc, f.Source)
		}
		seen[f.Name] = true
		read := slices.ContainsFunc(files, func(file string) bool {
			lines := fixture(t, filepath.Base(file))
			tr := try(f, lines, len(lines))
			return tr.parsed > 0 && tr.parsed*2 > tr.lines || f.Name == "gcore-viewer" && tr.parsed > 0
		})
		if !read {
			t.Errorf("%s reads no fixture", f.Name)
		}
	}
}

// TestColumnsChange follows the columns of a source cut into chunks of any size, as goroutines parse them that see only some.
func TestColumnsChange(t *testing.T) {
	for _, file := range []string{"cloudfront-two.log", "gcore-viewer-csv.log", "gcore-uploader.log", "iis.log"} {
		lines := fixture(t, file)
		start := detected(t, lines)
		var whole Record
		one := start.NewParser()
		for size := 1; size <= len(lines); size++ {
			one.Use(start)
			f := start
			for from := 0; from < len(lines); from += size {
				chunk := lines[from:min(from+size, len(lines))]
				fresh := start.NewParser()
				fresh.Use(f)
				for i, line := range chunk {
					var r Record
					want, got := one.Parse(line, &whole), fresh.Parse(line, &r)
					if want != got {
						t.Fatalf("%s in chunks of %d, line %d: %+v, want %+v", file, size, from+i+1, got, want)
					}
					if want.Reason == "" {
						checkRecord(t, from+i+1, got, r, whole)
					}
				}
				f = f.After(append(bytes.Join(chunk, []byte("\r\n")), '\r', '\n'))
			}
		}
	}
	if f := nginx(); f.After([]byte("#Fields: a b c\n")) != f {
		t.Error("a format without header lines changed")
	}
}

// TestHeaderAlone: an hour without a request leaves a log of header lines.
func TestHeaderAlone(t *testing.T) {
	for file, n := range map[string]int{"cloudfront.log": 2, "iis.log": 4, "gcore-viewer-csv.log": 1, "gcore-uploader.log": 1, "plain-tsv.log": 1} {
		lines := fixture(t, file)
		want := detected(t, lines)
		f := detected(t, lines[:n])
		if f.Name != want.Name {
			t.Errorf("%s: %s, want %s", file, f.Name, want.Name)
		}
		var r Record
		if bad := f.NewParser().Parse(lines[n], &r); bad.Reason != "" {
			t.Errorf("%s: %+v", file, bad)
		}
	}
}

// TestHeaderTellsTooLittle says which column is missing, and where.
func TestHeaderTellsTooLittle(t *testing.T) {
	for text, want := range map[string]string{
		"#Version: 1.0\n#Fields: date time c-ip cs-uri-stem cs-method\n2026-11-23 09:26:12 203.0.113.7 /a GET": "line 2, column 1: want columns: the status is missing: status (a map",
		"ip;when;url;status\n203.0.113.7;2026-11-23 09:26:12;/a;200":                                           "line 1, column 1: want columns: the time is missing: time or start",
		"client_ip,time,status,size\n203.0.113.7,2026-11-23 09:26:12,200,1":                                    "the request is missing: uri, or path and query, or request",
	} {
		f, m := Detect(bytes.Split([]byte(text), []byte{'\n'}), nil)
		if f != nil || !strings.Contains(m.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", text, f, m, want)
		}
	}
}

// TestBlindBehindAHeader: lines behind a header that names too little are not read by the columns before it.
func TestBlindBehindAHeader(t *testing.T) {
	lines := fixture(t, "iis.log")
	p := named(t, "w3c").NewParser()
	var r Record
	if bad := p.Parse(lines[4], &r); bad.Reason != ReasonFields || !strings.Contains(bad.Want, "#Fields") {
		t.Errorf("before any header: %+v", bad)
	}
	for _, c := range []struct{ line, want string }{
		{string(lines[3]), ReasonHeader}, {string(lines[4]), ""}, {"#Fields: date time s-ip", ReasonHeader}, {string(lines[4]), ReasonFields},
		{"#Date: 2026-11-23", ReasonHeader}, {string(lines[4]), ReasonFields}, {string(lines[3]), ReasonHeader}, {string(lines[4]), ""},
	} {
		if bad := p.Parse([]byte(c.line), &r); bad.Reason != c.want {
			t.Errorf("%.40s: %+v, want %q", c.line, bad, c.want)
		}
	}
}
