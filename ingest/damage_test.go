package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/ingest/redact"
	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
	"ipdrift/ingest/synth"
)

// sourceCase is a source and what its stats must say.
type sourceCase struct {
	data             []byte
	parsed, rejected int64
	format, err      string // err: part of the error, "" none
}

func sourceCases(t *testing.T) map[string]sourceCase {
	good := plainLines(40)
	raw, _ := synthLog(t, synth.Options{Seed: 1, Lines: 30, Format: "gcore"})
	long := filler(maxLine+10) + "\n"
	mib := filler(1<<20) + "\n"
	zipped := sourcetest.Gzip(t, []byte(good))
	var json strings.Builder
	for i := range 20 {
		fmt.Fprintf(&json, `{"time_iso8601":"2026-11-01T00:00:00+00:00","remote_addr":"203.0.113.7","request":"GET /%d HTTP/1.1","status":200,"body_bytes_sent":5,"http_user_agent":"P"}`+"\n", i)
	}
	checksum := bytes.Clone(zipped)
	checksum[len(checksum)-8] ^= 1
	var asItIs bytes.Buffer
	w, _ := gzip.NewWriterLevel(&asItIs, gzip.NoCompression)
	_, _ = w.Write([]byte(good)) // to memory
	_ = w.Close()
	return map[string]sourceCase{
		"empty":                        {data: nil},
		"gzip, empty":                  {data: sourcetest.Gzip(t, nil)},
		"plain":                        {data: []byte(good), parsed: 40, format: "nginx-like"},
		"CRLF":                         {data: []byte(strings.ReplaceAll(good, "\n", "\r\n")), parsed: 40, format: "nginx-like"},
		"no newline at the end":        {data: []byte(strings.TrimSuffix(good, "\n")), parsed: 40, format: "nginx-like"},
		"raw log":                      {data: []byte(raw), parsed: 30, format: "gcore"},
		"JSON":                         {data: []byte(json.String()), parsed: 20, format: "json"},
		"gzip, several members":        {data: slices.Concat(zipped, sourcetest.Gzip(t, nil), zipped), parsed: 80, format: "nginx-like"},
		"blank lines":                  {data: []byte("\n\n" + good + "\n\n"), parsed: 40, rejected: 4, format: "nginx-like"},
		"NUL bytes":                    {data: []byte(good + "\x00\x00\n" + strings.Replace(testLine("203.0.113.7", "/a\x00b.ts", 200), "Player", "Pl\x00yer", 1)), parsed: 41, rejected: 1, format: "nginx-like"},
		"bytes that are no text":       {data: []byte(good + "\xff\xfe\n" + strings.Replace(testLine("203.0.113.7", "/\xff\xc3.ts?x=\xff", 403), "Player", "\xfe", 1)), parsed: 41, rejected: 1, format: "nginx-like"},
		"a line too long":              {data: []byte(good + long + good), parsed: 80, rejected: 1, format: "nginx-like"},
		"a line too long, last":        {data: []byte(good + strings.TrimSuffix(long, "\n")), parsed: 40, rejected: 1, format: "nginx-like"},
		"a line of 1 MiB":              {data: []byte(good + mib + good), parsed: 80, rejected: 1, format: "nginx-like"},
		"a first line of 1 MiB":        {data: []byte(mib + good), parsed: 40, rejected: 1, format: "nginx-like"},
		"a good line of 1 MiB":         {data: []byte(testLine("203.0.113.7", "/"+filler(1<<20), 200) + good), parsed: 41, format: "nginx-like"},
		"garbage among good lines":     {data: []byte(strings.ReplaceAll(good, "/vod/7.ts HTTP", "/vod/7.ts HTTP\nx\n\x16\x03\x01\n")), parsed: 39, rejected: 4, format: "nginx-like"},
		"gzip, truncated":              {data: sourcetest.Gzip(t, []byte(strings.Repeat(good, 50)))[:800], parsed: -1, format: "nginx-like", err: "truncated"},
		"gzip, trailer cut":            {data: zipped[:len(zipped)-4], parsed: 40, format: "nginx-like", err: "truncated"},
		"gzip, wrong checksum":         {data: checksum, parsed: 40, format: "nginx-like", err: "the gzip checksum does not fit; the lines before it are kept, but some may be wrong"},
		"gzip, header alone":           {data: zipped[:10], err: "truncated"},
		"gzip, half a header":          {data: zipped[:5], err: "truncated"},
		"gzip, garbage behind":         {data: append(bytes.Clone(zipped), "garbage behind the end"...), parsed: 40, format: "nginx-like", err: "all lines before it are kept"},
		"gzip, 7 bytes behind":         {data: append(bytes.Clone(zipped), "garbage"...), parsed: 40, format: "nginx-like", err: "behind the end of the gzip data stands something else; all lines before it are kept"},
		"zstd":                         {data: fixture(t, "one.zst"), parsed: 40, format: "nginx-like"},
		"zstd, cut":                    {data: fixture(t, "frames.zst")[:400], parsed: 20, format: "nginx-like", err: "truncated"},
		"bzip2":                        {data: fixture(t, "one.bz2"), parsed: 40, format: "nginx-like"},
		"bzip2, cut":                   {data: fixture(t, "streams.bz2")[:600], parsed: 20, format: "nginx-like", err: "truncated"},
		"xz":                           {data: fixture(t, "one.xz"), parsed: 40, format: "nginx-like"},
		"xz, cut":                      {data: fixture(t, "blocks.xz")[:700], parsed: -1, format: "nginx-like", err: "truncated"},
		"xz, footer cut":               {data: fixture(t, "one.xz")[:480], parsed: 40, format: "nginx-like", err: "truncated"},
		"gzip, cut in its second line": {data: slices.Concat(sourcetest.Gzip(t, []byte(testLine("203.0.113.7", "/a.ts", 200))), asItIs.Bytes()[:60]), parsed: 1, rejected: 1, format: "nginx-like", err: "truncated"},
		"gzip, second cut":             {data: append(bytes.Clone(zipped), zipped[:7]...), parsed: 40, format: "nginx-like", err: "truncated"},
		"NUL bytes before":             {data: []byte(strings.Repeat("\x00", 100_000) + good), parsed: 40, format: "nginx-like"},
		"a mark amid":                  {data: []byte(good + "\xef\xbb\xbf" + good), parsed: 80, format: "nginx-like"},
		"NUL bytes amid":               {data: []byte(good + strings.Repeat("\x00", 5000) + good), parsed: 80, format: "nginx-like"},
		"NUL bytes alone":              {data: make([]byte, 5000), err: "binary data"},
		"byte order mark":              {data: []byte(source.ByteOrderMark + good), parsed: 40, format: "nginx-like"},
		"gzip, byte order mark":        {data: sourcetest.Gzip(t, []byte(source.ByteOrderMark+good)), parsed: 40, format: "nginx-like"},
		"byte order mark alone":        {data: []byte(source.ByteOrderMark)},
		"first lines of 4 MiB":         {data: []byte(filler(4<<20) + "\n" + filler(4<<20) + "\n" + good), parsed: 40, rejected: 2, format: "nginx-like"},
		"a first line of a chunk":      {data: []byte(filler(maxLine-10) + "\n" + good), parsed: 40, rejected: 1, format: "nginx-like"},
		"a line of 4 MiB alone":        {data: []byte(filler(4 << 20)), rejected: 1, err: "no log format fits: every line is longer than 2 MiB"},
		"4 MiB, then prose":            {data: []byte(filler(4<<20) + "\n" + strings.Repeat("It was a dark and stormy night.\n", 30)), rejected: 1, err: "no log format fits"},
		"binary":                       {data: noise(), err: "no log format fits"},
		"prose":                        {data: []byte(strings.Repeat("It was a dark and stormy night.\n", 300)), err: "no log format fits"},
		"blank":                        {data: []byte("\n\n\n"), err: "format"},
		"zstd, nothing but magic":      {data: []byte("\x28\xb5\x2f\xfdxxxx"), err: "zstd"},
	}
}

