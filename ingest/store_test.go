package ingest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
)

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

// keptCase loads a few lines into a kept case.
func keptCase(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	s, err := Create(path, Limits{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sources, err := source.List(t.Context(), []string{sourcetest.Write(t, t.TempDir(), "a.log", []byte(plainLines(20)+"junk\n"))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(context.Background(), s, sources, testOptions(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPrivateCaseIsRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, err := Create("", Limits{})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(s.dir.Path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("private folder: %v, %v; want mode 0700", info.Mode(), err)
	}
	if err := s.Keep(); err != nil {
		t.Errorf("keeping a private case: %v, want nothing to happen", err)
	}
	one[int](t, s, `SELECT 1`)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if left := names(t, os.Getenv("TMPDIR")); left != "" {
		t.Errorf("left behind: %s", left)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestKeptCaseTakesItsName(t *testing.T) {
	path := keptCase(t, "x.duckdb")
	if got := names(t, filepath.Dir(path)); got != "x.duckdb" {
		t.Errorf("the folder holds %q, want x.duckdb alone", got)
	}
	dir := t.TempDir()
	s, err := Create(filepath.Join(dir, "y.duckdb"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); got != "" {
		t.Errorf("a case that was not kept left %q", got)
	}
	if _, err := Create(filepath.Join(dir, "no", "such", "folder", "z.duckdb"), Limits{}); err == nil {
		t.Error("created in a folder that is not there")
	}
}

// TestCaseOfAKilledRun finds what a run that was killed leaves: the unfinished
// database and its write-ahead log.
func TestCaseOfAKilledRun(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.duckdb")
	s, err := Create(path, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(`INSERT INTO about VALUES ('killed', 'run')`); err != nil {
		t.Fatal(err)
	}
	left := map[string][]byte{}
	for _, name := range []string{path + ".part", path + ".part.wal"} {
		if left[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	for name, data := range left {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err = Create(path, Limits{})
	if err != nil {
		t.Fatalf("beside what a killed run left: %v", err)
	}
	defer s.Close()
	if n := one[int](t, s, `SELECT count(*) FROM about`); n != 0 {
		t.Errorf("the new case holds %d rows of the killed run", n)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other.duckdb")
	s := &Store{}
	if err := s.connect(other, Limits{}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(`CREATE TABLE about (name VARCHAR, value VARCHAR); INSERT INTO about VALUES ('case_version', '0')`); err != nil {
		t.Fatal(err)
	}
	if err := s.shut(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "gone"): "no such file",
		other:                      `case version "0"`,
		sourcetest.Write(t, dir, "text.log", []byte(plainLines(5))): "not a case",
		sourcetest.Write(t, dir, "empty", nil):                      "not a case",
		dir:                                                         "not a case",
	} {
		s, err := Open(path, Limits{})
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s): %v, want the path and %q", path, err, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "empty")); err != nil || info.Size() != 0 {
		t.Error("opening an empty file changed it")
	}
}

func TestOpenedCaseIsLocked(t *testing.T) {
	path := keptCase(t, "x.duckdb")
	s, err := Open(path, Limits{Threads: 1, Memory: 128 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := one[int](t, s, `SELECT count(*) FROM requests`); n != 20 {
		t.Errorf("%d requests, want 20", n)
	}
	if n := one[string](t, s, `SELECT current_setting('threads')`); n != "1" {
		t.Errorf("threads %s, want 1", n)
	}
	out := filepath.Join(t.TempDir(), "out")
	for _, q := range []string{
		`INSTALL httpfs`, `LOAD httpfs`, `ATTACH '` + out + `' AS o`, `ATTACH ':memory:' AS o`, `COPY (SELECT 1) TO '` + out + `'`, `COPY about TO '` + out + `'`,
		`SELECT * FROM read_text('` + path + `')`, `SELECT * FROM read_csv('/etc/passwd')`, `SELECT * FROM '/etc/passwd'`, `SELECT * FROM read_blob('/etc/passwd')`, `SELECT * FROM glob('/etc/*')`,
		`SELECT * FROM read_parquet('` + out + `')`, `EXPORT DATABASE '` + out + `'`, `IMPORT DATABASE '/etc'`,
		`SET enable_external_access = true`, `SET lock_configuration = false`, `SET threads = 8`, `PRAGMA threads = 8`, `RESET memory_limit`, `SET temp_directory = '` + out + `'`,
		`DELETE FROM about`, `DROP VIEW requests`, `CREATE TABLE more (a INT)`, `CREATE OR REPLACE VIEW requests AS SELECT 1`, `PRAGMA enable_profiling = 'json'; PRAGMA profiling_output = '` + out + `'`,
	} {
		if _, err := s.DB.Exec(q); err == nil {
			t.Errorf("%s: allowed on an opened case", q)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("SQL on an opened case wrote a file")
	}
}

// TestOpenedCaseIsReadOnly opens cases whatever their name.
func TestOpenedCaseIsReadOnly(t *testing.T) {
	for _, name := range []string{"plain.duckdb", "with space.duckdb", "case#1.duckdb", "100%.duckdb", "a&threads=1.duckdb", "a:b.duckdb", "ä.duckdb", "c%41.duckdb"} {
		path := filepath.Join(t.TempDir(), name)
		s, err := Create(path, Limits{Threads: 2})
		if err != nil {
			if !strings.Contains(err.Error(), "the name of a case cannot hold") {
				t.Errorf("%s: created: %v; want a case, or a sentence about the name", name, err)
			}
			continue
		}
		if got := one[string](t, s, `SELECT current_setting('autoinstall_known_extensions') || current_setting('threads')`); got != "false2" {
			t.Errorf("%s: created with extensions installed by themselves and threads %s, want false2", name, got)
		}
		if _, err := s.DB.Exec(`INSERT INTO about VALUES ('case_version', '` + CaseVersion + `')`); err != nil {
			t.Fatal(err)
		}
		if err := s.Keep(); err != nil {
			t.Errorf("%s: kept: %v", name, err)
			continue
		}
		if got := names(t, filepath.Dir(path)); got != name {
			t.Errorf("%s: the folder holds %q", name, got)
		}
		s, err = Open(path, Limits{})
		if err != nil {
			t.Errorf("%s: opened: %v", name, err)
			continue
		}
		if _, err := s.DB.Exec(`DELETE FROM about`); err == nil {
			t.Errorf("%s: is opened for writing", name)
		}
		s.Close()
	}
}

// TestKeptCaseHoldsNoDeadViews: a view of a batch that was streamed in points
// into memory of a process that is gone, and reading it brings the reader down.
func TestKeptCaseHoldsNoDeadViews(t *testing.T) {
	s, err := Open(keptCase(t, "x.duckdb"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := strings.Join(query[string](t, s, `SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name`), " ")
	if want := "clients hit masks persons rejects requests signatures tokens users"; got != want {
		t.Errorf("views: %s; want %s", got, want)
	}
}

func TestCreateWithoutATemporaryFolder(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nonexistent"))
	if _, err := Create("", Limits{}); err == nil || !strings.Contains(err.Error(), "TMPDIR") || !strings.HasPrefix(err.Error(), "a temporary file cannot be made") {
		t.Errorf("no folder for temporary files: %v, want an error that names TMPDIR", err)
	}
}
