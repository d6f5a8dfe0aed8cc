package ingest

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/ingest/pseudonym"
	"ipdrift/ingest/redact"
	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
	"ipdrift/token"
)

const (
	secretKey   = "k3y-0f-th3-c4stle"
	secretValue = "S3ss10nV4lue"
	wordy       = "abcdefgh-ijklmnopqrstu" // a token that does not look like one
	lettered    = "ZqR-Xw_YKjTmPvLsRbYgKq"
	marker      = "positive-control-marker" // must be found, or the search proves nothing
)

// secretsOf returns all bytes of the case on disk and all its cells as text.
func secretsOf(t *testing.T, s *Store) []byte {
	t.Helper()
	var all bytes.Buffer
	for _, name := range []string{s.file, s.file + ".wal"} {
		if data, err := os.ReadFile(name); err == nil {
			all.Write(data)
		}
	}
	for _, table := range query[string](t, s, `SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal AND view_name NOT LIKE 'arrow%'`) {
		rows, err := s.DB.Query(`SELECT * FROM ` + table)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, table, scanStrings(t, rows))
		rows.Close()
	}
	return all.Bytes()
}

func videoToken(asset string, expires int64, address string) string {
	sum := md5.Sum(fmt.Appendf(nil, "%s_%s_%d_%s", asset, secretKey, expires, address))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Addresses do not reach an anonymised case, neither as text nor as the number
// that they are stored as.
func TestAddressesNeverReachTheCase(t *testing.T) {
	key, err := pseudonym.ParseKey([]byte(strings.Repeat("01", 16) + strings.Repeat("02", 16)))
	if err != nil {
		t.Fatal(err)
	}
	line := func(ip string) string {
		return strings.Replace(testLine(ip, "/a/"+ip+"/x.ts", 200), "Player/1.0", "P ("+ip+")", 1) + ip + " junk\n"
	}
	four, six := "203.0.113.77", "2001:db8:77::4242"
	lines := testLine("198.51.100.1", "/"+marker, 200) + line(four) + line(six) + line("::ffff:203.0.113.78")
	numbers := [][]byte{
		{77, 113, 0, 203, 0xff, 0xff}, {78, 113, 0, 203, 0xff, 0xff}, // the lower half, its last byte first
		{0x42, 0x42, 0, 0, 0, 0, 0, 0}, {0, 0, 0x77, 0, 0xb8, 0x0d, 0x01, 0x20},
	}
	for _, hidden := range []bool{false, true} {
		s, err := Create(filepath.Join(t.TempDir(), "x.duckdb"), Limits{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.DB.Exec(`PRAGMA force_compression = 'uncompressed'`); err != nil {
			t.Fatal(err)
		}
		o := Options{Resources: token.NewResources(testScheme(t, "gcore")), Keys: &token.Keyring{}, Threads: 1, Format: namedFormat(t, combinedHost)}
		if hidden {
			o.Pseudonyms = pseudonym.New(key)
		}
		file := sourcetest.Write(t, t.TempDir(), "a.log", []byte(lines))
		if _, err := Load(context.Background(), s, []source.Source{{Path: file, Label: four + ".log"}}, o); err != nil {
			t.Fatal(err)
		}
		held := secretsOf(t, s)
		if err := s.Keep(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(s.final)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, data...)
		if !bytes.Contains(held, []byte(marker)) {
			t.Error("the control is not found, so nothing is proven")
		}
		for _, secret := range append(numbers, []byte(four), []byte(six), []byte("203.0.113.78")) {
			if bytes.Contains(held, secret) == hidden {
				t.Errorf("hidden %t: the case holds %q: %t", hidden, secret, !hidden)
			}
		}
	}
}

func TestSecretsNeverReachTheCase(t *testing.T) {
	defer func(as string) { schemaSQL = as }(schemaSQL)
	schemaSQL = strings.ReplaceAll(schemaSQL, " USING COMPRESSION fsst", "") // so that the PRAGMA below holds for all columns
	const expires = logTime + 3600
	good := signedFor(expires, "/a/x.ts", "203.0.113.7", secretKey)
	bound, free := videoToken("2675_abc", expires, "203.0.113.7"), videoToken("2675_abc", expires, "")
	agent := func(line, with string) string { return strings.Replace(line, "Player/1.0", with, 1) }
	referer := func(line, with string) string { return strings.Replace(line, "https://site.example/watch", with, 1) }
	target := func(text string) string { return testLine("203.0.113.7", text, 200) }
	path := func(token, rest string) string { return target("/videos/2675_abc/" + token + rest) }
	end := fmt.Sprintf("/%d/x.m3u8", expires)
	for _, c := range []struct {
		name, scheme, lines string
		tokens              []string
	}{
		{"good", "gcore", target(fmt.Sprintf("/a/x.ts?session=%s&md5=%s&expires=%d", secretValue, good, expires)), []string{good}},
		{"wrong", "gcore", target(fmt.Sprintf("/a/x.ts?md5=%s&expires=%d&s=%s", planted, expires, secretValue)), []string{planted}},
		{"malformed", "gcore", target("/a/x.ts?md5="+planted) + target("/a/x.ts?expires=never&md5="+planted2), []string{planted, planted2}},
		{"absolute", "gcore", target(fmt.Sprintf("http://cdn.example.com/a/x.ts?md5=%s&expires=%d&s=%s", good, expires, secretValue)), []string{good}},
		{"no question mark", "gcore", target(fmt.Sprintf("/a/x.ts&md5=%s&expires=%d", good, expires)), []string{good}},
		{"encoded question mark", "gcore", target(fmt.Sprintf("/a/x.ts%%3Fmd5=%s&expires=%d", good, expires)), []string{good}},
		{"fragment", "gcore", target(fmt.Sprintf("/a/x.ts#?md5=%s&expires=%d", good, expires)), []string{good}},
		{"referer", "gcore", referer(target("/a"), fmt.Sprintf("https://x.example/?md5=%s&s=%s", planted, secretValue)), []string{planted}},
		{"user agent", "gcore", agent(target("/a"), fmt.Sprintf("P (https://x.example/a?md5=%s&expires=1)", planted)), []string{planted}},
		{"user agent, no name", "gcore", agent(target("/a"), "P "+planted) + agent(target("/a"), "P "+escaped(planted2)), []string{planted, planted2, escaped(planted2)}},
		{"user agent, a list", "gcore", agent(target("/a"), "P md5[]="+planted) + agent(target("/a"), "P md5%5B%5D%3D"+planted2), []string{planted, planted2}},
		{"the method", "gcore", strings.Replace(target("/a"), "GET", lettered, 1), []string{lettered}},
		{"a referer, encoded", "gcore", referer(target("/a"), "https://cdn.example.com/videos/2675_abc/"+escaped(planted)+end), []string{planted, escaped(planted)}},
		{"own, in all fields", "gcore", func() (lines string) {
			for _, as := range []string{wordy, escaped(wordy)} {
				own := fmt.Sprintf("?md5=%s&expires=%d", wordy, expires)
				lines += agent(target("/a/x.ts"+own), "P "+as) + referer(target("/a/x.ts"+own), "https://x.example/"+as+"/y") +
					target("/"+as+"/x.ts"+own) + target("/a/"+as+".ts"+own) + target("/a/x.ts;v="+as+own)
			}
			return lines
		}(), []string{wordy, escaped(wordy)}},
		{"own, malformed", "gcore", agent(target("/a?md5="+wordy[:20]), "P "+wordy[:20]), []string{wordy[:20]}},
		{"own, escaped in its query", "cloudflare", agent(target(fmt.Sprintf("/a?verify=%d-%s", expires, escaped(wordy))), "P "+wordy), []string{wordy}},
		{"reject, escaped", "gcore", "junk /a/" + escaped(planted) + "/x\n", []string{escaped(planted)}},
		{"reject", "gcore", fmt.Sprintf("junk /a?md5=%s&s=%s /b/%s/1/x\n", planted, secretValue, planted2), []string{planted, planted2}},
		{"reject, long", "gcore", "/" + planted2 + "?s=" + secretValue + "&md5=" + planted + filler(maxLine) + "\n", []string{planted, planted2}},
		{"the key", "gcore", target("/a/"+secretKey+"/x.ts") + target("/a/"+secretKey+".ts") + target("/k;md5="+secretKey) +
			referer(target("/b"), "https://x.example/"+secretKey+"/y") + agent(target("/c"), "P "+secretKey) +
			strings.Replace(target("/d"), "cdn.example.com", secretKey+".example.com", 1) +
			strings.Replace(target(fmt.Sprintf("/e?md5=%s&expires=%d", planted, expires)), "cdn.example.com", secretKey+".example.com", 1) +
			strings.Replace(target("/f"), "GET", secretKey, 1) + "junk " + secretKey + "\n" + strings.Repeat("/", 300-5) + secretKey + " junk\n", []string{secretKey}},
		{"the key, long reject", "gcore", secretKey + " " + filler(maxLine) + "\n", []string{secretKey}},
		{"encoded query", "gcore", target("/v.mp4%3Fk=1%26session="+secretValue) + target("/v.mp4%3F"+secretValue) + target("/v.mp4%3Fr=http://x/"+secretValue), nil},
		{"session in a path", "gcore", target("/v.mp4;jsessionid="+secretValue) + target("/w;jsessionid="+secretValue+"/v.mp4") +
			referer(target("/b"), "https://x.example/w;jsessionid="+secretValue), nil},
		{"reject, odd", "gcore", "junk /a?" + secretValue + " x\n" + `"G"ET /a?x=1"` + secretValue + " x\n" + `{"session":"` + secretValue + `","a":1}` + "\n", nil},
		{"path", "gcore-video", path(bound, end) + path(free, end), []string{bound, free}},
		{"path, wrong", "gcore-video", path(planted, end), []string{planted}},
		{"path, absolute", "gcore-video", target("https://cdn.example.com/videos/2675_abc/" + bound + end), []string{bound}},
		{"path without a file", "gcore-video", path(bound, fmt.Sprintf("/%d", expires)), []string{bound}},
		{"path without a file, slash", "gcore-video", path(bound, fmt.Sprintf("/%d/", expires)), []string{bound}},
		{"path without expires", "gcore-video", path(planted, ""), []string{planted}},
		{"path, bad expires", "gcore-video", path(planted, "/never/x.m3u8"), []string{planted}},
		{"path, two slashes", "gcore-video", path(bound, "/"+end), []string{bound}},
		{"path, a dot segment", "gcore-video", path(bound, "/."+end), []string{bound}},
		{"path, encoded expires", "gcore-video", path(bound, strings.Replace(end, "/1", "/%31", 1)), []string{bound}},
		{"path, encoded token", "gcore-video", path(fmt.Sprintf("%%%02X%s", bound[0], bound[1:]), end), []string{bound}},
		{"path, encoded slash", "gcore-video", path(bound, "%2F"+end[1:]), []string{bound}},
		{"path, padded", "gcore-video", path(planted+"==", end), []string{planted}},
		{"path in a referer", "gcore-video", referer(target("/a"), "https://cdn.example.com/videos/2675_abc/"+bound+end), []string{bound}},
		{"path in a reject", "gcore-video", "junk /videos/2675_abc/" + bound + end + "\n", []string{bound}},
	} {
		s, err := Create(filepath.Join(t.TempDir(), "x.duckdb"), Limits{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.DB.Exec(`PRAGMA force_compression = 'uncompressed'`); err != nil { // compressed text cannot be searched
			t.Fatal(err)
		}
		o := Options{Resources: token.NewResources(testScheme(t, c.scheme)), Keys: testKeys(t, secretKey), Threads: 1, Format: namedFormat(t, combinedHost)}
		file := sourcetest.Write(t, t.TempDir(), "a.log", []byte(target("/"+marker)+c.lines))
		got, err := Load(context.Background(), s, []source.Source{{Path: file, Label: "a.log"}}, o)
		if err != nil {
			t.Fatal(err)
		}
		held := secretsOf(t, s)
		if err := s.Keep(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(s.final)
		if err != nil {
			t.Fatal(err)
		}
		for where, bytesThere := range map[string][]byte{"before it is kept": held, "kept": data} {
			if !bytes.Contains(bytesThere, []byte(marker)) || got.Sources[0].Lines < 2 {
				t.Errorf("%s, %s: the control is not found, so nothing is proven", c.name, where)
			}
			for _, secret := range []string{secretKey, secretValue} {
				if bytes.Contains(bytesThere, []byte(secret)) {
					t.Errorf("%s, %s: the case holds a key or a parameter's value", c.name, where)
				}
			}
			for _, tok := range c.tokens {
				if bytes.Contains(bytesThere, []byte(tok[redact.Shown+1:])) {
					t.Errorf("%s, %s: the case holds a whole token", c.name, where)
				}
			}
		}
	}
}
