package pseudonym

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"net/netip"
)

// pfx is the scheme ipcrypt-pfx (draft-denis-ipcrypt, "Prefix-Preserving
// Encryption"): each bit of an address is flipped, or not, by a pseudorandom
// function of the bits before it, so that two addresses have as many leading
// bits in common afterwards as before. The function is the lowest bit of the sum
// of two AES-128 encryptions. IPv4 starts behind its mapped prefix and stays
// IPv4.
type pfx struct{ first, second cipher.Block }

func newPfx(key *[KeySize]byte) *pfx {
	first, _ := aes.NewCipher(key[:KeySize/2]) // the only error there is: a key of another size
	second, _ := aes.NewCipher(key[KeySize/2:])
	return &pfx{first, second}
}

// prefix is the bits that have been seen, behind a one that marks where they
// begin.
type prefix struct{ hi, lo uint64 }

func (x *prefix) push(bit uint64) {
	x.hi, x.lo = x.hi<<1|x.lo>>63, x.lo<<1|bit
}

var (
	noBits     = prefix{lo: 1}
	mappedBits = prefix{hi: 1 << 32, lo: 0xffff} // those of ::ffff:0:0/96
)

// four maps an address of IPv4, six one of IPv6, which can come out as one that
// is IPv4-mapped.
func (p *pfx) four(a [4]byte, back bool) [4]byte {
	raw := netip.AddrFrom4(a).As16()
	p.flip(&raw, 96, mappedBits, back)
	return [4]byte(raw[12:])
}

func (p *pfx) six(a [16]byte, back bool) [16]byte {
	p.flip(&a, 0, noBits, back)
	return a
}

// flip maps the bits from a place on, or undoes that. seen is the bits before.
func (p *pfx) flip(raw *[16]byte, from int, seen prefix, back bool) {
	var block, one, two [aes.BlockSize]byte
	for i := from; i < 128; i++ {
		binary.BigEndian.PutUint64(block[:8], seen.hi)
		binary.BigEndian.PutUint64(block[8:], seen.lo)
		p.first.Encrypt(one[:], block[:])
		p.second.Encrypt(two[:], block[:])
		shift := 7 - i%8
		given := raw[i/8] >> shift & 1
		made := given ^ (one[15]^two[15])&1
		raw[i/8] = raw[i/8]&^(1<<shift) | made<<shift
		if back {
			given = made
		}
		seen.push(uint64(given))
	}
}
