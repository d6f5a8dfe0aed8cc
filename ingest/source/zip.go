package source

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Methods of compression (APPNOTE.TXT, 4.4.5) and the flags looked at (4.4.4).
const (
	methodStored   = 0
	methodDeflated = 8
	flagEncrypted  = 1
	flagDescriptor = 8 // sizes and checksum stand behind the data
)

// member is a file in a zip archive.
type member struct {
	name   string
	method uint16
	start  int64 // of its data in the archive
	stored int64 // bytes of its data; -1: it ends where the decoder says
	size   int64 // decompressed; -1: neither size nor crc is known
	crc    uint32
	last   bool  // the archive ends behind it without its directory
	fault  error // why it cannot be read
}

const noDirectory = "behind this member the zip archive has no directory, so members may be missing"

var (
	errNoSeek   = errors.New("a zip archive cannot be read from a pipe: save it to a file and name the file")
	errNoFile   = errors.New("the zip archive holds no file")
	errNoMember = errors.New("the zip archive is cut off or damaged in its first member")
	errAstray   = errors.New("the zip archive's directory points to something else than this member")
	errOverlap  = errors.New("its data lies within that of another member, as in a zip bomb: unpack it first if you trust it")
)

func isZip(head []byte) bool {
	return begins(zipMagic)(head) || begins(zipEmpty)(head) || begins(zipSpan)(head)
}

// zipMembers lists the files in a zip archive by name; hidden ones are left
// out. Where ctx ends, the list does, too.
func (s Source) zipMembers(ctx context.Context, f io.ReaderAt) (out []Source, _ error) {
	all, broken := directories(&untilAt{ctx, f}, s.Size)
	if broken != nil {
		all = salvage(&untilAt{ctx, f}, s.Size)
	}
	astray := map[string][]int{} // places in all, by name: the directory points to something else, as where bytes are missing before it
	for i, m := range all {
		if m.fault == errAstray {
			astray[m.name] = append(astray[m.name], i)
		}
	}
	if len(astray) > 0 {
		for _, m := range salvage(&untilAt{ctx, f}, s.Size) {
			if places := astray[m.name]; len(places) > 0 {
				if listed := all[places[0]]; m.size < 0 && (m.fault == nil || m.fault == errNoLength) {
					m.stored, m.size, m.crc, m.fault = listed.stored, listed.size, listed.crc, nil
				}
				all[places[0]], astray[m.name] = m, places[1:]
			}
		}
	}
	all = slices.DeleteFunc(all, func(m *member) bool { return hidden(m.name) })
	switch {
	case len(all) == 0 && broken != nil:
		return nil, errNoMember
	case len(all) == 0:
		return nil, errNoFile
	}
	if last := all[len(all)-1]; broken != nil {
		if last.last = true; last.fault != nil {
			last.fault = fmt.Errorf("%w; %s", last.fault, noDirectory)
		}
	}
	partOverlaps(&untilAt{ctx, f}, all)
	slices.SortStableFunc(all, func(a, b *member) int { return strings.Compare(a.name, b.name) })
	for _, m := range all {
		s.member, s.Size, s.fault = m, m.stored, m.fault
		out = append(out, s)
	}
	return out, nil
}

// directories lists what the archive's directory names, and those of archives that it was put behind. Of archives
// whose directories stand at one offset, archive/zip reads the first alone.
func directories(f io.ReaderAt, size int64) ([]*member, error) {
	some, err := directory(f, size)
	if err != nil {
		return nil, err
	}
	lists := [][]*member{some}
	for {
		end := size // of what stands before the first member's data
		for _, m := range some {
			if m.start > 0 {
				end = min(end, m.start)
			}
		}
		if end == size {
			break
		}
		if some, err = directory(f, end); err != nil {
			break
		}
		lists, size = append(lists, some), end
	}
	slices.Reverse(lists)
	return slices.Concat(lists...), nil
}

// directory lists what the archive's directory names.
func directory(f io.ReaderAt, size int64) ([]*member, error) {
	list, err := zip.NewReader(f, size)
	if err != nil {
		return nil, err
	}
	var all []*member
	for _, z := range list.File {
		if z.Mode().IsDir() || z.Mode()&fs.ModeSymlink != 0 { // zip - writes what comes through a pipe as a pipe
			continue
		}
		m := &member{name: z.Name, method: z.Method, stored: int64(z.CompressedSize64), size: int64(z.UncompressedSize64), crc: z.CRC32}
		m.fault = m.unreadable(z.Flags)
		if m.start, err = z.DataOffset(); err != nil && m.fault == nil {
			m.fault = errAstray
		}
		if m.fault == nil && (m.stored < 0 || m.start > size || m.size < 0) {
			m.fault = errors.New("the zip archive's directory gives this member an impossible size")
		}
		all = append(all, m)
	}
	return all, nil
}

