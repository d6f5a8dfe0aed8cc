package token

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maskedLinks are what signing code makes for a recipe: digests by
// printf %s '1893456000/live/203.0.0.0 secret_key' | openssl md5 -binary | openssl base64 | tr +/ -_ | tr -d =
var maskedLinks = []struct {
	recipe      Recipe
	client, md5 string
}{
	{Recipe{}, "203.0.113.9", "Ukyf2WaKLbnX6Z8b7ZNsfw"},
	{Recipe{Prefix4: 32, Prefix6: 128, Form: FormCIDR}, "203.0.113.9", "Ukyf2WaKLbnX6Z8b7ZNsfw"},
	{Recipe{Prefix4: 24}, "203.0.113.9", "Waj1693zaHum4WjVglnT6g"},
	{Recipe{Prefix4: 24}, "::ffff:203.0.113.9", "Waj1693zaHum4WjVglnT6g"},
	{Recipe{Prefix4: 24}, "2001:db8::1a", "vXBaZRmDBMMzOUwDtJBItg"}, // whole
	{Recipe{Prefix4: 16, Dir: true}, "203.0.113.9", "_W7l3hhe3WbxWq14NZ3zbQ"},
	{Recipe{Prefix4: 24, Form: FormCIDR}, "203.0.113.9", "PDD0nZxFbjv_HoT8ciSL8A"},
	{Recipe{Prefix4: 16, Form: FormOctets}, "203.0.113.9", "8Zp_-yg3rf4jmkNjrtKcyg"},
	{Recipe{Prefix4: 24, Form: FormOctetsDot}, "203.0.113.9", "6IaKTjbHEok7DH3I2Ry5-g"},
	{Recipe{Prefix4: 20, Form: FormOctets}, "203.0.125.9", "Fn0MDRGRML6tAarU-bDGIA"}, // 203.0.112.0: no whole octets
	{Recipe{Prefix6: 64}, "2001:db8:7:42:1::1a", "jie6YOAvAtPJVF4tXR01BA"},
	{Recipe{Prefix6: 64, Prefix4: 16}, "203.0.113.9", ""},
	{Recipe{Prefix6: 56}, "2001:db8:7:42ff::1", "rEBWaLFHXXZU9Flp0ldJQQ"},
	{Recipe{Prefix4: 24, Prefix6: 48, Form: FormCIDR}, "2001:db8:7:42::1", "l6QiuIi2b73bfx7cRFEo3A"},
	{Recipe{Prefix6: 48, Form: FormOctetsDot}, "2001:db8:7:42:5:6:7:8", ""},
}

// TestSigningCodeSigns runs the code of each recipe with the interpreters of the
// languages: the links are right by openssl, and by what Verify says of them.
func TestSigningCodeSigns(t *testing.T) {
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key")
	if err := os.WriteFile(keyFile, []byte(testKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range programs() {
		t.Run(p.lang, func(t *testing.T) {
			command := interpreter(t, p.command)
			var functions, calls strings.Builder
			for i, c := range maskedLinks {
				fmt.Fprintf(&functions, p.begin, i)
				for line := range strings.Lines(SigningCode(p.lang, c.recipe)) {
					functions.WriteString(p.indent + line)
				}
				functions.WriteString(p.end)
				fmt.Fprintf(&calls, p.call, i, keyFile, "https://cdn.example.com/live/seg-1.ts", c.client)
			}
			if p.lang == "go" {
				functions.WriteString("func main() {\n")
			}
			before := strings.Replace(p.before, "ip_address\n", "ip_address, ip_network\n", 1)
			file := filepath.Join(dir, p.file)
			if err := os.WriteFile(file, []byte(before+functions.String()+calls.String()+p.after), 0o600); err != nil {
				t.Fatal(err)
			}
			run := exec.Command(command, append(p.run, file)...)
			var faults strings.Builder
			run.Dir, run.Stderr = dir, &faults
			out, err := run.Output()
			if err != nil {
				t.Fatalf("%v: %s", err, faults.String())
			}
			links := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(links) != len(maskedLinks) {
				t.Fatalf("%d links: %s", len(links), out)
			}
			for i, c := range maskedLinks {
				if want := "?md5=" + c.md5 + "&expires=1893456000"; c.md5 != "" && !strings.HasSuffix(links[i], want) {
					t.Errorf("%+v, %s: %s, want %s", c.recipe, c.client, links[i], want)
				}
				if got := verdictOf(t, links[i], c.client, c.recipe); got != Valid {
					t.Errorf("%+v, %s: %s is %s", c.recipe, c.client, links[i], got)
				}
			}
		})
	}
	if SigningCode("perl", Recipe{}) != "" {
		t.Error("code in a language that is not known")
	}
}

// verdictOf judges a link by an edge that checks as the recipe says.
func verdictOf(t *testing.T, link, client string, r Recipe) Verdict {
	t.Helper()
	key, err := NewKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	policy := Policy{Bound: true, Scope: ScopeFile, Form: r.Form}
	if r.Dir {
		policy.Scope = ScopeDir
	}
	if r.Prefix4 < 32 {
		policy.Prefix4 = uint8(r.Prefix4)
	}
	if r.Prefix6 < 128 {
		policy.Prefix6 = uint8(r.Prefix6)
	}
	scheme, _ := SchemeNamed("gcore")
	_, target, _ := strings.Cut(link, "https://cdn.example.com")
	return NewVerifier(scheme).Verify(Request{Target: []byte(target), Client: netip.MustParseAddr(client).Unmap(), Time: 1893452400}, policy, []Key{key}).Verdict
}
