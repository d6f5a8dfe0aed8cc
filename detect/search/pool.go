package search

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"ipdrift/token"
)

// PoolSize is how many addresses of the log are tried: the lowest.
const PoolSize = 200_000

// Pool is the addresses of the log, in order.
type Pool struct {
	*token.List
	four    []uint32 // those of IPv4
	skipped int      // addresses before these
}

// size is how many addresses there are; nil has none.
func (p *Pool) size() int {
	if p == nil {
		return 0
	}
	return len(p.Addrs())
}

// has reports whether an address is among them.
func (p *Pool) has(ip netip.Addr) bool {
	_, ok := slices.BinarySearchFunc(p.Addrs(), ip, netip.Addr.Compare)
	return ok
}

// near is where the IPv4 addresses stand that share the first 16 bits with one, at most so many on either
// side of it.
func (p *Pool) near(ip netip.Addr, most int) (from, to int) {
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

// NewPool sorts the addresses in place.
func NewPool(addrs []netip.Addr) *Pool {
	slices.SortFunc(addrs, netip.Addr.Compare)
	p := &Pool{List: token.NewList(addrs)}
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
