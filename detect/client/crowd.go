package client

import (
	"cmp"
	"slices"

	"ipdrift/detect/bitset"
)

// Crowd is a set of clients, which takes a bit for each client of the case at most.
type Crowd struct {
	few  []uint32   // in the order in which they came, some of them several times
	many bitset.Set // nil: there are few
}

// Add adds a client, of so many that the case has. It does not matter how often.
func (c *Crowd) Add(client uint32, clients int) {
	if c.many == nil && len(c.few) < clients/32 {
		c.few = append(c.few, client)
		return
	}
	if c.many == nil {
		c.many = bitset.New(clients)
		for _, one := range c.few {
			c.many.Add(one)
		}
		c.few = nil
	}
	c.many.Add(client)
}

// List gives the clients in the order of their addresses.
func (c *Crowd) List(of *Table) []uint32 {
	list := c.few
	for word, b := range c.many {
		for n := range uint32(64) {
			if b>>n&1 == 1 {
				list = append(list, uint32(word)*64+n)
			}
		}
	}
	of.Sort(list)
	return slices.Compact(list)
}

// Addresses is how many some clients have.
func (c *Table) Addresses(list []uint32) (n int64) {
	c.Sort(list)
	for i, id := range list {
		if i == 0 || c.Elsewhere(id, list[i-1]) {
			n++
		}
	}
	return n
}

// Sort puts clients in the order of their addresses, those of one address by carrier.
func (c *Table) Sort(list []uint32) { slices.SortFunc(list, c.inOrder) }

// inOrder compares clients by address, then by carrier.
func (c *Table) inOrder(x, y uint32) int {
	s, t := c.Of(x), c.Of(y)
	return cmp.Or(cmp.Compare(s.Hi, t.Hi), cmp.Compare(s.Lo, t.Lo), cmp.Compare(s.Mapped, t.Mapped), cmp.Compare(c.ASN(x), c.ASN(y)), cmp.Compare(x, y))
}
