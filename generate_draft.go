package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
)

// draft is a folder that does not have its name yet, so that it appears whole
// or not at all.
type draft struct {
	dir, final string
	closers    []func() error // last opened first
	err        error          // the first
}

func newDraft(final string) (*draft, error) {
	final = filepath.Clean(final)
	entries, err := os.ReadDir(final)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, failed("name a new folder", "--out %s: %w", final, withoutPath(err))
	}
	if len(entries) > 0 {
		return nil, failed("name a new folder, or remove this one first", "--out %s: not empty", final)
	}
	dir := filepath.Join(filepath.Dir(final), fmt.Sprintf(".%s.%d.part", filepath.Base(final), os.Getpid()))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, failed("", "--out %s: %w", final, withoutPath(err))
	}
	return &draft{dir: dir, final: final}, nil
}

// create opens a file of the draft. What goes wrong is found in err.
func (d *draft) create(name string, packed bool) io.Writer {
	mode := os.FileMode(0o666)
	if name == "key" {
		mode = 0o600
	}
	f, err := os.OpenFile(filepath.Join(d.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		d.note(err)
		return io.Discard
	}
	buffered := bufio.NewWriterSize(f, 1<<18)
	d.closers = append([]func() error{buffered.Flush, f.Close}, d.closers...)
	if !packed {
		return buffered
	}
	z, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	d.note(err)
	d.closers = append([]func() error{z.Close}, d.closers...)
	return z
}

func (d *draft) note(err error) {
	if d.err == nil {
		d.err = err
	}
}

// close ends all files, whatever goes wrong with some.
func (d *draft) close() error {
	for _, end := range d.closers {
		d.note(end())
	}
	d.closers = nil
	return d.err
}

// keep gives the folder its name; an empty one that bears it gives way.
func (d *draft) keep() error {
	if err := os.Remove(d.final); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Rename(d.dir, d.final)
}

// drop removes the folder if it was not kept.
func (d *draft) drop() {
	d.close()
	os.RemoveAll(d.dir)
}
