// Package source finds the logs that arguments name, and opens each as plain lines of text: out of
// folders and archives, compressed or not, without what a collector or a tool put around them.
package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"ipdrift/ingest/figure"
)

// Source is one input: a file, one in a zip or tar archive, or stdin as "-".
type Source struct {
	Path  string // of the file; of the archive for what is in one
	Label string // what the report calls it; no two sources of one call to Sources share it
	Named bool   // the user gave a label
	Host  string // the label as given: it stands for the host where a format has none
	Size  int64  // bytes as stored (compressed); -1 unknown

	Modified time.Time // when the file was last written to; zero: not a file

	member *member // of a zip archive
	tarred *tarred // of a tar archive
	fault  error   // why the source cannot be read, known beforehand
}

// Tape is the file that s lies in where that is a compressed tar archive: all before s has to be decompressed to reach it, so
// the sources of one are best read in turn. It is empty elsewhere.
func (s Source) Tape() string {
	if s.tarred == nil || !s.tarred.compressed {
		return ""
	}
	return s.Path
}

// Most is how many sources the case can tell apart.
const Most = 1 << 24

// List turns command-line arguments into sources in a stable order. An
// argument is a file, a glob, a folder (taken recursively; hidden files, pipes
// and devices left out), "-" for stdin, or any of these behind "label=". Each
// file of a zip or tar archive is a source of its own. One file under several
// names is taken once.
//
// An argument that is not there is an error. What turns out unreadable below a
// folder, a glob or an archive is a source whose error Load reports, so that
// the rest is read. It is quick but for tar archives that are compressed, and
// zip archives whose directory is damaged, which are read to their end unless
// ctx ends before.
func List(ctx context.Context, args []string) ([]Source, error) {
	return sources(ctx, args, false)
}

// ListOrFaults is Sources where an argument that is not there is a source,
// too, whose error Load reports.
func ListOrFaults(ctx context.Context, args []string) ([]Source, error) {
	return sources(ctx, args, true)
}

