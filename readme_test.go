package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
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

// TestReadmeLinks follows the links of every README into this repository, to the heading.
func TestReadmeLinks(t *testing.T) {
	link, links := regexp.MustCompile(`\]\(([^):#\s]*)(#[^)\s]*)?\)`), 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "README.md" {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			links++
			target := path
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(path), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", path, err)
			} else if m[2] != "" && !headings(t, target)[m[2]] {
				t.Errorf("%s: %s has no heading %s", path, target, m[2])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if links < 10 {
		t.Fatalf("%d links", links)
	}
}

// headings are the anchors of a Markdown file, as GitHub makes them.
func headings(t *testing.T, path string) map[string]bool {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(text), -1) {
		plain := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(m[1]), "")
		found["#"+strings.ReplaceAll(plain, " ", "-")] = true
	}
	return found
}
