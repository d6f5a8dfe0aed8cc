package detect_test

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"ipdrift/ingest/synth"
)

// hitLine is a made-up line, taken apart in the plainest way.
type hitLine struct {
	ip, host, path, md5, expires string
	start, startMs               int64
	status                       int
	signed                       bool // both parameters well formed
}

func takeApart(t testing.TB, line string) hitLine {
	t.Helper()
	quoted := strings.Split(line, `"`)
	before, after, tail := strings.Fields(quoted[0]), strings.Fields(quoted[2]), strings.Fields(quoted[6])
	path, query, _ := strings.Cut(strings.Fields(quoted[1])[1], "?")
	h := hitLine{ip: before[0], host: tail[0], path: path}
	logged, err := time.Parse("[02/Jan/2006:15:04:05 -0700]", before[3]+" "+before[4])
	if err != nil {
		t.Fatal(err)
	}
	took, err := strconv.ParseFloat(tail[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	h.startMs = logged.UnixMilli() - int64(took*1000+0.5)
	h.start = logged.Add(-time.Duration(took * float64(time.Second))).Unix()
	h.status, _ = strconv.Atoi(after[0])
	for p := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(p, "=")
		switch name {
		case "md5":
			h.md5 = value
		case "expires":
			h.expires = value
		}
	}
	sum, bad := base64.RawURLEncoding.DecodeString(h.md5)
	deadline, worse := strconv.ParseInt(h.expires, 10, 64)
	h.signed = bad == nil && worse == nil && len(sum) == 16 && deadline > 0
	return h
}

// holds reports whether the token was made over this path for this address.
func (h hitLine) holds(path, address string) bool {
	sum := md5.Sum([]byte(h.expires + path + address + " " + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == h.md5
}

// verdict judges one line by trying every address of the log, over the file
// and over the directory.
func (h hitLine) verdict(addresses []string) (verdict, signed string) {
	if !h.signed {
		return "malformed", "-"
	}
	deadline, _ := strconv.ParseInt(h.expires, 10, 64)
	dir := h.path[:strings.LastIndexByte(h.path, '/')+1]
	late := deadline < h.start
	switch {
	case h.holds(h.path, h.ip) || h.holds(dir, h.ip):
		return map[bool]string{false: "valid", true: "expired"}[late], h.ip
	}
	for _, a := range addresses {
		if h.holds(h.path, a) || h.holds(dir, a) {
			return map[bool]string{false: "ip_mismatch", true: "expired_ip_mismatch"}[late], a
		}
	}
	return "unresolved_signature", "-"
}

// TestSlowTwin judges every line of a made-up log on its own, by brute force,
// and demands the same of the views. The made-up signer uses the file in some
// folders and the directory in others, which the twin need not know.
func TestSlowTwin(t *testing.T) {
	path, _ := madeUp(t, synth.Options{Seed: 23, Lines: 8000, Refused: 0.15})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var lines []hitLine
	var addresses []string
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		h := takeApart(t, line)
		lines = append(lines, h)
		if !seen[h.ip] {
			seen[h.ip] = true
			addresses = append(addresses, h.ip)
		}
	}
	tr := tryFiles(t, settings{threads: 2, files: []string{path}})
	met, unseen := map[string]int{}, 0
	for i, h := range lines {
		verdict, signed := h.verdict(addresses)
		got := tr.rows[i]
		if verdict == "unresolved_signature" && got.verdict == "ip_mismatch" && near(got.signed, h.ip) && h.holds(h.path[:strings.LastIndexByte(h.path, '/')+1], got.signed) {
			unseen++ // signed for a neighbour that the log never shows: the search goes further than the twin
			continue
		}
		met[verdict]++
		cause := "-"
		if h.status == 403 || h.status == 410 {
			cause = verdict
		}
		if cause == "valid" {
			cause = "refused_elsewhere"
		}
		if got.verdict != verdict || got.cause != cause || got.signed != signed && verdict != "unresolved_signature" {
			t.Errorf("line %d: %s; the twin says %s %s … %s", i+1, got, verdict, cause, signed)
		}
	}
	for verdict, least := range map[string]int{"valid": 5000, "ip_mismatch": 400, "expired": 100, "malformed": 60, "unresolved_signature": 60} {
		if met[verdict] < least {
			t.Errorf("%d lines are %s, want at least %d: %v", met[verdict], verdict, least, met)
		}
	}
	if unseen == 0 {
		t.Error("no link was signed for a neighbour that the log never shows")
	}
}

// near tells two IPv4 addresses of one /16.
func near(a, b string) bool { return octets(a+"...", 2) == octets(b+"...", 2) }

// TestTwinKnowsTheRecipe ties the twin to a published vector.
func TestTwinKnowsTheRecipe(t *testing.T) {
	const line = `1.2.3.4 - - [01/Nov/2026:00:00:00 +0000] "GET /images/1.jpg?md5=%s&expires=2147483647 HTTP/1.1" 200 1 "-" "x/1" h 0.000`
	h := takeApart(t, fmt.Sprintf(line, "14nsJ0zrjGipdIbehZ1tRw"))
	sum := md5.Sum([]byte("2147483647/images/1.jpg1.2.3.4 secret_key"))
	if got := base64.RawURLEncoding.EncodeToString(sum[:]); got != h.md5 || !h.signed || h.path != "/images/1.jpg" {
		t.Errorf("%s, taken apart as %+v", got, h)
	}
}
