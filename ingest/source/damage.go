package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Damage is what ended a source before its time. What came before it was
// handed out.
type Damage struct {
	// At is how far into the stored (compressed) file reading had come, in
	// bytes from 0. zstd, bzip2 and xz find a wrong block at its end: up to
	// 128 KiB and 900 KB behind the first wrong byte. ISA-L takes the
	// header of a gzip block at once: up to 328 bytes.
	At     int64
	Size   int64  // of the stored file; -1 unknown
	Reason string // without position
	// Err is io.ErrUnexpectedEOF where the data ends too early, or else what
	// the decoder or the file said.
	Err    error
	kept   string
	placed bool // At counts from the beginning of the file
}

func (d *Damage) Error() string {
	word, of := "damaged", ""
	switch {
	case errors.Is(d.Err, io.ErrUnexpectedEOF):
		word = "truncated"
	case errors.Is(d.Err, errInflates), errors.Is(d.Err, errFilter), errors.Is(d.Err, errDictionary):
		word = "stopped"
	}
	if d.Size >= 0 {
		of = fmt.Sprintf(" (of %d)", d.Size)
	}
	return fmt.Sprintf("%s at byte %d%s: %s%s", word, d.At, of, d.Reason, d.kept)
}

func (d *Damage) Unwrap() error { return d.Err }

// Besides is the damage, which also tells of an error that it may be the cause of.
func (d *Damage) Besides(err error) *Damage {
	both := *d
	both.kept = "; " + err.Error()
	return &both
}

const (
	keptBefore   = "; what came before is kept"
	keptAll      = "; all lines before it are kept"
	keptFiles    = "; the files before it are kept, others may be missing"
	keptDoubtful = "; the lines before it are kept, but some may be wrong"
)

// Doubtful tells an error that lines before it may be wrong, as where a checksum does not fit; it may have been kept as text.
func Doubtful(err error) bool { return err != nil && strings.HasSuffix(err.Error(), keptDoubtful) }

var (
	errChecksum   = errors.New("wrong checksum")
	errBehind     = errors.New("something else behind the end")
	errInflates   = errors.New("inflates too far")
	errWindow     = errors.New("window too large")
	errFilter     = errors.New("a filter or checksum that is not known")
	errDictionary = errors.New("a dictionary that is not at hand")
)

// A source may inflate to maxRatio times its stored size; the first
// freeInflation bytes are free, so that small files are never in question.
//
// Access logs shrink to a tenth. The most repetitive ones measured, a single
// client with a single request: one line a second 64 (gzip -9), 169 (zstd -19
// --long), 914 (xz -9e); a hundred equal lines a second 251, 3482, 2980. Above
// that is what never changes at all, such as zeros. gzip cannot go beyond 1032
// (zlib's technical details), so it is not stopped.
const (
	maxRatio      = 4000
	freeInflation = 64 << 20
)

// guarded hands out what a decoder yields, stops what inflates without end,
// and says where in the stored file an error struck. Errors stay.
type guarded struct {
	io.Reader
	in  *stored
	out int64
	err error
}

func (g *guarded) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.Reader.Read(p)
	g.out += int64(n)
	if err == nil && g.out > freeInflation && g.out/maxRatio > g.in.used() {
		err = &Damage{Err: errInflates, Reason: fmt.Sprintf("it inflates to more than %d times its size, which no log does; decompress it first if it is one", maxRatio), kept: keptBefore}
	}
	if err != nil && err != io.EOF {
		err = g.in.place(err, g.out > 0)
	}
	g.err = err
	return n, err
}

// place turns an error into damage with its position. some tells that something came before it.
func (s *stored) place(err error, some bool) error {
	if raw := s.raw.err; raw != nil && raw != io.EOF && s.Buffered() == 0 {
		err = raw // a decoder may have reworded it
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	d := &Damage{Reason: Unwrapped(err).Error(), Err: err, kept: keptBefore}
	if errors.As(err, &d) && d.placed {
		return d
	}
	d.At += s.start + s.used()
	d.Size, d.placed = s.size, true
	if !some {
		d.kept = ""
	}
	return d
}
