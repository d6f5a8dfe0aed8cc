package detect

import (
	"cmp"
	"net/netip"
	"slices"

	"ipdrift/detect/search"
)

// addresses lists those of the log, as many as are tried.
func (a *analysis) addresses() []netip.Addr {
	var l lowest
	for id := range uint32(a.clients.list.Len()) {
		if s := a.clients.of(id); s.family > 0 {
			l.add(s)
		}
	}
	l.cut()
	out := make([]netip.Addr, len(l.kept))
	for i, s := range l.kept {
		out[i] = a.client(s)
	}
	return out
}

func (s stored) compare(t stored) int {
	switch {
	case s.family != t.family:
		return cmp.Compare(s.family, t.family)
	case s.hi != t.hi:
		return cmp.Compare(s.hi, t.hi)
	case s.lo != t.lo:
		return cmp.Compare(s.lo, t.lo)
	}
	return cmp.Compare(s.mapped, t.mapped)
}

// lowest keeps the lowest distinct addresses, as many as the pool holds. They are in order after a cut.
type lowest struct {
	kept []stored
	full bool // kept[poolSize-1] is one that no higher one can take the place of
}

func (l *lowest) add(s stored) {
	if l.full && s.compare(l.kept[search.PoolSize-1]) >= 0 {
		return
	}
	if l.kept = append(l.kept, s); len(l.kept) == 2*search.PoolSize {
		l.cut()
	}
}

func (l *lowest) cut() {
	slices.SortFunc(l.kept, stored.compare)
	l.kept = slices.Compact(l.kept)
	l.kept = l.kept[:min(len(l.kept), search.PoolSize)]
	l.full = len(l.kept) == search.PoolSize
}
