package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"ipdrift/ingest/source"
	"ipdrift/ingest/temp"
)

// place decides where the database is written.
func (s *Store) place(path string) (err error) {
	if path == "" {
		if s.dir, err = temp.MakeFolder(""); err != nil {
			return fmt.Errorf("a temporary file cannot be made: %w; point TMPDIR to a folder that can be written to", err)
		}
		s.file = filepath.Join(s.dir.Path, "case.duckdb")
		return nil
	}
	path = LinkEnd(path)
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s: is no file; name one", path)
	case err == nil:
		s.grows = true
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: %w", path, source.Unwrapped(err))
	}
	if stem, _, _ := strings.Cut(filepath.Base(path), "."); strings.EqualFold(stem, "work") || strings.EqualFold(stem, "ipdrift_old") {
		return fmt.Errorf("%s: a case cannot be called %q, which names a database of our own; choose another name", path, stem)
	}
	if s.claim, err = lay(path); err != nil {
		return err
	}
	if _, err := os.Stat(path + ".wal"); err == nil {
		return fmt.Errorf("%s.wal: another program has left changes to the case there that are not in it yet; open the case with that program once more, or remove the file", path)
	}
	part := path + ".part"
	if pid := holder(part); pid != 0 {
		return fmt.Errorf("%s: in use by another process (%d); wait for it to end", part, pid)
	}
	s.final, s.file = path, part
	s.sweep()
	return nil
}

// LinkEnd is the file that a path means, where it is a symbolic link to one, there or not.
func LinkEnd(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	for range 40 { // as many as Linux follows
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			dir, _ := filepath.Split(path)
			to = dir + to // not cleaned: dir/.. is another folder where dir is a link
		}
		path = to
	}
	return path
}

// sweep removes the unfinished database, of this run or of one that was
// killed, with all that DuckDB puts beside it.
func (s *Store) sweep() {
	os.Remove(s.file)
	os.Remove(s.file + ".wal")
	spilled, _ := filepath.Glob(temp.EscapeGlob(s.file) + ".tmp/duckdb_temp_*")
	for _, f := range spilled {
		os.Remove(f)
	}
	os.Remove(s.file + ".tmp")
}

// sameVersion refuses a case of another version.
func (s *Store) sameVersion(path, about string) error {
	version := ""
	err := s.DB.QueryRow(`SELECT value FROM ` + about + ` WHERE name = 'case_version'`).Scan(&version)
	switch {
	case err != nil && strings.Contains(err.Error(), damagedFile):
		return noCase(path, err)
	case err != nil:
		return fmt.Errorf("%s: a DuckDB database, but not a case of ipdrift; it is left as it is", path)
	case version != CaseVersion:
		return fmt.Errorf("%s: a case of another version of ipdrift (case version %q, this one has %q); analyse its logs anew into another file", path, version, CaseVersion)
	}
	return nil
}

// noCase says why a file cannot be opened as a case.
func noCase(path string, err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if _, said, ok := strings.Cut(text, "duckdb error: "); ok { // behind the driver's words
		text = said
	}
	switch {
	case strings.Contains(text, damagedFile), strings.Contains(text, "Could not read enough bytes"):
		return fmt.Errorf("%s: the case is damaged (%s); take a copy of it, or analyse its logs anew into another file", path, text)
	case strings.Contains(text, "not a valid DuckDB database file"):
		return fmt.Errorf("%s: not a case of ipdrift, nor a DuckDB database; it is left as it is", path)
	case strings.Contains(text, "Could not set lock"):
		by := ""
		if m := lockHolder.FindStringSubmatch(text); m != nil {
			by = " (" + m[1] + ")"
		}
		return fmt.Errorf("%s: in use by another process%s; try again when it has ended", path, by)
	}
	return fmt.Errorf("%s: not a case, or one that cannot be opened: %s", path, text)
}

// damagedFile is in DuckDB's words for a block whose checksum is wrong.
const damagedFile = "Corrupt database file"

// lockHolder finds the process in DuckDB's words for a lock conflict.
var lockHolder = regexp.MustCompile(`PID (\d+)`)

