package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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
// folder of the nginx log), its $KEY and its $LOG, and a few commands of ours.
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
			"signedlog": signedLog, "cut": cutLines, "halve": halve, "rsakey": rsaKey, "roundtrip": roundTrip,
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
	case "balanced": // as a server behind a load balancer with public addresses writes it
		text = regexp.MustCompile(`(?m)^(\S+) (.*)$`).ReplaceAll(text, []byte(`198.51.100.7 $2 "$1"`))
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

// signedLog writes a log of gcore links, hashed here: 40 that were served where
// they were signed for, and refused ones of which the first were signed for
// 1.0.0.0/16 and requested from far away, the rest with a foreign key:
// signedlog FILE KEY MOVED FORGED.
func signedLog(ts *testscript.TestScript, _ bool, args []string) {
	moved, err := strconv.Atoi(args[2])
	ts.Check(err)
	forged, err := strconv.Atoi(args[3])
	ts.Check(err)
	var out bytes.Buffer
	for i := range 40 + moved + forged {
		path, client, key, status := fmt.Sprintf("/vod/%d/a.mp4", i), fmt.Sprintf("203.0.%d.9", i), args[1], 200
		signed := client
		if i >= 40 {
			status, signed = 403, fmt.Sprintf("1.0.%d.7", i)
		}
		if i >= 40+moved {
			key = "foreign"
		}
		sum := md5.Sum([]byte("1893456000" + path + signed + " " + key))
		fmt.Fprintf(&out, "%s - - [20/Nov/2026:10:%02d:%02d +0000] \"GET %s?md5=%s&expires=1893456000 HTTP/1.1\" %d 1000 \"-\" \"Player/1.0\" cdn.example.com\n",
			client, i/60, i%60, path, base64.RawURLEncoding.EncodeToString(sum[:]), status)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

// cutLines writes some lines of a file to another: cut FROM FIRST LAST TO.
func cutLines(ts *testscript.TestScript, _ bool, args []string) {
	first, err := strconv.Atoi(args[1])
	ts.Check(err)
	last, err := strconv.Atoi(args[2])
	ts.Check(err)
	lines := strings.SplitAfter(ts.ReadFile(args[0]), "\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(strings.Join(lines[first-1:last], "")), 0o600))
}

// halve writes the first half of a file to another: halve FROM TO.
func halve(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text[:len(text)/2]), 0o600))
}

// rsaKey writes a new private key and its public one: rsakey FILE PUBLIC.
func rsaKey(ts *testscript.TestScript, _ bool, args []string) {
	key, err := rsa.GenerateKey(nil, 2048)
	ts.Check(err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	ts.Check(err)
	for name, block := range map[string]*pem.Block{
		args[0]: {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
		args[1]: {Type: "PUBLIC KEY", Bytes: public},
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name), pem.EncodeToMemory(block), 0o600))
	}
}

// roundTrip signs a link and verifies it, at its last second and just after:
// roundtrip SCHEME KEY PUBLIC TARGET [flags of sign...].
func roundTrip(ts *testscript.TestScript, _ bool, args []string) {
	scheme, key, public, target, flags := args[0], args[1], args[2], args[3], args[4:]
	ts.Check(ts.Exec("ipdrift", append([]string{"sign", target, "--expires", "1893456000", "--scheme", scheme, "--key-file", key}, flags...)...))
	link := strings.TrimSpace(ts.ReadFile("stdout"))
	if ts.ReadFile("stderr") != "" || link == target {
		ts.Fatalf("signed %q, and %q on stderr", link, ts.ReadFile("stderr"))
	}
	verify := []string{"verify", link, "--scheme", scheme, "--key-file", public}
	if i := slices.Index(flags, "--ip"); i >= 0 {
		verify = append(verify, "--ip", flags[i+1])
	}
	if i := slices.Index(flags, "--mask"); i >= 0 {
		verify = append(verify, "--mask", flags[i+1])
	}
	for at, want := range map[string]string{"1893456000": "valid", "1893456001": "expired"} {
		err := ts.Exec("ipdrift", append(verify, "--at", at)...)
		if got := strings.TrimSpace(ts.ReadFile("stdout")); got != want || (err == nil) != (want == "valid") {
			ts.Fatalf("%s: %q at %s, want %q: %v", scheme, got, at, want, err)
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

// TestHelpThatCannotBeWritten is a failure, as other output is.
func TestHelpThatCannotBeWritten(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"help", "analyze"}, {"analyze", "--help"}, {"--version"}} {
		var stderr bytes.Buffer
		if got := run(context.Background(), args, strings.NewReader(""), fullDisk{}, &stderr); got != statusFailed || stderr.String() != "ipdrift: no space left\n" {
			t.Errorf("%v: exit status %d: %s", args, got, stderr.String())
		}
	}
}

// TestErrorsNameTheFileAskedFor and not the one that is written beside it.
func TestErrorsNameTheFileAskedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	p, err := newPending(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.drop()
	p.Close()
	err = p.write(func(w io.Writer) error { _, err := io.WriteString(w, "x"); return err })
	if err == nil || err.Error() != "write "+path+": file already closed" {
		t.Error(err)
	}
}
