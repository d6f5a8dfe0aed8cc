package format

import (
	"fmt"
	"strings"
	"testing"
)

// TestRequestTimesWithoutUnit wants numbers that are too large for seconds left out and said, and all others read.
func TestRequestTimesWithoutUnit(t *testing.T) {
	for name, c := range map[string]struct {
		took  []string // JSON values of "duration", or Gcore's "request_time"
		m     Map
		start int64 // µs of the last line before its end, by hand
		said  bool
	}{
		"milliseconds":          {[]string{"183", "12", "0", "640"}, nil, 0, true},
		"milliseconds in parts": {[]string{"183.25", "12.5", "0.75", "640.125", "91.0625"}, nil, 0, true},
		"nginx, long downloads": {[]string{"183.250", "12.500", "64.125", "91.062"}, nil, 91_062_000, false},
		"seconds with fraction": {[]string{"0.183", "0.012", "12", "3.5"}, nil, 3_500_000, false},
		"one fraction":          {[]string{"183", "12", "0.5", "640"}, nil, 640_000_000, false},
		"whole seconds":         {[]string{"0", "1", "0", "40"}, nil, 40_000_000, false},
		"none":                  {[]string{`"-"`, `"-"`, `"-"`, `"-"`}, nil, 0, false},
		"named milliseconds":    {[]string{"183", "12", "0", "640"}, Map{"request_time_ms": "duration"}, 640_000, false},
		"named seconds":         {[]string{"183", "12", "0", "640"}, Map{"request_time": "duration"}, 640_000_000, false},
	} {
		var json, gcore, csv [][]byte
		csv = append(csv, []byte("time,client_ip,method,uri,status,duration"))
		for _, took := range c.took {
			json = append(json, fmt.Appendf(nil, `{"time":"2026-11-23T09:26:12Z","client_ip":"203.0.113.7","method":"GET","uri":"/a?b=c","status":200,"duration":%s}`, took))
			gcore = append(gcore, fmt.Appendf(nil, `{"gcdn_rule_id":"1","time_local":"23/Nov/2026:09:26:12 +0000","remote_addr":"203.0.113.7","request":"GET /a?b=c HTTP/1.1","status":"200","request_time":%s}`, took))
			csv = append(csv, fmt.Appendf(nil, `2026-11-23T09:26:12Z,203.0.113.7,GET,/a?b=c,200,%s`, strings.Trim(took, `"`)))
		}
		for kind, lines := range map[string][][]byte{"json": json, "gcore-json": gcore, "csv": csv} {
			m := Map{}
			for ours, theirs := range c.m {
				if m[ours] = theirs; kind == "gcore-json" {
					m[ours] = "request_time"
				}
			}
			f, misfit := Detect(lines, m)
			if misfit != nil {
				t.Fatalf("%s, %s: %v", name, kind, misfit)
			}
			if f.Name != kind {
				t.Errorf("%s: found %s", kind, f.Name)
			}
			p := f.NewParser()
			p.Use(f)
			var r Record
			var facts Facts
			for _, line := range lines {
				if p.Parse(line, &r).Reason == "" {
					facts.Note(&r)
				}
			}
			said := strings.Contains(strings.Join(facts.Sentences(f.Name), "\n"), "too large for seconds")
			if r.Logged-r.Start != c.start || r.HasStart != (c.start > 0) || f.HasStart() == c.said && c.took[0] != `"-"` || said != c.said {
				t.Errorf("%s, %s: starts %d µs before its end (%t, %t), said %t", name, kind, r.Logged-r.Start, r.HasStart, f.HasStart(), said)
			}
		}
	}
}

// TestRequestTimesWithUnits reads the unit where the value has one.
func TestRequestTimesWithUnits(t *testing.T) {
	for text, want := range map[string]int64{"12.5ms": 12_500, "12.50": 12_500_000, "1.5s": 1_500_000, "350µs": 350, "350us": 350, "2": 2_000_000, "1m2s": -1, "ms": -1, "-": -1} {
		p, r := (&Format{}).NewParser(), Record{}
		line := fmt.Sprintf(`{"time":"2026-11-23T09:26:12Z","client_ip":"203.0.113.7","method":"GET","uri":"/a?b=c","status":200,"duration":%q}`, text)
		if bad := p.Parse([]byte(line), &r); bad.Reason != "" || r.Duration != want {
			t.Errorf("%s: %d µs, want %d (%+v)", text, r.Duration, want, bad)
		}
	}
}
