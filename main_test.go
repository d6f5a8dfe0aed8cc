package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ipdrift/ingest/synth"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ipdrift": main})
}

// TestScripts runs the command as its users do. The scripts know $DEMO (the
// folder of the nginx log), and the commands of scriptCommands.
func TestScripts(t *testing.T) {
	demo, err := filepath.Abs("testdata/nginx")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DEMO", demo)
			env.Setenv("KEY", filepath.Join(demo, "demo.key"))
			env.Setenv("LOG", filepath.Join(demo, "video-demo.log.gz"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": status, "demolog": demoLog, "synthlog": synthLog, "nosecret": noSecret, "empty": emptyDir,
		},
	})
}

// status runs a command and demands its exit status: status 3 ipdrift ...
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// demoLog writes the nginx log to a file, changed in one way: demolog FILE HOW.
func demoLog(ts *testscript.TestScript, _ bool, args []string) {
	text := demoText(ts)
	lines := bytes.SplitAfter(text, []byte("\n"))
	switch args[1] {
	case "plain":
	case "crlf":
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	case "noquery":
		text = regexp.MustCompile(`\?\S*`).ReplaceAll(text, nil)
	case "masked":
		text = regexp.MustCompile(`(?m)^(\d+\.\d+\.\d+)\.\d+ `).ReplaceAll(text, []byte("$1.xxx "))
	case "long":
		long := append(bytes.Repeat([]byte("a"), 3<<20), '\n')
		text = bytes.Join([][]byte{bytes.Join(lines[:100], nil), long, bytes.Join(lines[100:], nil)}, nil)
	case "bad":
		text = append(append([]byte{}, lines[0]...), bytes.Replace(lines[1], []byte(" 200 "), []byte(" abc "), 1)...)
		text = append(text, bytes.Join(lines[2:], nil)...)
	case "truncated":
		packed, err := os.ReadFile(ts.Getenv("LOG"))
		ts.Check(err)
		text = packed[:len(packed)/2]
	case "binary":
		text = make([]byte, 100_000)
		r := rand.NewChaCha8([32]byte{1})
		_, err := r.Read(text)
		ts.Check(err)
	default:
		ts.Fatalf("no such change: %s", args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
}

func demoText(ts *testscript.TestScript) []byte {
	f, err := os.Open(ts.Getenv("LOG"))
	ts.Check(err)
	defer f.Close()
	gz, err := gzip.NewReader(f)
	ts.Check(err)
	text, err := io.ReadAll(gz)
	ts.Check(err)
	return text
}

// synthLog writes a made-up log: synthlog FILE LINES KEY.
func synthLog(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var out bytes.Buffer
	_, err = synth.Write(&out, synth.Options{Seed: 1, Lines: n, Key: args[2], Format: "gcore"})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

// noSecret demands that neither the demo's key nor a whole token of its log
// stands in the files: nosecret stdout stderr FILE...
func noSecret(ts *testscript.TestScript, _ bool, args []string) {
	key, err := os.ReadFile(ts.Getenv("KEY"))
	ts.Check(err)
	secrets := [][]byte{bytes.TrimSpace(key)}
	for _, m := range regexp.MustCompile(`md5=([\w-]{22})`).FindAllSubmatch(demoText(ts), 2000) {
		secrets = append(secrets, m[1])
	}
	if len(secrets) < 100 {
		ts.Fatalf("the demo log holds no tokens")
	}
	for _, name := range args {
		text := []byte(ts.ReadFile(name))
		for _, s := range secrets {
			if bytes.Contains(text, s) {
				ts.Fatalf("%s holds a secret that begins with %.4s", name, s)
			}
		}
	}
}

// emptyDir demands that nothing was left in a folder, such as $TMPDIR.
func emptyDir(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) > 0 {
		ts.Fatalf("left in %s: %s", args[0], strings.Join(names, " "))
	}
}
