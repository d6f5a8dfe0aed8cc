package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"ipdrift/ingest"
)

// pending is an output file that does not have its name yet.
type pending struct {
	*os.File
	path string
}

// newPending opens a file beside its final name, so that it appears whole or
// not at all.
func newPending(path string) (*pending, error) {
	final := path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		final = real
	}
	part := filepath.Join(filepath.Dir(final), fmt.Sprintf(".%s.%d.part", filepath.Base(final), os.Getpid()))
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, failed("", "-o %s: %w", path, withoutPath(err))
	}
	return &pending{f, final}, nil
}

// write fills the file.
func (p *pending) write(fill func(io.Writer) error) error {
	buffered := bufio.NewWriterSize(p, 64<<10)
	if err := fill(buffered); err != nil {
		return err
	}
	return buffered.Flush()
}

// keep gives the file its name.
func (p *pending) keep() error {
	if err := p.Close(); err != nil {
		return err
	}
	return os.Rename(p.Name(), p.path)
}

// drop removes the file if it was not kept.
func (p *pending) drop() {
	p.Close()
	os.Remove(p.Name())
}

// distinct refuses outputs that would overwrite an input or each other.
func distinct(outputs []string, sources []ingest.Source) error {
	for i, path := range outputs {
		if slices.Contains(outputs[:i], path) {
			return usage("", "-o %s is given twice", path)
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if !info.Mode().IsRegular() {
			return usage("name a file; results go to stdout without -o", "-o %s is not a file", path)
		}
		for _, s := range sources {
			if in, err := os.Stat(s.Path); err == nil && os.SameFile(info, in) {
				return usage("choose another name", "-o %s is one of the inputs", path)
			}
		}
	}
	return nil
}