func noise() []byte {
	rng := rand.New(rand.NewPCG(1, 1))
	b := make([]byte, 300_000)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	b[0] = 0x7f
	return b
}

// TestEverySourceIsAccountedFor loads good and bad sources, each into a case of
// its own: many hold the same text, which counts once in a case.
func TestEverySourceIsAccountedFor(t *testing.T) {
	cases := sourceCases(t)
	dir := t.TempDir()
	names := map[string]string{}
	for name, c := range cases {
		names[sourcetest.Write(t, dir, strings.ReplaceAll(name, " ", "-")+".log", c.data)] = name
	}
	gone := sourcetest.Write(t, dir, "vanished.log", []byte("x"))
	sources, err := source.List(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if len(sources) != len(cases)+1 {
		t.Fatalf("%d sources, want %d", len(sources), len(cases)+1)
	}
	for _, from := range sources {
		s := testStore(t)
		got, err := Load(context.Background(), s, []source.Source{from}, testOptions(t))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Sources) != 1 {
			t.Fatalf("%s: %d sources, want 1", from.Path, len(got.Sources))
		}
		src := got.Sources[0]
		if src.Path == gone {
			if !errors.Is(src.Err, os.ErrNotExist) || src.Lines != 0 || src.Format != "" {
				t.Errorf("vanished: %+v", src)
			}
			continue
		}
		name := names[src.Path]
		c := cases[name]
		if c.parsed < 0 && src.Parsed > 0 {
			c.parsed, c.rejected = src.Parsed, src.Rejected
		}
		if src.Parsed != c.parsed || src.Rejected != c.rejected || src.Lines != c.parsed+c.rejected || src.Format != c.format {
			t.Errorf("%s: %d lines = %d parsed + %d rejected as %q (%v), want %d + %d as %q", name, src.Lines, src.Parsed, src.Rejected, src.Format, src.Err, c.parsed, c.rejected, c.format)
		}
		if c.err == "" && src.Err != nil || c.err != "" && (src.Err == nil || !strings.Contains(src.Err.Error(), c.err)) {
			t.Errorf("%s: error %v, want %q", name, src.Err, c.err)
		}
		const stored = `SELECT lines || ' ' || parsed || ' ' || rejected || ' ' || (SELECT count(*) FROM requests q WHERE q.source = x.path) || ' ' || (SELECT count(*) FROM rejects j WHERE j.source = x.path)
			|| ' ' || (SELECT count(DISTINCT line) FROM (SELECT source, line FROM requests UNION ALL SELECT source, line FROM rejects) b WHERE b.source = x.path AND line BETWEEN 1 AND lines) FROM source x WHERE x.path = ?`
		if rows, want := one[string](t, s, stored, src.Path), fmt.Sprint(src.Lines, src.Parsed, src.Rejected, src.Parsed, src.Rejected, src.Lines); rows != want {
			t.Errorf("%s: the case holds %s (lines, parsed, rejected, requests, rejects, different lines), want %s", name, rows, want)
		}
		if has := one[bool](t, s, `SELECT error IS NOT NULL FROM source WHERE path = ?`, src.Path); has != (src.Err != nil) {
			t.Errorf("%s: error stored: %t, want %t", name, has, src.Err != nil)
		}
	}
}

