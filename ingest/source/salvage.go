package source

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
)

const localHeader = 30 // bytes before a member's name (APPNOTE.TXT, 4.3.7)

var errNoLength = errors.New("the zip archive's directory is damaged, and nothing else tells how long this member is")

// salvage lists the members of an archive whose directory, at its end, is cut
// off or damaged: it goes from one member to the next as far as they tell
// where they end.
func salvage(f io.ReaderAt, size int64) (all []*member) {
	at := int64(0)
	if peek(f, 0) == zipSpan {
		at = int64(len(zipSpan))
	}
	for at >= 0 {
		var m *member
		if m, at = localMember(f, at, size); m != nil && !strings.HasSuffix(m.name, "/") {
			all = append(all, m)
		}
	}
	return all
}

// untilAt reads until ctx ends: to find where a member ends may take all of it.
type untilAt struct {
	ctx context.Context
	io.ReaderAt
}

func (u *untilAt) ReadAt(p []byte, at int64) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.ReaderAt.ReadAt(p, at)
}

// peek is the mark of what stands at an offset; zeros behind the end.
func peek(f io.ReaderAt, at int64) string {
	mark := make([]byte, len(zipMagic))
	_, _ = f.ReadAt(mark, at)
	return string(mark)
}

// localMember reads the header at an offset, and says where the next one is;
// -1 where that cannot be known.
func localMember(f io.ReaderAt, at, size int64) (m *member, next int64) {
	head := make([]byte, localHeader)
	if _, err := f.ReadAt(head, at); err != nil || string(head[:4]) != zipMagic {
		return nil, -1
	}
	le := binary.LittleEndian
	name := make([]byte, le.Uint16(head[26:]))
	if _, err := f.ReadAt(name, at+localHeader); err != nil {
		return nil, -1
	}
	flags := le.Uint16(head[6:])
	m = &member{
		name: string(name), method: le.Uint16(head[8:]), crc: le.Uint32(head[14:]),
		stored: int64(le.Uint32(head[18:])), size: int64(le.Uint32(head[22:])),
		start: at + localHeader + int64(len(name)) + int64(le.Uint16(head[28:])),
	}
	if m.start > size {
		return nil, -1
	}
	m.fault = m.unreadable(flags)
	if flags&flagDescriptor != 0 || m.stored == math.MaxUint32 {
		return m, m.measure(f, size)
	}
	return m, m.start + m.stored
}

// measure finds the end of a member that does not know its size by
// decompressing it, and the next member behind the data descriptor (4.3.9),
// which has four shapes.
func (m *member) measure(f io.ReaderAt, size int64) (next int64) {
	m.stored, m.size = -1, -1
	if m.method != methodDeflated {
		m.fault = cmp.Or(m.fault, errNoLength)
	}
	if m.fault != nil {
		return -1
	}
	in := &stored{raw: &countingReader{Reader: io.NewSectionReader(f, m.start, max(0, size-m.start)), total: new(atomic.Int64)}}
	in.Reader = bufio.NewReader(in.raw)
	n, err := io.Copy(io.Discard, &guarded{Reader: flate.NewReader(in.Reader), in: in})
	if err != nil {
		return -1
	}
	m.stored = in.used()
	end := m.start + m.stored
	for _, shape := range []struct{ crc, length int64 }{{4, 16}, {4, 24}, {0, 12}, {0, 20}} {
		if mark := peek(f, end+shape.length); mark == zipMagic || mark == zipDirectory {
			m.size, m.crc = n, binary.LittleEndian.Uint32([]byte(peek(f, end+shape.crc)))
			return end + shape.length
		}
	}
	return -1
}
