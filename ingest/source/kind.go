package source

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
)

// maxWindow bounds the memory of one decoder: what zstd and xz may refer back
// to. It is what the zstd command takes without being asked (zstd(1), --long),
// and twice the dictionary of xz -9 (xz(1)).
const maxWindow = 128 << 20

// headSize is how many bytes tell what a file is: the header of a tar archive.
const headSize = tarBlock

// compression is one way to store a log in fewer bytes.
type compression struct {
	name  string
	magic string
	is    func(head []byte) bool
	// members returns what opens the next member (frame, stream) of in.
	members func(in *bufio.Reader) func() (io.Reader, error)
}

func compressions() []compression {
	return []compression{
		{"gzip", gzipMagic, begins(gzipMagic), gzipMembers},
		{"zstd", zstdMagic, isZstd, zstdFrames},
		{"bzip2", "BZh", isBzip2, bzip2Streams},
		{"xz", xzMagic, begins(xzMagic), xzStreams},
	}
}

const (
	gzipMagic    = "\x1f\x8b"         // RFC 1952, 2.3.1
	zstdMagic    = "\x28\xb5\x2f\xfd" // RFC 8878, 3.1.1
	xzMagic      = "\xfd7zXZ\x00"     // The .xz File Format, 2.1.1.1
	zipMagic     = "PK\x03\x04"       // APPNOTE.TXT, 4.3.7
	zipEmpty     = "PK\x05\x06"       // 4.3.16: an archive without members
	zipDirectory = "PK\x01\x02"       // 4.3.12
	zipSpan      = "PK\x07\x08"       // 8.5.3: the first part of a split archive
)

