//go:build linux || darwin || freebsd

package temp

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockNow locks a file, or tells that somebody else has.
func lockNow(f *os.File) bool { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil }

// mine reports whether a file is this user's.
func mine(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}
