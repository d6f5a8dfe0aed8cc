package temp

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFoldersOfKilledRuns: what a run left behind that was killed goes with a later run, and
// nothing else does.
func TestFoldersOfKilledRuns(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if _, err := os.Stat(bootFile); err != nil {
		t.Skip(err)
	}
	folder := func(kind string) *Folder {
		f, err := MakeFolder(kind)
		if err != nil || f.lock == nil {
			t.Fatal(f, err)
		}
		return f
	}
	gone, alive, before, other := folder("work-"), folder(""), folder(""), folder("")
	gone.lock.Close() // as the end of its process does
	before.lock.Close()
	if err := os.WriteFile(filepath.Join(before.Path, folderLock), []byte("01234567-89ab-cdef-0123-456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other.lock.Close()
	os.Remove(filepath.Join(other.Path, folderLock))
	outside := t.TempDir()
	os.Rename(gone.Path, filepath.Join(outside, "real"))
	gone2 := folder("parquet-")
	gone2.lock.Close()
	link := filepath.Join(os.TempDir(), "ipdrift-link")
	if err := os.Symlink(filepath.Join(outside, "real"), link); err != nil {
		t.Fatal(err)
	}
	Sweep()
	for dir, want := range map[string]bool{gone2.Path: false, alive.Path: true, before.Path: true, other.Path: true, link: true, filepath.Join(outside, "real", folderLock): true} {
		if _, err := os.Stat(dir); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %v", dir, err, want)
		}
	}
	if err := alive.Drop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(alive.Path); err == nil {
		t.Error("a dropped folder is still there")
	}
}