func begins(magic string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

// isZstd also knows skippable frames (RFC 8878, 3.1.2).
func isZstd(head []byte) bool {
	return begins(zstdMagic)(head) || len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}

// isBzip2 looks as far as the first block's mark, since "BZh9" could begin a
// line of text. A shorter file is compared as far as it goes.
func isBzip2(head []byte) bool {
	if len(head) < 5 || string(head[:3]) != "BZh" || head[3] < '1' || head[3] > '9' {
		return false
	}
	mark := string(head[4:min(len(head), 10)])
	return strings.HasPrefix("1AY&SY", mark) || strings.HasPrefix("\x17\x72\x45\x38\x50\x90", mark)
}

// notRead names what is recognised only to be refused with a clear word.
func notRead(head []byte) string {
	for magic, name := range map[string]string{
		zipMagic: "a zip archive", zipEmpty: "a zip archive", zipSpan: "a zip archive",
		"7z\xbc\xaf\x27\x1c": "a 7z archive", "Rar!\x1a\x07": "a rar archive",
		"\x04\x22\x4d\x18": "an lz4 file", "\x1f\x9d": "a compress (.Z) file", "LZIP\x01": "an lzip file", "\x5d\x00\x00": "an lzma file",
		parquetMagic: "a Parquet file through a pipe, or in an archive,",
	} {
		if begins(magic)(head) {
			return name
		}
	}
	if isTar(head) {
		return "a tar archive"
	}
	return ""
}

// decode puts together what reads a whole file, or the member m of an archive.
func (s *stored) decode(m *member) (io.Reader, error) {
	if m != nil {
		return s.text(buffered(m.open(s.Reader)))
	}
	if head, err := s.Peek(1); len(head) == 0 && err != io.EOF {
		return nil, Unwrapped(err)
	}
	return s.text(s.Reader)
}

// inflated is what a compressed file holds.
func (s *stored) inflated(c compression, in *bufio.Reader, buffer int) *bufio.Reader {
	return bufio.NewReaderSize(&guarded{Reader: &members{compression: c, in: in, open: c.members(in)}, in: s}, buffer)
}

// text is what a file or a member of an archive holds.
func (s *stored) text(in *bufio.Reader) (io.Reader, error) {
	head, _ := in.Peek(headSize) // its error comes again with the first byte
	for _, c := range compressions() {
		if !c.is(head) {
			continue
		}
		out := s.inflated(c, in, 2*headSize)
		head, _ := out.Peek(headSize)
		if isTar(head) && s.size < 0 {
			return nil, errTarPipe
		}
		what := notRead(head)
		for _, inner := range compressions() {
			if inner.is(head) {
				what = inner.name + " data"
			}
		}
		if what != "" {
			return nil, fmt.Errorf("%s inside the %s data is not read: unpack it first", what, c.name)
		}
		return s.plain(out, head)
	}
	switch what := notRead(head); {
	case what == "a zip archive" && s.size < 0:
		return nil, errNoSeek
	case isTar(head) && s.size < 0:
		return nil, errTarPipe
	case what != "":
		return nil, fmt.Errorf("%s is not read: unpack it first", what)
	}
	return s.plain(&guarded{Reader: in, in: s}, head)
}

// plain is the text of a log, whose head is known.
func (s *stored) plain(in io.Reader, head []byte) (io.Reader, error) {
	if isHAR(head) {
		return nil, errHAR
	}
	return unwrapped(in, head, &s.more), nil
}

// members reads the members of a compressed file one behind the other (RFC
// 1952, 2.2; RFC 8878, 3; xz 2), and tells what is no member from one that is
// cut off. Zero bytes at the end are padding: tape and xz (2.2) leave them.
type members struct {
	compression
	in   *bufio.Reader
	open func() (io.Reader, error)
	now  io.Reader
}

func (m *members) Read(p []byte) (int, error) {
	for {
		if m.now == nil {
			if err := m.next(); err != nil {
				return 0, err
			}
		}
		n, err := m.now.Read(p)
		if err == io.EOF {
			m.now, err = nil, nil
		}
		if err != nil {
			err = word(m.name, err)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (m *members) next() (err error) {
	head, err := m.in.Peek(10)
	for len(head) > 0 && head[0] == 0 {
		m.in.Discard(1)
		head, err = m.in.Peek(10)
	}
	switch {
	case len(head) == 0:
		return err
	case !m.is(head):
		if strings.HasPrefix(m.magic, string(head)) {
			m.in.Discard(len(head))
			return word(m.name, io.ErrUnexpectedEOF)
		}
		return word(m.name, errBehind)
	}
	if m.now, err = m.open(); err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return word(m.name, err)
	}
	return nil
}

// word says what an error of a decoder means.
func word(name string, err error) error {
	back, err := meaning(err)
	d := &Damage{At: -back, Reason: "invalid " + name + " data", Err: err, kept: keptDoubtful}
	switch {
	case errors.As(err, &d):
	case errors.Is(err, io.ErrUnexpectedEOF):
		d.Reason, d.kept = "the "+name+" data ends too early", keptBefore
	case errors.Is(err, tar.ErrHeader):
		d.kept = keptBefore
	case errors.Is(err, errBehind):
		d.Reason, d.kept = "behind the end of the "+name+" data stands something else", keptAll
	case errors.Is(err, errChecksum):
		d.Reason, d.kept = "the "+name+" checksum does not fit", keptDoubtful
	case errors.Is(err, errFilter):
		d.Reason, d.kept = "this xz data went through a filter or has a checksum that is not read; decompress it first", ""
	case errors.Is(err, errDictionary):
		d.Reason, d.kept = "this zstd data was compressed with a dictionary, which is not read; decompress it first", ""
	case errors.Is(err, errWindow):
		d.Reason = fmt.Sprintf("to decompress this %s data takes more than %d MiB of memory; decompress it first", name, maxWindow>>20)
		d.kept = keptBefore
	}
	return d
}

// meaning gives the errors of the decoders our names, and says how many bytes
// of what stands behind the end were read before it was noticed.
func meaning(err error) (back int64, _ error) {
	switch err {
	case gzip.ErrChecksum, zstd.ErrCRCMismatch,
		bzip2.StructuralError("block checksum mismatch"), bzip2.StructuralError("file checksum mismatch"):
		return 0, errChecksum
	case zstd.ErrMagicMismatch:
		return int64(len(zstdMagic)), errBehind
	case bzip2.StructuralError("bad magic value in continuation file"):
		return int64(len("BZ")), errBehind
	case zstd.ErrWindowSizeExceeded, xz.ErrMemlimit:
		return 0, errWindow
	case xz.ErrBuf:
		return 0, io.ErrUnexpectedEOF
	case xz.ErrOptions, xz.ErrUnsupportedCheck:
		return 0, errFilter
	case zstd.ErrUnknownDictionary:
		return 0, errDictionary
	}
	return 0, err
}

// zstdFrames reads all frames, the skippable ones too: the decoder goes on
// from one to the next by itself.
func zstdFrames(in *bufio.Reader) func() (io.Reader, error) {
	return func() (io.Reader, error) {
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		return lastBlock{z}, err
	}
}

// lastBlock also hands out the block behind which a frame's checksum does not
// fit or is cut off: the decoder holds it back until it is asked again.
type lastBlock struct{ io.Reader }

func (l lastBlock) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n == 0 && err != nil && err != io.EOF {
		n, err = l.Reader.Read(p)
	}
	return n, err
}

// bzip2Streams reads all streams: the decoder goes on by itself.
func bzip2Streams(in *bufio.Reader) func() (io.Reader, error) {
	return func() (io.Reader, error) { return bzip2.NewReader(in), nil }
}

// xzStreams opens one stream after the other.
func xzStreams(in *bufio.Reader) func() (io.Reader, error) {
	return func() (io.Reader, error) {
		x, err := xz.NewReader(&xzWords{in: in}, maxWindow)
		x.Multistream(false)
		return x, err
	}
}

// xzWords hands the decoder four bytes at a time, of which all of xz is made
// (1.1): so it holds none of what stands behind its stream, and what it has
// decoded from those before damage is handed out.
type xzWords struct {
	in   *bufio.Reader
	held int
}

func (x *xzWords) Read(p []byte) (int, error) {
	x.in.Discard(x.held)
	word, err := x.in.Peek(4)
	if x.held = len(word); x.held < 4 {
		x.held = 0
		return 0, err
	}
	return copy(p, word), nil
}
