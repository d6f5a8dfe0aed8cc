package temp

import (
	"os"
	"path/filepath"
	"strings"
)

// Folder is a temporary folder. A run that is killed leaves it behind, and a later
// one removes it (see [Sweep]).
type Folder struct {
	Path string
	lock *os.File // held as long as the run lives; nil where that cannot be told to others
}

const (
	folderLock = "ipdrift.lock" // in a folder; holds the boot of the kernel that knows who has locked it
	bootFile   = "/proc/sys/kernel/random/boot_id"
)

// MakeFolder makes a temporary folder; kind is a part of its name.
func MakeFolder(kind string) (*Folder, error) {
	dir, err := os.MkdirTemp("", Prefix+kind)
	if err != nil {
		return nil, err
	}
	return &Folder{dir, lockFolder(dir)}, nil
}

// lockFolder puts the lock into a folder. It has its name only once it is locked.
func lockFolder(dir string) *os.File {
	boot, err := os.ReadFile(bootFile)
	if err != nil {
		return nil
	}
	name := filepath.Join(dir, folderLock)
	f, err := os.OpenFile(name+".new", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil
	}
	if _, err := f.Write(boot); err != nil || !lockNow(f) || os.Rename(name+".new", name) != nil {
		f.Close()
		return nil
	}
	return f
}

// Drop removes it with all it holds; nil is none.
func (t *Folder) Drop() error {
	if t == nil {
		return nil
	}
	if t.lock != nil {
		defer t.lock.Close()
	}
	return os.RemoveAll(t.Path)
}

// Sweep removes the temporary folders of runs that were killed: folders of this user
// whose lock nobody holds. Only this kernel's locks count: with a TMPDIR on a network or in
// a virtual machine, those of others may not be seen.
func Sweep() {
	boot, err := os.ReadFile(bootFile)
	if err != nil {
		return
	}
	folders, _ := filepath.Glob(filepath.Join(EscapeGlob(os.TempDir()), Prefix+"*"))
	for _, dir := range folders {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !mine(info) {
			continue
		}
		name := filepath.Join(dir, folderLock)
		if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(boot)) {
			continue
		}
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		if text, err := os.ReadFile(name); err == nil && string(text) == string(boot) && lockNow(f) {
			os.RemoveAll(dir)
		}
		f.Close()
	}
}

// EscapeGlob is a path as a pattern that nothing else fits.
func EscapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
