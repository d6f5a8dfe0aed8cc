package ingest

import (
	"testing"

	"ipdrift/ingest/redact"
)

// TestSplitStored: what an encoded query holds stays in one piece, and is cut as
// one.
func TestSplitStored(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b.ts": "/a/ b.ts", "/": "/ ", "": " ", "/a%20b/c&d/e.ts": "/a%20b/c&d/ e.ts",
		"/a/b%3Fr=http://x/SEC": "/a/ b%3Fr=http://x/SEC", "/a/b&r=/x/SEC": "/a/ b&r=/x/SEC", "/a;s=1/b": "/a;s=1/ b",
	} {
		dir, file := redact.Split([]byte(path))
		if got := string(dir) + " " + string(file); got != want {
			t.Errorf("splitStored(%q) = %q, want %q", path, got, want)
		}
	}
}
