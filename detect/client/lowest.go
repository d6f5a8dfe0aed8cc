package client

import (
	"cmp"
	"slices"
)

func (s Stored) compare(t Stored) int {
	switch {
	case s.Family != t.Family:
		return cmp.Compare(s.Family, t.Family)
	case s.Hi != t.Hi:
		return cmp.Compare(s.Hi, t.Hi)
	case s.Lo != t.Lo:
		return cmp.Compare(s.Lo, t.Lo)
	}
	return cmp.Compare(s.Mapped, t.Mapped)
}

// Lowest keeps the lowest distinct ones of some addresses, as many as Most says. They are in order after
// a cut.
type Lowest struct {
	Most int
	Kept []Stored
	full bool // Kept[Most-1] is one that no higher one can take the place of
}

// Add adds an address.
func (l *Lowest) Add(s Stored) {
	if l.full && s.compare(l.Kept[l.Most-1]) >= 0 {
		return
	}
	if l.Kept = append(l.Kept, s); len(l.Kept) == 2*l.Most {
		l.Cut()
	}
}

// Cut drops what is not among the lowest.
func (l *Lowest) Cut() {
	slices.SortFunc(l.Kept, Stored.compare)
	l.Kept = slices.Compact(l.Kept)
	l.Kept = l.Kept[:min(len(l.Kept), l.Most)]
	l.full = len(l.Kept) == l.Most
}
