package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ipdrift/ingest/source/sourcetest"
)

// TestSettledAside has what stands written out while rows come, one thing after the other.
func TestSettledAside(t *testing.T) {
	path, ctx := filepath.Join(t.TempDir(), "c.duckdb"), context.Background()
	s, err := Create(path, Limits{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	grown := func(what string, by bool, do func() error) {
		t.Helper()
		size := func() int64 {
			info, err := os.Stat(path + ".part.wal")
			if err != nil {
				return 0
			}
			return info.Size()
		}
		before := size()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := size() > before; got != by {
			t.Errorf("%s: the log of changes grows: %t, want %t", what, got, by)
		}
	}
	agents, err := s.Rows("agent")
	if err != nil {
		t.Fatal(err)
	}
	add := func(id uint32) error { return agents.Append(ctx, id, strings.Repeat("agent", 100), false) }
	grown("flushed", true, func() error {
		if err := add(1); err != nil {
			return err
		}
		return agents.Flush(ctx)
	})
	grown("settled", false, func() error {
		s.SettleAside()
		return s.Settled(ctx)
	})
	if _, err := os.Stat(path + ".part.wal"); err == nil {
		t.Error("something is left in the log of changes")
	}
	grown("written aside", true, func() error {
		if err := add(2); err != nil {
			return err
		}
		s.WriteAside(agents.Flush)
		return s.Settled(ctx)
	})
	tx, err := s.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`INSERT INTO ident VALUES (1, 1)`); err != nil {
		t.Fatal(err)
	}
	grown("beside another", true, func() error {
		s.SettleAside() // cannot be
		if err := add(3); err != nil {
			return err
		}
		s.WriteAside(agents.Flush)
		if err := s.Settled(ctx); err != nil {
			return err
		}
		return tx.Commit()
	})
	if n := one[int](t, s, `SELECT count(*) FROM agent`); n != 3 {
		t.Errorf("%d agents, want 3", n)
	}
	for _, value := range []string{"a", "b"} {
		grown("facts", false, func() error { return s.Settle(ctx, map[string]string{"name": value, "other": "c"}) })
	}
	if got := one[string](t, s, `SELECT string_agg(name || value, ' ' ORDER BY name) FROM about`); got != "nameb otherc" {
		t.Errorf("facts: %s", got)
	}
	if err := s.Keep(); err != nil {
		t.Fatal(err)
	}
}

// TestFailsAside has rows that cannot be written: who waits for them is told.
func TestFailsAside(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "c.duckdb")} {
		s, err := Create(path, Limits{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx := context.Background()
		agents, err := s.Rows("agent")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.DB.Exec(`DROP TABLE agent`); err != nil {
			t.Fatal(err)
		}
		if err := agents.Append(ctx, uint32(1), "a", false); err != nil {
			t.Fatal(err)
		}
		s.WriteAside(agents.Flush)
		s.WriteAside(func(context.Context) error { return nil })
		if err := s.Settled(ctx); err == nil || !strings.Contains(err.Error(), "agent") {
			t.Errorf("%q: %v, want what is wrong with table agent", path, err)
		}
	}
}

// TestClosedWhileWritten closes a case in the middle of a commit, which goes on: no file
// is left of it, and what was to come next is not begun.
func TestClosedWhileWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.duckdb")
	s, err := Create(path, Limits{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.SettleAside()
	if err := s.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	began, ended, next := make(chan bool), make(chan error, 1), false
	s.WriteAside(func(ctx context.Context) error {
		close(began)
		<-ctx.Done()
		time.Sleep(2 * closingWait) // a slow disk
		_, err := s.DB.Exec(`INSERT INTO agent VALUES (1, 'a', false)`)
		ended <- err
		return err
	})
	s.WriteAside(func(context.Context) error {
		next = true
		return nil
	})
	<-began
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 || next {
		t.Errorf("left: %q, the next step begun: %t", left, next)
	}
}

// TestClosedWhileSettled does not wait for a checkpoint that takes long.
func TestClosedWhileSettled(t *testing.T) {
	s, err := Create(filepath.Join(t.TempDir(), "c.duckdb"), Limits{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	began, end := make(chan bool), make(chan bool)
	s.settleAside(func() error {
		close(began)
		<-end
		return nil
	})
	<-began
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	close(end)
	<-s.writing
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
	cut := sourcetest.Write(t, dir, "cut.duckdb", damaged[:len(damaged)/2])
	for i := range damaged[12288:] { // behind three headers
		damaged[12288+i] ^= 0xff
	}
	for path, want := range map[string]string{
		cut: "the case is damaged",
		sourcetest.Write(t, dir, "damaged.duckdb", damaged):                                                                 "the case is damaged (IO Error: Corrupt database file",
		sourcetest.Write(t, dir, "text.log", []byte(plainLines(5))):                                                         "not a case of ipdrift, nor a DuckDB database",
		sourcetest.Write(t, dir, "empty", nil):                                                                              "not a case of ipdrift, nor a DuckDB database",
		database("other", `CREATE TABLE t (a INT)`):                                                                         "a DuckDB database, but not a case",
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
