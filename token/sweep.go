package token

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding"
	"hash"
	"net/netip"
)

// Sweep tries every IPv4 address of a prefix as the whole address the aimed-at link is signed for, from
// the lowest up, and stops at the first that verifies. It returns that address and how many were
// tried. Other prefixes hold none to try: 128-bit addresses cannot be searched. Cost: about 0.1 to
// 0.2 µs an address, so callers that must be able to stop sweep in parts.
func (t *Trier) Sweep(p netip.Prefix) (a netip.Addr, tried uint64, ok bool) {
	if !t.aimed || !p.IsValid() || !p.Addr().Is4() {
		return netip.Addr{}, 0, false
	}
	t.sweeper.start(t)
	for a = p.Masked().Addr(); a.IsValid() && p.Contains(a); a = a.Next() {
		tried++
		if t.sweeper.hit(a) {
			return a, tried, true
		}
	}
	return netip.Addr{}, tried, false
}

// sweeper hashes one message with many addresses. The blocks of the head that no address reaches are
// hashed once and their state restored for every candidate.
type sweeper struct {
	digest hash.Hash
	state  []byte // the digest after the head's full blocks; empty if there is none
	rest   []byte // the head behind them, then address and tail
	head   int
	tail   []byte
	want   [16]byte
	sum    []byte
}

func (s *sweeper) start(t *Trier) {
	if s.digest == nil {
		s.digest = md5.New()
	}
	full := t.head / md5.BlockSize * md5.BlockSize
	s.state = s.state[:0]
	if full > 0 {
		s.digest.Reset()
		s.digest.Write(t.message[:full])
		s.state, _ = s.digest.(encoding.BinaryAppender).AppendBinary(s.state) // crypto/md5 never fails here
	}
	s.rest = append(s.rest[:0], t.message[full:t.head]...)
	s.head, s.tail, s.want = len(s.rest), t.tail, t.want
}

func (s *sweeper) hit(a netip.Addr) bool {
	s.rest = append(a.AppendTo(s.rest[:s.head]), s.tail...)
	if len(s.state) == 0 {
		sum := md5.Sum(s.rest)
		return subtle.ConstantTimeCompare(sum[:], s.want[:]) == 1
	}
	if s.digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(s.state) != nil {
		return false
	}
	s.digest.Write(s.rest)
	s.sum = s.digest.Sum(s.sum[:0])
	return subtle.ConstantTimeCompare(s.sum, s.want[:]) == 1
}
