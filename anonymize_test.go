package main

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/ingest/pseudonym"
	"ipdrift/report"
)

const pseudonymKey = "2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a"

// ipdrift runs the command and returns what it wrote.
func ipdrift(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(context.Background(), args, strings.NewReader(""), &out, &errs); got != want {
		t.Fatalf("%q: exit status %d, want %d: %s", args, got, want, &errs)
	}
	return out.String(), errs.String()
}

func writeText(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A report with pseudonyms is the report without, its addresses replaced: the
// same classes, causes, masks, counts, sentences and order.
func TestAnonymizedReport(t *testing.T) {
	for _, name := range []string{"mixed", "dualstack", "masked24", "shared-links"} {
		dir := filepath.Join(t.TempDir(), name)
		key := writeText(t, filepath.Join(t.TempDir(), "pseudonym.key"), pseudonymKey)
		ipdrift(t, 0, "generate", name, "--out", dir, "--lines", "9000", "--quiet")
		args := []string{"analyze", "--quiet", "--format", "json", "--key-file", filepath.Join(dir, "key"), filepath.Join(dir, "access.log")}
		plain, _ := ipdrift(t, 0, args...)
		hidden, _ := ipdrift(t, 0, append(args, "--anonymize", "--pseudonym-key", key)...)
		keepsSchema(t, "schema.json", name, plain)
		keepsSchema(t, "schema.json", name, hidden)
		want, got := replaced(t, plain), analysisOf(t, hidden)
		if len(want.Users.Flagged)+len(want.Denials.Networks) == 0 {
			t.Errorf("%s: nothing to compare", name)
		}
		if n := len(got.Warnings); !got.Method.Anonymized || n == 0 || !strings.Contains(got.Warnings[n-1], "pseudonyms") {
			t.Errorf("%s: the report does not say that addresses are pseudonyms", name)
		}
		got.Method.Command = want.Method.Command
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// keepsSchema holds a JSON report, or a ticket, to its schema.
func keepsSchema(t *testing.T, schemaFile, name, text string) {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile("report/" + schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func analysisOf(t *testing.T, text string) (a finding.Analysis) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// replaced is an analysis with its addresses replaced afterwards.
func replaced(t *testing.T, plain string) finding.Analysis {
	t.Helper()
	k, err := pseudonym.ParseKey([]byte(pseudonymKey))
	if err != nil {
		t.Fatal(err)
	}
	a := analysisOf(t, plain)
	out, err := detect.Anonymize(&a, pseudonym.New(k))
	if err != nil {
		t.Fatal(err)
	}
	return *out
}

// hostileAddresses are the clients of hostileLog and what else it names, in the
// spellings that must not come through.
var hostileAddresses = []string{
	"203.0.113.77", "203.000.113.077", "203.0.113.", "198.51.100.99", "cb00:714d",
	"2001:db8:77::4242", "2001:0db8:0077:0000:0000:0000:0000:4242", "2001:db8:77:0:0:0:0:4242", "db8%3a77", "2001:db8:77:",
}

const hostileKey = "k3y-0f-th3-c4stle"

// hostileLog is 40 links that are served, one that moved, and lines that say
// tokens, addresses and the key wherever a client can say something.
func hostileLog() (text string, tokens []string) {
	var out strings.Builder
	sign := func(path, ip string) string {
		sum := md5.Sum([]byte("1893456000" + path + ip + " " + hostileKey))
		tokens = append(tokens, base64.RawURLEncoding.EncodeToString(sum[:]))
		return tokens[len(tokens)-1]
	}
	second := 0
	line := func(ip, target, referer, agent, forwarded, host string, status int) {
		second++
		fmt.Fprintf(&out, "%s - - [20/Nov/2026:10:%02d:%02d +0000] \"GET %s HTTP/1.1\" %d 1000 %q %q %q %s\n", ip, second/60, second%60, target, status, referer, agent, forwarded, host)
	}
	four, six := "203.0.113.77", "2001:db8:77::4242"
	for i := range 40 {
		for _, ip := range []string{four, six} {
			path := fmt.Sprintf("/v/%s%d.ts", ip[:2], i)
			line(ip, path+"?md5="+sign(path, ip)+"&expires=1893456000&session="+ip, "-", "P/1", ip, "cdn.example.com", 200)
		}
	}
	moved := "/v/moved.ts?md5=" + sign("/v/moved.ts", "203.0.113.90") + "&expires=1893456000"
	line(four, moved, "-", "P/1", "-", "cdn.example.com", 403)
	whole := tokens[0]
	for _, path := range []string{"/at/" + four + "/x.ts", "/at/2001%3Adb8%3A77%3A%3A4242.ts", "/at;ip=" + four, "/at/" + hostileKey + "/x", "/at/" + whole + "/1893456000/x",
		"/at/x&md5=" + whole + "&ip=" + six, "/at/203.000.113.077"} {
		line(four, path, "-", "P/1", "-", "cdn.example.com", 403)
	}
	for _, said := range []string{four, "::ffff:" + four, "::ffff:cb00:714d", six, "2001:DB8:77:0:0:0:0:4242", "2001:0db8:0077:0000:0000:0000:0000:4242", "x" + four + "y", hostileKey, "md5=" + whole} {
		line(six, "/said.ts", "https://x.example/"+said+"/?md5="+whole, "Probe/2.0 ("+said+")", said+", 198.51.100.99", "cdn.example.com", 403)
	}
	line(four, "/host.ts", "-", "P/1", "-", four+":8080", 403)
	line(six, "/host.ts", "-", "P/1", "-", "["+six+"]", 403)
	for _, junk := range []string{four + " junk", "203.0.113.xxx - - [20/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1", `{"ip":"` + six + `","t":"` + whole + `"}`,
		strings.Repeat("/", 290) + four, "2001:db8:77:x:x junk", "GET /?md5=" + whole + " " + hostileKey, `"::ffff:` + four + `" 198.51.100.99`} {
		out.WriteString(junk + "\n")
	}
	return out.String(), tokens
}

// TestNothingSecretComesOut looks for keys, whole tokens and, of an anonymised
// run, addresses in everything that is written, in every format, while it runs
// and afterwards.
func TestNothingSecretComesOut(t *testing.T) {
	text, tokens := hostileLog()
	for _, anonymize := range []bool{false, true} {
		dir, temporary := t.TempDir(), t.TempDir()
		t.Setenv("TMPDIR", temporary)
		secrets := append([]string{hostileKey}, tokens...)
		args := []string{"analyze", "--verbose", "--key-file", writeText(t, filepath.Join(dir, "key"), hostileKey),
			"--log-format", `nginx:$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for" $host`}
		log, kept, anonymous := filepath.Join(dir, "a.log"), filepath.Join(dir, "case.duckdb"), filepath.Join(dir, "pseudonym.key")
		if anonymize {
			log = filepath.Join(dir, "edge-203.0.113.77.log")
			args = append(args, "--anonymize", "--pseudonym-key", writeText(t, anonymous, pseudonymKey+"\n"))
			secrets = append(append(secrets, hostileAddresses...), pseudonymKey)
		}
		control := false
		search := func(where, text string) {
			text = strings.ToLower(text)
			control = control || strings.Contains(text, hostileAddresses[0])
			for _, s := range secrets {
				if strings.Contains(text, strings.ToLower(s)) {
					t.Errorf("anonymize %t: %s holds %q", anonymize, where, s)
				}
			}
		}
		writeText(t, log, text)
		all := append(args, "--db", kept)
		for _, f := range report.Formats() {
			all = append(all, "-o", filepath.Join(dir, "report"+f.Ending))
		}
		stop := watch(temporary, dir, search, []string{log, filepath.Join(dir, "key"), anonymous})
		out, errs := ipdrift(t, 0, append(all, log)...)
		if seen := stop(); seen == 0 {
			t.Error("no file was looked at while it ran")
		}
		search("stdout", out)
		search("stderr", errs)
		for _, f := range report.Formats() {
			written, err := os.ReadFile(filepath.Join(dir, "report"+f.Ending))
			if err != nil {
				t.Fatal(err)
			}
			search(f.Name, string(written))
			again, _ := ipdrift(t, 0, "report", kept, "--format", f.Name)
			search(f.Name+" of the case", again)
		}
		searchCase(t, kept, search)
		searchBundle(t, kept, search)
		if !anonymize {
			secrets = append(secrets, hostileAddresses...)
			searchBundle(t, kept, search, "--anonymize")
			secrets = secrets[:len(secrets)-len(hostileAddresses)]
		}
		odd := writeText(t, filepath.Join(dir, "odd.log"), strings.Repeat("203.0.113.77 "+tokens[0]+" said 2001:db8:77::4242\n", 5))
		out, errs = ipdrift(t, 1, append(slices.Clone(args[:4:4]), append(args[6:], odd)...)...)
		search("an error", out+errs)
		link := "https://cdn.example.com/v/moved.ts?md5=" + tokens[len(tokens)-1] + "&expires=1893456000&session=S3ss10n"
		secrets = append(secrets, "S3ss10n")
		for _, c := range [][]string{
			{"explain", link, "--ip", "198.51.100.7", "--recover", "none", "--key-file", args[3]}, {"ticket", kept, "--token", link}, {"formats", "test", log},
			append([]string{"ticket", log, "--token", link, "--format", "json"}, args[2:]...),
		} {
			if !anonymize || c[0] == "ticket" {
				out, errs := ipdrift(t, 0, c...)
				search(strings.Join(c[:1], " "), out+errs)
				if slices.Contains(c, "json") {
					keepsSchema(t, "ticket.schema.json", "a ticket", out)
				}
			}
		}
		if control == anonymize {
			t.Errorf("anonymize %t: the address of a client is there: %t", anonymize, control)
		}
		if anonymize {
			for want, wrong := range map[string][]string{
				"holds pseudonyms and cannot grow by real": {"--key-file", filepath.Join(dir, "key")},
				"pseudonyms of another key":                {"--anonymize", "--pseudonym-key", writeText(t, filepath.Join(dir, "other.key"), strings.Repeat("0123456789abcdef", 3)+strings.Repeat("f", 16))},
			} {
				_, errs := ipdrift(t, 1, append(append([]string{"analyze", "--quiet", "--db", kept}, wrong...), odd)...)
				if search("a refusal", errs); !strings.Contains(errs, want) {
					t.Errorf("%q does not say %q", errs, want)
				}
			}
		}
	}
}

// searchCase looks through every table and view of a case.
func searchCase(t *testing.T, kept string, search func(where, text string)) {
	names, _ := ipdrift(t, 0, "query", kept, "--format", "csv", `SELECT table_name FROM duckdb_tables() WHERE NOT temporary UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal`)
	tables := strings.Fields(names)[1:]
	if len(tables) < 15 {
		t.Fatalf("the case has %d tables", len(tables))
	}
	for _, table := range tables {
		for _, format := range []string{"csv", "json", "table"} {
			out, _ := ipdrift(t, 0, "query", kept, "--format", format, "FROM "+table)
			search("table "+table+" as "+format, out)
		}
	}
	data, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	search("the file of the case", string(data))
}

// searchBundle looks through every file of a bundle.
func searchBundle(t *testing.T, kept string, search func(where, text string), flags ...string) {
	file := filepath.Join(t.TempDir(), "evidence.zip")
	ipdrift(t, 0, append([]string{"bundle", kept, "-o", file}, flags...)...)
	for name, text := range unzipped(t, file) {
		search(name+" of the bundle", text)
	}
}

// watch looks through the files below some folders again and again until it is
// told to stop; stop returns how many it saw.
func watch(temporary, dir string, search func(where, text string), inputs []string) (stop func() int) {
	done, seen := make(chan struct{}), 0
	var wait sync.WaitGroup
	wait.Go(func() {
		for {
			for _, root := range []string{temporary, dir} {
				filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
					if err != nil || d.IsDir() || slices.Contains(inputs, path) {
						return nil // files come and go
					}
					if data, err := os.ReadFile(path); err == nil && len(data) > 0 {
						seen++
						search("while it runs, "+filepath.Base(path), string(data))
					}
					return nil
				})
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	return func() int {
		close(done)
		wait.Wait()
		return seen
	}
}
