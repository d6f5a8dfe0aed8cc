package detect_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ipdrift/detect/finding"
)

// day writes a request a minute on two hosts, with links of a key that the edge
// gives up on one of them.
func day(broken int) *little {
	var l little
	for _, host := range []string{"cdn.test", "img.test"} {
		for minute := range 600 {
			s := site{host: host, dir: true}
			status := 200
			if host == "cdn.test" && minute >= broken {
				s.key, status = "another-key", 403
			}
			ip := stranger(minute % 300)
			l.add(entry{host: host, target: s.link(fmt.Sprintf("/film%d/seg1.ts", minute), ip), ip: ip, status: status, at: time.Duration(minute+1) * time.Minute, asn: 64500 + minute%3})
		}
	}
	return &l
}

// TestNothingBeganInDoubtfulLines: where lines may be wrong, as a checksum does not fit, it is not told what began when.
func TestNothingBeganInDoubtfulLines(t *testing.T) {
	const says = "refusals as unresolved_signature began"
	for fits, want := range map[bool]bool{true: true, false: false} {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write([]byte(day(200).text(entry.gcore))); err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		if !fits {
			packed.Bytes()[packed.Len()-8]++ // of the checksum
		}
		tr := tryFiles(t, settings{files: []string{write(t, "a.log.gz", packed.String())}, damaged: true})
		if said := strings.Join(tr.Warnings, "\n"); strings.Contains(said, says) != want || strings.Contains(said, "checksum") == fits {
			t.Errorf("the checksum fits: %v; %q", fits, said)
		}
	}
}

func TestWhenItBegan(t *testing.T) {
	l := day(200)
	for i := range 30 { // an operator before it began, and one that is hardly seen since
		ip := stranger(400 + i)
		e := entry{host: "cdn.test", target: site{host: "cdn.test", dir: true}.link(fmt.Sprintf("/other%d/seg1.ts", i), ip), ip: ip, status: 200, at: time.Duration(i+1) * time.Minute, asn: 64600}
		if i < 10 {
			e.asn, e.at = 64700, time.Duration(i+501)*time.Minute
		}
		l.add(e)
	}
	tr := l.tryGcore(t, settings{})
	want := "cdn.test: refusals as unresolved_signature began at 2026-11-01 15:20"
	said := strings.Join(tr.Warnings, " ")
	if !strings.Contains(said, want) || !strings.Contains(said, "on this host only, with all 3 carriers: a deploy or a key, not rotation") {
		t.Errorf("%q, want %q", said, want)
	}
	var began []finding.Trend
	for _, trend := range tr.Trends {
		refused := int64(0)
		for _, n := range trend.Refused {
			refused += n
		}
		if trend.Began != nil {
			began = append(began, trend)
		}
		if refused != tr.Denials.ByHost[trend.Host][trend.Cause] || len(trend.Refused) != len(trend.Requests) {
			t.Errorf("%s %s: %d refusals over time, %d in all", trend.Host, trend.Cause, refused, tr.Denials.ByHost[trend.Host][trend.Cause])
		}
	}
	if len(began) != 1 || began[0].Began.Before > 0.01 || began[0].Began.After < 0.95 || began[0].Step != 300 {
		t.Errorf("%+v", began)
	}
}

func TestNothingBegan(t *testing.T) {
	for name, l := range map[string]*little{"no refusals": day(600), "from the first": day(0)} {
		if tr := l.tryGcore(t, settings{}); strings.Contains(strings.Join(tr.Warnings, " "), " began at ") {
			t.Errorf("%s: %q", name, tr.Warnings)
		}
	}
}

// TestTheOnlyHost needs no word on others.
func TestTheOnlyHost(t *testing.T) {
	var l little
	for _, e := range day(200).entries {
		if e.host == "cdn.test" {
			l.add(e)
		}
	}
	if said := strings.Join(l.tryGcore(t, settings{}).Warnings, " "); !strings.Contains(said, " began at ") || strings.Contains(said, "on this host only") {
		t.Errorf("%q", said)
	}
}

// TestOverTimeAddsUp compares what was counted by step with what was counted at
// all, also in a log of refusals only.
func TestOverTimeAddsUp(t *testing.T) {
	var refused little
	for _, e := range day(200).entries {
		if e.status == 403 {
			refused.add(e)
		}
	}
	for name, c := range map[string]struct {
		l    *little
		step int64
	}{"all": {day(200), 300}, "refusals only": {&refused, 300}} {
		tr := c.l.tryGcore(t, settings{})
		over := tr.Denials.OverTime
		if name != "all" && tr.Trends != nil {
			t.Errorf("%s: trends of rates that nobody knows: %+v", name, tr.Trends)
		}
		if over == nil || over.Step != c.step || over.From.Unix()%over.Step != 0 || over.From.After(*tr.Input.First) {
			t.Fatalf("%s: %+v", name, over)
		}
		got := map[string]map[string]int64{}
		for host, causes := range over.ByHost {
			got[host] = map[string]int64{}
			for cause, counts := range causes {
				if len(counts) > 144 {
					t.Errorf("%s: %d steps", name, len(counts))
				}
				for _, n := range counts {
					got[host][cause] += n
				}
			}
		}
		if diff := cmp.Diff(tr.Denials.ByHost, got); diff != "" {
			t.Errorf("%s (-in all +over time):\n%s", name, diff)
		}
	}
}
