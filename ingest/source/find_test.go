package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ipdrift/ingest/source/sourcetest"
)

// link makes a symbolic link.
func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func TestSourcesBehindLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"logs/a.log", "logs/deep/b.log", "other/c.log", "other/more/d.log", "lone.log"} {
		sourcetest.Write(t, ".", name, []byte("x\n"))
	}
	link(t, "a.log", "logs/again.log")       // the same file: once
	link(t, "../lone.log", "logs/e.log")     // a file elsewhere
	link(t, "../other", "logs/other")        // a folder elsewhere
	link(t, "../../logs", "other/more/loop") // back
	link(t, "..", "logs/deep/up")            // up
	link(t, "nowhere", "logs/gone.log")      // dangling
	link(t, "self", "logs/self")             // a loop of links
	link(t, "/dev/null", "logs/null")        // a device: left out
	link(t, "logs", "entry")                 // the folder behind a link
	link(t, "nowhere", "gone.log")           // dangling, as an argument
	if err := syscall.Mkfifo("logs/pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]string{
		"logs":         "logs/a.log logs/deep/b.log logs/e.log logs/gone.log!no such file or directory logs/other/c.log logs/other/more/d.log logs/self!too many levels of symbolic links",
		"entry":        "entry/a.log entry/deep/b.log entry/e.log entry/gone.log!no such file or directory entry/other/c.log entry/other/more/d.log entry/self!too many levels of symbolic links",
		"logs/*.log":   "logs/a.log logs/e.log logs/gone.log!no such file or directory",
		"logs/oth*":    "logs/other/c.log logs/other/more/d.log logs/other/more/loop/a.log logs/other/more/loop/deep/b.log logs/other/more/loop/e.log logs/other/more/loop/gone.log!no such file or directory logs/other/more/loop/self!too many levels of symbolic links",
		"lone.log":     "lone.log",
		"logs/e.log":   "logs/e.log",
		"logs/[s]elf*": "logs/self!too many levels of symbolic links",
	} {
		all, err := List(t.Context(), []string{arg})
		if err != nil {
			t.Errorf("%s: %v", arg, err)
		}
		var got []string
		for _, s := range all {
			said := s.Label
			if _, err := readSource(s, nil); err != nil {
				_, last, _ := strings.Cut(err.Error(), `": `)
				said += "!" + last
			}
			got = append(got, said)
		}
		if said := strings.Join(got, " "); said != want {
			t.Errorf("%s:\n%s, want\n%s", arg, said, want)
		}
	}
	for _, arg := range []string{"gone.log", "label=gone.log"} {
		if _, err := List(t.Context(), []string{arg}); !errors.Is(err, fs.ErrNotExist) || err.Error() != `gone.log: symbolic link to "nowhere": no such file or directory` {
			t.Errorf("%s: %v", arg, err)
		}
	}
}

// TestSourcesGoOnBehindAFault: a folder that cannot be listed is one error
// among the files beside it.
func TestSourcesGoOnBehindAFault(t *testing.T) {
	c := newCollector("/logs")
	if err := c.visit("/logs", "/logs/secret", nil, &fs.PathError{Op: "open", Path: "/logs/secret", Err: fs.ErrPermission}); err != nil {
		t.Fatalf("the walk ends: %v", err)
	}
	if found := c.sorted(); len(found) != 1 || found[0].path != "/logs/secret" || found[0].err != fs.ErrPermission {
		t.Errorf("found %+v", found)
	}
	s := newSources(t.Context(), new(glance), c.found[0], "")
	if _, err := readSource(s[0], nil); err != fs.ErrPermission {
		t.Errorf("the source's error is %v", err)
	}
}

// TestSourcesOfPipes reads a named pipe, and one that has no name.
func TestSourcesOfPipes(t *testing.T) {
	named := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(named, 0o600); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	unnamed := fmt.Sprintf("/dev/fd/%d", r.Fd())
	log := sourcetest.Gzip(t, []byte("a\nb\n"))
	for path, open := range map[string]func() (io.WriteCloser, error){
		named:   func() (io.WriteCloser, error) { return os.OpenFile(named, os.O_WRONLY, 0) },
		unnamed: func() (io.WriteCloser, error) { return w, nil },
	} {
		all, err := List(t.Context(), []string{path, path})
		if err != nil || len(all) != 1 || all[0].Size != -1 {
			t.Fatalf("%s: %+v, %v", path, all, err)
		}
		go func() {
			w, err := open()
			if err == nil {
				_, err = w.Write(log)
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				t.Error(err)
			}
		}()
		if got, err := readSource(all[0], nil); got != "a\nb\n" || err != nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
}
