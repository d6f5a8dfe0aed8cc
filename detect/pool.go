package detect

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

	"ipdrift/token"
)

const poolSize = 200_000 // addresses of the log that are tried

// pool is the addresses of the log, in order.
type pool struct {
	*token.List
	four    []uint32 // those of IPv4
	skipped int      // addresses before these
}

// size is how many addresses there are; nil has none.
func (p *pool) size() int {
	if p == nil {
		return 0
	}
	return len(p.Addrs())
}

// has tells whether an address is among them.
func (p *pool) has(ip netip.Addr) bool {
	_, ok := slices.BinarySearchFunc(p.Addrs(), ip, netip.Addr.Compare)
	return ok
}

// near is where the IPv4 addresses stand that share the first 16 bits with one, at most so many on either
// side of it.
func (p *pool) near(ip netip.Addr, most int) (from, to int) {
	n := number4(ip)
	at, _ := slices.BinarySearch(p.four, n)
	for from = at; from > max(0, at-most) && p.four[from-1]>>16 == n>>16; {
		from--
	}
	for to = at; to < min(len(p.four), at+most) && p.four[to]>>16 == n>>16; {
		to++
	}
	return p.skipped + from, p.skipped + to
}

func number4(ip netip.Addr) uint32 {
	raw := ip.As4()
	return binary.BigEndian.Uint32(raw[:])
}

func newPool(addrs []netip.Addr) *pool {
	slices.SortFunc(addrs, netip.Addr.Compare)
	p := &pool{List: token.NewList(addrs)}
	for i, ip := range addrs {
		if !ip.Is4() {
			continue
		}
		if len(p.four) == 0 {
			p.skipped = i
		}
		p.four = append(p.four, number4(ip))
	}
	return p
}

// addresses makes the pool.
func (a *analysis) addresses() *pool {
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
	return newPool(out)
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
	if l.full && s.compare(l.kept[poolSize-1]) >= 0 {
		return
	}
	if l.kept = append(l.kept, s); len(l.kept) == 2*poolSize {
		l.cut()
	}
}

func (l *lowest) cut() {
	slices.SortFunc(l.kept, stored.compare)
	l.kept = slices.Compact(l.kept)
	l.kept = l.kept[:min(len(l.kept), poolSize)]
	l.full = len(l.kept) == poolSize
}
