package lanes

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// octetPlans search one /24 after the other: a plan for each number of digits of the last octet.
type octetPlans struct {
	front   []byte // rest of the head and the /24's text, for which the plans are laid; empty: none are
	opening block  // the first block of front, if it fills one
	plans   [3]plan
}

// Prefix returns the lowest address of an IPv4 prefix that the message is signed for, and how many
// addresses were tried up to it. Other prefixes hold none to try: 128-bit addresses cannot be searched.
// On one core a /16 takes about 0.3 ms with AVX-512, 0.6 ms with AVX2 and 6 ms without, if the address
// and what follows it end in one block; twice that for two. Callers that must be able to stop search in
// parts.
func (s *Search) Prefix(p netip.Prefix) (a netip.Addr, tried uint64, ok bool) {
	if !s.aimed || !p.IsValid() || !p.Addr().Is4() {
		return netip.Addr{}, 0, false
	}
	raw := p.Masked().Addr().As4()
	first := uint64(binary.BigEndian.Uint32(raw[:]))
	last := first + 1<<(32-p.Bits()) - 1
	for network := first &^ 255; network <= last; network += 256 {
		s.aimNetwork(uint32(network))
		low, high := max(first, network)-network, min(last-network, 255)
		if octet, found := s.octets(uint32(network), int(low), int(high)); found {
			address := network | uint64(octet)
			return address4(uint32(address)), address - first + 1, true
		}
	}
	return netip.Addr{}, last - first + 1, false
}

func address4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// aimNetwork sets the plans to a /24. Neighbours mostly differ in one word, if the text is as long.
func (s *Search) aimNetwork(network uint32) {
	o := &s.octet
	known := len(o.front)
	o.front = appendNetwork(append(o.front[:0], s.rest...), network)
	head, before := o.front, s.before
	if len(head) >= blockSize {
		o.opening.load(head)
		head, before = head[blockSize:], o.opening.compress(before)
	}
	for i := range o.plans {
		p := &o.plans[i]
		if known != len(o.front) {
			length := len(s.head) - len(s.rest) + len(o.front) + i + 1 + len(s.tail)
			p.lay(head, i+1, s.tail, length, octetStride)
		}
		p.rehead(head, before, s.digest())
	}
}

// octets returns the first last octet from low to high, both included, that makes the address.
func (s *Search) octets(network uint32, low, high int) (octet int, ok bool) {
	ends := [3]int{10, 100, 256}
	for i := range s.octet.plans {
		p := &s.octet.plans[i]
		end := min(high+1, ends[i])
		for ; low < end; low = min(low+width, end) {
			hits := p.hits(s.path, &s.chain, octetRows[p.gap%4][low:])
			hits &= 1<<min(end-low, width) - 1
			for ; hits != 0; hits &= hits - 1 {
				octet = low + bits.TrailingZeros32(hits)
				if s.confirm(address4(network | uint32(octet))) {
					return octet, true
				}
			}
		}
	}
	return 0, false
}