// TestForcedFormat: with a format given, a bad file has rejects, no error.
func TestForcedFormat(t *testing.T) {
	o := testOptions(t)
	o.Format = namedFormat(t, "gcore")
	_, got := loadText(t, o, plainLines(7))
	if src := got.Sources[0]; src.Parsed != 0 || src.Rejected != 7 || src.Format != "gcore" || src.Err != nil {
		t.Errorf("combined lines read as raw logs: %+v, want 7 rejected", src)
	}
	o.Format = namedFormat(t, combinedHost)
	_, got = loadText(t, o, filler(1<<20)+"\n"+plainLines(7))
	if src := got.Sources[0]; src.Parsed != 7 || src.Rejected != 1 || src.Err != nil {
		t.Errorf("a first line of 1 MiB: %+v, want 7 parsed and 1 rejected", src)
	}
	_, got = loadText(t, o, "")
	if src := got.Sources[0]; src.Format != "" || src.Lines != 0 || src.Err != nil {
		t.Errorf("an empty file: %+v, want no format and no error", src)
	}
}

// TestForcedFormatSeesTheSample: what a given format leaves open, the log tells: what comes first in its dates.
func TestForcedFormatSeesTheSample(t *testing.T) {
	o := testOptions(t)
	o.Format = namedFormat(t, "csv")
	s, _ := loadText(t, o, "time,client_ip,method,uri,status\n03/11/2026 09:26:12,203.0.113.7,GET,/a.ts,200\n23/11/2026 09:26:12,203.0.113.7,GET,/b.ts,200\n")
	if got := one[string](t, s, `SELECT string_agg(path || ' ' || time, ', ' ORDER BY line) FROM requests`); got != "/a.ts 2026-11-03 09:26:12, /b.ts 2026-11-23 09:26:12" {
		t.Error(got)
	}
}

func TestLabelStandsForTheHost(t *testing.T) {
	line := strings.Replace(testLine("203.0.113.7", "/a.ts", 200), " cdn.example.com 0.000", "", 1)
	file := sourcetest.Write(t, t.TempDir(), "a.log", []byte(line))
	for arg, want := range map[string]string{file: file + " -", "cdn.example.com=" + file: "cdn.example.com cdn.example.com"} {
		s, got := loadArgs(t, testOptions(t), arg)
		if host := one[string](t, s, `SELECT source || ' ' || host FROM requests`); host != want || got.Sources[0].Format != "nginx" {
			t.Errorf("%s: source and host %q as %s, want %q as nginx", arg, host, got.Sources[0].Format, want)
		}
	}
}

