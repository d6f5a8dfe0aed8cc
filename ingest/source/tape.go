package source

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
)

const tarBlock = 512 // POSIX pax, "ustar Interchange Format"

// tape reads a tar archive, compressed or not, from one file to the next.
type tape struct {
	stored
	ctx        context.Context
	in         *bufio.Reader // the archive, without its compression
	compressed bool
	tar        *tar.Reader
	number     int   // of the header that was read last, from 1
	zeros      int64 // how many bytes of zero were read last
	ended      bool  // there was no more to be read
	failed     bool
	ball       *tarball // that waits for it
}

func openTape(ctx context.Context, path string, read *atomic.Int64) (*tape, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, Unwrapped(err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, Unwrapped(err)
	}
	t := &tape{ctx: ctx, stored: stored{file: f, size: info.Size(), raw: &countingReader{Reader: f, total: read}}}
	t.Reader = buffered(t.raw)
	t.in = t.Reader
	head, _ := t.Peek(headSize)
	for _, c := range compressions() {
		if c.is(head) {
			t.in, t.compressed = t.inflated(c, t.Reader, 64<<10), true
		}
	}
	t.tar = tar.NewReader(t)
	return t, nil
}

func (t *tape) Close() error { return t.file.Close() }

// next goes to the next header, past the data before it. Archives may stand one
// behind the other, as cat joins them.
func (t *tape) next() (*tar.Header, error) {
	h, err := t.tar.Next()
	for err == io.EOF {
		if t.ended && t.zeros < tarBlock {
			return nil, errNoEnd
		}
		if err := t.another(); err != nil {
			return nil, err
		}
		t.tar = tar.NewReader(t)
		h, err = t.tar.Next()
	}
	if err == nil {
		t.number++
	}
	return h, err
}

// another goes past the zeros behind an archive to another one; io.EOF where
// there is none.
func (t *tape) another() error {
	for t.ctx.Err() == nil {
		head, err := t.in.Peek(tarBlock)
		switch blank := len(bytes.Trim(head, "\x00")) == 0; {
		case blank && err != nil:
			return err
		case blank:
			t.in.Discard(len(head))
		case isTar(head):
			return nil
		default:
			return errBehind
		}
	}
	return t.ctx.Err()
}

// Read is for the tar reader.
func (t *tape) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		t.failed = true
		return 0, err
	}
	n, err := t.in.Read(p)
	if zeros := n - len(bytes.TrimRight(p[:n], "\x00")); zeros < n {
		t.zeros = int64(zeros)
	} else {
		t.zeros += int64(n)
	}
	t.ended, t.failed = err == io.EOF, t.failed || err != nil && err != io.EOF
	return n, err
}

// Seek lets the tar reader pass over what nobody wants of a file that is not
// compressed. It goes forwards from where it is, and not past the end.
func (t *tape) Seek(by int64, _ int) (int64, error) {
	file, ok := t.file.(io.Seeker)
	if t.compressed || !ok {
		return 0, errors.ErrUnsupported
	}
	by = min(by, max(0, t.size-t.used()))
	if held := int64(t.Buffered()); by > held {
		if _, err := file.Seek(by-held, io.SeekCurrent); err != nil {
			return 0, err
		}
		t.raw.n += by - held
		by = held
	}
	_, err := t.Discard(int(by))
	return t.used(), err
}
