package detect_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestMadeUpHosts: of a log with more hosts than are judged one by one, those come by themselves that have keys of their own or most links that
// reproduce; the others are judged as one. Every request keeps its host.
func TestMadeUpHosts(t *testing.T) {
	var l little
	busy, rare := site{host: "zz.test"}, site{host: "yy.test", key: "its-own-key"}
	l.audience(busy, 50)
	l.get(rare, rare.link("/a.ts", stranger(1)), stranger(1), 200)
	for i := range 40 {
		s := site{host: fmt.Sprintf("u%02d.test", i)}
		l.get(s, s.link("/a.ts", stranger(i)), stranger(i), 200)
		l.get(site{host: fmt.Sprintf("made-up-%02d.test", i)}, "/login.php", stranger(i), 403)
	}
	keys := map[string]string{"": secret, rare.host: rare.key}
	tr := l.try(t, settings{keys: keys, hosts: 2})
	var got []string
	for _, c := range tr.Calibration {
		got = append(got, fmt.Sprintf("%s %d of %d", c.Host, c.Verified, c.Tokens))
	}
	if want := []string{"(other hosts) 39 of 39", "u00.test 1 of 1", "yy.test 1 of 1", "zz.test 50 of 50"}; !slices.Equal(got, want) {
		t.Errorf("calibrated %q, want %q", got, want)
	}
	if n := tr.Denials.ByHost["(other hosts)"]["unsigned"]; n != 40 || tr.Denials.Total != 40 {
		t.Errorf("%d of %d refusals are of the other hosts, want all 40", n, tr.Denials.Total)
	}
	const says = "the log names 82 hosts, as one with made-up Host headers does: 3 are judged one by one, those with keys of their own and with most signed or served requests, and the other 79, with 79 requests, as one"
	if !strings.Contains(strings.Join(tr.Warnings, "\n"), says) {
		t.Errorf("warnings %q", tr.Warnings)
	}
	answers := 0
	for _, rec := range tr.Recommendations {
		if rec.Host == "(other hosts)" {
			if answers++; rec.Decision != "insufficient_evidence" || !strings.Contains(rec.Reason, "a mask is a setting of one") || len(rec.Caveats) > 0 {
				t.Errorf("%s: %s %q", rec.Decision, rec.Reason, rec.Caveats)
			}
		}
	}
	if answers != 1 {
		t.Errorf("%d answers for the other hosts", answers)
	}
	for i, e := range l.entries {
		if tr.rows[i].host != e.host {
			t.Fatalf("request %d: host %s, want %s", i, tr.rows[i].host, e.host)
		}
	}
	want, _ := json.Marshal(tr.Analysis)
	if got, _ := json.Marshal(l.try(t, settings{keys: keys, hosts: 2, threads: 1}).Analysis); string(got) != string(want) {
		t.Errorf("with one thread\n%s\nwith two\n%s", got, want)
	}
}
