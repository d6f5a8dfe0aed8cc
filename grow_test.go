package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ipdrift/ingest"
)

const demoKey = "testdata/nginx/demo.key"

// promised are the columns of view requests that are promised to the outside.
const promised = `source, line, time, client_ip, host, method, path, status, bytes, user_agent, country, asn, verdict, cause, detail, basis, signed_ip, user_id`

// command runs ipdrift in this process and demands its exit status.
func command(t *testing.T, status int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(context.Background(), args, strings.NewReader(""), &out, &errs); got != status {
		t.Fatalf("%q: exit status %d, want %d: %s", args, got, status, &errs)
	}
	return out.String(), errs.String()
}

// everything is all rows that a case promises, in an order of their own.
func everything(t *testing.T, kept string) string {
	t.Helper()
	var out strings.Builder
	for _, q := range []string{"SELECT " + promised + " FROM requests", "FROM rejects", "FROM users", "FROM tokens", "FROM masks"} {
		rows, _ := command(t, 0, "query", kept, q+" ORDER BY ALL", "--format", "csv")
		out.WriteString(rows)
	}
	return out.String()
}

// pieces cuts the demo log into files of so many lines each, the last one
// longer.
func pieces(t *testing.T, dir string, n, lines int) (paths []string) {
	t.Helper()
	var text bytes.Buffer
	if _, err := exec.LookPath("gzip"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("gzip", "-dc", "testdata/nginx/video-demo.log.gz")
	cmd.Stdout = &text
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	rest := text.Bytes()
	for i := range n {
		end := len(rest)
		if i < n-1 {
			end = 0
			for range lines {
				end += bytes.IndexByte(rest[end:], '\n') + 1
			}
		}
		path := filepath.Join(dir, fmt.Sprintf("%d.log", i))
		if err := os.WriteFile(path, rest[:end], 0o666); err != nil {
			t.Fatal(err)
		}
		paths, rest = append(paths, path), rest[end:]
	}
	return paths
}

// What is analysed in two runs is what is analysed in one.
func TestGrowthEqualsAllAtOnce(t *testing.T) {
	dir := t.TempDir()
	logs := pieces(t, dir, 2, 6000)
	report := func(kept string, logs ...string) map[string]any {
		out, _ := command(t, 0, append([]string{"analyze", "--key-file", demoKey, "--db", kept, "--format", "json"}, logs...)...)
		var a map[string]any
		if err := json.Unmarshal([]byte(out), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	once, grown := filepath.Join(dir, "once.duckdb"), filepath.Join(dir, "grown.duckdb")
	want := report(once, logs...)
	report(grown, logs[0])
	for _, given := range [][]string{logs, logs[1:], logs[:1]} {
		got := report(grown, given...)
		if diff := cmp.Diff(everything(t, once), everything(t, grown)); diff != "" {
			t.Fatalf("one run (-) and two (+) differ after %q:\n%.3000s", given, diff)
		}
		for _, a := range []map[string]any{want, got} {
			delete(a, "warnings")                          // say what was in the case already
			delete(a["method"].(map[string]any), "search") // counts the work of this run
			delete(a["method"].(map[string]any), "command")
			if len(a["signer_findings"].([]any)) == 0 || len(a["recommendations"].([]any)) == 0 {
				t.Fatal("the demo log shows nothing that has to survive")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("one run (-) and two (+) report differently after %q:\n%.3000s", given, diff)
		}
	}
	again, _ := command(t, 0, "report", grown, "--format", "json")
	var a map[string]any
	if err := json.Unmarshal([]byte(again), &a); err != nil || cmp.Diff(a["recommendations"], want["recommendations"]) != "" {
		t.Errorf("the report of the grown case differs: %v", err)
	}
}

// process starts ipdrift as a process of its own.
func process(t *testing.T, tmp string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd, stderr := exec.Command("ipdrift", args...), &bytes.Buffer{}
	cmd.Env, cmd.Stderr = append(os.Environ(), "TMPDIR="+tmp), stderr
	return cmd, stderr
}

// whole demands that a case holds sources whole or not at all, and returns
// their labels.
func whole(t *testing.T, kept string) []string {
	t.Helper()
	s, err := ingest.Open(kept, ingest.Limits{Threads: 1})
	if err != nil {
		t.Fatalf("the case does not open: %v", err)
	}
	defer s.Close()
	rows, err := s.DB.Query(`SELECT path, lines, (SELECT count(*) FROM requests q WHERE q.source = s.path) + (SELECT count(*) FROM rejects r WHERE r.source = s.path) FROM source s ORDER BY path`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var path string
		var lines, held int
		if err := rows.Scan(&path, &lines, &held); err != nil {
			t.Fatal(err)
		}
		if lines != held || lines == 0 {
			t.Errorf("%s: %d of %d lines are in the case", path, held, lines)
		}
		out = append(out, path)
	}
	return out
}

// stoppedRuns sends a signal to runs that grow a case, at random moments, and
// lets every fourth go on to the end.
func stoppedRuns(t *testing.T, sig syscall.Signal, runs int, after func(before []byte, kept, tmp, stderr string)) {
	dir := t.TempDir()
	tmp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(tmp, 0o777); err != nil {
		t.Fatal(err)
	}
	logs := pieces(t, dir, 4, 1500)
	analyze := func(kept string, logs ...string) []string {
		return append([]string{"analyze", "--key-file", demoKey, "--quiet", "--db", kept}, logs...)
	}
	base, want := filepath.Join(dir, "base.duckdb"), filepath.Join(dir, "want.duckdb")
	command(t, 0, analyze(base, logs[:2]...)...)
	start := time.Now()
	command(t, 0, analyze(want, logs...)...)
	span := time.Since(start)
	rng := rand.New(rand.NewPCG(1, uint64(sig)))
	kept := filepath.Join(dir, "case.duckdb")
	hit := 0
	for i := 0; i < runs || hit < runs/4 && i < 8*runs; i++ { // more where a busy machine has made span too long
		if i%4 == 0 {
			os.Remove(kept)
			if i%8 != 0 { // else the first run of a case is stopped
				copyFile(t, base, kept)
			}
		}
		before, _ := os.ReadFile(kept)
		cmd, stderr := process(t, tmp, analyze(kept, logs...)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rng.Int64N(int64(span))))
		if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		if cmd.Wait() != nil {
			hit++
			after(before, kept, tmp, stderr.String())
		}
		if _, err := os.Stat(kept); err == nil {
			if got := whole(t, kept); !slices.Equal(got, logs) && !slices.Equal(got, logs[:2]) {
				t.Errorf("run %d: the case holds %q", i, got)
			}
		}
		if i%4 == 3 {
			command(t, 0, analyze(kept, logs...)...)
			if diff := cmp.Diff(everything(t, want), everything(t, kept)); diff != "" {
				t.Fatalf("run %d: undisturbed (-) and stopped (+) differ:\n%.3000s", i, diff)
			}
			if left, _ := filepath.Glob(kept + "?*"); len(left) > 0 {
				t.Errorf("run %d left %q", i, left)
			}
		}
	}
	if hit < runs/4 {
		t.Errorf("only %d of %d runs were stopped", hit, 8*runs)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// A kill at any moment costs what the run added, and nothing else.
func TestKilled(t *testing.T) {
	stoppedRuns(t, syscall.SIGKILL, 32, func(before []byte, kept, _, _ string) {
		if now, _ := os.ReadFile(kept); before != nil && len(now) == 0 {
			t.Error("the case is gone")
		}
	})
}

// An interrupt leaves the case as it was, no file, and a word about it.
func TestInterrupted(t *testing.T) {
	stoppedRuns(t, syscall.SIGINT, 12, func(before []byte, kept, tmp, stderr string) {
		now, _ := os.ReadFile(kept)
		if !bytes.Equal(before, now) {
			t.Error("the case has changed")
		}
		if left, _ := filepath.Glob(kept + ".*"); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
		if left, _ := os.ReadDir(tmp); len(left) > 0 {
			t.Errorf("left for temporary: %v", left)
		}
		says := "the case is as it was before"
		if before == nil {
			says = "no case was kept"
		}
		if stderr != "" && (!strings.Contains(stderr, "interrupted") || !strings.Contains(stderr, says)) {
			t.Errorf("it says %q", stderr)
		}
	})
}

// An interrupt while the logs are still being listed says the same.
func TestInterruptedAtOnce(t *testing.T) {
	dir := t.TempDir()
	logs := pieces(t, dir, 1, 10)
	kept := filepath.Join(dir, "case.duckdb")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, want := range []string{"no case was kept", "the case is as it was before"} {
		var stderr bytes.Buffer
		if code := run(ctx, []string{"analyze", "--key-file", demoKey, "--db", kept, logs[0]}, nil, io.Discard, &stderr); code == 0 || !strings.Contains(stderr.String(), "interrupted before a line was read\n  "+want+"\n") {
			t.Errorf("status %d, and it says %q, want %q", code, stderr.String(), want)
		}
		command(t, 0, "analyze", "--key-file", demoKey, "--db", kept, logs[0])
	}
}

// Ctrl-C while stdin waits for more.
func TestInterruptedWaiting(t *testing.T) {
	dir := t.TempDir()
	logs := pieces(t, dir, 2, 6000)
	kept := filepath.Join(dir, "case.duckdb")
	command(t, 0, "analyze", "--key-file", demoKey, "--db", kept, logs[0])
	before, _ := os.ReadFile(kept)
	cmd, stderr := process(t, dir, "analyze", "--quiet", "--key-file", demoKey, "--db", kept, "-")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(logs[1])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(stderr.String(), "interrupted while reading") || !strings.Contains(stderr.String(), "the case is as it was before") {
		t.Errorf("%v, and it says %q", err, stderr)
	}
	if now, _ := os.ReadFile(kept); !bytes.Equal(before, now) {
		t.Error("the case has changed")
	}
}

// TestViewersOfSeveralRuns: without a key ids of two runs cannot be compared, which is
// said; in one run they join a viewer's links.
func TestViewersOfSeveralRuns(t *testing.T) {
	dir := t.TempDir()
	line := func(name, token string) string {
		path := filepath.Join(dir, name)
		text := fmt.Sprintf(`203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /v/%s.ts?uid=viewer-1234&md5=%s&expires=1893456000 HTTP/1.1" 200 1 "-" "UA"`+"\n", name, token)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a, b := line("a", "AAAAAAAAAAAAAAAAAAAAAA"), line("b", "BBBBBBBBBBBBBBBBBBBBBA")
	for _, user := range []string{"auto", "query:uid", "ip+ua", "token"} {
		once, _ := command(t, 0, "analyze", "--quiet", "--user", user, "--format", "json", a, b)
		kept := filepath.Join(dir, strings.ReplaceAll(user, ":", "")+".duckdb")
		command(t, 0, "analyze", "--quiet", "--user", user, "--db", kept, a)
		grown, _ := command(t, 0, "analyze", "--quiet", "--user", user, "--db", kept, "--format", "json", b)
		users := 1
		if user == "token" {
			users = 2
		}
		if want := fmt.Sprintf(`"total": %d`, users); !strings.Contains(once, want) || strings.Contains(once, "several runs") {
			t.Errorf("%s: %s users in one run, want %s", user, once, want)
		}
		if strings.Contains(grown, "a viewer in the logs of several runs") != (user != "token") {
			t.Errorf("%s: %s", user, grown)
		}
	}
}

// TestViewersOfKeyedRuns: runs that have a token key in common, or the pseudonym key,
// hash ids alike, so that a viewer whom an id alone joins counts once; the file tells
// neither key nor id.
func TestViewersOfKeyedRuns(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var logs []string
	for i, letter := range []string{"A", "B", "C"} {
		logs = append(logs, file(letter, fmt.Sprintf(`203.0.113.7 - - [23/Nov/2026:%02d:20:12 +0000] "GET /v/%s.ts?uid=viewer-1234&md5=%s&expires=1893456000 HTTP/1.1" 200 1 "-" "UA"`+"\n",
			9+i, letter, strings.Repeat(letter, 21)+"A")))
	}
	old, fresh, names := file("old.key", "key-of-october-1"), file("new.key", "key-of-november-2"), file("names.key", strings.Repeat("0123456789abcdef", 3)+strings.Repeat("fedcba98", 2))
	anonymous := []string{"--anonymize", "--pseudonym-key", names}
	for name, c := range map[string]struct {
		flags [3][]string // of each run
		users int
	}{
		"one key":         {[3][]string{{"--key-file", old}, {"--key-file", old}, {"--key-file", old}}, 1},
		"a change of key": {[3][]string{{"--key-file", old}, {"--key-file", old, "--key-file", fresh}, {"--key-file", fresh}}, 1},
		"a sudden change": {[3][]string{{"--key-file", old}, {"--key-file", fresh}, {"--key-file", fresh}}, 2},
		"and back":        {[3][]string{{"--key-file", old}, {"--key-file", fresh}, {"--key-file", old}}, 2},
		"once without":    {[3][]string{{"--key-file", old}, nil, {"--key-file", old}}, 2},
		"a key too late":  {[3][]string{nil, {"--key-file", old}, {"--key-file", old}}, 2},
		"no key":          {[3][]string{}, 3},
		"pseudonyms":      {[3][]string{anonymous, anonymous, anonymous}, 1},
	} {
		for _, user := range []string{"auto", "query:uid"} {
			kept := filepath.Join(dir, strings.ReplaceAll(name+user, ":", "")+".duckdb")
			out := ""
			for i, flags := range c.flags {
				out, _ = command(t, 0, append([]string{"analyze", "--quiet", "--user", user, "--db", kept, "--format", "json", logs[i]}, flags...)...)
			}
			if want := fmt.Sprintf(`"total": %d`, c.users); !strings.Contains(out, want) || strings.Contains(out, "a viewer in the logs of several runs") != (c.users > 1) {
				t.Errorf("%s, %s: want %s users: %s", name, user, want, out)
			}
			data, err := os.ReadFile(kept)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"viewer-1234", "key-of-", "0123456789abcdef"} {
				if bytes.Contains(data, []byte(secret)) {
					t.Errorf("%s, %s: the case holds %s", name, user, secret)
				}
			}
		}
	}
}

// TestNodesOfEarlierRuns: a proxy in a hosting network that was recognised by its many
// links is one in the next run too, whose log alone would not tell.
func TestNodesOfEarlierRuns(t *testing.T) {
	dir := t.TempDir()
	log := func(name string, links int) string {
		var text strings.Builder
		for i := range links {
			f := slices.Repeat([]string{"-"}, 50)
			f[0], f[3], f[5], f[8] = "192.0.2.99", "[23/Nov/2026:09:26:12 +0000]", "403", fmt.Sprint("player/", i%6)
			f[4] = fmt.Sprintf("GET /%s/%d.ts?md5=%s%02dAAAAAAAAAAAAAAAAAAA&expires=1893456000 HTTP/1.1", name, i, name, i)
			f[12], f[27], f[35] = "cdn.example", "shield_no", "16509"
			text.WriteString(`"` + strings.Join(f, `" "`) + `"` + "\n")
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kept := filepath.Join(dir, "x.duckdb")
	for i, path := range []string{log("a", 60), log("b", 10)} {
		out, _ := command(t, 0, "analyze", "--quiet", "--db", kept, "--format", "json", path)
		if want := fmt.Sprintf("its %d requests are left out", 60+10*i); !strings.Contains(out, want) {
			t.Errorf("run %d does not say %q: %s", i, want, out)
		}
	}
}
