package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// Source is one input: a file, or stdin as "-".
type Source struct {
	Path  string
	Label string // what the report calls it; the path where the user gave no label
	Named bool   // the user gave the label: it stands for the host where a format has none
	Size  int64  // bytes as stored (compressed); -1 unknown
}

// Sources turns command-line arguments into sources in a stable order. An
// argument is a file, a glob, a folder (taken recursively, hidden files left
// out), "-" for stdin, or any of these behind "label=".
func Sources(args []string) ([]Source, error) {
	var out []Source
	seen := map[string]bool{}
	for _, arg := range args {
		label, path := splitLabel(arg)
		paths, err := expand(path)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			if key := identity(p); !seen[key] {
				seen[key] = true
			} else {
				continue
			}
			out = append(out, newSource(p, label))
		}
	}
	return out, nil
}

// identity is the same for all spellings of one file.
func identity(path string) string {
	if path == "-" {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}

// splitLabel cuts "label=path". A file whose own name holds "=" wins over a
// label.
func splitLabel(arg string) (label, path string) {
	if _, err := os.Stat(arg); err == nil {
		return "", arg
	}
	label, path, ok := strings.Cut(arg, "=")
	if !ok || label == "" || strings.ContainsAny(label, `/\`) {
		return "", arg
	}
	return label, path
}

func newSource(path, label string) Source {
	s := Source{Path: path, Label: path, Size: -1}
	if label != "" {
		s.Label, s.Named = label, true
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		s.Size = info.Size()
	}
	return s
}

func expand(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return walk(path)
	case err == nil:
		return []string{path}, nil
	case !strings.ContainsAny(path, "*?["):
		return nil, fmt.Errorf("%s: %w", path, unwrapPath(err))
	}
	found, err := filepath.Glob(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: no file matches", path)
	}
	var out []string
	for _, f := range found {
		more, err := expand(f)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func walk(dir string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case p != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: the folder holds no file", dir)
	}
	sort.Strings(out)
	return out, nil
}

// unwrapPath drops the operation and the path that an os error repeats.
func unwrapPath(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// stream is an opened source: its bytes, decompressed.
type stream struct {
	io.Reader
	file io.Closer
	gz   *gzip.Reader
}

func (s *stream) Close() error {
	if s.gz != nil {
		s.gz.Close()
	}
	return s.file.Close()
}

// open starts reading a source. Compression is recognised by its magic bytes,
// whatever the name says. read counts stored bytes.
func (s Source) open(stdin io.Reader, read *atomic.Int64) (*stream, error) {
	var file io.ReadCloser = io.NopCloser(stdin)
	if s.Path != "-" {
		f, err := os.Open(s.Path)
		if err != nil {
			return nil, unwrapPath(err)
		}
		file = f
	}
	in := bufio.NewReaderSize(&countingReader{file, read}, 256<<10)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		file.Close()
		return nil, unwrapPath(err)
	}
	out := &stream{Reader: in, file: file}
	switch {
	case bytes.HasPrefix(head, []byte(gzipMagic)):
		if out.gz, err = gzip.NewReader(in); err != nil {
			file.Close()
			return nil, fmt.Errorf("gzip header: %w", err)
		}
		out.gz.Multistream(false)
		out.Reader = &members{out.gz, in}
	case len(head) == 4 && unsupported(head) != "":
		file.Close()
		return nil, fmt.Errorf("%s is not read yet: decompress it first, or pipe it in as -", unsupported(head))
	}
	return out, nil
}

const (
	byteOrderMark = "\xef\xbb\xbf" // of UTF-8
	gzipMagic     = "\x1f\x8b"
)

var errBehindGzip = errors.New("behind the end of the gzip data stands something else")

// members reads the members of a gzip file one behind the other (RFC 1952,
// 2.2), and tells what is no member from a member that is cut off.
type members struct {
	gz *gzip.Reader
	in *bufio.Reader
}

func (m *members) Read(p []byte) (int, error) {
	n, err := m.gz.Read(p)
	if err == io.EOF {
		err = m.next()
	}
	return n, err
}

func (m *members) next() error {
	head, err := m.in.Peek(len(gzipMagic))
	switch {
	case len(head) == 0:
		return err
	case !strings.HasPrefix(gzipMagic, string(head)):
		return errBehindGzip
	}
	err = m.gz.Reset(m.in)
	m.gz.Multistream(false)
	return err
}

// unsupported names a compression that is recognised only to be refused with
// a clear word.
func unsupported(magic []byte) string {
	switch {
	case string(magic) == "\x28\xb5\x2f\xfd":
		return "a zstd file"
	case string(magic[:3]) == "BZh":
		return "a bzip2 file"
	case string(magic) == "\xfd7zX":
		return "an xz file"
	case string(magic) == "PK\x03\x04":
		return "a zip archive"
	}
	return ""
}

type countingReader struct {
	io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// interruptible gives up a read that waits once ctx ends; that read is left to
// end with its input.
type interruptible struct {
	ctx context.Context
	in  io.Reader
	buf []byte
}

func (r *interruptible) Read(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	if r.buf == nil {
		r.buf = make([]byte, 256<<10)
	}
	buf, done := r.buf[:min(len(p), len(r.buf))], make(chan result, 1)
	go func() {
		n, err := r.in.Read(buf)
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return copy(p, buf[:got.n]), got.err
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	}
}
