package judge

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// crowd counts users by signing address. It keeps one entry for each distinct
// address, and a tail of new ones up to the same number.
type crowd struct {
	users   int64 // all, those without an address too
	heads   []head
	sorted  int       // entries of heads that are sorted and distinct
	chances []float64 // by prefix length, see exposure; nil: not worked out
}

// head is one address with its users; IPv4 stands in the upper half's top bits.
type head struct {
	high, low uint64
	users     int64
}

func (c *crowd) add(a netip.Addr, users int64) {
	c.users += users
	if !a.IsValid() || users == 0 {
		return
	}
	c.heads, c.chances = append(c.heads, headOf(a, users)), nil
	if len(c.heads) >= 2*c.sorted+1024 {
		c.settle()
	}
}

func headOf(a netip.Addr, users int64) head {
	if a = a.Unmap(); a.Is4() {
		b := a.As4()
		return head{uint64(binary.BigEndian.Uint32(b[:])) << 32, 0, users}
	}
	b := a.As16()
	return head{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]), users}
}

// settle sorts the new addresses in among those before, and joins equal ones.
func (c *crowd) settle() {
	fresh := slices.Clone(c.heads[c.sorted:])
	slices.SortFunc(fresh, head.compare)
	for before, to := c.heads[:c.sorted], len(c.heads)-1; len(fresh) > 0; to-- {
		from := &fresh
		if b := len(before); b > 0 && before[b-1].compare(fresh[len(fresh)-1]) > 0 {
			from = &before
		}
		last := len(*from) - 1
		c.heads[to], *from = (*from)[last], (*from)[:last]
	}
	kept := c.heads[:0]
	for _, h := range c.heads {
		if n := len(kept); n > 0 && kept[n-1].compare(h) == 0 {
			kept[n-1].users += h.users
			continue
		}
		kept = append(kept, h)
	}
	c.heads, c.sorted = kept, len(kept)
}

func (h head) compare(o head) int {
	if h.high != o.high {
		return cmp.Compare(h.high, o.high)
	}
	return cmp.Compare(h.low, o.low)
}

// exposure is the chance that two users drawn at random, without putting the
// first back, lie in one network of the given length: Σ n(n−1) / N(N−1)
// (rule 17).
func (c *crowd) exposure(length int) float64 {
	if c.sorted < len(c.heads) {
		c.settle()
	}
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
	for i, h := range c.heads {
		n, behind := float64(h.users), -1
		if i+1 < len(c.heads) {
			behind = h.common(c.heads[i+1])
		}
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
