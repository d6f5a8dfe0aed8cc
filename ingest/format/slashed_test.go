package format

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestSlashed(t *testing.T) {
	const day, noon = 1795392000, 1795425972 // date -u -d '2026-11-23' +%s, and of 09:26:12
	for _, c := range []struct {
		text   string
		order  dateOrder
		micros int64
		grain  int64
		local  bool
	}{
		{"23/11/2026 09:26:12", dayFirst, noon * second, second, true},
		{"11/23/2026 09:26:12", monthFirst, noon * second, second, true},
		{"[23/11/2026 09:26:12]", dayFirst, noon * second, second, true},
		{"23/11/26 09:26:12", dayFirst, noon * second, second, true},
		{"11/23/2026 9:26:12 AM", monthFirst, noon * second, second, true},
		{"11/23/2026, 9:26:12 am", monthFirst, noon * second, second, true},
		{"11/23/2026 12:00:00 AM", monthFirst, day * second, second, true},
		{"11/23/2026 12:26:12 PM", monthFirst, (noon + 3*3600) * second, second, true},
		{"11/23/2026 11:26:12 PM", monthFirst, (noon + 14*3600) * second, second, true},
		{"23/11/2026, 09:26:12.043", dayFirst, noon*second + 43000, 1000, true},
		{"23/11/2026 10:26:12 +0100", dayFirst, noon * second, second, false},
		{"3/2/2026 09:26:12", dayFirst, 1770110772 * second, second, true},   // date -u -d '2026-02-03 09:26:12' +%s
		{"3/2/2026 09:26:12", monthFirst, 1772443572 * second, second, true}, // date -u -d '2026-03-02 09:26:12' +%s
	} {
		micros, grain, local, ok := slashed([]byte(c.text), c.order)
		if !ok || micros != c.micros || grain != c.grain || local != c.local {
			t.Errorf("%s: %d, %d, %v, %v", c.text, micros, grain, local, ok)
		}
	}
	for _, text := range []string{"", "/", "23/11/2026", "23/11/2026 09:26", "23/11/2026 9:26:1", "31/11/2026 09:26:12", "23//2026 09:26:12", "23/11/126 09:26:12", "123/11/2026 09:26:12", "23/11/2026 13:26:12 PM",
		"23/11/2026 00:26:12 AM", "23/11/2026 09:26:12 XM", "23/11/2026 09:26:12 A", "23-11-2026 09:26:12", "23/Nov/2026 09:26:12", "11/23/2026 09:26:12"} {
		if micros, _, _, ok := slashed([]byte(text), dayFirst); ok {
			t.Errorf("%q: %d", text, micros)
		}
	}
}

// TestDateOrder: what comes first in 03/11/2026 is what other lines of the sample prove, and nothing where they prove nothing, or both.
func TestDateOrder(t *testing.T) {
	const november, march = 1793697972, 1772961972 // date -u -d '2026-11-03 09:26:12' +%s, and 2026-03-08 in the other order
	for name, c := range map[string]struct {
		dates, last string
		start       int64
	}{
		"days":        {"02/11/2026 23/11/2026", "03/11/2026 09:26:12", november * second},
		"months":      {"11/02/2026 11/23/2026", "11/03/2026 09:26:12", november * second},
		"other month": {"11/02/2026 11/23/2026", "03/08/2026 09:26:12", march * second},
		"short year":  {"11/02/26 11/23/26", "11/03/26 09:26:12", november * second},
		"year first?": {"26/11/02 26/11/23", "26/11/03 09:26:12", 0},
		"nothing":     {"02/11/2026 04/11/2026", "03/11/2026 09:26:12", 0},
		"no matter":   {"11/11/2026 11/11/2026", "11/11/2026 09:26:12", 1794389172 * second}, // date -u -d '2026-11-11 09:26:12' +%s
		"no year":     {"11/11/26 11/11/26", "11/11/26 09:26:12", 0},
		"both":        {"23/11/2026 11/23/2026", "03/11/2026 09:26:12", 0},
	} {
		lines := [][]byte{[]byte("time,client_ip,method,uri,status")}
		for date := range strings.FieldsSeq(c.dates) {
			lines = append(lines, fmt.Appendf(nil, "%s 09:26:12,203.0.113.7,GET,/v/1.ts,200", date))
		}
		lines = append(lines, fmt.Appendf(nil, "%s,203.0.113.7,GET,/v/1.ts,200", c.last))
		f, misfit := Detect(lines, nil)
		stated := named(t, "csv").Seen(lines)
		if c.start == 0 {
			if misfit == nil || !strings.Contains(misfit.Error(), "day and month cannot be mistaken") || stated.dates != eitherFirst {
				t.Errorf("%s: %v, %v", name, misfit, stated.dates)
			}
			continue
		}
		if misfit != nil {
			t.Errorf("%s: %v", name, misfit)
			continue
		}
		for _, f := range []*Format{f, stated} {
			p := f.NewParser()
			var r Record
			p.Parse(lines[0], &r)
			if bad := p.Parse(lines[len(lines)-1], &r); bad.Reason != "" || r.Start != c.start || !r.Zoneless {
				t.Errorf("%s: %d, zoneless %v, %+v", name, r.Start, r.Zoneless, bad)
			}
		}
	}
}

