package lanes

import "math/bits"

// hashGeneric compresses a block in the first lanes, one after the other: the portable kernel. It
// returns those that have the wanted word, a bit each, or none and their next chaining value in out,
// which may be in.
func hashGeneric(b *block, in, out *chain, rows []uint32, lanes int) (hits uint64) {
	for lane := range lanes {
		round := b.round
		for varying := b.varying; varying != 0; varying &= varying - 1 {
			w := bits.TrailingZeros32(varying)
			word := rows[int(b.at[w]/4)+lane]
			for _, step := range steps(w) {
				round[step] += word
			}
		}
		before := state{in[0][lane], in[1][lane], in[2][lane], in[3][lane]}
		s, want := b.start, b.want
		if b.chained == 1 {
			s, want = before, want-before[0]
		}
		s = compute(&round, int(b.from), int(b.to), s)
		if b.to < 64 {
			if s[(1-b.to)&3] == want {
				hits |= 1 << lane
			}
			continue
		}
		for i, word := range s.plus(before) {
			out[i][lane] = word
		}
	}
	return hits
}

// first takes steps of the first round; from and to are multiples of 4.
func first(round *[64]uint32, from, to int, s state) state {
	a, b, c, d := s[0], s[1], s[2], s[3]
	for i := from; i < to; i += 4 {
		t := (*[4]uint32)(round[i:])
		a = b + bits.RotateLeft32(a+t[0]+(d^b&(c^d)), 7)
		d = a + bits.RotateLeft32(d+t[1]+(c^a&(b^c)), 12)
		c = d + bits.RotateLeft32(c+t[2]+(b^d&(a^b)), 17)
		b = c + bits.RotateLeft32(b+t[3]+(a^c&(d^a)), 22)
	}
	return state{a, b, c, d}
}

// compute takes the steps from one of the first round, a multiple of 4, up to one of the last, which
// is rounded up to a multiple of 4.
func compute(round *[64]uint32, from, to int, s state) state {
	s = first(round, from, 16, s)
	a, b, c, d := s[0], s[1], s[2], s[3]
	for i := 16; i < 32; i += 4 {
		t := (*[4]uint32)(round[i:])
		a = b + bits.RotateLeft32(a+t[0]+(c&^d)+(b&d), 5)
		d = a + bits.RotateLeft32(d+t[1]+(b&^c)+(a&c), 9)
		c = d + bits.RotateLeft32(c+t[2]+(a&^b)+(d&b), 14)
		b = c + bits.RotateLeft32(b+t[3]+(d&^a)+(c&a), 20)
	}
	for i := 32; i < 48; i += 4 {
		t := (*[4]uint32)(round[i:])
		a = b + bits.RotateLeft32(a+t[0]+(c^d^b), 4)
		d = a + bits.RotateLeft32(d+t[1]+(b^c^a), 11)
		c = d + bits.RotateLeft32(c+t[2]+(a^b^d), 16)
		b = c + bits.RotateLeft32(b+t[3]+(d^a^c), 23)
	}
	for i := 48; i < to; i += 4 {
		t := (*[4]uint32)(round[i:])
		a = b + bits.RotateLeft32(a+t[0]+(c^(b|^d)), 6)
		d = a + bits.RotateLeft32(d+t[1]+(b^(a|^c)), 10)
		c = d + bits.RotateLeft32(c+t[2]+(a^(d|^b)), 15)
		b = c + bits.RotateLeft32(b+t[3]+(d^(c|^a)), 21)
	}
	return state{a, b, c, d}
}