// hidden tells what no log export means to hand out: dot files and what macOS
// adds.
func hidden(name string) bool {
	for part := range strings.SplitSeq(path.Clean(strings.ReplaceAll(name, `\`, "/")), "/") {
		if part == "__MACOSX" || part != ".." && strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

// unreadable says why a member cannot be read, if so.
func (m *member) unreadable(flags uint16) error {
	switch {
	case flags&flagEncrypted != 0:
		return errors.New("encrypted: unpack it with its password first")
	case m.method != methodStored && m.method != methodDeflated && m.compression() == nil:
		return fmt.Errorf("zip compression method %d is not read: unpack it first", m.method)
	}
	return nil
}

// compression is that of the methods that store a compressed file as it is.
func (m *member) compression() *compression {
	name := map[uint16]string{12: "bzip2", 93: "zstd", 95: "xz"}[m.method]
	for _, c := range compressions() {
		if c.name == name {
			return &c
		}
	}
	return nil
}

// partOverlaps keeps members from sharing data: that way a small archive
// claims to hold more than any ratio tells (Fifield, "A better zip bomb"). The
// data of one ends where the header of the next begins: where bytes are missing
// from it, that is sooner than the directory says.
func partOverlaps(f io.ReaderAt, all []*member) {
	byPlace := slices.SortedStableFunc(slices.Values(all), func(a, b *member) int { return cmp.Compare(a.start, b.start) })
	var before *member
	for _, m := range byPlace {
		if m.fault != nil {
			continue
		}
		if before != nil && m.start < before.start+max(before.stored, 0) {
			end := m.header(f)
			if end < before.start {
				m.fault = errOverlap
				continue
			}
			before.stored = end - before.start
		}
		before = m
	}
}

// header finds where the header before a member's data begins; -1 if there is
// none with the member's name.
func (m *member) header(f io.ReaderAt) int64 {
	const extra = 1 << 10 // bytes behind the name (4.3.7), which mostly takes a few dozen
	from := max(0, m.start-localHeader-int64(len(m.name))-extra)
	text := make([]byte, m.start-from)
	if _, err := f.ReadAt(text, from); err != nil {
		return -1
	}
	at := bytes.LastIndex(text, []byte(zipMagic))
	for at >= 0 && !bytes.HasPrefix(text[min(at+localHeader, len(text)):], []byte(m.name)) {
		at = bytes.LastIndex(text[:at], []byte(zipMagic))
	}
	if at < 0 {
		return -1
	}
	return from + int64(at)
}

// room is how many bytes of the archive a member may take.
func (m *member) room() int64 {
	if m.stored < 0 {
		return math.MaxInt64 - m.start
	}
	return m.stored
}

// open decompresses a member whose data is in.
func (m *member) open(in *bufio.Reader) io.Reader {
	c := &checked{member: m, in: in}
	switch named := m.compression(); {
	case named != nil:
		c.in = &members{compression: *named, in: in, open: named.members(in)}
	case m.method == methodDeflated:
		c.in = flate.NewReader(in)
	}
	return c
}

// checked reads a member and compares it with what the archive says about it.
// Errors stay.
type checked struct {
	*member
	in  io.Reader
	n   int64
	sum uint32
	err error
}

func (c *checked) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.in.Read(p)
	c.n += int64(n)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	if err == io.EOF {
		err = c.settle()
	} else if err != nil {
		err = c.word(err)
	}
	c.err = err
	return n, err
}

func (c *checked) settle() error {
	switch {
	case c.size >= 0 && c.n < c.size:
		return c.word(io.ErrUnexpectedEOF)
	case c.size >= 0 && (c.n > c.size || c.sum != c.crc):
		return c.word(errChecksum)
	case c.last:
		return &Damage{Err: io.ErrUnexpectedEOF, Reason: noDirectory, kept: keptAll}
	}
	return io.EOF
}

// word says what an error means for a member of an archive. One that ends too
// early, and is not the last of what is left of it, lacks bytes anywhere.
func (c *checked) word(err error) error {
	err = word("zip", err)
	var d *Damage
	if errors.As(err, &d) && d.kept == keptBefore && !c.last {
		d.kept = keptDoubtful
	}
	return err
}
