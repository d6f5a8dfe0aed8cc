package source

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// The container of xz is read here (The .xz File Format 1.2.1), the LZMA2 data
// in it by a library: the container says how much memory a block takes, which
// must be known before it is taken, and where a stream may end.

var errXz = errors.New("xz: invalid container")

// xzStreams opens one stream after the other.
func xzStreams(in *bufio.Reader) func() (io.Reader, error) {
	return func() (io.Reader, error) {
		s := &xzStream{in: &xzInput{Reader: in}}
		head, err := s.in.take(12)
		if err != nil {
			return nil, err
		}
		copy(s.flags[:], head[6:8])
		if !summed(head[6:]) || s.flags[0] != 0 || s.check() == nil && s.flags[1] != 0 {
			return nil, errXz
		}
		return s, nil
	}
}

// xzInput counts what is read, since blocks and indexes are padded to four
// bytes, and sums it up for the index.
type xzInput struct {
	*bufio.Reader
	n   int64
	crc uint32
}

func (x *xzInput) Read(p []byte) (int, error) {
	n, err := x.Reader.Read(p)
	x.n += int64(n)
	return n, err
}

// ReadByte sums up what it reads, as padding does: an index is read by them.
func (x *xzInput) ReadByte() (byte, error) {
	b, err := x.Reader.ReadByte()
	if err == nil {
		x.n++
		x.crc = crc32.Update(x.crc, crc32.IEEETable, []byte{b})
	}
	return b, err
}

// take reads n bytes; an end is one too early.
func (x *xzInput) take(n int) ([]byte, error) {
	p := make([]byte, n)
	_, err := io.ReadFull(x, p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return p, err
}

// padding reads zero bytes up to a multiple of four since from.
func (x *xzInput) padding(from int64) error {
	pad, err := x.take(int(from-x.n) & 3)
	x.crc = crc32.Update(x.crc, crc32.IEEETable, pad)
	for _, b := range pad {
		if b != 0 && err == nil {
			err = errXz
		}
	}
	return err
}

// number reads a multibyte integer (1.2).
func (x *xzInput) number() (uint64, error) {
	v, err := binary.ReadUvarint(x)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return v, err
}

// summed tells whether the last four bytes are the CRC32 of those before.
func summed(p []byte) bool {
	body, sum := p[:len(p)-4], p[len(p)-4:]
	return crc32.ChecksumIEEE(body) == binary.LittleEndian.Uint32(sum)
}

// xzStream reads the blocks of a stream (2.1), then its index and footer.
type xzStream struct {
	in     *xzInput
	flags  [2]byte
	block  io.Reader // nil between blocks
	sum    hash.Hash // of the block; nil without a check
	from   int64     // where the block's data begins
	blocks uint64
}

const sha256ID = 10

// check is a new hash of the kind that the stream's flags name (2.1.1.2).
func (s *xzStream) check() hash.Hash {
	switch s.flags[1] {
	case 1:
		return crc32.NewIEEE()
	case 4:
		return crc64.New(crc64.MakeTable(crc64.ECMA))
	case sha256ID:
		return sha256.New()
	}
	return nil
}

func (s *xzStream) Read(p []byte) (int, error) {
	if s.block == nil {
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n, err := s.block.Read(p)
	if s.sum != nil {
		s.sum.Write(p[:n])
	}
	if err == io.EOF {
		s.block = nil
		err = s.settle()
	}
	return n, err
}

// next opens the next block; io.EOF where the stream ends.
func (s *xzStream) next() error {
	from := s.in.n
	size, err := s.in.take(1)
	if err != nil {
		return err
	}
	if size[0] == 0 {
		return s.finish(from)
	}
	rest, err := s.in.take(int(size[0])*4 + 3)
	if err != nil {
		return err
	}
	dict, err := xzDictionary(append(size, rest...))
	if err != nil {
		return err
	}
	s.from, s.sum = s.in.n, s.check()
	s.blocks++
	s.block, err = lzma.Reader2Config{DictCap: max(int(dict), lzma.MinDictCap)}.NewReader2(s.in)
	return err
}

// xzDictionary is the size of the dictionary that a block's header (3.1) asks
// for. A log needs no filter but LZMA2 (5.3.1).
func xzDictionary(header []byte) (int64, error) {
	if !summed(header) || header[1]&0x3c != 0 {
		return 0, errXz
	}
	rest := header[2:]
	for _, sized := range []byte{0x40, 0x80} {
		if header[1]&sized != 0 {
			_, n := binary.Uvarint(rest)
			if n <= 0 {
				return 0, errXz
			}
			rest = rest[n:]
		}
	}
	if header[1]&3 != 0 || len(rest) < 3 || rest[0] != 0x21 || rest[1] != 1 || rest[2] > 40 {
		return 0, errFilter
	}
	dict := int64(2|rest[2]&1) << (rest[2]/2 + 11)
	if dict > maxWindow {
		return 0, errWindow
	}
	return dict, nil
}

// settle reads what stands behind a block's data: padding and check (3.3, 3.4).
func (s *xzStream) settle() error {
	if err := s.in.padding(s.from); err != nil || s.sum == nil {
		return err
	}
	want, err := s.in.take(s.sum.Size())
	if err != nil {
		return err
	}
	if s.flags[1] != sha256ID { // a CRC is stored with its lowest byte first
		slices.Reverse(want)
	}
	if !bytes.Equal(s.sum.Sum(nil), want) {
		return errChecksum
	}
	return nil
}

// finish reads the index (4) and the footer (2.1.2). What the index says about
// each block is not compared: the blocks have been read and checked.
func (s *xzStream) finish(from int64) error {
	s.in.crc = crc32.ChecksumIEEE([]byte{0})
	n, err := s.in.number()
	if err != nil {
		return err
	}
	if n != s.blocks {
		return errXz
	}
	for range 2 * n {
		if _, err := s.in.number(); err != nil {
			return err
		}
	}
	if err := s.in.padding(from); err != nil {
		return err
	}
	size, crc := s.in.n-from+4, s.in.crc
	foot, err := s.in.take(4 + 12)
	if err != nil {
		return err
	}
	sum, body := binary.LittleEndian.Uint32(foot), foot[8:14]
	if sum != crc || crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(foot[4:]) {
		return errChecksum
	}
	if int64(binary.LittleEndian.Uint32(body))*4+4 != size || !bytes.Equal(body[4:], s.flags[:]) || string(foot[14:]) != "YZ" {
		return errXz
	}
	return io.EOF
}
