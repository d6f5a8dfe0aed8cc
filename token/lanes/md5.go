package lanes

import "math/bits"

// sines are the constants T of RFC 1321, section 3.4, in the order of the steps.
var sines = [64]uint32{
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
}

// shifts are the shifts of the last round.
var shifts = [4]int{6, 10, 15, 21}

// state is the four words A, B, C and D of MD5, in the roles they have before a step.
type state [4]uint32

// initial is the state MD5 begins with, RFC 1321, section 3.3.
func initial() state { return state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476} }

// steps are the steps that take message word w, one of each round.
func steps(w int) [4]int {
	return [4]int{w & 15, 16 + 13*(w-1)&15, 32 + 11*(w-5)&15, 48 + 7*w&15}
}

// after is the state before step n, one of 0, 4, 8 and 12.
func (b *block) after(n int, s state) state { return first(&b.round, 0, n, s) }

// compress hashes a whole block.
func (b *block) compress(s state) state { return compute(&b.round, 0, 64, s).plus(s) }

// unwind takes back the steps from the last down to step n, which is one of the last round.
func (b *block) unwind(n int, s state) state {
	for i := 63; i >= n; i-- {
		a := bits.RotateLeft32(s[1]-s[2], -shifts[i%4]) - (s[3] ^ (s[2] | ^s[0]))
		s = state{a - b.round[i], s[2], s[3], s[0]}
	}
	return s
}

func (s state) plus(t state) state {
	return state{s[0] + t[0], s[1] + t[1], s[2] + t[2], s[3] + t[3]}
}

func (s state) minus(t state) state {
	return state{s[0] - t[0], s[1] - t[1], s[2] - t[2], s[3] - t[3]}
}
