package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/ingest/redact"
	"ipdrift/token"
)

// TestSchemes loads a link of every scheme, vendor's vectors among them, as a
// log tells of it: the hash holds, and the case holds no token.
func TestSchemes(t *testing.T) {
	const folder = "../testdata/token"
	text, err := os.ReadFile(filepath.Join(folder, "schemes.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for row := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if strings.HasPrefix(row, "#") || len(f) != 7 {
			continue
		}
		if strings.HasSuffix(f[6], "path form, below") {
			continue // signed over a directory further up, which is not tried here
		}
		n++
		scheme, err := token.SchemeNamed(f[1])
		if err != nil {
			t.Fatal(err)
		}
		secret := []byte(f[2])
		if name, ok := strings.CutPrefix(f[2], "@"); ok {
			if secret, err = os.ReadFile(filepath.Join(folder, name)); err != nil {
				t.Fatal(err)
			}
		}
		key, _, err := scheme.ParseKey(secret)
		if err != nil {
			t.Fatal(err)
		}
		o := Options{Resources: token.NewResources(scheme), Keys: &token.Keyring{}, Threads: 1}
		o.Keys.Add("", key)
		checkScheme(t, o, f[3], f[4])
	}
	if n < 50 {
		t.Errorf("%d links, want all of schemes.tsv", n)
	}
}

func checkScheme(t *testing.T, o Options, url, client string) {
	t.Helper()
	target, host := url, "cdn.example.com"
	if _, rest, ok := strings.Cut(url, "://"); ok {
		host, target, _ = strings.Cut(rest, "/")
		host, _, _ = strings.Cut(host, ":")
		target = "/" + target
	}
	if client == "-" {
		client = "198.51.100.1"
	}
	line := fmt.Sprintf(`%s - - [01/Nov/2026:00:00:00 +0000] "GET %s HTTP/1.1" 200 1000 "-" "agent/1" %s 0.000`+"\n", client, target, host)
	s, loaded := loadText(t, o, strings.Repeat(line, 3))
	if loaded.Sources[0].Parsed != 3 {
		t.Fatalf("%s: %+v", url, loaded.Sources)
	}
	if matched := one[int](t, s, `SELECT count(*) FROM hit h JOIN outcome o ON o.id = h.outcome WHERE o.matched`); matched != 3 {
		t.Errorf("%s %s: %d of 3 requests verify", o.Resources.For(nil).Scheme.Name, url, matched)
	}
	var l token.Link
	token.NewParser(o.Resources.For(nil).Scheme).Parse([]byte(target), &l)
	path := one[string](t, s, `SELECT any_value(path) FROM (SELECT d.text || f.text AS path FROM hit h JOIN dir d ON d.id = h.dir JOIN file f ON f.id = h.file)`)
	if strings.Contains(path, string(l.Token[:redact.Shown+2])) || path != redact.StoredPath([]byte(target), &l, nil) {
		t.Errorf("%s %s: stored as %s", o.Resources.For(nil).Scheme.Name, url, path)
	}
}

// TestLinkIsAllThatIsSigned: of two links with the same token and expiry, what
// else is signed differs, so that one does not verify.
func TestLinkIsAllThatIsSigned(t *testing.T) {
	o := Options{Resources: token.NewResources(testScheme(t, "bunny")), Keys: testKeys(t, "SecurityKey"), Threads: 1}
	const good = "/300kb.jpg?token=HS256-DAVapqNNED3Z7JkjRTYX0UOIHNtbHEuuhRNEc4A7mMQ&limit=1000&expires=1598024587"
	s, _ := loadText(t, o, testLine("203.0.113.7", good, 200)+testLine("203.0.113.7", strings.Replace(good, "1000", "9000", 1), 403))
	if n := one[int](t, s, `SELECT count(DISTINCT hash) FROM link`); n != 2 {
		t.Errorf("%d links, want 2", n)
	}
	if n := one[int](t, s, `SELECT count(*) FROM hit h JOIN outcome o ON o.id = h.outcome WHERE o.matched`); n != 1 {
		t.Errorf("%d requests verify, want the first alone", n)
	}
}

// TestAgentIsSigned: where the user agent is hashed, a link verifies for one
// viewer and not for the next (digest by openssl).
func TestAgentIsSigned(t *testing.T) {
	o := Options{Resources: token.NewResources(testScheme(t, "nginx:$arg_st,$arg_e;$secure_link_expires$uri$http_user_agent KEY")), Keys: testKeys(t, "secret_key"), Threads: 1}
	line := testLine("203.0.113.7", "/a.mp4?st=IRAQGPiMtONNdXa9fpDXyA&e=1893456000", 200)
	s, _ := loadText(t, o, line+strings.Replace(line, "Player/1.0", "Other/2.0", 1)+line)
	if n := one[int](t, s, `SELECT count(*) FROM hit h JOIN outcome o ON o.id = h.outcome WHERE o.matched`); n != 2 {
		t.Errorf("%d requests verify, want 2", n)
	}
}
