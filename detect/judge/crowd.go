package judge

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// crowd counts users by signing address. It keeps one entry for each distinct
// address, and a tail of new ones up to the same number.
type crowd struct {
	users  int64 // all, those without an address too
	heads  []head
	sorted int // entries of heads that are sorted and distinct
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
	c.heads = append(c.heads, headOf(a, users))
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

// settle sorts the addresses and joins equal ones.
func (c *crowd) settle() {
	slices.SortFunc(c.heads, func(a, b head) int {
		return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low))
	})
	kept := c.heads[:0]
	for _, h := range c.heads {
		if n := len(kept); n > 0 && kept[n-1].high == h.high && kept[n-1].low == h.low {
			kept[n-1].users += h.users
			continue
		}
		kept = append(kept, h)
	}
	c.heads, c.sorted = kept, len(kept)
}

// exposure is the chance that two users drawn at random, without putting the
// first back, lie in one network of the given length: Σ n(n−1) / N(N−1)
// (rule 17). One pass over the addresses.
func (c *crowd) exposure(length int) float64 {
	if c.sorted < len(c.heads) {
		c.settle()
	}
	var pairs, in, all float64
	for i, h := range c.heads {
		if i > 0 && h.cut(length) != c.heads[i-1].cut(length) {
			pairs, in = pairs+in*(in-1), 0
		}
		in += float64(h.users)
		all += float64(h.users)
	}
	pairs += in * (in - 1)
	if all < 2 {
		return 0
	}
	return pairs / (all * (all - 1))
}

func (h head) cut(length int) [2]uint64 {
	if length <= 64 {
		return [2]uint64{h.high &^ (^uint64(0) >> length), 0}
	}
	return [2]uint64{h.high, h.low &^ (^uint64(0) >> (length - 64))}
}
