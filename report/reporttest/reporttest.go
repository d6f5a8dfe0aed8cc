// Package reporttest holds what is rendered to what is kept of it.
package reporttest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// Golden compares with the golden of a name, in a folder.
func Golden(t *testing.T, dir, name, got string) {
	t.Helper()
	path := filepath.Join(dir, "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", name, diff)
	}
}

// WithoutSGR drops ESC [ digits and semicolons m, and nothing else.
func WithoutSGR(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		s = strings.TrimPrefix(strings.TrimLeft(after, "0123456789;"), "m")
	}
}
