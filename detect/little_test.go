package detect_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/token"
)

const secret = "little-key"

var (
	noon  = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	later = noon.Add(24 * time.Hour).Unix()
	past  = noon.Add(-time.Hour).Unix()
)

// site is how the links of one host are made.
type site struct {
	host string
	key  string              // secret if empty
	dir  bool                // the directory is hashed, else the file
	text func(string) string // what is hashed of an address; nil: all of it
}

func (s site) hashed(ip string) string {
	if s.text == nil {
		return ip
	}
	return s.text(ip)
}

// link is a target signed for an address, valid for a day.
func (s site) link(path, ip string) string { return s.until(path, ip, later) }

func (s site) until(path, ip string, expires int64) string {
	over := path
	if s.dir {
		over = path[:strings.LastIndexByte(path, '/')+1]
	}
	return s.over(path, over, s.hashed(ip), expires)
}

// over is a target whose token is signed over any path and address text. The
// recipe is the vendor's: expires path address, one space, key.
func (s site) over(path, signed, address string, expires int64) string {
	key := s.key
	if key == "" {
		key = secret
	}
	sum := md5.Sum([]byte(fmt.Sprint(expires) + signed + address + " " + key))
	return fmt.Sprintf("%s?md5=%s&expires=%d", path, base64.RawURLEncoding.EncodeToString(sum[:]), expires)
}

// on is the target of another file under the token of a first one.
func on(path, target string) string { return path + target[strings.IndexByte(target, '?'):] }

// entry is one line of a little log.
type entry struct {
	host, target, ip string
	status           int
	code, upstream   int           // fields of the Gcore format; 0: "-"
	at               time.Duration // after noon, when the line is written
	took             time.Duration
	agent, method    string
}

// text is nginx's combined with host and request time.
func (e entry) text() string {
	return fmt.Sprintf("%s - - [%s] \"%s %s HTTP/1.1\" %d 100 \"-\" \"%s\" %s %.3f\n",
		e.ip, e.when(), e.method, e.target, e.status, e.agent, e.host, e.took.Seconds())
}

func (e entry) when() string { return noon.Add(e.at).Format("02/Jan/2006:15:04:05 -0700") }

// gcore is a Gcore raw log's line: 50 quoted fields.
func (e entry) gcore() string {
	f := make([]string, 50)
	for i := range f {
		f[i] = "-"
	}
	number := func(n int) string {
		if n == 0 {
			return "-"
		}
		return fmt.Sprint(n)
	}
	set := map[int]string{
		1: e.ip, 4: "[" + e.when() + "]", 5: e.method + " " + e.target + " HTTP/1.1", 6: fmt.Sprint(e.status), 7: "100",
		9: e.agent, 10: "300", 11: "[ed]", 12: "https", 13: e.host, 14: fmt.Sprintf("%.3f", e.took.Seconds()), 16: "200", 18: "[ed]",
		22: "1", 23: "2", 26: "PL", 28: "shield_no", 29: "192.0.2.10", 30: "443", 31: number(e.upstream), 36: "64500", 37: "1", 38: "1", 41: number(e.code),
	}
	for i, v := range set {
		f[i-1] = v
	}
	return `"` + strings.Join(f, `" "`) + "\"\n"
}

// little is a log in the making. Lines are a second apart unless they say when.
type little struct{ entries []entry }

// add appends a line and returns its number.
func (l *little) add(e entry) int {
	if e.at == 0 {
		e.at = time.Duration(len(l.entries)) * time.Second
	}
	if e.agent == "" {
		e.agent = "player/1.0"
	}
	if e.method == "" {
		e.method = "GET"
	}
	l.entries = append(l.entries, e)
	return len(l.entries)
}

// get appends a plain line.
func (l *little) get(s site, target, ip string, status int) int {
	return l.add(entry{host: s.host, target: target, ip: ip, status: status})
}

// audience adds viewers from unrelated networks, each served once with a link
// of its own: what a host is calibrated with.
func (l *little) audience(s site, viewers int) {
	for i := range viewers {
		ip := stranger(i)
		l.get(s, s.link(fmt.Sprintf("/crowd/%d/a.ts", i), ip), ip, 200)
	}
}

// audience6 is an audience on IPv6.
func (l *little) audience6(s site, viewers int) {
	for i := range viewers {
		ip := fmt.Sprintf("2001:db8:%x:7::1:5", i+1)
		l.get(s, s.link(fmt.Sprintf("/crowd6/%d/a.ts", i), ip), ip, 200)
	}
}

// stranger is an address of a /16 of its own.
func stranger(i int) string { return fmt.Sprintf("%d.%d.7.9", 20+i/200, 1+i%200) }

func (l *little) text(line func(entry) string) string {
	var b strings.Builder
	for _, e := range l.entries {
		b.WriteString(line(e))
	}
	return b.String()
}

