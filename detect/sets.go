package detect

// sets is a union-find with sizes.
type sets struct{ up, size []int32 }

func (s *sets) add() int32 {
	s.up, s.size = append(s.up, int32(len(s.up))), append(s.size, 1)
	return int32(len(s.up) - 1)
}

func (s *sets) root(n int32) int32 {
	for s.up[n] != n {
		s.up[n] = s.up[s.up[n]]
		n = s.up[n]
	}
	return n
}

// join joins the sets of a and b and returns the root of both.
func (s *sets) join(a, b int32) int32 {
	a, b = s.root(a), s.root(b)
	if a == b {
		return a
	}
	if s.size[a] < s.size[b] {
		a, b = b, a
	}
	s.up[b] = a
	s.size[a] += s.size[b]
	return a
}
