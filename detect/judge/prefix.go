package judge

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// CommonPrefix counts the leading bits that a and b have in common: 0 to 32
// for IPv4, 0 to 128 for IPv6, -1 across families or for an invalid address.
// An IPv4-mapped IPv6 address counts as IPv4.
func CommonPrefix(a, b netip.Addr) int {
	a, b = a.Unmap(), b.Unmap()
	switch {
	case !a.IsValid() || a.BitLen() != b.BitLen():
		return -1
	case a.Is4():
		x, y := a.As4(), b.As4()
		return bits.LeadingZeros32(binary.BigEndian.Uint32(x[:]) ^ binary.BigEndian.Uint32(y[:]))
	}
	x, y := a.As16(), b.As16()
	if head := binary.BigEndian.Uint64(x[:8]) ^ binary.BigEndian.Uint64(y[:8]); head != 0 {
		return bits.LeadingZeros64(head)
	}
	return 64 + bits.LeadingZeros64(binary.BigEndian.Uint64(x[8:])^binary.BigEndian.Uint64(y[8:]))
}

// family is 4, 6, or 0 for an invalid address.
func family(a netip.Addr) int {
	switch a = a.Unmap(); {
	case a.Is4():
		return 4
	case a.Is6():
		return 6
	}
	return 0
}

// cut is a's network of the given length; a length beyond the address is the
// address itself.
func cut(a netip.Addr, length int) netip.Prefix {
	p, err := a.Prefix(min(length, a.BitLen()))
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