// TestDateThatComesToMatter: where all dates of the sample read the same in both orders, those that do not are rejected.
func TestDateThatComesToMatter(t *testing.T) {
	line := func(date string) []byte { return fmt.Appendf(nil, "%s 09:26:12,203.0.113.7,GET,/v/1.ts,200", date) }
	lines := [][]byte{[]byte("time,client_ip,method,uri,status"), line("11/11/2026"), line("11/11/2026")}
	f := detected(t, lines)
	p := f.NewParser()
	var r Record
	p.Parse(lines[0], &r)
	for date, reason := range map[string]string{"12/12/2026": "", "12/11/2026": ReasonTime, "23/11/2026": ReasonTime, "13/13/2026": ReasonTime} {
		if bad := p.Parse(line(date), &r); bad.Reason != reason || reason != "" && !strings.Contains(bad.Want, "day and month cannot be mistaken") {
			t.Errorf("%s: %+v, want %q", date, bad, reason)
		}
	}
}

// TestDateBesideAnother: a time that can be mistaken is not the line's where another is none such.
func TestDateBesideAnother(t *testing.T) {
	for _, line := range []string{`%s,2026-11-23T09:26:12Z,203.0.113.7,GET,/v/1.ts,200`, `203.0.113.7 [23/Nov/2026:09:26:12 +0000] "GET /v/1.ts HTTP/1.1" 200 "curl/8.0" "%s"`, `1795425972|203.0.113.7|GET|/v/1.ts|200|%s`} {
		for _, date := range []string{"03/11/2026 10:26:12.043", "24/11/2026 10:26:12"} {
			line := fmt.Appendf(nil, line, date)
			var r Record
			if bad := detected(t, [][]byte{line, line, line}).NewParser().Parse(line, &r); bad.Reason != "" || r.Start != at(12000) || r.Zoneless {
				t.Errorf("%s: %d, zoneless %v, %+v", line, r.Start, r.Zoneless, bad)
			}
		}
	}
}

// TestDateBesideItsClock reads a date of its own, as NAVER's Global Edge writes it: month, day and two digits of the year.
func TestDateBesideItsClock(t *testing.T) {
	lines := [][]byte{[]byte("#Fields: date time c-ip cs-method cs-uri-host cs-uri-stem cs-uri-query sc-status"),
		[]byte("11/23/26\t09:26:12\t203.0.113.7\tGET\tcdn.example.com\t/v/1.ts\tx=1\t403")}
	var r Record
	p := detected(t, lines).NewParser()
	if bad := p.Parse(lines[1], &r); bad.Reason != "" || r.Start != at(12000) || string(r.Host) != "cdn.example.com" || string(r.Target) != "/v/1.ts?x=1" {
		t.Errorf("%d %s%s, %+v", r.Start, r.Host, r.Target, bad)
	}
}

// TestTimeOfAPerson: one that proves its order itself is read.
func TestTimeOfAPerson(t *testing.T) {
	for text, want := range map[string]string{"23/11/2026 09:26:12": "2026-11-23T09:26:12Z", "11/23/2026, 9:26:12 PM": "2026-11-23T21:26:12Z", "11/11/2026 09:26:12": "2026-11-11T09:26:12Z", "11/12/2026 09:26:12": "", "26/11/23 09:26:12": "", "23/23/2026 09:26:12": ""} {
		got, ok := Time([]byte(text))
		if ok != (want != "") || ok && got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v", text, got, ok)
		}
	}
}