func sources(ctx context.Context, args []string, faults bool) ([]Source, error) {
	var out []Source
	seen := map[string]bool{}
	looks := glance{idle: new(rack)}
	for _, arg := range args {
		label, path := splitLabel(arg)
		if path == "" {
			return nil, fmt.Errorf("%q names no file", arg)
		}
		entries, err := expand(path)
		switch {
		case err != nil && faults:
			entries = []entry{{path, err}}
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, e := range entries {
			if key := identity(e.path); !seen[key] {
				seen[key] = true
				out = append(out, newSources(ctx, &looks, e, label)...)
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	if len(out) > Most {
		return nil, errors.New(figure.Sentence("%d sources are too many: %d fit in one case; join the files of one host with cat", len(out), Most))
	}
	nameSources(out)
	return out, nil
}

// splitLabel cuts "label=path". A file whose own name holds "=" wins over a
// label.
func splitLabel(arg string) (label, path string) {
	if _, err := os.Lstat(arg); err == nil {
		return "", arg
	}
	label, path, ok := strings.Cut(arg, "=")
	if !ok || label == "" || strings.ContainsAny(label, `/\`) {
		return "", arg
	}
	return label, path
}

// newSources is a file as one source, or the members of an archive.
func newSources(ctx context.Context, g *glance, e entry, label string) []Source {
	s := Source{Path: e.path, Named: label != "", Host: label, Size: -1, fault: e.err}
	if info, err := os.Stat(e.path); err != nil || e.err != nil || !info.Mode().IsRegular() {
		return []Source{s}
	} else {
		s.Size, s.Modified = info.Size(), info.ModTime()
	}
	found, err := s.files(ctx, g)
	if err != nil || found == nil {
		s.fault = err
		return []Source{s}
	}
	return found
}

// files lists the files in an archive. It is nil for what is none, and for what cannot be read at all.
func (s Source) files(ctx context.Context, g *glance) ([]Source, error) {
	f, err := os.Open(s.Path)
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 4<<10) // small, as most are no archive
	head, _ := in.Peek(headSize)
	if isZip(head) {
		return s.zipMembers(ctx, f)
	}
	if isTar(g.inside(in, head)) {
		return s.tarFiles(ctx, g.idle)
	}
	return nil, nil
}

// Stream is an opened source: its bytes, decompressed. Its errors are
// [*Damage], or the context's.
type Stream struct {
	io.Reader
	io.Closer
	more *bool // as in documents; nil: never
}

// Page tells, once all is read, that it is a page of an answer, and that others follow.
func (s *Stream) Page() bool { return s.more != nil && *s.more }

// Open starts reading a source, until ctx ends. Compression is recognised by
// its magic bytes, whatever the name says. read counts stored bytes.
func (s Source) Open(ctx context.Context, stdin io.Reader, read *atomic.Int64) (*Stream, error) {
	switch {
	case s.fault != nil:
		return nil, s.fault
	case s.tarred != nil:
		return s.tarred.open(ctx, read)
	}
	in := &stored{file: io.NopCloser(&interruptible{ctx: ctx, in: stdin}), size: -1}
	if s.Path != "-" {
		f, err := awaited(ctx, func() (*os.File, error) { return os.Open(s.Path) }) // a pipe waits for its writer
		if err != nil {
			return nil, Unwrapped(err)
		}
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			in.file = &pipe{&interruptible{ctx: ctx, in: f}, f}
		} else {
			in.file, in.size = f, info.Size()
			if s.member == nil && isParquet(f) {
				f.Close()
				read.Add(in.size)
				rows, err := openParquet(s.Path)
				return &Stream{Reader: &until{ctx, rows}, Closer: rows}, err
			}
		}
	}
	out, err := in.inflate(s.member, read)
	if err != nil {
		in.file.Close()
		return nil, err
	}
	return &Stream{&until{ctx, out}, in.file, &in.more}, nil
}

// pipe is a file whose reads may wait.
type pipe struct {
	io.Reader
	io.Closer
}

// until reads until ctx ends.
type until struct {
	ctx context.Context
	io.Reader
}

func (u *until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}

// Latest is the last moment, in µs since the Unix epoch, that a line may be of, to settle the year of a time that has none: a day
// past the file's date, as clocks and zones differ; of what is no file, past now. from says which.
func (s Source) Latest(now time.Time) (latest int64, from string) {
	if !s.Modified.IsZero() {
		return s.Modified.Add(24 * time.Hour).UnixMicro(), "the file's date"
	}
	if now.IsZero() {
		return 0, ""
	}
	return now.Add(24 * time.Hour).UnixMicro(), "today's date"
}

// Unwrapped drops the operation and the path that an os error repeats.
func Unwrapped(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// ByteOrderMark is that of UTF-8.
const ByteOrderMark = "\xef\xbb\xbf"

// stored is a file as it lies on the disk, or a part of one.
type stored struct {
	*bufio.Reader
	file  io.ReadCloser
	raw   *countingReader
	start int64 // where the source begins in the file
	from  int64 // the same in what raw has read
	size  int64 // of the whole file; -1 unknown
	more  bool  // as in documents
}

// used is how many stored bytes of the source a decoder has taken.
func (s *stored) used() int64 { return s.raw.n - int64(s.Buffered()) - s.from }

// inflate decompresses a whole file, or the member m of an archive.
func (s *stored) inflate(m *member, read *atomic.Int64) (io.Reader, error) {
	s.raw = &countingReader{Reader: s.file, total: read, least: s.size}
	if m != nil {
		at, ok := s.file.(io.ReaderAt)
		if !ok {
			return nil, errNoSeek
		}
		s.start, s.raw.least = m.start, 0
		s.raw.Reader = io.NewSectionReader(at, m.start, m.room())
	}
	s.Reader = buffered(s.raw)
	return s.decode(m)
}

func buffered(in io.Reader) *bufio.Reader { return bufio.NewReaderSize(in, 64<<10) }

// countingReader counts what is read. Its error stays.
type countingReader struct {
	io.Reader
	n     int64
	total *atomic.Int64
	least int64 // an end before so many bytes is damage
	err   error
}

func (c *countingReader) Read(p []byte) (n int, err error) {
	if c.err == nil {
		n, c.err = c.Reader.Read(p)
		c.n += int64(n)
		c.total.Add(int64(n))
		if c.err == io.EOF && c.n < c.least {
			c.err = &Damage{Err: io.ErrUnexpectedEOF, Reason: "the file became shorter while it was read", kept: keptBefore}
		}
	}
	return n, c.err
}

// interruptible gives up a read that waits once ctx ends; that read is left to
// end with its input.
type interruptible struct {
	ctx context.Context
	in  io.Reader
	buf []byte
}

func (r *interruptible) Read(p []byte) (int, error) {
	if r.buf == nil {
		r.buf = make([]byte, 256<<10)
	}
	got, err := awaited(r.ctx, func() ([]byte, error) {
		n, err := r.in.Read(r.buf[:min(len(p), len(r.buf))])
		return r.buf[:n], err
	})
	return copy(p, got), err
}

// awaited is what do returns, or why ctx ended before; do is left to end with
// what it waits for.
func awaited[T any](ctx context.Context, do func() (T, error)) (T, error) {
	done := make(chan struct{})
	var got T
	var failure error
	go func() {
		defer close(done)
		got, failure = do()
	}()
	select {
	case <-done:
		return got, failure
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}
