package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// closedPipe is a stdout whose reader has gone.
type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
}

// A reader of stdout who has seen enough costs neither the case nor the files, nor the exit status.
func TestClosedPipe(t *testing.T) {
	dir := t.TempDir()
	kept, file := filepath.Join(dir, "c.duckdb"), filepath.Join(dir, "r.md")
	var stderr bytes.Buffer
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"analyze", "--key-file", "testdata/nginx/demo.key", "--db", kept, "-o", file, "testdata/nginx/video-demo.log.gz"}, statusDone},
		{[]string{"analyze", "--key-file", "testdata/nginx/demo.key", "--fail-on", "widen", "testdata/nginx/video-demo.log.gz"}, statusCondition},
		{[]string{"query", kept, "FROM requests"}, statusDone},
		{[]string{"report", kept, "--format", "csv"}, statusDone},
		{[]string{"verify", "--key-file", "testdata/nginx/demo.key", "https://video.example.com/a.ts"}, statusNotValid},
	} {
		if got := run(context.Background(), c.args, strings.NewReader(""), closedPipe{}, &stderr); got != c.want || strings.Contains(stderr.String(), "pipe") {
			t.Errorf("%q: exit status %d, want %d, and %q on stderr", c.args, got, c.want, &stderr)
		}
		stderr.Reset()
	}
	for _, path := range []string{kept, file} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	stop, interrupt := context.WithCancel(context.Background())
	context.AfterFunc(ctx, interrupt)
	got := run(stop, []string{"query", kept, "SELECT sum(hash(a.line + b.line * c.line)) FROM requests a, requests b, requests c"}, strings.NewReader(""), io.Discard, &stderr)
	if got != statusFailed || stderr.String() != "ipdrift: interrupted\n" {
		t.Errorf("query: exit status %d and %q on stderr", got, &stderr)
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// TestFailedReport has a report that cannot be written, beside one that can:
// neither case nor file gets its name, whichever is ready first.
func TestFailedReport(t *testing.T) {
	for _, ending := range []string{".md", ".csv"} {
		dir := t.TempDir()
		var stderr bytes.Buffer
		got := run(context.Background(), []string{"analyze", "--quiet", "--key-file", "testdata/nginx/demo.key", "--db", filepath.Join(dir, "c.duckdb"),
			"-o", filepath.Join(dir, "r"+ending), "testdata/nginx/video-demo.log.gz"}, strings.NewReader(""), fullDisk{}, &stderr)
		if got != statusFailed || stderr.String() != "ipdrift: no space left\n" {
			t.Errorf("exit status %d and %q on stderr", got, &stderr)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left: %v (%v)", left, err)
		}
	}
}

// An interrupt while reading leaves nothing behind and says how far it came.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	log, err := os.ReadFile("testdata/logs/nginx-combined.log")
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	endless := endlessLog{lines: log, stop: 100, cancel: cancel}
	got := run(ctx, []string{"analyze", "--db", filepath.Join(dir, "c.duckdb"), "-o", filepath.Join(dir, "r.md"), "--quiet", "-"},
		&endless, io.Discard, &stderr)
	if got != statusFailed || !strings.Contains(stderr.String(), "interrupted while reading, after ") {
		t.Errorf("exit status %d and %q on stderr", got, &stderr)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// An interrupt while searching all of IPv4 says how far it came.
func TestInterruptedSearch(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	got := run(ctx, []string{"explain", "https://cdn.example.com/a.mp4?md5=AAAAAAAAAAAAAAAAAAAAAA&expires=1893456000", "--ip", "203.0.113.9",
		"--key-file", "testdata/nginx/demo.key", "--recover", "full"}, strings.NewReader(""), &stdout, &stderr)
	if got != statusFailed || stdout.Len() > 0 || !strings.Contains(stderr.String(), "interrupted while searching, after ") {
		t.Errorf("exit status %d, %q and %q on stderr", got, &stdout, &stderr)
	}
}

// TestNothingFailedOfWhatWasAsked: lines of other hosts are not among those of which a warning says that none failed.
func TestNothingFailedOfWhatWasAsked(t *testing.T) {
	var log strings.Builder
	for i := range 1800 {
		fmt.Fprintf(&log, `{"time":%d,"client_ip":"20.0.0.7","host":"%s","method":"GET","uri":"/%d.ts","status":%d,"bytes":1,"user_agent":"p"}`+"\n",
			1795000000+i, []string{"a.example", "a.example", "b.example"}[i%3], i, []int{200, 200, 404}[i%3])
	}
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.WriteFile(path, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for host, says := range map[string]string{"a.example": "none of 1,200 requests has a status of 400 or more", "*.example": ""} {
		out, _ := command(t, 0, "analyze", "--quiet", "--format", "json", "--host", host, path)
		if said := strings.Contains(out, "has a status of 400"); said != (says != "") || !strings.Contains(out, says) {
			t.Errorf("%s: %s", host, out)
		}
	}
}

// countdown ends when it has been asked so many times whether it has ended.
type countdown struct {
	context.Context
	end  context.CancelFunc
	left atomic.Int64
}

func (c *countdown) asked() {
	if c.left.Add(-1) == 0 {
		c.end()
	}
}

func (c *countdown) Done() <-chan struct{} { c.asked(); return c.Context.Done() }
func (c *countdown) Err() error            { c.asked(); return c.Context.Err() }

// TestInterruptedAnywhere ends commands at one step after the other: whatever they were
// about, no file is left, temporary ones included.
func TestInterruptedAnywhere(t *testing.T) {
	kept, log, key := filepath.Join(t.TempDir(), "case.duckdb"), "testdata/situations/dual_stack.log", "testdata/situations/key"
	command(t, 0, "analyze", "--quiet", "--key-file", key, "--db", kept, log)
	out, tmp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	in := func(name string) string { return filepath.Join(out, name) }
	for _, args := range [][]string{
		{"bundle", kept, log, "-o", in("b.zip")},
		{"report", kept, "-o", in("r.html"), "-o", in("u.csv")},
		{"query", kept, "FROM requests", "-o", in("q.parquet")},
		{"ticket", kept, "--ip", "20.1.7.9", "-o", in("t.html")},
		{"ticket", "--quiet", "--key-file", key, log, "--ip", "20.1.7.9", "-o", in("t.md")},
		{"analyze", "--quiet", "--key-file", key, log, "-o", in("r.md"), "-o", in("u.csv")},
		{"analyze", "--quiet", "--key-file", key, log, "--db", in("c.duckdb")},
	} {
		for steps, status := int64(1), statusFailed; status == statusFailed; steps += 1 + steps/2 {
			c := &countdown{}
			c.Context, c.end = context.WithCancel(t.Context())
			c.left.Store(steps)
			var stderr bytes.Buffer
			status = run(c, args, strings.NewReader(""), io.Discard, &stderr)
			c.end()
			if text := stderr.String(); status == statusFailed && !strings.Contains(text, "interrupted") {
				t.Errorf("%q, at step %d: %s", args, steps, text)
			}
			for _, dir := range []string{tmp, out} {
				left, err := os.ReadDir(dir)
				if err != nil || len(left) > 0 && (dir == tmp || status == statusFailed) {
					t.Errorf("%q, status %d at step %d: left %v %v", args, status, steps, left, err)
				}
				for _, file := range left {
					os.RemoveAll(filepath.Join(dir, file.Name()))
				}
			}
		}
	}
}

// endlessLog repeats its lines for ever, and interrupts the run after a while.
type endlessLog struct {
	lines  []byte
	at     int
	stop   int // repetitions before the interrupt
	cancel func()
}

func (e *endlessLog) Read(p []byte) (int, error) {
	n := copy(p, e.lines[e.at:])
	if e.at += n; e.at == len(e.lines) {
		if e.at, e.stop = 0, e.stop-1; e.stop == 0 {
			e.cancel()
		}
	}
	return n, nil
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "1B": 1, "2K": 2048, "512MiB": 512 << 20, "1GiB": 1 << 30, "1.5G": 3 << 29, "1TB": 1 << 40} {
		if got, err := size("memory", text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "G", "-1", "1X", "1iB", "NaN", "Inf", "1e30T", "0"} {
		if got, err := size("memory", text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

// TestInstant: the seconds are those of date -u -d "2026-11-18 11:07:20" +%s.
func TestInstant(t *testing.T) {
	want := time.Unix(1795000040, 0).UTC()
	for _, text := range []string{"1795000040", "1795000040.000", "1795000040000", "2026-11-18T11:07:20Z", "2026-11-18T12:07:20+01:00", "2026-11-18 11:07:20", "2026-11-18T11:07:20", "2026-11-18T11:07:20+0000", " 2026-11-18 11:07:20 UTC ",
		"2026-11-18 11:07:20.000", "18/Nov/2026:11:07:20 +0000", "[18/Nov/2026:13:07:20 +0200]", "18/Nov/2026:11:07:20", "Nov 18, 2026 @ 11:07:20.000",
		"Nov 18, 2026 11:07:20 AM", "Nov 18, 2026, 11:07:20 AM UTC", "Nov 18 2026 11:07:20", "Wed Nov 18 2026 12:07:20 GMT+0100", "Wed Nov 18 11:07:20 UTC 2026", "20261118T110720Z", "18/11/2026 11:07:20", "11/18/2026, 11:07:20 AM"} {
		if got, err := instant("at", text); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	if got, err := instant("at", "Nov 18, 2026 11:07:20 PM"); err != nil || !got.Equal(want.Add(12*time.Hour)) {
		t.Errorf("in the evening: %v, %v", got, err)
	}
	if got, err := instant("at", "2026-11-18 11:07"); err != nil || !got.Equal(want.Truncate(time.Minute)) {
		t.Errorf("without seconds: %v, %v", got, err)
	}
	for _, text := range []string{"", "noon", "11:07:20", "18/Nov/2026", "2026-11-18 25:07:20", "2026-11-31 11:07:20", "18.11.", "-1", "2026-11-18 11:07:20 CET", "11/12/2026 11:07:20 AM"} {
		if got, err := instant("at", text); err == nil || !strings.Contains(err.Error(), "is not a time") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestExpiry(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for text, want := range map[string]int64{"+2h": 1_007_200, "+90s": 1_000_090, "+7d": 1_604_800, "+1d12h": 1_129_600, "12": 12, "2030-01-01T00:00:00Z": 1893456000, "2030-01-01T01:00:00+01:00": 1893456000} {
		if got, err := expiry(text, now); err != nil || got.Unix() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "+", "+h", "+-2h", "2h", "-1", "+0d", "+d", "+1d-30h", "+7x", "999999999999999", "1795000040000"} {
		if got, err := expiry(text, now); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

// What a span is written as is what it was read from.
func TestLapse(t *testing.T) {
	for text, want := range map[string]string{"90s": "1m30s", "15m": "15m", "10m": "10m", "2h30m": "2h30m", "20h": "20h", "1d": "24h", "1d12h": "36h", "0s": "0s"} {
		var l lapse
		if err := l.Set(text); err != nil || l.String() != want {
			t.Errorf("%s: %s, %v", text, &l, err)
		}
	}
}

func TestHostOf(t *testing.T) {
	for raw, want := range map[string]string{"https://u:p@a.example.com:8443/x": "a.example.com:8443", "/x": "", "http://a?b": "a"} {
		if got := hostOf(raw); got != want {
			t.Errorf("host of %q: %q, want %q", raw, got, want)
		}
	}
}

// A ticket is answered from a pipe as from a file: nobody has a look at it before.
func TestTicketFromPipe(t *testing.T) {
	log, err := os.ReadFile("testdata/situations/dual_stack.log")
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		w.Write(log)
		w.Close()
	}()
	said, _ := command(t, 0, "ticket", "--quiet", "--key-file", "testdata/situations/key", "--format", "json",
		fmt.Sprintf("/dev/fd/%d", r.Fd()), "--ip", "20.1.7.9", "--at", "2026-11-01T11:58:00Z")
	if want := fmt.Sprintf(`"lines": %d`, bytes.Count(log, []byte{'\n'})); !strings.Contains(said, want) || !strings.Contains(said, `"first": "2026-11-01T11:58:00Z"`) {
		t.Errorf("the ticket lacks %s, or the first line:\n%s", want, said)
	}
}
