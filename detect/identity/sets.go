package identity

// Sets is a union-find with sizes.
type Sets struct{ up, Size []int32 }

// Add adds an element, a set of its own, and returns its number.
func (s *Sets) Add() int32 {
	s.up, s.Size = append(s.up, int32(len(s.up))), append(s.Size, 1)
	return int32(len(s.up) - 1)
}

// Root is the element that stands for the set of n.
func (s *Sets) Root(n int32) int32 {
	for s.up[n] != n {
		s.up[n] = s.up[s.up[n]]
		n = s.up[n]
	}
	return n
}

// Join joins the sets of a and b and returns the root of both.
func (s *Sets) Join(a, b int32) int32 {
	a, b = s.Root(a), s.Root(b)
	if a == b {
		return a
	}
	if s.Size[a] < s.Size[b] {
		a, b = b, a
	}
	s.up[b] = a
	s.Size[a] += s.Size[b]
	return a
}