// Settle notes facts about the case in table about, by their names, and writes
// everything out, so that Keep has little left to do. When ctx ends it returns at
// once; the case can only be closed then. DuckDB has one thread from now on: more
// of them do not write faster, and wait by asking over and over.
func (s *Store) Settle(ctx context.Context, facts map[string]string) error {
	s.settleAside(func() error {
		if _, err := s.DB.ExecContext(s.life, `SET threads = 1`); err != nil {
			return err
		}
		return s.remember(s.life, facts)
	})
	return s.Settled(ctx)
}

// SettleAside begins to write out all that stands, beside what is done next, so that
// Settle has less left to do. Who writes to the case meanwhile waits; who has begun
// before leaves all of it to Settle.
func (s *Store) SettleAside() { s.settleAside(func() error { return nil }) }

// WriteAside begins to write what write writes, beside what is done next.
func (s *Store) WriteAside(write func(context.Context) error) {
	s.beginAside(func() error { return write(s.life) })
}

// Settled waits for what SettleAside and WriteAside have begun.
func (s *Store) Settled(ctx context.Context) error {
	if s.writing == nil {
		return nil
	}
	select {
	case err := <-s.writing:
		s.writing = nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settleAside begins what ends with a checkpoint where the case is kept, which DuckDB
// does not interrupt. What the last transaction of add writes goes straight into the
// case, past the log of changes.
func (s *Store) settleAside(add func() error) {
	if s.final == "" {
		s.beginAside(add)
		return
	}
	s.beginAside(func() error {
		s.settling.Store(true)
		defer s.settling.Store(false)
		_, err := s.DB.ExecContext(s.life, `SET wal_autocheckpoint = '0KB'`)
		if err == nil {
			err = add()
		}
		if err == nil {
			_, err = s.DB.ExecContext(s.life, `CHECKPOINT`)
		}
		if err != nil && strings.Contains(err.Error(), otherWriters) {
			err = nil
		}
		_, resetErr := s.DB.ExecContext(s.life, `SET wal_autocheckpoint = '1TB'`)
		return cmp.Or(err, resetErr)
	})
}

// beginAside begins what goes on beside what is done next, behind what has begun
// before. After an error nothing more is done, nor once the case is closed.
func (s *Store) beginAside(do func() error) {
	before, done := s.writing, make(chan error, 1)
	s.writing = done
	go func() {
		if before != nil {
			if err := <-before; err != nil {
				done <- err
				return
			}
		}
		if err := s.life.Err(); err != nil {
			done <- err
			return
		}
		done <- do()
	}()
}

// otherWriters is in DuckDB's words for a checkpoint that cannot be now.
const otherWriters = "other write transactions active"

// Keep finishes a kept case: everything is written out and the file takes its
// final name, once it is on the disk. On a private case it does nothing.
func (s *Store) Keep() error {
	if s.final == "" {
		return nil
	}
	if _, err := s.DB.Exec(`CHECKPOINT`); err != nil {
		return err
	}
	if err := s.shut(); err != nil {
		return err
	}
	if info, err := os.Stat(s.final); err == nil {
		if err := os.Chmod(s.file, info.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := toDisk(s.file); err != nil {
		return err
	}
	if err := os.Rename(s.file, s.final); err != nil {
		return err
	}
	s.file = ""
	s.claim.drop()
	return toDisk(filepath.Dir(s.final))
}

// toDisk puts a file, or the names in a folder, on the disk.
func toDisk(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrInvalid) { // some file systems have no folders to sync
		err = nil
	}
	return errors.Join(err, f.Close())
}

// What became of a case that was not finished.
const (
	CaseAsBefore = "the case is as it was before"
	NoCaseKept   = "no case was kept"
)

// Standing is the one of these that holds.
func (s *Store) Standing() string {
	if s.grows {
		return CaseAsBefore
	}
	return NoCaseKept
}

// Kept reports whether the case outlives the run.
func (s *Store) Kept() bool { return s.final != "" }