// TestLabelOfSeveralFilesIsTheirHost: the sources differ, the host does not.
func TestLabelOfSeveralFilesIsTheirHost(t *testing.T) {
	line := strings.Replace(testLine("203.0.113.7", "/a.ts", 200), " cdn.example.com 0.000", "", 1)
	file := sourcetest.Write(t, t.TempDir(), "a.zip", sourcetest.Zip(t, "1.log="+line, "2.log="+strings.Replace(line, "/a.ts", "/b.ts", 1)))
	s, _ := loadArgs(t, testOptions(t), "cdn.example.com="+file)
	const want = "cdn.example.com:a.zip!1.log cdn.example.com, cdn.example.com:a.zip!2.log cdn.example.com"
	if got := one[string](t, s, `SELECT string_agg(source || ' ' || host, ', ' ORDER BY source) FROM requests`); got != want {
		t.Errorf("sources and hosts %q, want %q", got, want)
	}
}

// TestDamageIsReported: the error of a source is the damage itself.
func TestDamageIsReported(t *testing.T) {
	_, got := loadArgs(t, testOptions(t), sourcetest.Write(t, t.TempDir(), "a.log", fixture(t, "one.gz")[:300]))
	var d *source.Damage
	if err := got.Sources[0].Err; !errors.As(err, &d) || d.At != 300 || err.Error() != "truncated at byte 300 (of 300): the gzip data ends too early; what came before is kept" {
		t.Errorf("error %v", err)
	}
}

func TestStdin(t *testing.T) {
	o := testOptions(t)
	o.Stdin = bytes.NewReader(sourcetest.Gzip(t, []byte(plainLines(5))))
	var last Progress
	o.Threads, o.Progress = 1, func(p Progress) { last = p }
	s, got := loadArgs(t, o, "-")
	if src := got.Sources[0]; src.Path != "-" || src.Parsed != 5 || one[int](t, s, `SELECT count(*) FROM requests WHERE source = '-'`) != 5 {
		t.Errorf("stdin: %+v, want 5 lines", src)
	}
	if last.Lines != 5 || last.Read != int64(len(sourcetest.Gzip(t, []byte(plainLines(5))))) {
		t.Errorf("progress ended at %+v, want 5 lines and all stored bytes", last)
	}
}

func TestUndetectedFileSaysHowFarItCame(t *testing.T) {
	line := `203.0.113.7 - - [01/Nov/2026:00:00:00 +0000] "GET /a?md5=` + planted + `&session=S3cr3t HTTP/1.1" twohundred` + "\n"
	s, got := loadText(t, testOptions(t), strings.Repeat(line, 30))
	err := got.Sources[0].Err
	if err == nil {
		t.Fatal("no error")
	}
	stored := one[string](t, s, `SELECT error FROM source`)
	for _, text := range []string{err.Error(), stored} {
		if !strings.Contains(text, "line 1") || !strings.Contains(text, fmt.Sprintf("column %d:", strings.Index(line, "twohundred")+1)) || !strings.Contains(text, "status") {
			t.Errorf("%q does not say line, column and what was expected", text)
		}
		if strings.Contains(text, planted[redact.Shown:]) || strings.Contains(text, "S3cr3t") {
			t.Errorf("the error quotes a secret: %q", text)
		}
	}
}

// TestCancelStopsAndLeavesNothing cancels a kept case in the middle.
func TestCancelStopsAndLeavesNothing(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 1, Lines: 150_000, Hostile: true})
	sources, err := source.List(t.Context(), []string{sourcetest.Write(t, t.TempDir(), "a.log", []byte(text))})
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int64{0, 1, 20_000, 90_000} {
		dir := t.TempDir()
		s, err := Create(filepath.Join(dir, "x.duckdb"), Limits{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		o := testOptions(t)
		o.Progress = func(p Progress) {
			if p.Lines >= after {
				cancel()
			}
		}
		if after == 0 {
			cancel()
		}
		if _, err := Load(ctx, s, sources, o); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after %d lines: %v, want %v", after, err, context.Canceled)
		}
		if err := s.Close(); err != nil {
			t.Errorf("cancelled after %d lines: close: %v", after, err)
		}
		time.Sleep(50 * time.Millisecond) // for whatever still runs to leave its traces
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("cancelled after %d lines: left %v", after, left)
		}
		cancel()
	}
}

func TestCancelWhileStdinWaits(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	o := testOptions(t)
	o.Stdin, o.Format = r, namedFormat(t, combinedHost)
	s := testStore(t)
	done := make(chan error, 1)
	go func() {
		_, err := Load(ctx, s, []source.Source{{Path: "-", Label: "-"}}, o)
		done <- err
	}()
	if _, err := io.WriteString(w, plainLines(3)); err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	case <-time.After(time.Minute):
		t.Error("a load whose stdin waits for more does not stop")
		w.Close()
		<-done
	}
}
