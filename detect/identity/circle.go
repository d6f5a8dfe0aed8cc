// Package identity tells what is one user's: the links that a cookie, a session or an id ties
// together ([Circles]), and the links that a player went on with, one after the other ([Pairs]).
package identity

import (
	"cmp"

	"ipdrift/detect/bitset"
	"ipdrift/ingest"
)

// What joining links into users may take.
const (
	MaxAtoms  = 1 << 19 // links that are joined at all: some 100 bytes each
	MaxCircle = 1_000   // links that are joined with each other; more are left apart
	MaxTurns  = 1 << 17 // links of one user agent in one directory that are looked at for consecutive ones
)

// Atom is the least that is one user's: the requests of one link with one user
// agent and, where the log states one, one id.
type Atom struct{ Link, Agent, Ident uint32 }

// Circles joins atoms into users, and the links of users who share some into
// circles: the users of a circle are judged together.
type Circles struct {
	at     map[Atom]int32
	Atoms  []Atom
	rank   []uint64 // of atoms: the least names the user
	Salt   []int64  // of atoms, in the name of the user
	Users  Sets     // of atoms
	Ties   []uint16 // bits by Tie, at the root of a user
	cookie []uint32 // at the root of a user: see linkCookies; 0: not known
	LinkAt map[uint32]int32
	Links  Sets       // of links
	IDs    []uint32   // of links
	Full   int64      // links that were too many to be joined
	beyond bitset.Set // those, by their ids
}

// NewCircles has no atoms yet.
func NewCircles() *Circles { return &Circles{at: map[Atom]int32{}, LinkAt: map[uint32]int32{}} }

// Add gives an atom its number; -1 where there are too many.
func (c *Circles) Add(a Atom, rank uint64, salt int64) int32 {
	if n, ok := c.at[a]; ok {
		return n
	}
	if len(c.Atoms) == MaxAtoms {
		if !c.beyond.Has(a.Link) {
			c.beyond.Add(a.Link)
			c.Full++
		}
		return -1
	}
	n := c.Users.Add()
	c.at[a] = n
	c.Atoms, c.rank, c.Salt, c.Ties, c.cookie = append(c.Atoms, a), append(c.rank, rank), append(c.Salt, salt), append(c.Ties, 0), append(c.cookie, 0)
	if _, ok := c.LinkAt[a.Link]; !ok {
		c.LinkAt[a.Link] = c.Links.Add()
		c.IDs = append(c.IDs, a.Link)
	}
	return n
}

// Join makes two atoms one user's.
func (c *Circles) Join(a, b int32, why ingest.Tie) {
	if a < 0 || b < 0 {
		return
	}
	x, y := c.Users.Root(a), c.Users.Root(b)
	ties, cookie := c.Ties[x]|c.Ties[y]|1<<why, cmp.Or(c.cookie[x], c.cookie[y])
	root := c.Users.Join(a, b)
	c.Ties[root], c.cookie[root] = ties, cookie
	c.Links.Join(c.LinkAt[c.Atoms[a].Link], c.LinkAt[c.Atoms[b].Link])
}

// Knows notes the id cookie of an atom's user, unless one is known.
func (c *Circles) Knows(n int32, cookie uint32) {
	if n >= 0 {
		root := c.Users.Root(n)
		c.cookie[root] = cmp.Or(c.cookie[root], cookie)
	}
}

// Strangers reports whether two atoms are of users with different id cookies.
func (c *Circles) Strangers(a, b int32) bool {
	if a < 0 || b < 0 {
		return false
	}
	x, y := c.cookie[c.Users.Root(a)], c.cookie[c.Users.Root(b)]
	return x != 0 && y != 0 && x != y
}

// Firsts gives the atom that names each user, by the user's root.
func (c *Circles) Firsts() map[int32]int32 {
	least := map[int32]int32{}
	for n := range c.Atoms {
		root := c.Users.Root(int32(n))
		if first, ok := least[root]; !ok || c.rank[n] < c.rank[first] {
			least[root] = int32(n)
		}
	}
	return least
}
