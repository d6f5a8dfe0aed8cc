package detect_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/source"
	"ipdrift/token"
)

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
	keys     map[string]string     // host to key; nil: secret for all
	ringOf   []string              // keys of all hosts, in their order; nil: keys
	spans    map[string]token.Span // of keys in use for some time only
	noKey    bool
	recover  search.Recover
	search   func(done, of int) // is told of full searches
	tries    func(*search.Limits)
	scope    token.Scope
	stated   token.Resource // of all hosts; scheme nil: gcore
	threads  int
	files    []string // logs, in order, under the labels of their names
	user     string   // who is one user; "": auto
	networks *ingest.Networks
	issued   map[uint64]ingest.Issued
	cramped  bool   // nothing large is held in memory
	meagre   bool   // and little of anything is held at once
	hosts    int    // that are judged by themselves; 0: the default
	damaged  bool   // the log is, or lines of it are rejected
	unread   bool   // the case is read by nobody
	twice    bool   // once more unread, for the same analysis
	db       string // file of the case; "": none is kept
}

func (s settings) room() int64 {
	if s.cramped || s.meagre {
		return 0
	}
	return 1 << 30
}

func (s settings) resources() *token.Resources {
	if s.stated.Scheme == nil {
		s.stated.Scheme, _ = token.SchemeNamed("gcore")
	}
	out := token.NewResources(s.stated.Scheme)
	out.Set("", s.stated)
	return out
}

func (s settings) ring(t testing.TB) *token.Keyring {
	t.Helper()
	ring := &token.Keyring{}
	keys := s.keys
	if keys == nil && !s.noKey {
		keys = map[string]string{"": secret}
	}
	add := func(host, text string) {
		k, err := token.NewKey(text)
		if err != nil {
			t.Fatal(err)
		}
		ring.AddDuring(host, k, s.spans[text])
	}
	for _, text := range s.ringOf {
		add("", text)
	}
	for host, text := range keys {
		if s.ringOf == nil {
			add(host, text)
		}
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

// grow analyses a little log in nginx's format by runs on one case, which end behind these lines and the last.
func (l *little) grow(t testing.TB, of func(run int) settings, ends ...int) (tr *trial) {
	t.Helper()
	db, from := filepath.Join(t.TempDir(), "case.duckdb"), 0
	for i, end := range append(ends, len(l.entries)) {
		if tr != nil {
			if err := errors.Join(tr.store.Keep(), tr.store.Close()); err != nil {
				t.Fatal(err)
			}
		}
		s, part := of(i), little{l.entries[from:end]}
		s.db = db
		s.files, from = []string{write(t, fmt.Sprintf("%d.log", i), part.text(entry.text))}, end
		tr = tryFiles(t, s)
	}
	return tr
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
	o := detect.Options{
		Resources: s.resources(), Keys: s.ring(t), Scope: s.scope, Masks4: []int{24, 16}, Masks6: []int{64, 56, 48},
		Recover: s.recover, Searching: s.search, Threads: s.threads, Room: s.room(), Thresholds: judge.Default(), Networks: s.networks, Issued: s.issued, Unread: s.unread,
	}.Quick(s.tries)
	if s.hosts > 0 {
		o = o.OneByOne(s.hosts)
	}
	if s.meagre {
		o = o.Meagre()
	}
	a, err := detect.Analyze(context.Background(), store, loaded, o)
	if err != nil {
		t.Fatal(err)
	}
	if s.twice {
		s.twice, s.unread = false, true
		if read, unread := asJSON(t, a), asJSON(t, tryFiles(t, s).Analysis); read != unread {
			t.Errorf("it is another analysis where nobody reads the case: %s", firstDifference(read, unread))
		}
	}
	return &trial{Analysis: a, store: store, rows: requests(t, store)}
}

func load(t testing.TB, s settings) (*ingest.Store, *ingest.Loaded) {
	t.Helper()
	store, err := ingest.Create(s.db, ingest.Limits{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	var sources []source.Source
	for _, f := range s.files {
		sources = append(sources, source.Source{Path: f, Label: filepath.Base(f), Named: true, Size: -1})
	}
	identity, err := ingest.ParseIdentity(cmp.Or(s.user, "auto"))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := ingest.Load(context.Background(), store, sources, ingest.Options{Identity: identity, Networks: s.networks, Resources: s.resources(), Keys: s.ring(t), Threads: max(1, s.threads), Hold: s.room()})
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range loaded.Sources {
		if (src.Err != nil || src.Rejected > 0) && !s.damaged {
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
