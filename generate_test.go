package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An interrupt leaves nothing behind, whatever was written by then.
func TestInterruptedGenerate(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	got := run(ctx, []string{"generate", "mixed", "--out", filepath.Join(dir, "w"), "--lines", "1000000"}, strings.NewReader(""), &stdout, &stderr)
	if got != statusFailed || stdout.Len() > 0 || !strings.Contains(stderr.String(), "interrupted while generating") {
		t.Errorf("exit status %d, %q and %q on stderr", got, &stdout, &stderr)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// A reader of stdout who has seen enough ends it without a word.
func TestGenerateIntoClosedPipe(t *testing.T) {
	var stderr bytes.Buffer
	got := run(context.Background(), []string{"generate", "mixed", "--out", "-", "--lines", "100000", "--key-file", "testdata/nginx/demo.key"},
		strings.NewReader(""), closedPipe{}, &stderr)
	if got != statusDone || stderr.Len() > 0 {
		t.Errorf("exit status %d and %q on stderr", got, &stderr)
	}
}
