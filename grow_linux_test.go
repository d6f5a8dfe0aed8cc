package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ipdrift/ingest"
)

// refused runs analyze on a case in a process of its own, which must refuse to
// touch it.
func refused(t *testing.T, kept, says string, prefix ...string) {
	t.Helper()
	before, err := os.Stat(kept) // not opened: closing it would give up a lock of this process
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	args := append(prefix, "ipdrift", "analyze", "--quiet", "--key-file", demoKey, "--db", kept, "testdata/nginx/video-demo.log.gz")
	cmd, stderr := exec.Command(args[0], args[1:]...), &bytes.Buffer{}
	cmd.Env, cmd.Stderr = append(os.Environ(), "TMPDIR="+tmp), stderr
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != statusFailed || !strings.Contains(stderr.String(), says) {
		t.Errorf("%v, and it says %q, want %q", err, stderr, says)
	}
	if now, err := os.Stat(kept); err != nil || !os.SameFile(before, now) || !before.ModTime().Equal(now.ModTime()) || before.Size() != now.Size() {
		t.Errorf("the case has changed: %v", err)
	}
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("left for temporary: %v", left)
	}
}

func TestCaseInUse(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "case.duckdb")
	command(t, 0, "analyze", "--key-file", demoKey, "--db", kept, pieces(t, dir, 2, 500)[0])
	held := func(path string) func() {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
		if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &lock); err != nil {
			t.Fatal(err)
		}
		return func() { f.Close() }
	}
	by := fmt.Sprintf("in use by another process (%d)", os.Getpid())
	free := held(kept) // as DuckDB locks a database it writes to
	refused(t, kept, kept+": "+by)
	free()
	free = held(kept + ".part")
	refused(t, kept, kept+".part: "+by)
	free()
	os.Remove(kept + ".part")
	run, err := ingest.Create(kept, ingest.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	refused(t, kept, "another run of ipdrift is writing to it")
	if err := run.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(kept + "?*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	reader, err := ingest.Open(kept, ingest.Limits{}) // reading is no use that hinders
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	command(t, 0, "analyze", "--key-file", demoKey, "--db", kept, filepath.Join(dir, "1.log"))
}

// A disk that is full costs nothing but the run. The size of files is limited
// by the shell, and that of a disk where one can be made.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	logs := pieces(t, dir, 2, 500)
	kept := filepath.Join(dir, "case.duckdb")
	command(t, 0, "analyze", "--key-file", demoKey, "--db", kept, logs[0])
	for _, blocks := range []int{1, 600, 2000, 7000} {
		refused(t, kept, "cannot grow further", "sh", "-c", fmt.Sprintf(`ulimit -f %d; "$@"`, blocks), "sh")
	}
	if left, _ := filepath.Glob(kept + "?*"); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=7m"); err != nil {
		t.Logf("no disk of our own: %v", err)
		return
	}
	defer unix.Unmount(disk, 0)
	copyFile(t, kept, filepath.Join(disk, "case.duckdb"))
	refused(t, filepath.Join(disk, "case.duckdb"), "no room left in "+disk)
	for _, name := range []string{"all.parquet", "all.csv"} {
		if _, says := command(t, 1, "query", filepath.Join(disk, "case.duckdb"), "SELECT uuid(), uuid(), uuid() FROM requests a, requests b", "-o", filepath.Join(disk, name)); !strings.Contains(says, "o space left on device") {
			t.Errorf("%s: %s", name, says)
		}
	}
	if left, _ := os.ReadDir(disk); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}
