package ingest

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/ingest/source/sourcetest"
)

// TestFormatChangesWithinALog: the log_format was changed at noon, from text to JSON and at last twice within a chunk. Lines that
// are no requests stay rejected, and a form of theirs that comes often is no format.
func TestFormatChangesWithinALog(t *testing.T) {
	var log strings.Builder
	const times = 6000 // more than a chunk
	for i := range times {
		fmt.Fprintf(&log, "203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] \"GET /text/%d.ts?md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000 HTTP/1.1\" 403 153 \"-\" \"curl/8.0\"\n", i)
		if i%50 == 0 {
			log.WriteString("2026/11/23 09:26:12 [error] 31#31: *403 open() \"/html/a.ts\" failed, client: 203.0.113.7, request: \"GET /a.ts HTTP/1.1\"\n")
		}
	}
	for i := range times {
		fmt.Fprintf(&log, `{"time_iso8601":"2026-11-23T12:00:00+00:00","remote_addr":"203.0.113.8","request":"GET /json/%d.ts HTTP/1.1","status":"403"}`+"\n", i)
	}
	log.WriteString(strings.Repeat(`"203.0.113.7" "-" "-" "[23/Nov/2026:12:26:12 +0000]" "GET /gcore/1.ts HTTP/1.1" "403" "7" "-" "x" "-" "[ed]" "https" "cdn.example.com"`+"\n", 40))
	for i := range 40 {
		fmt.Fprintf(&log, "2026-11-23T13:00:00Z|203.0.113.9|cdn.example.com|GET|/bars/%d.ts|200|77\n", i)
	}
	s, got := loadText(t, testOptions(t), log.String())
	if f := got.Sources[0].Format; f != "nginx, json, gcore, nginx-like" {
		t.Errorf("format %s", f)
	}
	for path, want := range map[string]int{"/text/%": times, "/json/%": times, "/gcore/%": 40, "/bars/%": 40} {
		var n, last int
		if err := s.DB.QueryRow(`SELECT count(*), max(line) FROM requests WHERE path LIKE ?`, path).Scan(&n, &last); err != nil || n != want {
			t.Errorf("%s: %d, want %d (%v)", path, n, want, err)
		}
		if path == "/bars/%" && last != strings.Count(log.String(), "\n") {
			t.Errorf("the last line is %d", last)
		}
	}
	if got.Sources[0].Rejected != times/50 {
		t.Errorf("%d rejected, want %d", got.Sources[0].Rejected, times/50)
	}
}

// TestShiftedLinesAreNoFormat: a separator in a path without quotes shifts what stands behind it. Such lines stay rejected, however many.
func TestShiftedLinesAreNoFormat(t *testing.T) {
	var log strings.Builder
	for i := range 300 {
		path := "/a.ts"
		if i%4 == 0 {
			path = "/a;v=1.ts"
		}
		fmt.Fprintf(&log, "203.0.113.7;2026-11-23T09:26:12Z;GET;%s;md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000;403;cdn.example.com;curl/8.0\n", path)
	}
	_, got := loadText(t, testOptions(t), log.String())
	if src := got.Sources[0]; src.Format != "nginx-like" || src.Rejected != 75 {
		t.Errorf("%s, %d rejected, want 75", src.Format, src.Rejected)
	}
}

// TestLogBeginsWithHealthChecks: what tells viewers from a load balancer stands in none of the first 300 lines.
func TestLogBeginsWithHealthChecks(t *testing.T) {
	var log strings.Builder
	for range 300 {
		log.WriteString(`10.0.0.7 - - [23/Nov/2026:00:00:12 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.27" "-"` + "\n")
	}
	for i := range 600 {
		fmt.Fprintf(&log, `10.0.0.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 200 7 "-" "P" "203.0.113.%d"`+"\n", i%200)
	}
	s, _ := loadText(t, testOptions(t), log.String())
	var viewers int
	if err := s.DB.QueryRow(`SELECT count(DISTINCT client_ip) FROM requests WHERE client_ip <> '10.0.0.7'`).Scan(&viewers); err != nil || viewers != 200 {
		t.Errorf("%d viewers, want 200 (%v)", viewers, err)
	}
}

// TestDamageBeforeAMisfit: where a damaged archive yields garbage, the damage is said, which may be noticed behind it.
func TestDamageBeforeAMisfit(t *testing.T) {
	for _, lines := range []int{10, 20000} {
		packed := sourcetest.Gzip(t, []byte(strings.Repeat("no line of a log, and hardly to be told from garbage\n", lines)))
		packed[len(packed)-8] ^= 1 // of the checksum
		file := sourcetest.Write(t, t.TempDir(), "a.log.gz", packed)
		_, got := loadArgs(t, testOptions(t), file)
		err := got.Sources[0].Err
		want := fmt.Sprintf("damaged at byte %d (of %d): the gzip checksum does not fit; no log format fits: ", len(packed), len(packed))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%d lines: %v, want %s", lines, err, want)
		}
	}
}
