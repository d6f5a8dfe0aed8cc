package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"ipdrift/ingest"
	"ipdrift/ingest/source"
)

// pending is an output file that does not have its name yet, or a stream, which
// has no other.
type pending struct {
	*os.File
	path   string
	stream bool
}

// newPending opens a file beside its final name, so that it appears whole or
// not at all. One that takes the place of another can be read by whom that could.
func newPending(path string) (*pending, error) {
	info, missing := os.Stat(path)
	if missing == nil && isStream(info) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, failed("", "-o %s: %w", path, withoutPath(err))
		}
		return &pending{f, path, true}, nil
	}
	final := ingest.LinkEnd(path)
	part := filepath.Join(filepath.Dir(final), fmt.Sprintf(".%s.%d.part", filepath.Base(final), os.Getpid()))
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, failed("", "-o %s: %w", path, withoutPath(err))
	}
	p := &pending{f, final, false}
	if missing == nil {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			p.drop()
			return nil, failed("", "-o %s: %w", path, withoutPath(err))
		}
	}
	return p, nil
}

// write fills the file.
func (p *pending) write(fill func(io.Writer) error) error {
	buffered := bufio.NewWriterSize(p, 64<<10)
	err := fill(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if p.stream && errors.Is(err, syscall.EPIPE) {
		return nil // whoever read the pipe has seen enough
	}
	return p.asked(err)
}

// asked names the file that was asked for in an error of the one that is written.
func (p *pending) asked(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) && pe.Path == p.Name() {
		pe.Path = p.path
	}
	return err
}

// keep gives the file its name.
func (p *pending) keep() error {
	if err := p.Close(); err != nil || p.stream {
		return p.asked(err)
	}
	return os.Rename(p.Name(), p.path)
}

// drop removes the file if it was not kept.
func (p *pending) drop() {
	p.Close()
	if !p.stream {
		os.Remove(p.Name())
	}
}

// isStream reports whether an output is a pipe, a terminal or /dev/null rather than a file.
func isStream(info os.FileInfo) bool {
	return info.Mode()&(os.ModeCharDevice|os.ModeNamedPipe) != 0
}

// isStdout reports whether an output is where results go anyway.
func isStdout(path string) bool {
	out, err := os.Stdout.Stat()
	if err != nil {
		return path == "-"
	}
	info, err := os.Stat(path)
	return path == "-" || err == nil && os.SameFile(info, out)
}

// distinct refuses outputs that would overwrite an input or each other.
func distinct(outputs []string, sources []source.Source) error {
	for i, path := range outputs {
		if slices.ContainsFunc(outputs[:i], func(before string) bool { return filepath.Clean(before) == filepath.Clean(path) }) {
			return usage("", "-o %s is given twice", path)
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if !info.Mode().IsRegular() && !isStream(info) {
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
