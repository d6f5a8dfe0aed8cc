package detect

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"ipdrift/ingest"
	"ipdrift/ingest/format"
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
	c.atoms, c.rank, c.salt, c.ties = append(c.atoms, a), append(c.rank, rank), append(c.salt, salt), append(c.ties, 0)
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
	ties := c.ties[c.users.root(a)] | c.ties[c.users.root(b)] | 1<<why
	c.ties[c.users.join(a, b)] = ties
	c.links.join(c.linkAt[c.atoms[a].link], c.linkAt[c.atoms[b].link])
}

// sets is a union-find with sizes.
type sets struct{ up, size []int32 }

func (s *sets) add() int32 {
	s.up, s.size = append(s.up, int32(len(s.up))), append(s.size, 1)
	return int32(len(s.up) - 1)
}

func (s *sets) root(n int32) int32 {
	for s.up[n] != n {
		s.up[n] = s.up[s.up[n]]
		n = s.up[n]
	}
	return n
}

// join joins the sets of a and b and returns the root of both.
func (s *sets) join(a, b int32) int32 {
	a, b = s.root(a), s.root(b)
	if a == b {
		return a
	}
	if s.size[a] < s.size[b] {
		a, b = b, a
	}
	s.up[b] = a
	s.size[a] += s.size[b]
	return a
}

// identify tells who is one user, and fills table member.
func (a *analysis) identify(ctx context.Context) (err error) {
	method := &a.out.Method
	method.IdentityUsers = map[string]int64{}
	c := newCircles()
	switch a.loaded.Identity.Kind {
	case ingest.ByToken:
	case ingest.ByAuto:
		for _, take := range []func(context.Context, *circles) error{a.tie, a.takeTurns, a.takeIssued} {
			if err = take(ctx, c); err != nil {
				return err
			}
		}
	case ingest.ByAddress:
		_, err = a.conn.ExecContext(ctx, `INSERT INTO member SELECT link, agent, ident, first_value(link) OVER w, first_value(agent) OVER w, first_value(place) OVER w, link
			FROM (`+stated+`) WINDOW w AS (PARTITION BY ident ORDER BY start, place)`)
	default:
		err = a.state(ctx, c)
	}
	if err != nil {
		return err
	}
	if a.loaded.Identity.Kind != ingest.ByAddress {
		if err := a.enroll(ctx, c); err != nil {
			return err
		}
	}
	if err := a.conn.QueryRowContext(ctx, `SELECT count(*) > 0 FROM member`).Scan(&a.joined); err != nil {
		return err
	}
	a.identified = true
	return a.sight(ctx, a.conn)
}

// tie joins the links with something in common that two viewers never share.
func (a *analysis) tie(ctx context.Context, c *circles) error {
	var before int32
	var key uint64
	return ingest.Pages(ctx, a.conn, `WITH t AS (SELECT DISTINCT key, kind, link, agent FROM tie),
		k AS (SELECT key FROM t GROUP BY key HAVING count(*) BETWEEN 2 AND `+fmt.Sprint(maxCircle)+`)
		SELECT t.key, t.kind, t.link, t.agent, l.hash FROM t JOIN k USING (key) JOIN link l ON l.id = t.link ORDER BY t.key, l.hash`, func(p ingest.Page) error {
		keys, kinds, links, agents, hashes := p.U64(0), p.U8(1), p.U32(2), p.U32(3), p.U64(4)
		for i := range keys {
			n := c.add(atom{link: links[i], agent: agents[i]}, hashes[i], 0)
			if keys[i] == key {
				c.join(before, n, ingest.Tie(kinds[i]))
			}
			before, key = n, keys[i]
		}
		return nil
	})
}

// stated lists the atoms with an id that the log states, each with its first
// request. A place is unique among requests.
const stated = `SELECT h.ident, h.link, h.agent, min(h.start) AS start, arg_min(h.source * 1099511627776 + h.line + 1, (h.start, h.source, h.line)) AS place
	FROM hit h JOIN outcome o ON o.id = h.outcome WHERE h.ident > 0 AND h.link > 0 AND NOT o.shield GROUP BY ALL`

