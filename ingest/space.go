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
)

// FullDisk is an error for want of room on a disk.
type FullDisk struct {
	Dir       string // where room is wanted
	Temporary bool   // it is the folder for temporary files
	Err       error
}

func (e *FullDisk) Error() string {
	if strings.Contains(e.Err.Error(), tooLarge) {
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

// quotedPath finds the file in an error of DuckDB.
var quotedPath = regexp.MustCompile(`file "([^"]*)"`)

// Worded makes a *FullDisk of an error that means one, however DuckDB or the
// system put it; other errors it returns as they are.
func (s *Store) Worded(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
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
	if strings.HasPrefix(path, filepath.Join(os.TempDir(), temporary)) {
		return &FullDisk{Dir: os.TempDir(), Temporary: true, Err: err}
	}
	return &FullDisk{Dir: filepath.Dir(path), Err: err}
}
