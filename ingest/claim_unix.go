//go:build linux || darwin || freebsd

package ingest

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"ipdrift/ingest/source"
)

// claim is the sole right to write to a case: a locked file beside it. A lock
// of DuckDB does not do, since the database is closed before it takes its name.
type claim struct{ file *os.File }

// lay claims a case, or says that another run has.
func lay(path string) (*claim, error) {
	for {
		f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, source.Unwrapped(err))
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("%s: another run of ipdrift is writing to it; try again when it has ended", path)
		}
		if current(f) {
			return &claim{f}, nil
		}
		f.Close() // the run before has ended and removed it in between
	}
}

// current reports whether an open file still has its name.
func current(f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(f.Name())
	return err == nil && os.SameFile(open, there)
}

func (c *claim) drop() {
	if c != nil && c.file != nil {
		os.Remove(c.file.Name())
		c.file.Close()
		c.file = nil
	}
}

// holder is the process that has locked a database, 0 if none has.
func holder(path string) int {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil || lock.Type == unix.F_UNLCK {
		return 0
	}
	return int(lock.Pid)
}

// fileLimit is how long a file of this process may be.
func fileLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return math.MaxUint64
	}
	return uint64(limit.Cur)
}

// room is how many bytes may still be written in a folder; false if that is
// not known.
func room(dir string) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
