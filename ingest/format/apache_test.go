package format

import (
	"strings"
	"testing"
	"time"
)

// TestLogFormats reads lines as the Apache manual says that its directives write them
// (https://httpd.apache.org/docs/2.4/mod/mod_log_config.html).
func TestLogFormats(t *testing.T) {
	began := func(took, grain int64) func(*Record) {
		return func(r *Record) {
			r.HasStart, r.Duration, r.Resolution, r.Logged = true, took, grain, r.Start+max(took, 0)
		}
	}
	for _, c := range []struct {
		format, line string
		want         func(*Record)
	}{
		{`combined`, `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a HTTP/1.1" 403 - "-" "-"`,
			func(r *Record) { r.Host = nil }},
		{`"%h %l %u %t \"%r\" %>s %b" mine`, `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a HTTP/1.1" 403 7`,
			func(r *Record) { r.Host, r.Bytes = nil, 7 }},
		{`%h %t "%r" %<s %>s %O %B %{Host}i %v %V`, `203.0.113.7 [23/Nov/2026:09:26:12 +0000] "GET /a HTTP/1.1" 200 403 99 7 cdn.example.com default other`,
			func(r *Record) { r.Bytes = 7 }},
		{`%a %{c}a %t "%r" %s %V`, `203.0.113.7 192.0.2.1 [23/Nov/2026:09:26:12 +0000] "GET /a HTTP/1.1" 403 cdn.example.com`, func(*Record) {}},
		{`%{c}a %h %t "%r" %!200,304,302s %V`, `192.0.2.1 203.0.113.7 [23/Nov/2026:09:26:12 +0000] "GET /a HTTP/1.1" 403 cdn.example.com`, func(*Record) {}},
		{`%V %h %{sec}t %m %U%q %H %s %T`, `cdn.example.com 203.0.113.7 1795425972 GET /a?b=c HTTP/1.1 403 2`, func(r *Record) {
			began(2*second, second)(r)
			r.Target = []byte("/a?b=c")
		}},
		{`%V %h %{msec}t %m %U "%q" %s %{ms}T`, `cdn.example.com 203.0.113.7 1795425972000 GET /a "" 403 250`, began(250*ms, ms)},
		{`%V %h %{usec}t "%r" %s %{us}T`, `cdn.example.com 203.0.113.7 1795425972000000 "GET /a HTTP/1.1" 403 17`, began(17, 1)},
		{`%V %h %{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t "%r" %s %D %T`, `cdn.example.com 203.0.113.7 2026-11-23T10:26:12.000000+0100 "GET /a HTTP/1.1" 403 17 0`, began(17, 1)},
		{`%V %h %{%d/%b/%Y:%T}t.%{msec_frac}t "%r" %s`, `cdn.example.com 203.0.113.7 23/Nov/2026:09:26:12.000 "GET /a HTTP/1.1" 403`, began(-1, ms)},
		{`%V %h [%{end:%d/%b/%Y:%T %z}t] "%r" %s %D`, `cdn.example.com 203.0.113.7 [23/Nov/2026:09:26:12 +0000] "GET /a HTTP/1.1" 403 1000000`, func(r *Record) {
			r.Logged, r.Start, r.HasStart, r.Duration = at(12000), at(11000), true, second
		}},
		{`{"h":"%V","ip":"%a","t":"%{%FT%T%z}t","r":"%r","s":%>s,"x":"%{X-A}o %{E}e %{C}C %{N}n 100%% %p %X %k %L %{tid}P %I %S %^FU %{T}^ti"}`,
			`{"h":"cdn.example.com","ip":"203.0.113.7","t":"2026-11-23T09:26:12+0000","r":"GET /a HTTP/1.1","s":403,"x":"a b c d 100% 443 + 0 - 17 1 2 3 4"}`, func(*Record) {}},
		{`%h\t%t\t"%r"\t%s\t%V`, "203.0.113.7\t[23/Nov/2026:09:26:12 +0000]\t\"GET /a HTTP/1.1\"\t403\tcdn.example.com", func(*Record) {}},
	} {
		f, err := Named("apache:"+c.format, nil)
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		var r Record
		bad := f.NewParser().Parse([]byte(c.line), &r)
		t.Log(c.format)
		checkRecord(t, 1, bad, r, base(func(r *Record) {
			r.Logged, r.Start, r.HasStart, r.Target = at(12000), at(12000), true, []byte("/a")
			c.want(r)
		}))
	}
}

func TestLogFormatRefuses(t *testing.T) {
	for format, want := range map[string]string{
		"":                        "%h or %a",
		`%h "%r" %s`:              "the time is missing: %t",
		`%h %t %s`:                "%r, or %m with %U%q",
		`%h %t "%r"`:              "the status is missing: %>s",
		`%h %t "%r" %s %`:         "followed by a letter",
		`%h %t "%r" %{a`:          "not closed",
		`%h %{%H:%M}t "%r" %s`:    "are not read",
		`%h %{%d/%m/%Y}t "%r" %s`: "are not read: use %t, %{%FT%T%z}t",
		`%h %{%Q}t "%r" %s`:       "%Q",
		`%h%t "%r" %s`:            "between",
	} {
		if f, err := Named("apache:"+format, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", format, f, err, want)
		}
	}
}

// TestStrftime compares with what date(1) prints: TZ=UTC LC_ALL=C date -d @1795425972 +FORMAT.
func TestStrftime(t *testing.T) {
	for format, want := range map[string]string{
		"%F %T %z": "2026-11-23 09:26:12 +0000", "%d/%b/%Y:%H:%M:%S": "23/Nov/2026:09:26:12", "%a %A %B %e %y %j %I %p %R %D": "Mon Monday November 23 26 327 09 AM 09:26 11/23/26",
		"%s%%x": "1795425972%x", "sec": "1795425972", "msec": "1795425972043", "usec": "1795425972043001", "%S.msec_frac": "12.043", "usec_frac": "043001",
	} {
		if got, err := strftime(format, time.UnixMicro(1795425972043001).UTC()); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", format, got, err, want)
		}
	}
}

func FuzzLogFormat(f *testing.F) {
	for _, s := range []string{apacheCombined, custom, `%{`, `%^F`, `%{%F}t%{%T}t`, `"%h`, "combined", "%U%q%q%m"} {
		f.Add(s, goodLine)
	}
	f.Fuzz(func(t *testing.T, format, line string) {
		if f, err := Named("apache:"+format, nil); err == nil {
			checkAny(t, f, []byte(line))
		}
	})
}
