package main

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadmeSession runs the session that the README shows and demands the
// output it shows; only the time it took may differ.
func TestReadmeSession(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8") // bars are drawn with blocks
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```\n\\$ ipdrift ([^\n]*)\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README shows no session")
	}
	var out, errs bytes.Buffer
	if code := run(context.Background(), strings.Fields(string(block[1])), nil, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	elapsed := regexp.MustCompile(`UTC  [0-9][^\n]*`)
	got, want := elapsed.ReplaceAllString(out.String(), "UTC"), elapsed.ReplaceAllString(string(block[2]), "UTC")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("README (-) and command (+) differ:\n%s", diff)
	}
}
