package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipdrift/ingest/synth"
)

// pseudo opens a pseudo-terminal of 24 lines: who types and looks has the
// master, the command has the tty.
func pseudo(t *testing.T, columns uint16) (master, tty *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return master, tty
}

// terminal opens a pseudo-terminal of a width and collects what is written to
// it.
func terminal(t *testing.T, columns uint16) (tty *os.File, shown func() string) {
	t.Helper()
	master, tty := pseudo(t, columns)
	read := make(chan string)
	go func() {
		var all bytes.Buffer
		_, _ = io.Copy(&all, master) // ends with an error when the last writer is gone
		read <- all.String()
	}()
	return tty, func() string {
		tty.Close()
		text := <-read
		master.Close()
		return text
	}
}

func analyzeDemo(t *testing.T, stdout, stderr io.Writer, more ...string) {
	t.Helper()
	args := append([]string{"analyze", "--key-file", "testdata/nginx/demo.key"}, more...)
	if got := run(context.Background(), append(args, "testdata/nginx/video-demo.log.gz"), strings.NewReader(""), stdout, stderr); got != 0 {
		t.Errorf("exit status %d", got)
	}
}

func TestTerminal(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8")
	for _, c := range []struct {
		name, noColor, term string
		color               bool
	}{{"colour", "", "xterm", true}, {"NO_COLOR", "1", "xterm", false}, {"dumb", "", "dumb", false}} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", c.noColor)
			t.Setenv("TERM", c.term)
			tty, shown := terminal(t, 120)
			analyzeDemo(t, tty, io.Discard)
			text := shown()
			if strings.Contains(text, "\x1b[") != c.color {
				t.Errorf("colour: %v, want %v", !c.color, c.color)
			}
			widest := 0
			for line := range strings.Lines(text) {
				if !strings.Contains(line, "\x1b") {
					widest = max(widest, len([]rune(strings.TrimRight(line, "\r\n"))))
				}
			}
			if widest <= 80 || widest > 120 {
				t.Errorf("the widest line has %d columns of 120", widest)
			}
		})
	}
}

func created(t *testing.T, file string) io.Writer {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestProgress(t *testing.T) {
	t.Run("on a terminal", func(t *testing.T) {
		tty, shown := terminal(t, 100)
		analyzeDemo(t, io.Discard, tty)
		text := shown()
		if !strings.Contains(text, "reading") {
			t.Error("no progress was shown")
		}
		if !strings.HasSuffix(text, "\r\x1b[K") {
			t.Errorf("progress is not erased: it ends in %q", text[max(0, len(text)-40):])
		}
	})
	t.Run("a key that fits nothing", func(t *testing.T) {
		log := filepath.Join(t.TempDir(), "a.log")
		if _, err := synth.Write(created(t, log), synth.Options{Lines: 5000}); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]bool{"synth-secret": false, "another": true} {
			t.Setenv("IPDRIFT_KEY", key)
			tty, shown := terminal(t, 120)
			run(context.Background(), []string{"analyze", log}, strings.NewReader(""), io.Discard, tty)
			if got := strings.Contains(shown(), "no key fits"); got != want {
				t.Errorf("key %s: a doubt is shown: %v, want %v", key, got, want)
			}
		}
	})
	t.Run("while logs are looked for", func(t *testing.T) {
		for after, want := range map[time.Duration]string{time.Hour: "", 0: "looking for logs in archives ...\r\x1b[K"} {
			tty, shown := terminal(t, 100)
			found := looking(tty, false, after)
			time.Sleep(200 * time.Millisecond)
			found()
			if text := shown(); text != want {
				t.Errorf("%q is shown, want %q", text, want)
			}
		}
	})
	t.Run("quiet", func(t *testing.T) {
		tty, shown := terminal(t, 100)
		analyzeDemo(t, io.Discard, tty, "--quiet")
		if text := shown(); text != "" {
			t.Errorf("--quiet shows %q", text)
		}
	})
}
