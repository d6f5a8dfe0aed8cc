package judge

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
	"slices"
)

// crowd counts users by signing address. Each family keeps one entry for each
// distinct address, and a tail of new ones up to the same number.
type crowd struct {
	users   int64 // all, those without an address too
	four    pile[head4]
	six     pile[head]
	chances []float64 // by prefix length, see exposure; nil: not worked out
}

// head is one address with its users; IPv4 stands in the upper half's top bits.
type head struct {
	high, low uint64
	users     int64
}

// head4 is the same of IPv4: a hostile log has millions of them.
type head4 struct{ addr, users uint32 }

func (c *crowd) add(a netip.Addr, users int64) {
	c.users += users
	if !a.IsValid() || users == 0 {
		return
	}
	c.chances = nil
	if a = a.Unmap(); !a.Is4() {
		b := a.As16()
		c.six.add(head{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]), users})
		return
	}
	b := a.As4()
	for ; users > 0; users -= math.MaxUint32 {
		c.four.add(head4{binary.BigEndian.Uint32(b[:]), uint32(min(users, math.MaxUint32))})
	}
}

// counted is an address with its users.
type counted[H any] interface {
	compare(H) int    // by address
	join(H) (H, bool) // both as one; false: too many users for one
}

// pile counts by address.
type pile[H counted[H]] struct {
	heads  []H
	sorted int // entries that are sorted and distinct
}

func (p *pile[H]) add(h H) {
	if p.heads = append(p.heads, h); len(p.heads) >= 2*p.sorted+1024 {
		p.settle()
	}
}

// settle sorts the new addresses in among those before, and joins equal ones.
func (p *pile[H]) settle() {
	if p.sorted == len(p.heads) {
		return
	}
	fresh := slices.Clone(p.heads[p.sorted:])
	slices.SortFunc(fresh, H.compare)
	for before, to := p.heads[:p.sorted], len(p.heads)-1; len(fresh) > 0; to-- {
		from := &fresh
		if b := len(before); b > 0 && before[b-1].compare(fresh[len(fresh)-1]) > 0 {
			from = &before
		}
		last := len(*from) - 1
		p.heads[to], *from = (*from)[last], (*from)[:last]
	}
	kept := p.heads[:0]
	for _, h := range p.heads {
		if n := len(kept); n > 0 && kept[n-1].compare(h) == 0 {
			if both, ok := kept[n-1].join(h); ok {
				kept[n-1] = both
				continue
			}
		}
		kept = append(kept, h)
	}
	p.heads, p.sorted = kept, len(kept)
}

func (h head) compare(o head) int {
	if h.high != o.high {
		return cmp.Compare(h.high, o.high)
	}
	return cmp.Compare(h.low, o.low)
}

func (h head) join(o head) (head, bool) {
	h.users += o.users
	return h, true
}

func (h head4) compare(o head4) int { return cmp.Compare(h.addr, o.addr) }

func (h head4) join(o head4) (head4, bool) {
	sum := h.users + o.users
	return head4{h.addr, sum}, sum >= h.users
}

// heads are all addresses in order.
func (c *crowd) heads(yield func(head) bool) {
	c.four.settle()
	c.six.settle()
	for _, h := range c.four.heads {
		if !yield(head{uint64(h.addr) << 32, 0, int64(h.users)}) {
			return
		}
	}
	for _, h := range c.six.heads {
		if !yield(h) {
			return
		}
	}
}

// most is how many users the commonest address has.
func (c *crowd) most() (n int64) {
	for h := range c.heads {
		n = max(n, h.users)
	}
	return n
}

// exposure is the chance that two users drawn at random, without putting the
// first back, lie in one network of the given length: Σ n(n−1) / N(N−1)
// (rule 17).
func (c *crowd) exposure(length int) float64 {
	if c.chances == nil {
		c.measure()
	}
	return c.chances[length]
}

// measure works out the exposures of all lengths in one pass over the addresses. A
// network begins with the first address that has fewer bits in common with the one
// before than its length, and ends with the last before the next such one.
func (c *crowd) measure() {
	var begun, pairs, alone [130]float64 // by length; alone: pairs at one address that is all of its network, of this length and more
	all, before := 0.0, -1
	count := func(h head, behind int) {
		n := float64(h.users)
		for length := before + 1; length <= behind; length++ {
			begun[length] = all
		}
		all += n
		for length := behind + 1; length <= before; length++ {
			in := all - begun[length]
			pairs[length] += in * (in - 1)
		}
		alone[max(before, behind)+1] += n * (n - 1)
		before = behind
	}
	var last head
	for h := range c.heads {
		if last.users > 0 {
			count(last, last.common(h))
		}
		last = h
	}
	count(last, -1)
	c.chances = make([]float64, 129)
	sum := 0.0
	for length := range c.chances {
		if sum += alone[length]; all >= 2 {
			c.chances[length] = (pairs[length] + sum) / (all * (all - 1))
		}
	}
}

// common is how many leading bits two addresses have in common.
func (h head) common(o head) int {
	if h.high != o.high {
		return bits.LeadingZeros64(h.high ^ o.high)
	}
	return 64 + bits.LeadingZeros64(h.low^o.low)
}
