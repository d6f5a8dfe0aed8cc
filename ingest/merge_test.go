package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
)

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
		sources, err := source.List(t.Context(), []string{sourcetest.Write(t, t.TempDir(), "a.log", []byte(log))})
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
	logs := []string{sourcetest.Write(t, t.TempDir(), "a.log", line(`,"sample_rate":"0.1","edgename":"waw1"`)), sourcetest.Write(t, t.TempDir(), "b.log", line(""))}
	const sampled = "the log is sampled: requests are missing, so no rates and no order of requests can be told from it"
	for run, log := range logs {
		s, err := Create(path, Limits{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		sources, err := source.List(t.Context(), []string{log})
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
	sources, err := source.List(t.Context(), []string{sourcetest.Write(t, t.TempDir(), "b.log", []byte(plainLines(30)))})
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

// A new case goes where a symbolic link points, though nothing is there yet.
func TestNewCaseBehindALink(t *testing.T) {
	for _, to := range []string{"sub/x.duckdb", "two"} {
		dir := t.TempDir()
		link := filepath.Join(dir, "link.duckdb")
		if err := errors.Join(os.Mkdir(filepath.Join(dir, "sub"), 0o700), os.Symlink(to, link), os.Symlink("sub/../sub/x.duckdb", filepath.Join(dir, "two"))); err != nil {
			t.Fatal(err)
		}
		s, err := Create(link, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Keep(), s.Close()); err != nil {
			t.Fatal(err)
		}
		if got, err := os.Readlink(link); got != to || err != nil {
			t.Errorf("the link leads to %q, %v", got, err)
		}
		if got := names(t, filepath.Join(dir, "sub")); got != "x.duckdb" {
			t.Errorf("the folder holds %q", got)
		}
	}
}

// TestPruneIsBounded: of millions of requests, those that speak a word are not all held. In 48 MB DuckDB cannot compare
// the words with all requests at once.
func TestPruneIsBounded(t *testing.T) {
	s, err := Create("", Limits{Threads: 1, Memory: 48e6})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const far = 3 * namedIDs
	if _, err := s.DB.Exec(fmt.Sprintf(`CREATE TABLE words AS SELECT unnest([1, 2, 3, %[1]d, %[1]d + 1])::UINTEGER AS id;
		CREATE TABLE spoken AS SELECT (CASE WHEN range %% 2 = 0 THEN 2 ELSE %[1]d END)::UINTEGER AS word FROM range(6000000)`, far)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(`DELETE FROM words WHERE id NOT IN (SELECT word FROM spoken)`); !OutOfMemory(err) {
		t.Errorf("all at once: %v; if DuckDB can do that now, keepNamed need not be", err)
	}
	if err := (&load{store: s}).keepNamed(t.Context(), "words", "id", "spoken", "word"); err != nil {
		t.Fatal(err)
	}
	if got := query[uint32](t, s, `SELECT id FROM words ORDER BY id`); !slices.Equal(got, []uint32{2, far}) {
		t.Errorf("kept %v, want 2 and %d", got, far)
	}
}
