package token

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The code that is recommended makes links that verify, run by the languages' own interpreters.
func TestSnippetsSign(t *testing.T) {
	const url, client = "https://cdn.example.com/my%20dir/caf%C3%A9+1.ts", "203.0.113.9"
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(testKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ lang, command, flag, before, after string }{
		{"php", "php", "-r", "$keyFile = $argv[1]; $url = $argv[2]; $_SERVER['REMOTE_ADDR'] = $argv[3];", "echo $link;"},
		{"python", "python3", "-c", "import base64, hashlib, sys, time\nfrom ipaddress import ip_address\nfrom urllib.parse import unquote, urlsplit\nkey_file, url, remote_address = sys.argv[1:]", "print(link)"},
		{"node", "node", "-e", "const fs = require('fs'), crypto = require('crypto'); const [, keyFile, url, remoteAddress] = process.argv; const request = {socket: {remoteAddress}};", "console.log(link)"},
	} {
		t.Run(c.lang, func(t *testing.T) {
			if _, err := exec.LookPath(c.command); err != nil {
				t.Skip(err)
			}
			code := strings.Join([]string{c.before, Snippet(Mistakes()[0], c.lang), c.after}, "\n")
			out, err := exec.Command(c.command, c.flag, code, keyFile, url, client).Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, code)
			}
			r := Request{Target: []byte(strings.TrimSpace(string(out))), Client: netip.MustParseAddr(client)}
			got := NewVerifier(scheme(t, "gcore")).Verify(r, Policy{Scope: ScopeFile, Bound: true}, []Key{mustKey(t, testKey)})
			if got.Verdict != Valid {
				t.Errorf("the link is %v %s", got.Verdict, got.Detail)
			}
		})
	}
}
