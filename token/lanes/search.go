// Package lanes searches the address in an MD5 that signs a link: the hash of a head, the text of an
// address, and a tail. It hashes 64 candidates side by side, in the vector registers of AVX-512 or
// AVX2 where the processor has them; blocks and steps of MD5 that are the same for all candidates are
// computed once.
package lanes

import (
	"bytes"
	"crypto/md5"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

//go:generate go run -C gen . -out ../hash_amd64.s

// Search looks for the address in one message. It holds the key, which is part of the message, and
// prints as nothing but its name. One per goroutine. The zero Search is ready for [Search.Aim].
type Search struct {
	head, tail []byte
	sum        [md5.Size]byte
	path       path
	before     state  // after the head's full blocks
	rest       []byte // the head behind them
	aimed      bool

	ends   *ends  // that are searched
	more   []byte // between head and ends
	front  []byte // rest and more, behind the first block
	begun  state  // after that
	plans  []plan // one for each set of the ends
	laid   uint64 // those of the present message, a bit each
	chain  chain  // of the blocks behind the first
	buffer []byte // of front
	whole  []byte // candidate that was hashed alone last
	text   [len("255.255.255.")]byte
}

// Aim turns the search to a message, MD5(head + address + tail). It copies what it keeps, and allocates nothing once it has
// seen longer ones. To aim at the same message again costs nothing.
func (s *Search) Aim(head, tail []byte, sum [16]byte) {
	if s.aimed && s.sum == sum && bytes.Equal(s.head, head) && bytes.Equal(s.tail, tail) {
		return
	}
	s.head, s.tail, s.sum = append(s.head[:0], head...), append(s.tail[:0], tail...), sum
	if !s.aimed {
		s.path = fastest()
	}
	s.aimed = true
	s.before, s.rest = initial(), s.head
	for len(s.rest) >= blockSize {
		var b block
		b.load(s.rest)
		s.before, s.rest = b.compress(s.before), s.rest[blockSize:]
	}
	s.ends = nil
}

// Path names the way candidates are hashed: "avx512", "avx2" or "generic".
func (s *Search) Path() string { return s.path.String() }

// Format writes the type's name for every verb.
func (s *Search) Format(f fmt.State, _ rune) { io.WriteString(f, "lanes.Search") }

// digest is the wanted sum as MD5's state.
func (s *Search) digest() (d state) {
	for i := range d {
		d[i] = binary.LittleEndian.Uint32(s.sum[4*i:])
	}
	return d
}

// first is the first of up to 32 ends, of which a bit tells which to look at, that makes the message.
func (s *Search) first(index []uint32, hits uint64) (i int, ok bool) {
	for ; hits != 0; hits &= hits - 1 {
		if i = int(index[bits.TrailingZeros64(hits)]); s.confirm(i) {
			return i, true
		}
	}
	return 0, false
}

// confirm hashes one candidate alone, and compares the whole digest in constant time.
func (s *Search) confirm(i int) bool {
	s.whole = append(append(s.whole[:0], s.head...), s.more...)
	s.whole = append(s.ends.text(s.whole, i), s.tail...)
	sum := md5.Sum(s.whole)
	return subtle.ConstantTimeCompare(sum[:], s.sum[:]) == 1
}