// state takes the id that the log states for the user.
func (a *analysis) state(ctx context.Context, c *circles) error {
	before, ident := int32(-1), uint32(0)
	return ingest.Pages(ctx, a.conn, `SELECT ident, link, agent, place::BIGINT FROM (`+stated+`) ORDER BY ident, start, place`, func(p ingest.Page) error {
		idents, links, agents, places := p.U32(0), p.U32(1), p.U32(2), p.I64(3)
		for i := range idents {
			n := c.add(atom{links[i], agents[i], idents[i]}, uint64(len(c.atoms)), places[i])
			if idents[i] == ident {
				c.join(before, n, 0)
			}
			before, ident = n, idents[i]
		}
		return nil
	})
}

// takeTurns joins the links that one player used in turn. Links over several
// directories, and those whose signing address is not known, stay as they are.
func (a *analysis) takeTurns(ctx context.Context, c *circles) error {
	var group []turn
	var atoms []atom
	var hashes []uint64
	var of struct{ host, agent, dir uint32 }
	settle := func() {
		if len(group) < 2 {
			group, atoms, hashes = group[:0], atoms[:0], hashes[:0]
			return
		}
		for _, p := range pairs(group, a.Thresholds.Recovery.Microseconds()) {
			from, to := p[0], p[1]
			c.join(c.add(atoms[from], hashes[from], 0), c.add(atoms[to], hashes[to], 0), ingest.TieTurn)
		}
		group, atoms, hashes = group[:0], atoms[:0], hashes[:0]
	}
	err := ingest.Pages(ctx, a.conn, `WITH several AS (SELECT agent FROM work.atom GROUP BY agent HAVING min(link) <> max(link))
		SELECT m.link, m.agent, m.dir, m.file, m.first, m.final, t.hash, t.host, t.signed_family, t.signed_mapped, t.signed_hi, t.signed_lo,
			coalesce(f.family, 0)::UTINYINT, coalesce(f.mapped, 0)::UTINYINT, coalesce(f.hi, 0)::UBIGINT, coalesce(f.lo, 0)::UBIGINT, coalesce(f.at, 0)::BIGINT
		FROM work.atom m SEMI JOIN several USING (agent) JOIN work.told t USING (link) LEFT JOIN work.fall f USING (link, agent)
		WHERE m.dir > 0 AND t.signed_family > 0 ORDER BY t.host, m.agent, m.dir, m.first, t.hash`, func(p ingest.Page) error {
		links, agents, dirs, files, firsts, finals, ranks, hosts := p.U32(0), p.U32(1), p.U32(2), p.U32(3), p.I64(4), p.I64(5), p.U64(6), p.U32(7)
		signed, clients, falls := addressesOf(p, 8), addressesOf(p, 12), p.I64(16)
		for i := range links {
			if of.agent != agents[i] || of.dir != dirs[i] || of.host != hosts[i] {
				settle()
				of.host, of.agent, of.dir = hosts[i], agents[i], dirs[i]
			}
			t := turn{first: firsts[i], final: finals[i], signed: a.at(signed, i), file: files[i], links: []uint32{uint32(len(atoms))}}
			if client := a.at(clients, i); client.IsValid() {
				if b, ok := a.hosts[a.names[of.host]].policy.mask(familyOf(client)); ok {
					client = cutTo(client, int(b.Prefix)) // as the address that the next link is signed for
				}
				t.fell = fall{client, falls[i]}
			}
			if len(group) < maxTurns {
				group, atoms, hashes = append(group, t), append(atoms, atom{link: links[i], agent: agents[i]}), append(hashes, ranks[i])
			}
		}
		return nil
	})
	settle()
	return err
}

// enroll writes the users that are not one link under one user agent.
func (a *analysis) enroll(ctx context.Context, c *circles) error {
	members, err := a.store.Rows("member")
	if err != nil {
		return err
	}
	least := c.firsts()
	apart := map[int32]bool{}
	for n, at := range c.atoms {
		root, circle := c.users.root(int32(n)), c.links.root(c.linkAt[at.link])
		switch {
		case at.ident == 0 && c.users.size[root] == 1:
			continue
		case c.links.size[circle] > maxCircle:
			apart[circle] = true
			continue
		}
		first := least[root]
		if int32(n) == first {
			a.restOn(c.ties[root])
		}
		if err := members.Append(ctx, at.link, at.agent, at.ident, c.atoms[first].link, c.atoms[first].agent, c.salt[first], c.ids[circle]); err != nil {
			return err
		}
	}
	if len(apart) > 0 {
		a.warnOf("%d groups of more than %d links each seem to belong together, which is no single viewer: their links are counted one by one", len(apart), maxCircle)
	}
	if c.full > 0 {
		a.warnOf("more than %d links belong to users with several: the others are counted one by one", maxAtoms)
	}
	return members.Flush(ctx)
}

