package ingest

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ipdrift/ingest/source"
)

// What waits, or never comes to the end of a line, ends with its context.
func TestInterrupted(t *testing.T) {
	named, sparse := filepath.Join(t.TempDir(), "pipe"), filepath.Join(t.TempDir(), "zeros")
	if err := syscall.Mkfifo(named, 0o600); err != nil {
		t.Skip(err)
	}
	if err := errors.Join(os.WriteFile(sparse, nil, 0o600), os.Truncate(sparse, 1<<40)); err != nil {
		t.Skip(err)
	}
	waiting, end := io.Pipe()
	defer end.Close()
	head := func(path string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := source.Head(ctx, source.Source{Path: path}, waiting)
			return err
		}
	}
	load := func(path string) func(context.Context) error {
		s := testStore(t)
		return func(ctx context.Context) error {
			_, err := Load(ctx, s, []source.Source{{Path: path, Label: path}}, Options{Stdin: waiting})
			return err
		}
	}
	for name, read := range map[string]func(context.Context) error{
		"load a pipe": load(named), "load zeros": load(sparse), "load stdin": load("-"), "head of a pipe": head(named), "head of stdin": head("-"),
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- read(ctx) }()
		select {
		case err := <-done:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: error %v, want the context's", name, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: is still being read", name)
		}
	}
}
