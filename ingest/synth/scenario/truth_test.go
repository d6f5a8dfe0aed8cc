package scenario

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/csv"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// request is a line of a log and its truth, as the test reads them.
type request struct {
	addr, signed           netip.Addr
	at                     time.Time
	path, md5, expires     string
	status                 string
	verdict, cause, detail string
	user, carrier          string
}

var nginxLine = regexp.MustCompile(`^(\S+) - - \[([^\]]+)\] "GET (\S+) HTTP/1\.1" (\d{3}) \d+ "[^"]+" "[^"]+" (\S+) (\d+\.\d{3})$`)

// requests reads log and truth side by side.
func requests(t *testing.T, m *madeLog) []request {
	t.Helper()
	rows := table(t, m.truth)
	var out []request
	for line := range strings.Lines(string(m.log)) {
		f := nginxLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		row := rows[len(out)]
		if f == nil || row["source"] != "a.log" || row["line"] != strconv.Itoa(len(out)+1) {
			t.Fatalf("line %d, truth %v: %s", len(out)+1, row, line)
		}
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", f[2])
		if err != nil {
			t.Fatal(err)
		}
		r := request{addr: netip.MustParseAddr(f[1]), at: at, status: f[4], verdict: row["verdict"], cause: row["cause"], detail: row["detail"], user: row["user"], carrier: row["carrier"]}
		r.signed, _ = netip.ParseAddr(row["signed_ip"])
		path, query, _ := strings.Cut(f[3], "?")
		r.path = path
		for p := range strings.SplitSeq(query, "&") {
			switch name, value, _ := strings.Cut(p, "="); name {
			case "md5":
				r.md5 = value
			case "expires":
				r.expires = value
			}
		}
		out = append(out, r)
	}
	if len(out) != len(rows) {
		t.Fatalf("%d lines, %d rows of truth", len(out), len(rows))
	}
	return out
}

func table(t *testing.T, text []byte) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

// hashes reports whether a link's hash holds over a path and an address text, by
// the vendor's recipe.
func (r *request) hashes(path, address, key string) bool {
	sum := md5.Sum([]byte(r.expires + path + address + " " + key))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == r.md5
}

// bound is the text of an address as this host's edge hashes it.
func bound(h *Host, a netip.Addr) string {
	switch h.Bind {
	case "none":
		return ""
	case "mask":
		bits := map[bool]int{true: h.Prefix4, false: h.Prefix6}[a.Is4()]
		return netip.PrefixFrom(a, bits).Masked().Addr().String()
	}
	return a.String()
}

// TestTruthByTheRecipe recomputes the verdict of every line of every scenario
// from its text and the signing address that the truth names.
func TestTruthByTheRecipe(t *testing.T) {
	seen := map[string]int{}
	for _, w := range Scenarios() {
		if len(w.Hosts) > 1 {
			continue // the log line of a host is told by its path alone below
		}
		w.Seed, w.Lines, w.Format = 21, 8_000, "nginx"
		for _, r := range requests(t, run(t, w)) {
			seen[r.verdict]++
			if fault := r.wrong(&w.Hosts[0]); fault != "" {
				t.Fatalf("%s: %s: %+v", w.Name, fault, r)
			}
		}
	}
	for _, verdict := range []string{"valid", "expired", "ip_mismatch", "expired_ip_mismatch", "malformed", "unsigned", "wrong_path", "unresolved_signature"} {
		if seen[verdict] < 10 {
			t.Errorf("%d lines are %s in all scenarios", seen[verdict], verdict)
		}
	}
}

// wrong says what contradicts the truth of a line, "" if nothing does.
func (r *request) wrong(h *Host) string {
	dir := r.path[:strings.LastIndexByte(r.path, '/')+1]
	path := dir
	if h.Scope == "file" {
		path = r.path
	}
	raw, err := base64.RawURLEncoding.DecodeString(r.md5)
	deadline, notNumber := strconv.ParseInt(r.expires, 10, 64)
	whole := err == nil && len(raw) == 16 && notNumber == nil
	here := whole && r.hashes(path, bound(h, r.addr), secret)
	late := whole && deadline < r.at.Unix()
	if near := deadline - r.at.Unix(); whole && near > -4 && near < 4 {
		return "too close to the expiry"
	}
	switch r.verdict {
	case "valid":
		if !here || late || (r.cause == "") != (r.status == "200" || r.status == "206") || r.cause != "" && (r.cause != "refused_elsewhere" || r.detail == "" || r.status != "403") {
			return "not valid, or refused for no reason"
		}
		return ""
	case "expired":
		if !here || !late || r.status != strconv.Itoa(h.Expired) {
			return "not expired"
		}
	case "ip_mismatch", "expired_ip_mismatch":
		if here || !whole || !r.hashes(path, bound(h, r.signed), secret) || late != (r.verdict == "expired_ip_mismatch") {
			return "no mismatch"
		}
	case "wrong_path":
		above := dir
		if h.Scope == "dir" {
			above = dir[:strings.LastIndexByte(dir[:len(dir)-1], '/')+1]
		}
		if !r.hashes(above, bound(h, r.addr), secret) || r.signed != r.addr {
			return "not signed for the directory above"
		}
	case "unresolved_signature":
		if here || !whole || !r.unresolved(path) {
			return "explained otherwise"
		}
	case "unsigned":
		if r.md5 != "" || r.expires != "" || (r.detail != "") != strings.Contains(r.path, "segment-") {
			return "signed"
		}
	case "malformed":
		if whole || (r.detail == "missing_expires") != (r.expires == "") || (r.detail == "bad_expires") != (r.expires != "" && notNumber != nil) {
			return "well-formed"
		}
	default:
		return "no such verdict"
	}
	if r.cause != r.verdict || r.verdict != "expired" && r.status != "403" {
		return "another cause or status"
	}
	return ""
}

// unresolved reproduces the hash as the detail says.
func (r *request) unresolved(path string) bool {
	switch r.detail {
	case "":
		return r.hashes(path, r.addr.String(), "not-"+secret)
	case "signer:no_address":
		return r.hashes(path, "", secret)
	case "signer:no_slash":
		return r.hashes(strings.TrimSuffix(path, "/"), r.addr.String(), secret)
	case "signer:no_space":
		sum := md5.Sum([]byte(r.expires + path + r.addr.String() + secret))
		return base64.RawURLEncoding.EncodeToString(sum[:]) == r.md5
	}
	return false
}
