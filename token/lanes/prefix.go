package lanes

import (
	"encoding/binary"
	"net/netip"
)

// Prefix returns the lowest address of an IPv4 prefix that the message is signed for, and how many
// addresses were tried up to it. Other prefixes hold none to try: 128-bit addresses cannot be searched.
// On one core a /16 takes about 0.2 ms with AVX-512, 0.6 ms with AVX2 and 6 ms without, if the address
// and what follows it end in one block; twice that for two. Callers that must be able to stop search in
// parts.
func (s *Search) Prefix(p netip.Prefix) (a netip.Addr, tried uint64, ok bool) {
	if !s.aimed || !p.IsValid() || !p.Addr().Is4() {
		return netip.Addr{}, 0, false
	}
	e, fixed := pairs, 2 // octets that the candidates share
	if p.Bits() >= 24 {
		e, fixed = octets, 3
	}
	size := uint64(1) << (32 - 8*fixed)
	raw := p.Masked().Addr().As4()
	first := uint64(binary.BigEndian.Uint32(raw[:]))
	last := first + 1<<(32-p.Bits()) - 1
	for network := first &^ (size - 1); network <= last; network += size {
		s.behind(e(), appendOctets(s.text[:0], uint32(network), fixed))
		if i, found := s.through(int(max(first, network)-network), int(min(last-network, size-1))+1); found {
			address := network + uint64(i)
			return address4(uint32(address)), address - first + 1, true
		}
	}
	return netip.Addr{}, last - first + 1, false
}

func address4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// appendOctets appends the first octets of an address, each with the dot behind it.
func appendOctets(dst []byte, address uint32, n int) []byte {
	for i := range n {
		dst = append(appendNumber(dst, int(byte(address>>(24-8*i)))), '.')
	}
	return dst
}
