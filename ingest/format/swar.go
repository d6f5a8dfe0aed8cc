package format

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Most values of a line are shorter than what a loop or a call costs: they are read eight bytes at a time, without a branch
// that depends on how long they are.

const (
	eachByte = 0x0101010101010101
	eachTop  = 0x8080808080808080
	digits0  = 0x3030303030303030
)

// indexByte is bytes.IndexByte for what is mostly found in the first 16 bytes.
func indexByte(b []byte, c byte) int {
	if len(b) >= 16 {
		if at := bytesLike(binary.LittleEndian.Uint64(b), c); at != 0 {
			return bits.TrailingZeros64(at) / 8
		}
		if at := bytesLike(binary.LittleEndian.Uint64(b[8:]), c); at != 0 {
			return 8 + bits.TrailingZeros64(at)/8
		}
		if i := bytes.IndexByte(b[16:], c); i >= 0 {
			return 16 + i
		}
		return -1
	}
	return bytes.IndexByte(b, c)
}

// bytesLike sets the top bit of each byte of x that is c.
func bytesLike(x uint64, c byte) uint64 {
	return zeros(x ^ eachByte*uint64(c))
}

// zeros sets the top bit of each byte of x that is zero.
func zeros(x uint64) uint64 {
	return ^((x&^eachTop + ^uint64(eachTop)) | x | ^uint64(eachTop))
}

// shortNumber is number for up to eight digits, with eight bytes to read behind the first.
func shortNumber(b []byte) (uint64, bool) {
	unused := 8 * (8 - len(b))
	x := (binary.LittleEndian.Uint64(b[:8]) ^ digits0) << unused // the last digit is the top byte
	if (x|(x+eachByte*6))&(eachByte*0xf0) != 0 {
		return 0, false
	}
	x = x * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	x = x * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return x * (10000<<32 + 1) >> 32, true
}

// shortQuad is quad for at most 15 bytes with 16 to read.
func shortQuad(b []byte) (netip.Addr, bool) {
	text := (*[16]byte)(b[:16])
	low, high := binary.LittleEndian.Uint64(text[:8]), binary.LittleEndian.Uint64(text[8:])
	dots := topBits(bytesLike(low, '.')) | topBits(bytesLike(high, '.'))<<8
	dots &= 1<<len(b) - 1
	if bits.OnesCount64(dots) != 3 {
		return netip.Addr{}, false
	}
	var four [4]byte
	begin := 0
	for i := range four {
		end := bits.TrailingZeros64(dots | 1<<len(b))
		dots &= dots - 1
		n := end - begin
		if uint(n-1) > 2 {
			return netip.Addr{}, false
		}
		x := (binary.LittleEndian.Uint32(text[begin&15:][:4]) ^ 0x30303030) << (8 * (4 - n)) // the last digit is the top byte
		value := x>>24 + x>>16&15*10 + x>>8&15*100
		if (x|(x+0x06060606))&0xf0f0f0f0 != 0 || value > 255 || value < leastOf[n&3] {
			return netip.Addr{}, false
		}
		four[i] = byte(value)
		begin = end + 1
	}
	return netip.AddrFrom4(four), true
}

// leastOf is the lowest number of so many digits: none begins with a zero but zero itself.
var leastOf = [4]uint32{0, 0, 10, 100}

// topBits gathers the top bits of the bytes of x.
func topBits(x uint64) uint64 { return x >> 7 * 0x0102040810204080 >> 56 }
