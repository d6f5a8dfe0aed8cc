package detect

import (
	"cmp"

	"ipdrift/ingest"
)

// What joining links into users may take.
const (
	maxAtoms  = 1 << 19 // links that are joined at all: some 100 bytes each
	maxCircle = 1_000   // links that are joined with each other; more are left apart
	maxTurns  = 1 << 17 // links of one user agent in one directory that are looked at for consecutive ones
)

// atom is the least that is one user's: the requests of one link with one user
// agent and, where the log states one, one id.
type atom struct{ link, agent, ident uint32 }

// circles joins atoms into users, and the links of users who share some into
// circles: the users of a circle are judged together.
type circles struct {
	at     map[atom]int32
	atoms  []atom
	rank   []uint64 // of atoms: the least names the user
	salt   []int64  // of atoms, in the name of the user
	users  sets     // of atoms
	ties   []uint16 // bits by Tie, at the root of a user
	cookie []uint32 // at the root of a user: see linkCookies; 0: not known
	linkAt map[uint32]int32
	links  sets     // of links
	ids    []uint32 // of links
	full   int64
}

func newCircles() *circles { return &circles{at: map[atom]int32{}, linkAt: map[uint32]int32{}} }

// add gives an atom its number; -1 where there are too many.
func (c *circles) add(a atom, rank uint64, salt int64) int32 {
	if n, ok := c.at[a]; ok {
		return n
	}
	if len(c.atoms) == maxAtoms {
		c.full++
		return -1
	}
	n := c.users.add()
	c.at[a] = n
	c.atoms, c.rank, c.salt, c.ties, c.cookie = append(c.atoms, a), append(c.rank, rank), append(c.salt, salt), append(c.ties, 0), append(c.cookie, 0)
	if _, ok := c.linkAt[a.link]; !ok {
		c.linkAt[a.link] = c.links.add()
		c.ids = append(c.ids, a.link)
	}
	return n
}

// join makes two atoms one user's.
func (c *circles) join(a, b int32, why ingest.Tie) {
	if a < 0 || b < 0 {
		return
	}
	x, y := c.users.root(a), c.users.root(b)
	ties, cookie := c.ties[x]|c.ties[y]|1<<why, cmp.Or(c.cookie[x], c.cookie[y])
	root := c.users.join(a, b)
	c.ties[root], c.cookie[root] = ties, cookie
	c.links.join(c.linkAt[c.atoms[a].link], c.linkAt[c.atoms[b].link])
}

// knows notes the id cookie of an atom's user, unless one is known.
func (c *circles) knows(n int32, cookie uint32) {
	if n >= 0 {
		root := c.users.root(n)
		c.cookie[root] = cmp.Or(c.cookie[root], cookie)
	}
}

// strangers tells whether two atoms are of users with different id cookies.
func (c *circles) strangers(a, b int32) bool {
	if a < 0 || b < 0 {
		return false
	}
	x, y := c.cookie[c.users.root(a)], c.cookie[c.users.root(b)]
	return x != 0 && y != 0 && x != y
}
