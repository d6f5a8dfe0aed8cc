package main

import (
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"ipdrift/testdata/nginx/demo"
)

var form = regexp.MustCompile(`^(\S+) - - \[([^\]]+)\] "GET ([^ ?]+)\?md5=([^& ]+)(?:&expires=(\S+))? HTTP/1\.1" (\d+) \d+ "[^"]*" "[^"]*" (\S+) \d+\.\d{3}$`)

// TestLogAgreesWithItsTruth signs every link of the committed log again.
func TestLogAgreesWithItsTruth(t *testing.T) {
	lines, truth := demo.Read(t, ".")
	for i, line := range lines {
		row, m := truth[i], form.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("line %d has another form: %s", i+1, line)
		}
		if m[1] != row[7] || m[6] != row[2] || m[7] != row[1] {
			t.Fatalf("line %d: %s, but truth says %v", i+1, line, row)
		}
		if err := judge(m, row[4], row[8]); err != "" {
			t.Errorf("line %d, %s: %s: %s", i+1, row[4], err, line)
		}
	}
}

func judge(m []string, verdict, signed string) string {
	path, err := url.PathUnescape(m[3])
	if err != nil {
		return err.Error()
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", m[2])
	if err != nil {
		return err.Error()
	}
	good := func(address string) bool {
		for _, h := range hosts() {
			if h.Name == m[7] {
				return h.Sign(path, m[5], netip.MustParseAddr(address)) == m[4]
			}
		}
		return false
	}
	deadline, err := strconv.ParseInt(m[5], 10, 64)
	late := err == nil && deadline < at.Unix()
	here, there := good(m[1]), good(signed)
	switch {
	case verdict == "valid" && !here, verdict == "expired" && !(here && late):
		return "the link is not as good as that"
	case verdict == "ip_mismatch" && (here || !there), verdict == "expired_ip_mismatch" && (here || !there || !late):
		return "not signed for " + signed
	case (verdict == "malformed" || verdict == "wrong_path") && (here || there):
		return "the link is good"
	}
	return ""
}

// TestReadmeCounts keeps the table of the README true.
func TestReadmeCounts(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, truth := demo.Read(t, ".")
	counts := map[[3]string]int{}
	for _, row := range truth {
		counts[[3]string{row[1], row[5], row[4]}]++
	}
	for k, n := range counts {
		if row := fmt.Sprintf("| %s | %s | %s | %d |\n", k[0], k[1], k[2], n); !strings.Contains(string(readme), row) {
			t.Errorf("README.md lacks %s", row)
		}
	}
	_, table, _ := strings.Cut(string(readme), "## Lines by scenario")
	if rows := strings.Count(table, ".example.com | "); rows != len(counts) {
		t.Errorf("README.md has %d rows, the truth %d", rows, len(counts))
	}
}

// TestMakingAnother plays a small cast in front of a real nginx.
func TestMakingAnother(t *testing.T) {
	dir := t.TempDir()
	counts, err := makeLog(dir, 2, 0.02, 0.02)
	if err != nil {
		t.Fatal(err)
	}
	lines, _ := demo.Read(t, dir)
	sum := 0
	for k, n := range counts {
		sum += n
		if k[2] == "unexplained" {
			t.Errorf("%d lines of %v: refused by nginx, and nothing explains it", n, k)
		}
	}
	if sum != len(lines) {
		t.Errorf("%d lines, %d counted", len(lines), sum)
	}
	for _, k := range [][3]string{{"video.example.com", "moves_in_16", "ip_mismatch"}, {"masked.example.com", "moves_in_24", "valid"}, {"files.example.com", "wrong_scope", "wrong_path"}} {
		if counts[k] == 0 {
			t.Errorf("no line of %v", k)
		}
	}
}
