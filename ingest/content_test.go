package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func noisy(seed uint64, n int) []byte {
	out := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(out)
	return out
}

func contentOf(t testing.TB, in io.Reader, s *shelf) *meter {
	t.Helper()
	m := newMeter(in, s)
	if err := m.drain(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	return m
}

func shaHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// The 128-bit hashes are those of xxhsum -H2 (xxHash 0.8).
func TestContent(t *testing.T) {
	for _, c := range []struct{ text, hash string }{
		{"", "99aa06d3014798d86001c324468d497f"},
		{"a", "a96faf705af16834e6c632b61e964e1f"},
		{"abc", "06b05ab6733a618578af5f94892f3950"},
	} {
		got := contentOf(t, strings.NewReader(c.text), nil).content()
		if want := (content{int64(len(c.text)), c.hash, shaHex([]byte(c.text)), shaHex([]byte(c.text))}); got != want {
			t.Errorf("%q: %+v, want %+v", c.text, got, want)
		}
	}
	for _, n := range []int{edge - 1, edge, edge + 1, 2 * edge, 3*edge + 7, 1<<20 + 5} {
		text := noisy(1, n)
		for name, in := range map[string]io.Reader{"whole": bytes.NewReader(text), "bytes": iotest.OneByteReader(bytes.NewReader(text)), "halves": iotest.HalfReader(bytes.NewReader(text))} {
			got := contentOf(t, in, nil).content()
			if got.size != int64(n) || got.head != shaHex(text[:min(n, edge)]) || got.tail != shaHex(text[max(0, n-edge):]) {
				t.Errorf("%d bytes as %s: %+v", n, name, got)
			}
		}
	}
}

// What a text starts with is found, and nothing else, however it is read.
func TestShelf(t *testing.T) {
	text := noisy(2, 5*edge)
	rapid.Check(t, func(r *rapid.T) {
		sizes := rapid.SliceOfDistinct(rapid.OneOf(rapid.IntRange(1, len(text)), rapid.SampledFrom([]int{1, edge - 1, edge, edge + 1, 2 * edge})), func(n int) int { return n }).Draw(r, "sizes")
		n := rapid.IntRange(1, len(text)).Draw(r, "n")
		other := rapid.IntRange(0, n-1).Draw(r, "byte that differs")
		var s shelf
		want := []int{}
		same := -1
		slices.Sort(sizes)
		for id, size := range sizes {
			s.add(contentOf(t, bytes.NewReader(text[:size]), nil).content(), id)
			changed := slices.Clone(text[:size])
			changed[other%size] ^= 1
			s.add(contentOf(t, bytes.NewReader(changed), nil).content(), 1000+id)
			if size == n {
				same = id
			} else if size < n {
				want = append(want, id)
			}
		}
		var in io.Reader = bytes.NewReader(text[:n])
		if rapid.Bool().Draw(r, "by halves") {
			in = iotest.HalfReader(in)
		}
		gotSame, got := contentOf(t, in, &s).verdict()
		if gotSame != same || same < 0 && !slices.Equal(append([]int{}, got...), want) {
			r.Fatalf("%d bytes against %v: same as %d and started with %v, want %d and %v", n, sizes, gotSame, got, same, want)
		}
	})
}

// A text that starts with nothing known is not read to its end for it.
func TestDrainStops(t *testing.T) {
	var s shelf
	s.add(contentOf(t, bytes.NewReader(noisy(3, 2*edge)), nil).content(), 1)
	in := bytes.NewReader(noisy(4, 1<<24))
	if err := newMeter(in, &s).drain(context.Background(), false); err != nil || in.Len() < 1<<23 {
		t.Errorf("%v, and %d bytes are left of %d", err, in.Len(), 1<<24)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := newMeter(in, nil).drain(ctx, true); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want it to stop", err)
	}
}

func BenchmarkMeter(b *testing.B) {
	text := noisy(5, 64<<20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	buf := make([]byte, chunkSize)
	for b.Loop() {
		m := newMeter(bytes.NewReader(text), &shelf{})
		for {
			if _, err := m.Read(buf); err != nil {
				break
			}
		}
		m.content()
	}
}

func TestLeave(t *testing.T) {
	u := newUnproven()
	for source := range 4 {
		u.note(7, Attempt{Source: source, Line: 1, Target: []byte(fmt.Sprintf("/%d/a?md5=x", min(source, 2)))})
		u.noteBroken([]byte("h"), Attempt{Source: source, Line: 2, Target: []byte("/b")})
	}
	u.note(8, Attempt{Source: 1, Line: 3, Target: []byte("/c")})
	u.leave(map[int]int{1: inCase, 2: 3})
	var left []int
	for _, a := range append(slices.Clone(u.Attempts(7)), u.Broken("h")...) {
		left = append(left, a.Source)
	}
	if !slices.Equal(left, []int{0, 3, 0, 3}) || u.Attempts(8) != nil {
		t.Errorf("left: %v and %v", left, u.Attempts(8))
	}
	if want := len("/0/a?md5=x") + len("/2/a?md5=x") + 2*attemptSize; u.bytes != want {
		t.Errorf("%d bytes, want %d", u.bytes, want)
	}
}

// TestNoCaseIsOverwritten gives Create what it must leave alone.
func TestNoCaseIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	database := func(name, sql string) string {
		path := filepath.Join(dir, name)
		s := &Store{}
		if err := s.connect(path, Limits{}, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DB.Exec(sql); err != nil {
			t.Fatal(err)
		}
		if err := s.shut(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	behind := keptCase(t, "behind.duckdb")
	if err := os.WriteFile(behind+".wal", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged, err := os.ReadFile(keptCase(t, "whole.duckdb"))
	if err != nil {
		t.Fatal(err)
	}
	cut := writeFile(t, dir, "cut.duckdb", damaged[:len(damaged)/2])
	for i := range damaged[12288:] { // behind three headers
		damaged[12288+i] ^= 0xff
	}
	for path, want := range map[string]string{
		cut: "the case is damaged",
		writeFile(t, dir, "damaged.duckdb", damaged):         "the case is damaged (IO Error: Corrupt database file",
		writeFile(t, dir, "text.log", []byte(plainLines(5))): "not a case of ipdrift, nor a DuckDB database",
		writeFile(t, dir, "empty", nil):                      "not a case of ipdrift, nor a DuckDB database",
		database("other", `CREATE TABLE t (a INT)`):          "a DuckDB database, but not a case",
		database("old", `CREATE TABLE about (name VARCHAR, value VARCHAR); INSERT INTO about VALUES ('case_version', '1')`): `(case version "1", this one has "` + CaseVersion + `"); analyse its logs anew into another file`,
		dir:                               "is no file",
		filepath.Join(dir, "work.duckdb"): "choose another name",
		behind:                            "another program has left changes",
	} {
		before, _ := os.ReadFile(path)
		s, err := Create(path, Limits{})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want the path and %q", path, err, want)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", path)
		}
		for _, ending := range []string{".part", ".part.wal", ".lock"} {
			if _, err := os.Stat(path + ending); err == nil {
				t.Errorf("%s is left", path+ending)
			}
		}
	}
}

// What is stored alike for several values, such as referers that differ in their query, does not cost a case its requests
// when it grows.
func TestGrownCaseKeepsItsRequests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.duckdb")
	line := func(second, visit int) string {
		return fmt.Sprintf(`203.0.113.7 - - [23/Nov/2026:09:26:%02d +0000] "GET /a.ts HTTP/1.1" 200 1 "https://site.example/?visit=%d" "UA md5=%022d"`+"\n", second, visit, visit)
	}
	for run, want := range []int64{2, 5} {
		s, err := Create(path, Limits{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		log := line(1, 1) + line(2, 2)
		if run > 0 {
			log = line(3, 3) + line(4, 4) + line(5, 2)
		}
		sources, err := Sources([]string{writeFile(t, t.TempDir(), "a.log", []byte(log))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Load(context.Background(), s, sources, testOptions(t)); err != nil {
			t.Fatal(err)
		}
		if n := one[int64](t, s, `SELECT count(*) FROM requests`); n != want {
			t.Errorf("run %d: %d requests, want %d", run, n, want)
		}
		if err := s.Keep(); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
}

// What the lines of a log showed about it is still known when other logs are read: that it is sampled, above all.
func TestGrownCaseKeepsWhatLogsShowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.duckdb")
	line := func(more string) []byte {
		return []byte(`{"time":"2026-11-23T09:26:12Z","client_ip":"203.0.113.7","host":"a.example","method":"GET","uri":"/a.ts?a=1","status":200` + more + "}\n")
	}
	logs := []string{writeFile(t, t.TempDir(), "a.log", line(`,"sample_rate":"0.1","edgename":"waw1"`)), writeFile(t, t.TempDir(), "b.log", line(""))}
	const sampled = "the log is sampled: requests are missing, so no rates and no order of requests can be told from it"
	for run, log := range logs {
		s, err := Create(path, Limits{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		sources, err := Sources([]string{log})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Load(context.Background(), s, sources, testOptions(t))
		if err != nil {
			t.Fatal(err)
		}
		if a := got.Sources[0]; a.Sampled != 1 || a.Edge != "waw1" || !slices.Equal(a.Notes, []string{sampled}) {
			t.Errorf("run %d: %d lines sampled, edge %q, notes %q", run, a.Sampled, a.Edge, a.Notes)
		}
		if run == 1 {
			if b := got.Sources[1]; b.Sampled != 0 || b.Edge != "" || b.Notes != nil {
				t.Errorf("the second log: %d lines sampled, edge %q, notes %q", b.Sampled, b.Edge, b.Notes)
			}
		}
		if err := errors.Join(s.Keep(), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// A grown case keeps the permissions of the old one, and a link to it.
func TestGrownCaseKeepsItsPlace(t *testing.T) {
	path := keptCase(t, "x.duckdb")
	link := filepath.Join(t.TempDir(), "link.duckdb")
	if err := errors.Join(os.Chmod(path, 0o640), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	s, err := Create(link, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	sources, err := Sources([]string{writeFile(t, t.TempDir(), "b.log", []byte(plainLines(30)))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(context.Background(), s, sources, testOptions(t)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Keep(), s.Close()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("the case is %v, %v", info.Mode(), err)
	}
	if to, err := os.Readlink(link); err != nil || to != path {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if got := names(t, filepath.Dir(path)); got != "x.duckdb" {
		t.Errorf("the folder holds %q", got)
	}
	s, err = Open(link, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := one[int](t, s, `SELECT count(*) FROM requests`); n != 50 {
		t.Errorf("%d requests, want 20 and 30", n)
	}
	for name, columns := range dictionaryKeys {
		if n := one[int](t, s, `SELECT (SELECT count(*) FROM `+name+`) - (SELECT count(*) FROM (SELECT DISTINCT `+columns+` FROM `+name+`))`); n != 0 {
			t.Errorf("%d words stand twice in %s", n, name)
		}
	}
}

// A query that would take for ever ends with its context.
func TestQueryIsInterrupted(t *testing.T) {
	s := testStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	started := make(chan struct{})
	done := make(chan error)
	go func() {
		close(started)
		_, err := s.DB.ExecContext(ctx, `CREATE TABLE endless AS SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 1`)
		done <- err
	}()
	<-started
	cancel()
	if err := <-done; err == nil {
		t.Error("the query came to an end")
	}
}

func TestFullDisk(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	s := &Store{file: "/cases/c.duckdb.part"}
	for text, want := range map[string]string{
		`TransactionContext Error: Failed to commit: Could not write file "` + tmp + `/ipdrift-work-26/work.duckdb.wal": No space left on device`:              tmp,
		`TransactionContext Error: Failed to commit: Could not write file "/cases/c.duckdb.part.wal": No space left on device`:                                 "/cases",
		`TransactionContext Error: Failed to commit: Could not write file "c.duckdb.part.wal": File too large`:                                                 ".",
		`Out of Memory Error: failed to offload data block of size 256.0 KiB (1 GiB/1 GiB used). This limit was set by the 'max_temp_directory_size' setting.`: "/cases",
	} {
		var full *FullDisk
		if err := s.Worded(errors.New(text)); !errors.As(err, &full) || full.Dir != want || full.Temporary != (want == tmp) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, err := range []error{nil, io.EOF, context.Canceled} {
		if got := s.Worded(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// A case grows by users told apart as before, and is left as it was by others.
func TestGrownCaseKeepsItsUsers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.duckdb")
	for run, user := range []string{"query:it's", "query:it's", "auto", "ip+ua", "query:it's"} {
		s, err := Create(path, Limits{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		log := fmt.Sprintf(`203.0.113.7 - - [23/Nov/2026:09:26:%02d +0000] "GET /a.ts HTTP/1.1" 200 1`+"\n", run)
		sources, err := Sources([]string{writeFile(t, t.TempDir(), "a.log", []byte(log))})
		if err != nil {
			t.Fatal(err)
		}
		o := testOptions(t)
		if o.Identity, err = ParseIdentity(user); err != nil {
			t.Fatal(err)
		}
		_, err = Load(context.Background(), s, sources, o)
		if other := user != "query:it's"; other != (err != nil) || other && !strings.Contains(err.Error(), "the case tells users apart by --user query:it's") {
			t.Errorf("run %d, %s: %v", run, user, err)
		}
		if err == nil {
			err = s.Keep()
		}
		if err := errors.Join(err, s.Close()); err != nil && !strings.Contains(err.Error(), "--user") {
			t.Fatal(err)
		}
	}
}
