// Package demo reads the demo log and its truth for tests.
package demo

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Read returns the lines of the log in a folder, and the row of the truth about each.
func Read(t testing.TB, dir string) (lines []string, truth [][]string) {
	t.Helper()
	lines = strings.Split(strings.TrimSuffix(unpack(t, filepath.Join(dir, "video-demo.log.gz")), "\n"), "\n")
	truth, err := csv.NewReader(strings.NewReader(unpack(t, filepath.Join(dir, "truth.csv.gz")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(truth)-1 != len(lines) {
		t.Fatalf("%d lines in the log of %s, %d rows of truth", len(lines), dir, len(truth)-1)
	}
	return lines, truth[1:]
}

// Key returns the key that links of the log in a folder are signed with.
func Key(t testing.TB, dir string) string {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(dir, "demo.key"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(key))
}

func unpack(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
