package lanes

import (
	"encoding/binary"
	"slices"
	"strconv"
	"sync"
)

const (
	longest = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	fewest  = 4 // candidates that pay for a call of a kernel
)

// ends are the texts that many messages are tried with in one place: those of one length stand side
// by side, as MD5 reads them. They are safe for concurrent use.
type ends struct {
	text func(dst []byte, i int) []byte // appends one
	sets []set
	odd  []uint32  // texts that no plan holds, by their number
	laid [4]layout // by the bytes before the text in its first message word, which are zero here
}

// set is the texts of one length.
type set struct {
	length int
	index  []uint32 // their numbers, ascending
}

// layout is the words of all sets: the first words of a set's texts, then their second, and so on. Behind
// each of these is room for lanes that begin at the last one.
type layout struct {
	once sync.Once
	rows [][]uint32
}

func (s *set) stride() int { return len(s.index) + width }

// within is where the texts numbered from low up to high stand in a set.
func (s *set) within(low, high int) (from, to int) {
	n := len(s.index)
	if int(s.index[0]) >= high || int(s.index[n-1]) < low {
		return 0, 0
	}
	from, _ = slices.BinarySearch(s.index, uint32(low))
	to, _ = slices.BinarySearch(s.index[from:min(n, from+high-low)], uint32(high))
	return from, from + to
}

func newEnds(n int, text func(dst []byte, i int) []byte) *ends {
	e := &ends{text: text}
	var buffer []byte
	var counts [longest + 1]int
	lengths := make([]uint8, n)
	for i := range lengths {
		buffer = text(buffer[:0], i)
		if len(buffer) <= longest {
			lengths[i] = uint8(len(buffer))
		}
		counts[lengths[i]]++
	}
	var place [longest + 1]int
	for length, n := range counts {
		if place[length] = len(e.sets); length > 0 && n > 0 {
			e.sets = append(e.sets, set{length, make([]uint32, 0, n)})
		}
	}
	for i, length := range lengths {
		if length == 0 {
			e.odd = append(e.odd, uint32(i))
			continue
		}
		s := &e.sets[place[length]]
		s.index = append(s.index, uint32(i))
	}
	return e
}

// rows are the words of each set's texts that begin at a byte of a message word.
func (e *ends) rows(at int) [][]uint32 {
	l := &e.laid[at]
	l.once.Do(func() {
		l.rows = make([][]uint32, len(e.sets))
		buffer := make([]byte, 3+longest+3)
		for n := range e.sets {
			l.rows[n] = e.lay(&e.sets[n], at, buffer)
		}
	})
	return l.rows
}

func (e *ends) lay(s *set, at int, buffer []byte) []uint32 {
	words, stride := (at+s.length+3)/4, s.stride()
	rows := make([]uint32, words*stride)
	clear(buffer)
	for k, i := range s.index {
		e.text(buffer[:at], int(i)) // into the buffer, which is long enough
		for w := range words {
			rows[w*stride+k] = binary.LittleEndian.Uint32(buffer[4*w:])
		}
	}
	return rows
}

// octets are the last octets of IPv4 addresses, and pairs the last two.
var (
	octets = sync.OnceValue(func() *ends {
		return newEnds(1<<8, func(dst []byte, i int) []byte { return appendNumber(dst, i) })
	})
	pairs = sync.OnceValue(func() *ends {
		return newEnds(1<<16, func(dst []byte, i int) []byte { return appendNumber(append(appendNumber(dst, i>>8), '.'), i&255) })
	})
)

func appendNumber(dst []byte, v int) []byte { return strconv.AppendUint(dst, uint64(v), 10) }

// behind turns a search to ends, which stand behind the head and more.
func (s *Search) behind(e *ends, more []byte) {
	if s.ends == e && string(s.more) == string(more) {
		return
	}
	s.ends, s.more, s.laid = e, append(s.more[:0], more...), 0
	s.plans = slices.Grow(s.plans[:0], len(e.sets))[:len(e.sets)]
	s.buffer = append(append(s.buffer[:0], s.rest...), more...)
	s.front, s.begun = s.buffer, s.before
	if len(s.front) >= blockSize {
		var b block
		b.load(s.front)
		s.front, s.begun = s.front[blockSize:], b.compress(s.begun)
	}
}

// through hashes the ends numbered from low up to high, and returns the first that makes the message.
func (s *Search) through(low, high int) (i int, ok bool) {
	rows := s.ends.rows(len(s.front) % 4)
	for n := range s.ends.sets {
		set := &s.ends.sets[n]
		from, to := set.within(low, high)
		for ; from < to; from += width {
			here := min(width, to-from)
			hits := uint64(1)<<here - 1
			if here >= fewest {
				hits &= s.plan(n).hits(s.path, &s.chain, rows[n][from:], here)
			}
			if i, ok := s.first(set.index[from:], hits); ok {
				return i, true
			}
		}
	}
	return 0, false
}

// plan lays the plan of a set when it is first needed.
func (s *Search) plan(n int) *plan {
	p, set := &s.plans[n], &s.ends.sets[n]
	if bit := uint64(1) << n; s.laid&bit == 0 {
		s.laid |= bit
		p.lay(s.front, set.length, s.tail, len(s.head)+len(s.more)+set.length+len(s.tail), 4*set.stride())
		p.aim(s.begun, s.digest())
	}
	return p
}
