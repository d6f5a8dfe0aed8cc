package scenario

import (
	"math/rand/v2"
	"net/netip"
)

// network is a carrier's share of the address space: 16 blocks of IPv4 and one
// /32 of IPv6, by its number in the world.
type network int

const blocks = 16

// home draws a subscriber's address.
func (n network) home(r *rand.Rand, six bool) netip.Addr {
	if !six {
		return netip.AddrFrom4([4]byte{240 + byte(n%14), byte(n/14%16)*blocks + byte(r.IntN(blocks)), byte(r.IntN(256)), lastOctet(r)})
	}
	a := [16]byte{0x3f, 0xff, byte(n >> 8 & 0x0f), byte(n), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}
	return private(r, a)
}

// lastOctet is never zero, as in a masked address.
func lastOctet(r *rand.Rand) byte { return byte(1 + r.IntN(254)) }

// private draws the interface identifier of a privacy address (RFC 8981).
func private(r *rand.Rand, a [16]byte) netip.Addr {
	for i := 8; i < 16; i++ {
		a[i] = byte(1 + r.IntN(255))
	}
	return netip.AddrFrom16(a)
}

// away draws an address that shares no more with a than Within says, of the
// same carrier and family.
func (n network) away(r *rand.Rand, a netip.Addr, w Within) netip.Addr {
	if a.Is6() {
		return away6(r, a.As16(), w)
	}
	b := a.As4()
	switch w {
	case Within24:
		b[3] = 1 + byte((int(b[3])-1+1+r.IntN(253))%254)
		return netip.AddrFrom4(b)
	case Within16:
		b[2] += byte(1 + r.IntN(255))
	default:
		b[1] = b[1]&^(blocks-1) | (b[1]+byte(1+r.IntN(blocks-1)))&(blocks-1)
		b[2] = byte(r.IntN(256))
	}
	b[3] = lastOctet(r)
	return netip.AddrFrom4(b)
}

func away6(r *rand.Rand, b [16]byte, w Within) netip.Addr {
	switch w {
	case Within64:
	case Within56:
		b[7] += byte(1 + r.IntN(255))
	case Within48:
		b[6] += byte(1 + r.IntN(255))
	default:
		b[5] += byte(1 + r.IntN(255))
	}
	return private(r, b)
}

// common counts the leading bits that two addresses share; -1 across families.
func common(a, b netip.Addr) int {
	if a.Is4() != b.Is4() {
		return -1
	}
	x, y := a.AsSlice(), b.AsSlice()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			n := 8 * i
			for ; d&0x80 == 0; d <<= 1 {
				n++
			}
			return n
		}
	}
	return 8 * len(x)
}
