package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"

	"github.com/zeebo/xxh3"
)

// EdgeSize is the size up to which the hash of a source's head is that of all of
// its text.
const EdgeSize = edge

// edge is how much of both ends of a content is hashed by SHA-256, against
// contents that someone made to collide.
const edge = 64 << 10

// content is what makes two sources the same, whatever their names and however
// they are compressed: the text that was read, before any line is cut. The
// zero value is no content.
type content struct {
	size int64  // bytes of text
	hash string // XXH3, 128 bits, of all
	head string // SHA-256 of the first edge bytes
	tail string // SHA-256 of the last
}

// shelf is the contents that a case holds already.
type shelf struct {
	by    map[string][]shelved // by head
	short []int64              // sizes up to edge, ascending: their head is all of them
}

// shelved is a content and the source it belongs to.
type shelved struct {
	content
	id int
}

func (s *shelf) add(c content, id int) {
	if c.size == 0 {
		return
	}
	if s.by == nil {
		s.by = map[string][]shelved{}
	}
	s.by[c.head] = append(s.by[c.head], shelved{c, id})
	if at, known := slices.BinarySearch(s.short, c.size); c.size <= edge && !known {
		s.short = slices.Insert(s.short, at, c.size)
	}
}

// startingWith lists the contents that a text with this beginning may start
// with, shortest first. head is the first edge bytes of the text, or all of it.
func (s *shelf) startingWith(head []byte) []shelved {
	var out []shelved
	sum, at := sha256.New(), int64(0)
	take := func(to int64, fits func(size int64) bool) {
		sum.Write(head[at:to])
		at = to
		for _, c := range s.by[hex.EncodeToString(sum.Sum(nil))] {
			if fits(c.size) {
				out = append(out, c)
			}
		}
	}
	for _, size := range s.short {
		if size > int64(len(head)) {
			break
		}
		take(size, func(n int64) bool { return n == size })
	}
	if len(head) == edge {
		take(edge, func(n int64) bool { return n > edge })
	}
	slices.SortStableFunc(out, func(a, b shelved) int { return cmp.Compare(a.size, b.size) })
	return out
}

// meter hashes what is read through it, and finds the contents on a shelf that
// the text starts with. It costs about 1 % of a load.
type meter struct {
	in    io.Reader
	shelf *shelf

	sum   *xxh3.Hasher
	size  int64
	head  []byte
	tail  []byte // the last edge bytes, as a ring; nil: all are in head
	marks []shelved
	begun bool      // marks are known
	found []shelved // contents that the text starts with, shortest first
}

func newMeter(in io.Reader, known *shelf) *meter {
	return &meter{in: in, shelf: known, sum: xxh3.New()}
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.in.Read(p)
	m.take(p[:n])
	if err != nil {
		m.begin()
	}
	return n, err
}

// take adds text, stopping where a content may end.
func (m *meter) take(p []byte) {
	if n := min(edge-len(m.head), len(p)); n > 0 {
		m.head = append(m.head, p[:n]...)
		m.add(p[:n])
		if p = p[n:]; len(m.head) == edge {
			m.begin()
		}
	}
	for len(m.marks) > 0 && m.begun && m.marks[0].size <= m.size+int64(len(p)) {
		n := m.marks[0].size - m.size
		m.add(p[:n])
		p = p[n:]
		m.pass()
	}
	m.add(p)
}

// begin looks up the contents that the text may start with, once its beginning
// is known. Short ones need no more.
func (m *meter) begin() {
	if m.begun || m.shelf == nil {
		return
	}
	m.begun = true
	for _, c := range m.shelf.startingWith(m.head) {
		if c.size <= edge {
			m.found = append(m.found, c)
		} else {
			m.marks = append(m.marks, c)
		}
	}
}

// pass compares what was read with the contents that end here.
func (m *meter) pass() {
	now := m.content()
	for len(m.marks) > 0 && m.marks[0].size == m.size {
		if m.marks[0].content == now {
			m.found = append(m.found, m.marks[0])
		}
		m.marks = m.marks[1:]
	}
}

func (m *meter) add(p []byte) {
	m.sum.Write(p)
	at := m.size
	m.size += int64(len(p))
	if m.size <= edge {
		return
	}
	if m.tail == nil {
		m.tail = slices.Clone(m.head)
	}
	if over := len(p) - edge; over > 0 {
		p, at = p[over:], at+int64(over)
	}
	for len(p) > 0 {
		n := copy(m.tail[at%edge:], p)
		p, at = p[n:], at+int64(n)
	}
}

// content returns the content of the text read so far.
func (m *meter) content() content {
	sum := m.sum.Sum128().Bytes()
	head, tail := sha256.Sum256(m.head), sha256.New()
	if at := m.size % edge; m.size > edge {
		tail.Write(m.tail[at:])
		tail.Write(m.tail[:at])
	} else {
		tail.Write(m.head)
	}
	return content{m.size, hex.EncodeToString(sum[:]), hex.EncodeToString(head[:]), hex.EncodeToString(tail.Sum(nil))}
}

// drain reads to the end, or only as far as it takes to tell that the text
// starts with no content of the shelf.
func (m *meter) drain(ctx context.Context, whole bool) error {
	buf := make([]byte, 64<<10)
	for ctx.Err() == nil {
		_, err := m.Read(buf)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case !whole && m.begun && len(m.marks) == 0 && len(m.found) == 0:
			return nil
		}
	}
	return ctx.Err()
}

// startSize is how much of two contents is compared at first: shorter ones are
// no beginning of another.
const startSize = 512

// start is a hash of the first startSize bytes.
func (m *meter) start() uint64 { return xxh3.Hash(m.head[:min(startSize, len(m.head))]) }

// verdict returns what was recognised, once all was read: the source with the same content, -1 if there is
// none, or those that have grown into it, shortest first.
func (m *meter) verdict() (same int, grown []int) {
	for _, c := range m.found {
		if c.size == m.size {
			return c.id, nil
		}
		grown = append(grown, c.id)
	}
	return -1, grown
}