// firsts gives the atom that names each user, by the user's root.
func (c *circles) firsts() map[int32]int32 {
	least := map[int32]int32{}
	for n := range c.atoms {
		root := c.users.root(int32(n))
		if first, ok := least[root]; !ok || c.rank[n] < c.rank[first] {
			least[root] = int32(n)
		}
	}
	return least
}

// restOn counts a user by what joined its links.
func (a *analysis) restOn(ties uint16) {
	users := a.out.Method.IdentityUsers
	if ties <= 1 {
		users[a.loaded.Identity.String()]++
		return
	}
	users[severalLinks]++
	for tie, name := range tieNames {
		if ties&(1<<tie) != 0 {
			users[name]++
		}
	}
}

// severalLinks counts the users that auto made of several links.
const severalLinks = "several links"

var tieNames = map[ingest.Tie]string{
	ingest.TieUID: "uid cookie", ingest.TieSession: "TLS session", ingest.TieConnection: "connection",
	ingest.TieQuery: "id in the query", ingest.TieTurn: "consecutive tokens", ingest.TieIssued: "the signer's record",
}

// sayIdentity says who was taken for one user, and how many users rest on it.
func (a *analysis) sayIdentity() {
	m, users := &a.out.Method, a.out.Users.Total
	links := func(n int64) string {
		return format.Sentence("%d of %d users are a link under one user agent", n, users)
	}
	switch a.loaded.Identity.Kind {
	case ingest.ByToken:
		m.Identity = "token: a user is a link under one user agent"
	case ingest.ByAuto:
		several := m.IdentityUsers[severalLinks]
		m.Identity = "auto: " + links(users-several)
		var parts []string
		for tie := ingest.TieUID; tie <= ingest.TieIssued; tie++ {
			if n := m.IdentityUsers[tieNames[tie]]; n > 0 {
				parts = append(parts, format.Sentence("%s (%d)", tieNames[tie], n))
			}
		}
		if len(parts) > 0 {
			m.Identity += format.Sentence(", %d are several links, joined by %s", several, strings.Join(parts, ", "))
		}
	case ingest.ByAddress:
		m.Identity = "ip+ua: a user is an address and a user agent, so nobody can be seen to change it"
	default:
		name := a.loaded.Identity.String()
		m.Identity = format.Sentence("%s: %d users by it; where the log does not tell it, %s", name, m.IdentityUsers[name], links(users-m.IdentityUsers[name]))
	}
}

// stated tells whether the log states who the users are.
func (a *analysis) stated() bool {
	k := a.loaded.Identity.Kind
	return k != ingest.ByAuto && k != ingest.ByToken
}

// salted is the bit of a user's number that holds a salt.
const salted = 1 << 63

// number is the user as the view seen has it.
func (k userKey) number() uint64 {
	if k.salt != 0 {
		return salted | uint64(k.salt)
	}
	return uint64(k.link)<<32 | uint64(k.agent)
}

// sight gives a connection the view seen: table atom with the numbers of the
// users.
func (a *analysis) sight(ctx context.Context, conn *sql.Conn) error {
	usr, members := `(t.link::UBIGINT << 32) | t.agent`, ``
	if a.joined {
		members = ` LEFT JOIN member m ON m.link = t.link AND m.agent = t.agent`
		usr = `(coalesce(m.first_link, t.link)::UBIGINT << 32) | coalesce(m.first_agent, t.agent)`
	}
	if a.stated() {
		members = ` LEFT JOIN member m ON m.link = t.link AND m.agent = t.agent AND m.ident = t.ident`
		usr = `CASE WHEN m.salt > 0 THEN m.salt::UBIGINT | 9223372036854775808::UBIGINT ELSE ` + usr + ` END`
	}
	_, err := conn.ExecContext(ctx, `CREATE OR REPLACE TEMP VIEW seen AS SELECT t.*, `+usr+` AS usr FROM work.atom t`+members)
	return err
}
