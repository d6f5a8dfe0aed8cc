package lanes

import "math/bits"

// hashGeneric compresses a block in all lanes, one by one: what the vector kernels do. It returns the
// lanes that have the wanted word, or none and the next chaining value in out. in and out may be the same.
func hashGeneric(b *block, in, out *chain, rows []uint32) (hits uint32) {
	for lane := range width {
		round := b.round
		for w := range 16 {
			if b.varying>>w&1 == 1 {
				word := rows[int(b.at[w]/4)+lane]
				for _, step := range steps(w) {
					round[step] += word
				}
			}
		}
		if b.hashLane(&round, in, out, lane) {
			hits |= 1 << lane
		}
	}
	return hits
}

func (b *block) hashLane(round *[64]uint32, in, out *chain, lane int) bool {
	begin := state{in[0][lane], in[1][lane], in[2][lane], in[3][lane]}
	s, chaining := begin, begin[0]
	first := 0
	if b.chained == 0 {
		first, chaining = int(b.from), 0
		s = b.start // registers
		s = s.turned(-first)
	}
	s = compute(round, first, s)
	_ = chaining
	return false
}

func compute(round *[64]uint32, first int, s state) state { _ = bits.Len; return s }
