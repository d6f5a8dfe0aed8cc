package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// watched is what a terminal was sent so far.
type watched struct {
	sync.Mutex
	text bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.Lock()
	defer w.Unlock()
	return w.text.Write(p)
}

// await waits until something new is shown and forgets what came before it.
func (w *watched) await(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		w.Lock()
		at := strings.Index(w.text.String(), want)
		if at >= 0 {
			w.text.Next(at + len(want))
		}
		w.Unlock()
		if at >= 0 {
			return
		}
	}
	t.Fatalf("%q never came; shown since:\n%q", want, w.text.String())
}

// TestBrowse opens a kept case on a terminal, goes down to a request, searches
// and leaves.
func TestBrowse(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8")
	t.Setenv("TERM", "xterm-256color")
	t.Setenv("NO_COLOR", "1") // so that words stand together
	path := filepath.Join(t.TempDir(), "case.duckdb")
	analyzeDemo(t, io.Discard, io.Discard, "--quiet", "--host", "video.example.com", "--db", path)
	master, tty := pseudo(t, 100)
	defer master.Close()
	defer tty.Close()
	shown := &watched{}
	go func() { _, _ = io.Copy(shown, master) }()
	status := make(chan int)
	var stderr bytes.Buffer
	go func() { status <- run(context.Background(), []string{"browse", path}, tty, tty, &stderr) }()
	for _, step := range [][2]string{
		{"", "signed for another address"}, // the causes
		{"j\r", "decision"},                // the hosts of ip_mismatch
		{"\r", "132 users with ip_mismatch"},
		{"\r", "rotating: "},            // a timeline
		{"\r", "a hash was reproduced"}, // a request
		{"\x1b[D", "segment-"},          // back
		{"/", "enter search"},
		{"403\r", `found by "403"`},
		{"?", "any key goes on"},
		{"x", `found by "403"`},
	} {
		if _, err := io.WriteString(master, step[0]); err != nil {
			t.Fatal(err)
		}
		shown.await(t, step[1])
	}
	if _, err := io.WriteString(master, "q"); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-status:
		if got != 0 || stderr.Len() > 0 {
			t.Errorf("exit status %d, %s", got, &stderr)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("q does not leave")
	}
	shown.await(t, "\x1b[?1049l") // the screen from before is back
}

// TestBrowseNeedsATerminal names the way out where there is none.
func TestBrowseNeedsATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "case.duckdb")
	analyzeDemo(t, io.Discard, io.Discard, "--quiet", "--host", "video.example.com", "--db", path)
	master, tty := pseudo(t, 80)
	defer master.Close()
	defer tty.Close()
	for _, c := range []struct {
		name, term, want string
		in, out          any
	}{
		{"a pipe", "xterm", "browse needs a terminal\n", tty, &bytes.Buffer{}},
		{"no keyboard", "xterm", "browse needs a terminal\n", strings.NewReader(""), tty},
		{"a dumb terminal", "dumb", `TERM is "dumb"`, tty, tty},
		{"no TERM", "", `TERM is ""`, tty, tty},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("TERM", c.term)
			var stderr bytes.Buffer
			got := run(context.Background(), []string{"browse", path}, c.in.(io.Reader), c.out.(io.Writer), &stderr)
			if text := stderr.String(); got != statusUsage || !strings.Contains(text, c.want) || !strings.Contains(text, "ipdrift report "+path+" --verbose") {
				t.Errorf("exit status %d: %s", got, text)
			}
		})
	}
}