// trial is an analysis of a log, with its case.
type trial struct {
	*finding.Analysis
	store *ingest.Store
	rows  []row
}

// row is one request as the view shows it; NULL is "-".
type row struct{ host, verdict, cause, detail, basis, signed string }

func (r row) String() string {
	return strings.Join([]string{r.verdict, r.cause, r.detail, r.basis, r.signed}, " ")
}

// settings of a trial; the zero value is one key for all hosts and two threads.
type settings struct {
	keys    map[string]string // host to key; nil: secret for all
	noKey   bool
	recover detect.Recover
	scope   token.Scope
	threads int
	files   []string // logs, in order, under the labels of their names
}

func (s settings) ring(t testing.TB) *token.Keyring {
	t.Helper()
	ring := &token.Keyring{}
	keys := s.keys
	if keys == nil && !s.noKey {
		keys = map[string]string{"": secret}
	}
	for host, text := range keys {
		k, err := token.NewKey(text)
		if err != nil {
			t.Fatal(err)
		}
		ring.Add(host, k)
	}
	return ring
}

// try analyses a little log in nginx's format.
func (l *little) try(t testing.TB, s settings) *trial {
	t.Helper()
	return tryText(t, l.text(entry.text), s)
}

// tryGcore analyses a little log in Gcore's format.
func (l *little) tryGcore(t testing.TB, s settings) *trial {
	t.Helper()
	return tryText(t, l.text(entry.gcore), s)
}

func tryText(t testing.TB, log string, s settings) *trial {
	t.Helper()
	s.files = []string{write(t, "log", log)}
	return tryFiles(t, s)
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tryFiles(t testing.TB, s settings) *trial {
	t.Helper()
	store, loaded := load(t, s)
	scheme, _ := token.SchemeNamed("gcore")
	a, err := detect.Analyze(context.Background(), store, loaded, detect.Options{
		Scheme: scheme, Keys: s.ring(t), Scope: s.scope, Masks4: []int{24, 16}, Masks6: []int{64, 56, 48},
		Recover: s.recover, Threads: s.threads, Thresholds: judge.Default(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &trial{Analysis: a, store: store, rows: requests(t, store)}
}

func load(t testing.TB, s settings) (*ingest.Store, *ingest.Loaded) {
	t.Helper()
	scheme, _ := token.SchemeNamed("gcore")
	store, err := ingest.Create("", ingest.Limits{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	var sources []ingest.Source
	for _, f := range s.files {
		sources = append(sources, ingest.Source{Path: f, Label: filepath.Base(f), Named: true, Size: -1})
	}
	loaded, err := ingest.Load(context.Background(), store, sources, ingest.Options{Scheme: scheme, Keys: s.ring(t), Threads: max(1, s.threads)})
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range loaded.Sources {
		if src.Err != nil || src.Rejected > 0 {
			t.Fatalf("%s: %d lines rejected, %v", src.Path, src.Rejected, src.Err)
		}
	}
	return store, loaded
}

// requests reads the view, in the order of the log.
func requests(t testing.TB, s *ingest.Store) (out []row) {
	t.Helper()
	const null = "-"
	rows, err := s.DB.Query(`SELECT host, coalesce(verdict, $1), coalesce(cause, $1), coalesce(detail, $1), coalesce(basis, $1), coalesce(signed_ip, $1)
		FROM requests ORDER BY source, line`, null)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.host, &r.verdict, &r.cause, &r.detail, &r.basis, &r.signed); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// want compares one line: "verdict cause detail basis signed_ip".
func (tr *trial) want(t testing.TB, line int, want string) {
	t.Helper()
	if got := tr.rows[line-1].String(); got != want {
		t.Errorf("line %d: %s, want %s", line, got, want)
	}
}

func (tr *trial) host(t testing.TB, name string) finding.Calibration {
	t.Helper()
	for _, c := range tr.Calibration {
		if c.Host == name {
			return c
		}
	}
	t.Fatalf("no calibration of %s in %+v", name, tr.Calibration)
	return finding.Calibration{}
}

// advice is the recommendation for a host and family; nil if there is none.
func (tr *trial) advice(host, family string) *finding.Recommendation {
	for i, r := range tr.Recommendations {
		if r.Host == host && r.Family == family {
			return &tr.Recommendations[i]
		}
	}
	return nil
}

// scalar reads one number by SQL.
func (tr *trial) scalar(t testing.TB, query string, args ...any) (n int64) {
	t.Helper()
	if err := tr.store.DB.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d: %s / %s", i+1, strings.TrimSpace(x[i]), strings.TrimSpace(y[i]))
		}
	}
	return fmt.Sprintf("%d lines / %d lines", len(x), len(y))
}
