package ingest

import (
	"bytes"
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ipdrift/ingest/format"
	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
	"ipdrift/ingest/synth"
	"ipdrift/token"
)

const testKey = "secret_key"

func testScheme(t testing.TB, name string) *token.Scheme {
	t.Helper()
	s, err := token.SchemeNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testKeys(t testing.TB, secrets ...string) *token.Keyring {
	t.Helper()
	ring := &token.Keyring{}
	for _, secret := range secrets {
		k, err := token.NewKey(secret)
		if err != nil {
			t.Fatal(err)
		}
		ring.Add("", k)
	}
	return ring
}

func testOptions(t testing.TB) Options {
	return Options{Resources: token.NewResources(testScheme(t, "gcore")), Keys: testKeys(t, testKey), Threads: 2}
}

func testStore(t testing.TB) *Store {
	t.Helper()
	s, err := Create("", Limits{Threads: 2, Memory: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// loadArgs loads what the arguments name into a new private case.
func loadArgs(t testing.TB, o Options, args ...string) (*Store, *Loaded) {
	t.Helper()
	sources, err := source.List(t.Context(), args)
	if err != nil {
		t.Fatal(err)
	}
	s := testStore(t)
	got, err := Load(context.Background(), s, sources, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, src := range got.Sources {
		if src.Lines != src.Parsed+src.Rejected {
			t.Errorf("%s: %d lines, but %d parsed + %d rejected", src.Path, src.Lines, src.Parsed, src.Rejected)
		}
	}
	return s, got
}

func loadText(t testing.TB, o Options, text string) (*Store, *Loaded) {
	t.Helper()
	return loadArgs(t, o, sourcetest.Write(t, t.TempDir(), "access.log", []byte(text)))
}

func synthLog(t testing.TB, o synth.Options) (string, synth.Stats) {
	t.Helper()
	if o.Key == "" {
		o.Key = testKey
	}
	var b bytes.Buffer
	st, err := synth.Write(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), st
}

// signedFor is the Gcore recipe (formats-and-tokens 1.1), written out once
// more: MD5 over expires, path, address, one space, key.
func signedFor(expires int64, path, address, key string) string {
	sum := md5.Sum([]byte(strconv.FormatInt(expires, 10) + path + address + " " + key))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// logTime is the second of every testLine.
const logTime = 1793491200 // 2026-11-01T00:00:00Z

func testLine(client, target string, status int) string {
	return fmt.Sprintf(`%s - - [01/Nov/2026:00:00:00 +0000] "GET %s HTTP/1.1" %d 1000 "https://site.example/watch" "Player/1.0" cdn.example.com 0.000`+"\n", client, target, status)
}

func plainLines(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(testLine("203.0.113.7", fmt.Sprintf("/vod/%d.ts", i), 200))
	}
	return b.String()
}

func query[T any](t testing.TB, s *Store, q string, args ...any) []T {
	t.Helper()
	rows, err := s.DB.Query(q, args...)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func one[T any](t testing.TB, s *Store, q string, args ...any) T {
	t.Helper()
	out := query[T](t, s, q, args...)
	if len(out) != 1 {
		t.Fatalf("%s: %d rows, want one", q, len(out))
	}
	return out[0]
}

// contents is the case as text, one string a request, ids replaced by what
// they stand for.
const contents = `SELECT concat_ws('|', s.path, h.line, h.start, c.family, c.mapped, c.hi, c.lo, c.address, coalesce(c.country, 'NULL'), coalesce(c.asn::VARCHAR, 'NULL'),
	o.host, o.method, o.status, o.code, o.upstream, o.shield, o.shape, o.detail, o.late, o.matched, o.scope, o.up, o.bind, o.prefix, o.form, o.key,
	coalesce(l.token || l.hash::VARCHAR || '.' || l.deadline::VARCHAR, 'NULL'), d.text, f.text, coalesce(a.text, 'NULL'), coalesce(r.text, 'NULL'), h.bytes)
	FROM hit h JOIN source s ON s.id = h.source JOIN outcome o ON o.id = h.outcome JOIN clients c ON c.id = h.client
	JOIN dir d ON d.id = h.dir JOIN file f ON f.id = h.file JOIN agent a ON a.id = h.agent JOIN referer r ON r.id = h.referer
	LEFT JOIN link l ON l.id = h.link ORDER BY s.path, h.line`

func diff(t *testing.T, name string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
	}
	shown := 0
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] && shown < 3 {
			t.Errorf("%s: row %d\n got %s\nwant %s", name, i, got[i], want[i])
			shown++
		}
	}
}

const combinedHost = `nginx:$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $host $request_time`

func namedFormat(t testing.TB, name string) *format.Format {
	t.Helper()
	f, err := format.Named(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestAddressesStayApart holds addresses against each other that a viewer can
// choose: the lower half of an IPv6 address is the viewer's own.
func TestAddressesStayApart(t *testing.T) {
	var lines strings.Builder
	want := map[string]bool{}
	for _, low := range []string{"e703:7ed1:a0b4:28db", "0:0:0:1", "9e37:79b9:7f4a:7c15"} {
		for _, high := range []string{"2001:db8:1:1", "2001:db8:2:2", "9e37:79b9:7f4a:7c15"} {
			lines.WriteString(testLine(high+":"+low, "/a.ts", 200))
			want[high+":"+low] = true
		}
	}
	o := testOptions(t)
	o.Format = namedFormat(t, combinedHost)
	s, _ := loadText(t, o, lines.String())
	if got := one[int](t, s, `SELECT count(DISTINCT client_ip) FROM requests`); got != len(want) {
		t.Errorf("%d addresses are kept as %d: %v", len(want), got, query[string](t, s, `SELECT client_ip FROM requests ORDER BY line`))
	}
}

func TestLimitsLeaveOut(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 7, Lines: 2_000})
	all, _ := loadText(t, testOptions(t), text)
	from := one[int64](t, all, `SELECT epoch_us(time) FROM requests ORDER BY time LIMIT 1 OFFSET 500`)
	to := one[int64](t, all, `SELECT epoch_us(time) FROM requests ORDER BY time LIMIT 1 OFFSET 1500`)
	for name, c := range map[string]struct {
		set   func(*Options)
		where string
	}{
		"since":           {func(o *Options) { o.Since = microTime(from) }, fmt.Sprintf("epoch_us(time) >= %d", from)},
		"until":           {func(o *Options) { o.Until = microTime(to) }, fmt.Sprintf("epoch_us(time) < %d", to)},
		"both":            {func(o *Options) { o.Since, o.Until = microTime(from), microTime(to) }, fmt.Sprintf("epoch_us(time) >= %d AND epoch_us(time) < %d", from, to)},
		"host":            {func(o *Options) { o.Host = "CDN.*" }, "host LIKE 'cdn.%'"},
		"no such host":    {func(o *Options) { o.Host = "nowhere" }, "false"},
		"every host":      {func(o *Options) { o.Host = "*" }, "true"},
		"nothing is left": {func(o *Options) { o.Until = microTime(0).AddDate(-1, 0, 0) }, "false"},
	} {
		want := one[int64](t, all, `SELECT count(*) FROM requests WHERE `+c.where)
		o := testOptions(t)
		c.set(&o)
		s, got := loadText(t, o, text)
		if rows := one[int64](t, s, `SELECT count(*) FROM requests`); rows != want || got.LeftOut != 2000-want || got.Sources[0].Parsed != 2000 {
			t.Errorf("%s: %d requests, %d left out, %d parsed; want %d, %d, 2000", name, rows, got.LeftOut, got.Sources[0].Parsed, want, 2000-want)
		}
	}
}

// TestRequestsKeepHowLongTheyTook keeps whole seconds, which the ends of downloads are told by.
func TestRequestsKeepHowLongTheyTook(t *testing.T) {
	var lines strings.Builder
	for _, took := range []string{"0.499", "0.500", "12.4", "612.731", "-", "80000.000"} {
		fmt.Fprintf(&lines, "203.0.113.7 - - [01/Nov/2026:12:00:00 +0000] \"GET /film.mp4 HTTP/1.1\" 206 1000 \"-\" \"Player/1.0\" cdn.example.com %s\n", took)
	}
	o := testOptions(t)
	o.Format = namedFormat(t, combinedHost)
	s, _ := loadText(t, o, lines.String())
	if got, want := query[int64](t, s, `SELECT took::BIGINT FROM hit ORDER BY line`), []int64{0, 1, 12, 613, TookUnknown, TookUnknown - 1}; !slices.Equal(got, want) {
		t.Errorf("%v seconds, want %v", got, want)
	}
}

// TestNoHostHoldsAZeroByte: DuckDB's SQL ends at one.
func TestNoHostHoldsAZeroByte(t *testing.T) {
	s, _ := loadText(t, testOptions(t), strings.Repeat(`{"ip":"203.0.113.7","ts":1793000000,"host":"A\u0000'b.example:443","url":"/a","method":"GET","status":403}`+"\n", 30))
	if got := query[string](t, s, `SELECT DISTINCT host FROM requests`); !slices.Equal(got, []string{"a\uFFFD'b.example"}) {
		t.Errorf("%q", got)
	}
}

func TestQueriesAreCounted(t *testing.T) {
	o := testOptions(t)
	o.Format = namedFormat(t, combinedHost)
	_, got := loadText(t, o, testLine("203.0.113.7", "/a?x=1", 200)+testLine("203.0.113.7", "/a", 200)+testLine("203.0.113.7", "/a?", 200)+
		testLine("203.0.113.7", "http://cdn.example.com/a", 200)+testLine("203.0.113.7", "http://cdn.example.com/a?x=1", 200))
	if got.Queries != 2 && got.Queries != 3 { // an empty query string may count or not
		t.Errorf("%d requests with a query string, want 2 (or 3 with the empty one): an absolute URL is none by itself", got.Queries)
	}
}

// TestManyAtOnce fills dictionaries and rejects from several workers at once.
func TestManyAtOnce(t *testing.T) {
	var b strings.Builder
	b.WriteString(plainLines(300))
	for i := range 260_000 {
		b.WriteString("x" + strconv.Itoa(i) + "\n")
	}
	text := sourcetest.Write(t, t.TempDir(), "a.log", []byte(b.String()))
	for range 3 {
		o := testOptions(t)
		o.Threads = 4
		s, got := loadArgs(t, o, text)
		if n := one[int64](t, s, `SELECT count(DISTINCT line) FROM rejects`); n != 260_000 || got.Sources[0].Rejected != n {
			t.Fatalf("%d rejects stored, %d counted, want 260000", n, got.Sources[0].Rejected)
		}
	}
}

func scanStrings(t testing.TB, rows *sql.Rows) [][]string {
	t.Helper()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := rows.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = fmt.Sprint(*c.(*any))
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func microTime(us int64) time.Time { return time.UnixMicro(us).UTC() }
