package lanes

// octet is the text of an octet: decimal digits as a little-endian word, as MD5 reads it.
type octet struct {
	digits uint32
	bits   uint32 // of the digits
}

var octets = func() (all [256]octet) {
	for v := range uint32(256) {
		switch {
		case v < 10:
			all[v] = octet{digit(v), 8}
		case v < 100:
			all[v] = octet{digit(v/10) | digit(v%10)<<8, 16}
		default:
			all[v] = octet{digit(v/100) | digit(v/10%10)<<8 | digit(v%10)<<16, 24}
		}
	}
	return all
}()

func digit(v uint32) uint32 { return '0' + v }

const (
	octetRow    = 256 + width // lanes may begin at any octet
	octetStride = 4 * octetRow
)

// octetRows holds, for digits that begin at byte 0, 1, 2 or 3 of a message word, what each octet adds
// to that word, and behind it what each adds to the next.
var octetRows = func() (rows [4][2 * octetRow]uint32) {
	for at := range rows {
		for v, o := range octets {
			long := uint64(o.digits) << (8 * at)
			rows[at][v], rows[at][octetRow+v] = uint32(long), uint32(long>>32)
		}
	}
	return rows
}()

// dotted is the text of an IPv4 address as a little-endian number, and its length in bytes.
func dotted(raw [4]byte) (low, high uint64, length int) {
	front, n := pair(raw[0], raw[1])
	front |= '.' << (n & 63)
	n += 8
	back, m := pair(raw[2], raw[3])
	return front | back<<n, back >> (64 - n), int(n+m) / 8
}

// pair is the text of two octets with a dot between, and its length in bits, at most 56.
func pair(a, b byte) (text uint64, bits uint32) {
	x, y := octets[a], octets[b]
	dot := x.bits & 31
	return uint64(x.digits|'.'<<dot) | uint64(y.digits)<<(dot+8), dot + 8 + y.bits
}

// appendNetwork appends the text of a /24 with its last dot, as in 198.51.100.
func appendNetwork(dst []byte, network uint32) []byte {
	for shift := 24; shift >= 8; shift -= 8 {
		o := octets[byte(network>>shift)]
		digits := [3]byte{byte(o.digits), byte(o.digits >> 8), byte(o.digits >> 16)}
		dst = append(append(dst, digits[:o.bits/8]...), '.')
	}
	return dst
}
