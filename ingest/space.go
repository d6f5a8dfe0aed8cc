package ingest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"ipdrift/ingest/temp"
)

// FullDisk is the error that a disk has no room left.
type FullDisk struct {
	Dir       string // where room is wanted
	Temporary bool   // it is the folder for temporary files
	Err       error
}

func (e *FullDisk) Error() string {
	if errors.Is(e.Err, syscall.EFBIG) || strings.Contains(e.Err.Error(), tooLarge) {
		return fmt.Sprintf("a file in %s cannot grow further: the size of files is limited (ulimit -f)", e.Dir)
	}
	if free, ok := room(e.Dir); ok {
		return fmt.Sprintf("no room left in %s (%d MB free now)", e.Dir, free/1e6)
	}
	return "no room left in " + e.Dir
}

func (e *FullDisk) Unwrap() error { return e.Err }

// tooLarge is what the system calls a file at its limit (EFBIG).
const tooLarge = "File too large"

// invalidated is in DuckDB's words for what it says from an error on that it has not
// got over, which may have been told elsewhere.
const invalidated = "database has been invalidated"

// nearLimit is how far from the end of what may be written a database is that could
// not be written: a few of its blocks.
const nearLimit = 4 << 20

// cramped returns what kept the database from growing, if something did.
func (s *Store) cramped() error {
	if free, ok := room(filepath.Dir(s.file)); ok && free < nearLimit {
		return syscall.ENOSPC
	}
	for _, path := range []string{s.file, s.file + ".wal"} {
		if info, err := os.Stat(path); err == nil && uint64(info.Size())+nearLimit > fileLimit() {
			return syscall.EFBIG
		}
	}
	return nil
}

// quotedPath finds the file in an error of DuckDB.
var quotedPath = regexp.MustCompile(`file "([^"]*)"`)

// Worded makes a *FullDisk of an error that means one, however DuckDB or the
// system put it; other errors it returns as they are.
func (s *Store) Worded(err error) error {
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), invalidated) {
		if cause := s.cramped(); cause != nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
	}
	text := err.Error()
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
	for _, words := range []string{"No space left on device", "Disk quota exceeded", tooLarge, "max_temp_directory_size"} {
		full = full || strings.Contains(text, words)
	}
	if !full {
		return err
	}
	path := s.file
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		path = pe.Path
	} else if m := quotedPath.FindStringSubmatch(text); m != nil {
		path = m[1]
	}
	if strings.HasPrefix(path, filepath.Join(os.TempDir(), temp.Prefix)) {
		return &FullDisk{Dir: os.TempDir(), Temporary: true, Err: err}
	}
	return &FullDisk{Dir: filepath.Dir(path), Err: err}
}
