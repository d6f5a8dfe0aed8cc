package format

import (
	"bytes"
	"fmt"
	"testing"
)

const (
	benchTarget = "/videos/video-1/hls/1080p/seg-%05d.ts?md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000&session=0123456789abcdef0123"
	benchAgent  = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
)

// benchLines are a thousand lines of one format, about 390 bytes each for nginx.
func benchLines(b *testing.B, name string) [][]byte {
	b.Helper()
	var lines [][]byte
	for i := range 1000 {
		target := fmt.Sprintf(benchTarget, i)
		clock := fmt.Sprintf("23/Nov/2026:09:%02d:%02d +0000", i/60%60, i%60)
		var s string
		switch name {
		case "nginx":
			s = fmt.Sprintf(`203.0.113.%d - - [%s] "GET %s HTTP/1.1" 200 %d "https://player.example/watch/some-long-title-of-a-film/%d?from=home" "%s"`, i%256, clock, target, 1000+i, i, benchAgent)
		case "gcore":
			s = fmt.Sprintf(`"203.0.113.%d" "-" "-" "[%s]" "GET %s HTTP/2.0" "200" "%d" "https://player.example/" "%s" "395" "[ed-up-gc01]" "https" "cdn.example.com" "0.012" "-" "312" "-" "[ed]" "-" "-" "-" "123" "4567" "-" "-" "PL" "-" "shield_no" "192.0.2.10" "443" "-" "-" "-" "-" "-" "64500" "106980391" "7" "00-d5fe1dc9035165ce36952daf29686b6c-14330be33197dd1a-01" "-" "-" "TLS_AES_128_GCM_SHA256" "-" "." "text/html" "21" "PL" "45" "0" "-"`, i%256, clock, target, 1000+i, benchAgent)
		case "json":
			s = fmt.Sprintf(`{"time_iso8601":"2026-11-23T09:%02d:%02d+00:00","remote_addr":"203.0.113.%d","request":"GET %s HTTP/1.1","status":200,"body_bytes_sent":%d,"request_time":0.012,"host":"cdn.example.com","http_referer":"https://player.example/","http_user_agent":"%s"}`, i/60%60, i%60, i%256, target, 1000+i, benchAgent)
		}
		lines = append(lines, []byte(s))
	}
	return lines
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"gcore", "nginx", "json"} {
		b.Run(name, func(b *testing.B) { benchmarkParse(b, named(b, name), benchLines(b, name)) })
	}
	for _, c := range []struct{ name, spec, file string }{
		{"csv", "", "gcore-viewer-csv.log"}, {"cloudfront", "", "cloudfront.log"}, {"apache-vhost", "", "apache-vhost.log"}, {"apache-custom", "apache:" + custom, "apache-custom.log"},
		{"bunny", "", "bunny.log"}, {"akamai-text", stream2, "akamai-text.log"}, {"cloudflare", "", "cloudflare.log"}, {"caddy", "", "caddy.log"},
	} {
		b.Run(c.name, func(b *testing.B) {
			all := fixture(b, c.file)
			f := detectedOr(b, all, c.spec)
			p := f.NewParser()
			var good [][]byte
			var r Record
			for _, line := range all {
				if p.Parse(line, &r).Reason == "" {
					good = append(good, line)
				}
			}
			benchmarkParse(b, f, good)
		})
	}
	b.Run("nginx-like", func(b *testing.B) {
		lines := benchLines(b, "nginx")
		f := learn(lines)
		if f == nil {
			b.Fatal("the lines were not understood")
		}
		benchmarkParse(b, f, lines)
	})
}

func benchmarkParse(b *testing.B, f *Format, lines [][]byte) {
	p := f.NewParser()
	var r Record
	b.SetBytes(int64(len(bytes.Join(lines, []byte{'\n'}))/len(lines) + 1))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if bad := p.Parse(lines[i%len(lines)], &r); bad.Reason != "" {
			b.Fatal(bad)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
