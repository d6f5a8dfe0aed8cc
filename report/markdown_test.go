package report

import (
	"strings"
	"testing"
)

// TestFencedCodeStaysInItsBlock: no line of it ends the block, and nothing of it
// reaches a terminal.
func TestFencedCodeStaysInItsBlock(t *testing.T) {
	got := fenced("go", "x := `a`\n```\n# not a heading\n\ty()\x1b[2J\n")
	if want := "````go\nx := `a`\n```\n# not a heading\n\ty()\\x1b[2J\n````"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if info := strings.SplitN(fenced("go\n```", "x"), "\n", 2)[0]; strings.Contains(strings.TrimPrefix(info, "```"), "```") {
		t.Error(info)
	}
}
