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

// TestReadmeSessions runs the sessions that the README shows and demands the
// output it shows, up to "..." where it shows the beginning; only the time it
// took may differ.
func TestReadmeSessions(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8") // bars are drawn with blocks
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```\n\\$ ipdrift ([^\n]*)\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) < 2 {
		t.Fatalf("the README shows %d sessions", len(blocks))
	}
	elapsed := regexp.MustCompile(`UTC  <?[0-9][^\n]*`)
	for _, block := range blocks {
		var out, errs bytes.Buffer
		if code := run(context.Background(), strings.Fields(string(block[1])), nil, &out, &errs); code != 0 {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		got, want := elapsed.ReplaceAllString(out.String(), "UTC"), elapsed.ReplaceAllString(string(block[2]), "UTC")
		if beginning, cut := strings.CutSuffix(want, "...\n"); cut {
			got, want = got[:min(len(got), len(beginning))], beginning
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("README (-) and command (+) differ:\n%s", diff)
		}
	}
}
