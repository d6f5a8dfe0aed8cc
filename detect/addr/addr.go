// Package addr holds what the analysis asks of an address.
package addr

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// Cut returns the address of the network, of a prefix length, that an address lies in.
func Cut(ip netip.Addr, length int) netip.Addr {
	p, err := ip.Unmap().Prefix(length)
	if err != nil {
		return ip
	}
	return p.Masked().Addr()
}

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

// sharedSpace is between a carrier and its customers (RFC 6598).
var sharedSpace = netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)

// Private reports whether no request can come from an address over the internet: those of RFC 1918 and
// 4193, those between a carrier and its customers (RFC 6598), loopback and link-local ones.
func Private(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || sharedSpace.Contains(ip)
}

// NAT64 is the well-known prefix of addresses that have an IPv4 one inside (RFC 6052, 2.1).
var NAT64 = netip.MustParsePrefix("64:ff9b::/96")

// Translated returns the IPv4 address inside a NAT64 address.
func Translated(ip netip.Addr) (netip.Addr, bool) {
	if !NAT64.Contains(ip) {
		return netip.Addr{}, false
	}
	raw := ip.As16()
	return netip.AddrFrom4([4]byte(raw[12:])), true
}

// Networks lists the distinct IPv4 prefixes of some addresses.
func Networks(ips []netip.Addr, length int) []netip.Prefix {
	var out []netip.Prefix
	for _, ip := range ips {
		if p, err := ip.Prefix(length); err == nil && ip.Is4() && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// Family is 4 or 6; an IPv4 address mapped to IPv6 is one of IPv4.
func Family(ip netip.Addr) int {
	if ip.Unmap().Is4() {
		return 4
	}
	return 6
}

// Length is how many bits an address of a family has.
func Length(family int) int {
	if family == 6 {
		return 128
	}
	return 32
}

var usual4, usual6 = []int{24, 16}, []int{64, 56, 48}

// UsualLengths are the prefix lengths of a family by which networks are told apart, the
// longest first. The slice is not to be changed.
func UsualLengths(family int) []int {
	if family == 4 {
		return usual4
	}
	return usual6
}

// Zeros reports whether an address ends in zeros: its host part (the last octet, of
// IPv6 64 bits), and the octet before.
func Zeros(ip netip.Addr) (host, next bool) {
	raw := ip.As16()
	if ip.Unmap().Is4() {
		return raw[15] == 0, raw[14] == 0
	}
	return bytes.Equal(raw[8:], make([]byte, 8)), raw[7] == 0
}

// Block is the /24 or /64 of an address.
func Block(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	p, _ := a.Prefix(BlockBits(a)) // a length of the address itself never fails
	return p
}

// BlockBits is how many bits the block of an address has.
func BlockBits(a netip.Addr) int {
	if a.Is4() {
		return 24
	}
	return 64
}
