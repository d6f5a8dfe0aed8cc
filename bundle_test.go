package main

import (
	"archive/zip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/report"
)

// unzipped is what a zip file holds, by name.
func unzipped(t *testing.T, path string) map[string]string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// A bundle is the same whenever and wherever it is made, holds the reports, and
// its checksums are right by the system's own tool.
func TestBundle(t *testing.T) {
	dir := t.TempDir()
	kept, log := filepath.Join(dir, "case.duckdb"), "testdata/nginx/video-demo.log.gz"
	t.Setenv(keyVariable, "no-key-of-the-demo-stands-anywhere")
	ipdrift(t, 0, "analyze", "--quiet", "--host", "video.example.com", "--key-file", "video.example.com=testdata/nginx/demo.key", "--db", kept, log)
	one, other := filepath.Join(dir, "one.zip"), filepath.Join(t.TempDir(), "other.zip")
	ipdrift(t, 0, "bundle", kept, "-o", one)
	moved := filepath.Join(t.TempDir(), "moved.duckdb")
	if err := os.Rename(kept, moved); err != nil {
		t.Fatal(err)
	}
	ipdrift(t, 0, "bundle", moved, "-o", other)
	first, err1 := os.ReadFile(one)
	second, err2 := os.ReadFile(other)
	if err1 != nil || err2 != nil || string(first) != string(second) {
		t.Errorf("two bundles differ: %d and %d bytes, %v, %v", len(first), len(second), err1, err2)
	}
	files := unzipped(t, one)
	if len(files) != len(report.Formats())+2 {
		t.Errorf("%d files in the bundle", len(files))
	}
	for _, f := range report.Formats() {
		name := map[bool]string{true: "users.csv", false: "report" + f.Ending}[f.Name == "csv"]
		if again, _ := ipdrift(t, 0, "report", moved, "--format", f.Name, "--verbose", "--width", "100"); f.Name != "text" && f.Name != "html" && again != files[name] { // these two name the case
			t.Errorf("%s is not what ipdrift report writes", name)
		}
		if len(files[name]) < 500 {
			t.Errorf("%s has %d bytes", name, len(files[name]))
		}
	}
	checkManifest(t, files["manifest.json"])
	with := filepath.Join(t.TempDir(), "with.zip")
	ipdrift(t, 0, "bundle", moved, log, "-o", with)
	// gzip -dc testdata/nginx/video-demo.log.gz | sha256sum
	if text := unzipped(t, with)["manifest.json"]; !strings.Contains(text, `"text_sha256": "725dc11e3ce5323bd32ad76a66d7925e398317fd1841472bd6b3b5aa9590be22"`) {
		t.Errorf("manifest with the log: %s", text)
	}
	out := t.TempDir()
	for name, text := range files {
		writeText(t, filepath.Join(out, name), text)
	}
	check := exec.Command("sha256sum", "-c", "SHA256SUMS")
	check.Dir = out
	if said, err := check.CombinedOutput(); err != nil || strings.Count(string(said), ": OK") != len(files)-1 {
		t.Errorf("sha256sum: %v\n%s", err, said)
	}
}

func checkManifest(t *testing.T, text string) {
	t.Helper()
	var m manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	const command = "ipdrift analyze --quiet --host video.example.com --key-file video.example.com=testdata/nginx/demo.key --db "
	if len(m.Inputs) != 1 || !strings.HasPrefix(m.Command, command) || strings.Contains(text, "no-key-of") || m.Version == "" || m.Anonymized {
		t.Errorf("manifest: %s", text)
	}
	// gzip -dc testdata/nginx/video-demo.log.gz | wc -lc, | head -c 65536 | sha256sum, | tail -c 65536 | sha256sum, | xxhsum -H2
	in := m.Inputs[0]
	if in.Lines != 12880 || in.Bytes == nil || *in.Bytes != 4192222 || in.Head != "2bc54f724420bca63e0ae8fcadcd5f5bd991bbb00ee1a7c46fdbd7de9fb301aa" || in.Tail != "c1ecbda779f90ecc9ba0ab1e29c3ba06caeb51e307d51b31303279fe5fa68e44" || in.XXH3 != "61c9a3d05a06fdd75ecf0e70aab8a22b" || in.SHA256 != "" {
		t.Errorf("inputs: %+v", in)
	}
}

// TestManifestHidesNothing: what a terminal would not show in the name of a log is written out.
func TestManifestHidesNothing(t *testing.T) {
	dir := t.TempDir()
	text, err := os.ReadFile("testdata/situations/dual_stack.log")
	if err != nil {
		t.Fatal(err)
	}
	log, kept := filepath.Join(dir, "a\u202egol.b\u200b.log"), filepath.Join(dir, "case.duckdb")
	if err := os.WriteFile(log, text, 0o600); err != nil {
		t.Fatal(err)
	}
	ipdrift(t, 0, "analyze", "--quiet", "--key-file", "testdata/situations/key", "--db", kept, log)
	ipdrift(t, 0, "bundle", kept, "-o", filepath.Join(dir, "b.zip"))
	manifest := unzipped(t, filepath.Join(dir, "b.zip"))["manifest.json"]
	if strings.ContainsAny(manifest, "\u202e\u200b") || !strings.Contains(manifest, `\u202egol.b\u200b.log`) {
		t.Errorf("manifest: %s", manifest)
	}
}
