package token

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// interpreter returns the path of a program that a test runs. Where it is missing the test is skipped, or fails if
// IPDRIFT_REQUIRE_SIGNERS is set.
func interpreter(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("IPDRIFT_REQUIRE_SIGNERS") != "":
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// program wraps snippets into one program that prints the links they make, at 1893452400.
type program struct {
	lang, command, file string
	before, after       string // of the program
	begin, end          string // of each snippet, %d its number
	indent              string
	call                string // of each snippet: number, key file, URL, client
	run                 []string
}

func programs() []program {
	return []program{
		{lang: "php", command: "php", file: "sign.php", before: "<?php\nnamespace signer;\nfunction time() { return 1893452400; }\n",
			begin: "function f%d($keyFile, $url) {\n", end: "return $link;\n}\n", call: "$_SERVER['REMOTE_ADDR'] = '%[4]s'; echo f%[1]d('%[2]s', '%[3]s'), \"\\n\";\n"},
		{lang: "python", command: "python3", file: "sign.py", indent: "    ",
			before: "import base64, hashlib\nfrom ipaddress import ip_address\nfrom urllib.parse import unquote, urlsplit\nclass time:\n    time = staticmethod(lambda: 1893452400.75)\n",
			begin:  "def f%d(key_file, url, remote_address):\n", end: "    return link\n", call: "print(f%[1]d('%[2]s', '%[3]s', '%[4]s'))\n"},
		{lang: "node", command: "node", file: "sign.js", before: "const fs = require('fs'), crypto = require('crypto');\nDate.now = () => 1893452400750;\n",
			begin: "function f%d(keyFile, url, remoteAddress) {\nconst request = {socket: {remoteAddress}};\n", end: "return link;\n}\n", call: "console.log(f%[1]d('%[2]s', '%[3]s', '%[4]s'));\n"},
		{lang: "go", command: "go", file: "sign.go", run: []string{"run"},
			before: "package main\nimport (\n\"crypto/md5\"\n\"encoding/base64\"\n\"fmt\"\n\"net/netip\"\n\"net/url\"\n\"os\"\n\"strconv\"\n\"strings\"\nreal \"time\"\n)\n" +
				"type clock struct{ Hour real.Duration }\nfunc (clock) Now() real.Time { return real.Unix(1893452400, 750) }\nvar time = clock{real.Hour}\n" +
				"func read(name string) []byte { text, _ := os.ReadFile(name); return text }\nfunc parse(text string) *url.URL { u, _ := url.Parse(text); return u }\n",
			begin: "func f%d(keyFile []byte, target *url.URL, client netip.Addr) string {\n", end: "return link\n}\n",
			call: "fmt.Println(f%[1]d(read(\"%[2]s\"), parse(\"%[3]s\"), netip.MustParseAddr(\"%[4]s\")))\n", after: "}\n"},
	}
}

// rightLinks are what the code must make. Digests by
// printf %s '1893456000/live/seg-1.ts203.0.113.9 secret_key' | openssl md5 -binary | openssl base64 | tr +/ -_ | tr -d =
var rightLinks = []struct{ url, client, link string }{
	{"https://cdn.example.com/live/seg-1.ts", "203.0.113.9", "https://cdn.example.com/live/seg-1.ts?md5=Ukyf2WaKLbnX6Z8b7ZNsfw&expires=1893456000"},
	{"https://cdn.example.com/live/seg-1.ts", "::ffff:203.0.113.9", "https://cdn.example.com/live/seg-1.ts?md5=Ukyf2WaKLbnX6Z8b7ZNsfw&expires=1893456000"},
	{"https://cdn.example.com/my%20dir/caf%C3%A9+1.ts", "203.0.113.9", "https://cdn.example.com/my%20dir/caf%C3%A9+1.ts?md5=I_AyzTz58ryzUPuH4nfc0Q&expires=1893456000"},
	{"https://cdn.example.com/live/seg-1.ts", "2001:db8::1a", "https://cdn.example.com/live/seg-1.ts?md5=vXBaZRmDBMMzOUwDtJBItg&expires=1893456000"},
}

// source is the program of all snippets, and how many there are.
func (p program) source(keyFile string) (text string, snippets int) {
	var functions, calls strings.Builder
	for _, m := range Mistakes() {
		code := Snippet(m, p.lang)
		if code == "" {
			continue
		}
		fmt.Fprintf(&functions, p.begin, snippets)
		for line := range strings.Lines(code) {
			functions.WriteString(p.indent + line)
		}
		functions.WriteString(p.end)
		for _, r := range rightLinks {
			fmt.Fprintf(&calls, p.call, snippets, keyFile, r.url, r.client)
		}
		snippets++
	}
	if p.lang == "go" {
		functions.WriteString("func main() {\n")
	}
	return p.before + functions.String() + calls.String() + p.after, snippets
}

// The code that is recommended for each mistake makes the right links, run by the languages' own interpreters.
func TestSnippetsSign(t *testing.T) {
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key")
	if err := os.WriteFile(keyFile, []byte(testKey+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs() {
		t.Run(p.lang, func(t *testing.T) {
			command := interpreter(t, p.command)
			source, snippets := p.source(keyFile)
			file := filepath.Join(dir, p.file)
			if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
				t.Fatal(err)
			}
			run := exec.Command(command, append(p.run, file)...)
			run.Dir = dir
			var faults strings.Builder
			run.Stderr = &faults
			out, err := run.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, faults.String())
			}
			links := strings.Split(strings.TrimSpace(string(out)), "\n")
			if snippets < 40 || len(links) != snippets*len(rightLinks) {
				t.Fatalf("%d snippets made %d links", snippets, len(links))
			}
			for i, link := range links {
				if want := rightLinks[i%len(rightLinks)]; link != want.link {
					t.Errorf("snippet %d made %s, want %s", i/len(rightLinks), link, want.link)
				}
			}
		})
	}
}
