package client

import "cmp"

// InOrderOfCarriers compares clients by address, whatever its form, and carrier.
func (c *Table) InOrderOfCarriers(x, y uint32) int {
	s, t := c.Of(x), c.Of(y)
	return cmp.Or(cmp.Compare(s.Hi, t.Hi), cmp.Compare(s.Lo, t.Lo), cmp.Compare(c.ASN(x), c.ASN(y)))
}

// Outside counts pairs of clients in networks of one length, in bits of 128, and
// gives the share of those that are of different carriers; ok: there is a pair.
func (c *Table) Outside(list []uint32, length int) (share float64, ok bool) {
	var whole, alike int64
	by := map[uint32]int64{}
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && c.together(list[from], list[to], length) {
			to++
		}
		n := int64(to - from)
		whole += n * (n - 1)
		for _, id := range list[from:to] {
			alike += 2 * by[c.ASN(id)]
			by[c.ASN(id)]++
		}
		for _, id := range list[from:to] {
			delete(by, c.ASN(id))
		}
		from = to
	}
	return 1 - float64(alike)/float64(whole), whole > 0
}

// together reports whether two addresses have some leading bits in common, of 128.
func (c *Table) together(x, y uint32, length int) bool {
	s, t := c.Of(x), c.Of(y)
	if length <= 64 {
		return (s.Hi^t.Hi)>>(64-length) == 0
	}
	return s.Hi == t.Hi && (s.Lo^t.Lo)>>(128-length) == 0
}
