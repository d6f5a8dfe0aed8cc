package source

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"ipdrift/ingest/figure"
)

// Compressed, a million empty files take 5 kB.
const (
	mostTarred = 1 << 17  // files of one archive
	mostNames  = 32 << 20 // bytes of their names
	tarName    = 4096     // bytes of a name that are kept; Linux opens none that is longer
)

var (
	errNoTarred = errors.New("the tar archive holds no file")
	errTarPipe  = errors.New("a tar archive cannot be read from a pipe: save it to a file and name the file, or unpack it in the pipe with tar -xO")
)

// tarred is a file in a tar archive.
type tarred struct {
	*tarball
	name   string
	number int // of its header in the archive, from 1
}

// tarball is a tar archive.
type tarball struct {
	path       string
	compressed bool
	last       int   // number of the last file that is listed
	idle       *rack // shared with other archives
}

// isTar tells the mark of POSIX (pax, "ustar Interchange Format") and of GNU
// archives: both end in a zero, which no line of a log holds. Archives of
// before have none, but a checksum of their header.
func isTar(head []byte) bool {
	const behind = 265 // the mark
	if len(head) < behind {
		return false
	}
	mark := string(head[257:behind])
	return strings.HasPrefix(mark, "ustar\x00") || mark == "ustar  \x00" || oldTar(head)
}

// oldTar tells a header of Unix V7's tar by its checksum: the sum of all bytes,
// with blanks in its own place, in octal.
func oldTar(head []byte) bool {
	const at, behind = 148, 156
	if len(head) < tarBlock || head[0] == 0 || head[tarBlock-1] != 0 {
		return false
	}
	sum := uint64((behind - at) * ' ')
	for i, c := range head[:tarBlock] {
		if i < at || i >= behind {
			sum += uint64(c)
		}
	}
	said, err := strconv.ParseUint(strings.Trim(string(head[at:behind]), " \x00"), 8, 64)
	return err == nil && said == sum
}

// tarFiles lists the files in a tar archive in its order; hidden ones are left
// out, and links, devices and folders. Of an archive that is not compressed it
// reads the headers alone. Where it cannot be read to its end, the archive
// itself comes last, whose fault says why.
func (s Source) tarFiles(ctx context.Context, idle *rack) ([]Source, error) {
	t, err := openTape(ctx, s.Path, new(atomic.Int64))
	if err != nil {
		return nil, err
	}
	defer t.Close()
	ball := &tarball{path: s.Path, compressed: t.compressed, idle: idle}
	all, err := s.tarList(t, ball)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil && len(all) == 0:
		return nil, errNoTarred
	case err == nil:
		return all, nil
	}
	s.fault = t.damage(err, len(all) > 0)
	s.Size = 0 // which its files have
	return append(all, s), nil
}

func (s Source) tarList(t *tape, ball *tarball) (all []Source, _ error) {
	begun, names := int64(0), 0
	for {
		h, err := t.next()
		if t.compressed && len(all) > 0 {
			all[len(all)-1].Size = t.used() - begun
		}
		switch {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return all, err
		case !isFile(h) || hidden(h.Name):
			continue
		case len(all) == mostTarred, names > mostNames:
			return all, errMost
		}
		name := strings.Clone(h.Name[:min(len(h.Name), tarName)])
		names += len(name)
		ball.last, begun = t.number, t.used()
		one := s
		one.tarred = &tarred{tarball: ball, name: name, number: t.number}
		one.Size = min(h.Size, s.Size)
		if h.ModTime.Unix() > 0 && h.ModTime.Before(s.Modified) {
			one.Modified = h.ModTime
		}
		all = append(all, one)
	}
}

func isFile(h *tar.Header) bool {
	return h.Typeflag == tar.TypeReg || h.Typeflag == tar.TypeCont || h.Typeflag == tar.TypeGNUSparse
}

var (
	errNoEnd = errors.New("no end mark")
	errMost  = errors.New("too many files")
)

// damage words why an archive was not read to its end. some tells that files
// stand before it.
func (t *tape) damage(err error, some bool) error {
	var d *Damage
	switch err {
	case errNoEnd:
		d = &Damage{Err: io.ErrUnexpectedEOF, Reason: "the tar archive has no end"}
	case errMost:
		d = &Damage{Err: errInflates, Reason: figure.Sentence("the tar archive holds more than %d files, or names of more than %d MiB: unpack it first if you trust it", mostTarred, mostNames>>20)}
	default:
		errors.As(word("tar", err), &d)
	}
	doubtful := d.kept == keptDoubtful
	bad := t.place(d, some)
	if errors.As(bad, &d) && some && !doubtful {
		d.kept = keptFiles
	}
	return bad
}

// open starts reading a file.
func (f *tarred) open(ctx context.Context, read *atomic.Int64) (*Stream, error) {
	t, err := f.reach(ctx, read)
	if err != nil {
		return nil, err
	}
	in := t.stored // it shares with the tape what counts
	in.start, in.from = t.used(), t.used()
	data := &onTape{f, t}
	out, err := in.text(buffered(data))
	if err != nil {
		data.Close()
		return nil, err
	}
	return &Stream{&until{ctx, out}, data, &in.more}, nil
}

// reach gives a tape that has come to the file: the one that waits before it, or a new one.
func (f *tarred) reach(ctx context.Context, read *atomic.Int64) (*tape, error) {
	t := f.idle.take(f)
	if t == nil {
		var err error
		if t, err = openTape(ctx, f.path, read); err != nil {
			return nil, err
		}
		t.ball = f.tarball
	}
	t.ctx, t.raw.total = ctx, read
	for t.number < f.number {
		if _, err := t.next(); err != nil {
			t.Close()
			return nil, t.place(word("tar", err), false)
		}
	}
	return t, nil
}

// onTape reads the data of a file.
type onTape struct {
	*tarred
	tape *tape
}

func (o *onTape) Read(p []byte) (int, error) {
	n, err := o.tape.tar.Read(p)
	if err != nil && err != io.EOF {
		err = word("tar", err)
	}
	return n, err
}

func (o *onTape) Close() error {
	o.idle.leave(o.tape)
	return nil
}
