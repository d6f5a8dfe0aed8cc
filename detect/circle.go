package detect

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"ipdrift/ingest"
	"ipdrift/ingest/format"
	"ipdrift/token"
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
		return nil
	case ingest.ByAuto:
		for _, take := range []func(context.Context, *circles) error{a.tie, a.takeTurns, a.takeIssued} {
			if err = take(ctx, c); err != nil {
				return err
			}
		}
	case ingest.ByAddress:
		if _, err := a.conn.ExecContext(ctx, `INSERT INTO member SELECT link, agent, ident, first_value(link) OVER w, first_value(agent) OVER w, first_value(place) OVER w, link
			FROM (`+stated+`) WINDOW w AS (PARTITION BY ident ORDER BY start, place)`); err != nil {
			return err
		}
		return a.listFirsts(ctx)
	default:
		if err := a.state(ctx, c); err != nil {
			return err
		}
	}
	if err := a.enroll(ctx, c); err != nil {
		return err
	}
	return a.join(ctx, c)
}

// listFirsts names the users who are an address and a user agent.
func (a *analysis) listFirsts(ctx context.Context) error {
	a.firsts = []userKey{{}}
	return ingest.Pages(ctx, a.conn, `SELECT DISTINCT ident, first_link, first_agent, salt FROM member`, func(p ingest.Page) error {
		links, agents, salts := p.U32(1), p.U32(2), p.I64(3)
		for i, ident := range p.U32(0) {
			if n := int(ident) + 1 - len(a.firsts); n > 0 {
				a.firsts = append(a.firsts, make([]userKey, n)...)
			}
			a.firsts[ident] = userKey{links[i], agents[i], salts[i]}
		}
		return nil
	})
}

// join makes the film of the circles that are more than one link.
func (a *analysis) join(ctx context.Context, c *circles) error {
	if len(a.members) == 0 {
		return nil
	}
	a.circleAt, a.joined = make([]uint32, len(a.film.links)), newBits(len(a.film.links))
	numbers := map[int32]uint32{}
	for place, l := range a.film.links {
		n, ok := c.linkAt[l.link]
		if !ok {
			continue
		}
		a.joined.set(uint32(place))
		root := c.links.root(n)
		if size := c.links.size[root]; size == 1 || size > maxCircle {
			continue
		}
		if numbers[root] == 0 {
			numbers[root] = uint32(len(numbers) + 1)
		}
		a.circleAt[place] = numbers[root]
	}
	if len(numbers) == 0 {
		return nil
	}
	var requests int64
	if err := a.film.each(ctx, func(c *cut) error {
		for i := range c.strips {
			if s := &c.strips[i]; a.circleAt[s.number] > 0 {
				requests += int64(s.to - s.from)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	var err error
	a.joint, err = a.film.regroup(ctx, requests, len(numbers)+1, a.Room/2, func(place, _ uint32) uint32 { return a.circleAt[place] },
		func(s *strip) bool { return a.circleAt[s.number] > 0 }, a.viewers)
	return err
}

// tie joins the links with something in common that two viewers never share.
func (a *analysis) tie(ctx context.Context, c *circles) error {
	aside, err := a.setIDsAside(ctx)
	if err != nil {
		return err
	}
	if err := a.findKin(ctx, aside); err != nil {
		return err
	}
	var before int32
	var key uint64
	var agent uint32
	return ingest.Pages(ctx, a.conn, `WITH t AS (SELECT DISTINCT key, kind, link, agent FROM tie),
		k AS (SELECT key, agent FROM t GROUP BY key, agent HAVING count(*) BETWEEN 2 AND `+fmt.Sprint(maxCircle)+`)
		SELECT t.key, t.kind, t.link, t.agent, l.hash FROM t JOIN k USING (key, agent) JOIN link l ON l.id = t.link ORDER BY t.key, t.agent, l.hash`, func(p ingest.Page) error {
		keys, kinds, links, agents, hashes := p.U64(0), p.U8(1), p.U32(2), p.U32(3), p.U64(4)
		for i := range keys {
			if aside[keys[i]] {
				continue
			}
			n := c.add(atom{link: links[i], agent: agents[i]}, hashes[i], 0)
			if keys[i] == key && agents[i] == agent {
				c.join(before, n, ingest.Tie(kinds[i]))
			}
			before, key, agent = n, keys[i], agents[i]
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

// used is the time in which one user agent used a link, in one directory.
type used struct {
	first, final, fellAt          int64  // µs; fellAt: when it was refused last because of its address
	host, place, agent, dir, file uint32 // host by its place; file: the only one that was asked for; 0: several
	fell                          uint32 // the client that was refused then; 0: none
}

// takeTurns joins the links that one player used in turn. Links over several
// directories, and those whose signing address is not known, stay as they are.
func (a *analysis) takeTurns(ctx context.Context, c *circles) error {
	return inShares(func(share, shares uint32) (ok bool, err error) { return a.takeShare(ctx, c, share, shares) })
}

// mostUses is how many uses are held at once, of 48 bytes. A test has fewer.
var mostUses = 1 << 20

// takeShare does so with a share of the uses; ok tells whether it is small enough. What
// was joined may be joined again.
func (a *analysis) takeShare(ctx context.Context, c *circles, share, shares uint32) (ok bool, err error) {
	all, ok, err := a.uses(ctx, func(agent uint32) bool { return a.survey.several.has(agent) },
		func(u *used) bool { return (u.agent*0x9e3779b1^u.dir*0x85ebca6b)>>8%shares == share }, shares >= mostShares)
	if !ok || err != nil {
		return false, err
	}
	return true, inOrder(ctx, a.Threads,
		func(emit func([]used) error) error {
			for len(all) > 0 {
				n := endBeside(all, min(usesEach, len(all)))
				if err := emit(all[:n]); err != nil {
					return err
				}
				all = all[n:]
			}
			return nil
		},
		a.pairAll,
		func(next [][2]*used) error {
			for _, p := range next {
				c.join(a.numberIn(c, p[0]), a.numberIn(c, p[1]), ingest.TieTurn)
			}
			return nil
		})
}

// usesEach is how many are paired at a time, at least.
const usesEach = 1 << 11

// endBeside is where the uses beside the one before n end.
func endBeside(uses []used, n int) int {
	for n < len(uses) && uses[n].beside(&uses[n-1]) {
		n++
	}
	return n
}

// mostShares is from how many shares on one that is too large is cut: to the first
// uses of each user agent in each directory, which are all that is looked at.
const mostShares = 64

// beside tells whether two uses are of one host, user agent and directory.
func (u *used) beside(o *used) bool { return u.host == o.host && u.agent == o.agent && u.dir == o.dir }

// pairAll pairs the uses that follow each other among those that stand beside each other.
func (a *analysis) pairAll(uses []used) (next [][2]*used) {
	for len(uses) > 0 {
		n := endBeside(uses, 1)
		next = a.pair(uses[:min(n, maxTurns)], next)
		uses = uses[n:]
	}
	return next
}

// pair adds the pairs among uses that stand beside each other, in the order of time.
func (a *analysis) pair(uses []used, to [][2]*used) [][2]*used {
	if len(uses) < 2 {
		return to
	}
	turns, links := make([]turn, len(uses)), make([]uint32, len(uses))
	for i := range uses {
		u := &uses[i]
		links[i] = uint32(i)
		turns[i] = turn{first: u.first, final: u.final, signed: a.signedFor(u.place), file: u.file, fell: a.fallOf(u), links: links[i : i+1 : i+1]}
	}
	for _, p := range pairs(turns, a.Thresholds.Recovery.Microseconds()) {
		to = append(to, [2]*used{&uses[p[0]], &uses[p[1]]})
	}
	return to
}

// numberIn is the number of the atom of a use.
func (a *analysis) numberIn(c *circles, u *used) int32 {
	l := &a.film.links[u.place]
	return c.add(atom{link: l.link, agent: u.agent}, l.hash, 0)
}

// uses lists uses by some user agents, and of these some, host by host, agent by
// agent and directory by directory, each in the order of time. Where there are too
// many it is not ok, unless they may be cut.
func (a *analysis) uses(ctx context.Context, agents func(agent uint32) bool, some func(*used) bool, may bool) (all []used, ok bool, err error) {
	most := mostUses
	err = pass(ctx, a.Threads, a.film.cuts,
		func(c *cut) (uses []used, err error) {
			for i := range c.strips {
				if s := &c.strips[i]; s.signed > 0 {
					if uses, err = a.usesOf(s, agents, uses); err != nil {
						return nil, err
					}
				}
			}
			return slices.DeleteFunc(uses, func(u used) bool { return !some(&u) }), nil
		},
		func(uses []used) error {
			if all = append(all, uses...); len(all) <= most {
				return nil
			}
			if !may {
				return errEnough
			}
			all = firstUses(all)
			most = max(most, 2*len(all)) // what is left is of too many directories to be cut
			return nil
		})
	if err == errEnough {
		return nil, false, nil
	}
	slices.SortFunc(all, used.inOrder)
	return all, true, err
}

func (u used) inOrder(o used) int {
	return cmp.Or(cmp.Compare(u.host, o.host), cmp.Compare(u.agent, o.agent), cmp.Compare(u.dir, o.dir), cmp.Compare(u.first, o.first), cmp.Compare(u.place, o.place))
}

// firstUses are those of each user agent in each directory that are looked at.
func firstUses(all []used) []used {
	slices.SortFunc(all, used.inOrder)
	n := 0
	var before used
	return slices.DeleteFunc(all, func(u used) bool {
		if n++; !u.beside(&before) {
			n = 1
		}
		before = u
		return n > maxTurns
	})
}

// usesOf adds the uses of one link by some user agents.
func (a *analysis) usesOf(s *strip, agents func(agent uint32) bool, to []used) ([]used, error) {
	from, n := len(to), -1 // n: of the request before
	var who casting
	var before frame
	err := a.eachRequest(s, func(f *frame) {
		if n < 0 || f.agent != before.agent {
			if !agents(f.agent) {
				return
			}
			var fresh bool
			if n, fresh = who.number(userKey{agent: f.agent}); fresh {
				to = append(to, used{host: a.outcomes[f.outcome].host.place, place: s.number, agent: f.agent, dir: f.dir, first: f.start, file: a.fileOf(f)})
			}
		}
		before = *f
		u := &to[from+n]
		u.final = f.start
		if f.dir != u.dir {
			u.dir = 0
		}
		if u.file > 0 && a.fileOf(f) != u.file {
			u.file = 0
		}
		if f.cause != a.words.mismatch && f.cause != a.expiredMismatch {
			return
		}
		if u.fell == 0 || f.start > u.fellAt || bytes.Compare(a.text(f.client), a.text(u.fell)) > 0 {
			u.fell, u.fellAt = f.client, f.start
		}
	})
	of := slices.DeleteFunc(to[from:], func(u used) bool { return u.dir == 0 })
	return to[:from+len(of)], err
}

// fallOf is the last refusal in a use, of the address that the next link is signed
// for.
func (a *analysis) fallOf(u *used) fall {
	if u.fell == 0 {
		return fall{}
	}
	client := a.client(a.clients.of(u.fell))
	if b, ok := a.hosts[a.names[u.host]].policy.mask(familyOf(client)); ok {
		client = cutTo(client, int(b.Prefix))
	}
	return fall{client, u.fellAt}
}

// text is an address as the case has it.
func (a *analysis) text(client uint32) []byte {
	return token.AppendAddr(nil, a.clients.address(client))
}

// enroll writes the users that are not one link under one user agent.
func (a *analysis) enroll(ctx context.Context, c *circles) error {
	members, err := a.store.Rows("member")
	if err != nil {
		return err
	}
	least := c.firsts()
	apart := map[int32]bool{}
	a.members = map[atom]userKey{}
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
		a.members[at] = userKey{c.atoms[first].link, c.atoms[first].agent, c.salt[first]}
		if err := members.Append(ctx, at.link, at.agent, at.ident, c.atoms[first].link, c.atoms[first].agent, c.salt[first], c.ids[circle]); err != nil {
			return err
		}
	}
	if len(apart) > 0 {
		a.warnOf("%d {group|groups} of more than %d links each seem to belong together, which is no single viewer: their links are counted one by one", len(apart), maxCircle)
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
		return format.Sentence("%d of %d {user is|users are} a link under one user agent", n, users)
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
			m.Identity += format.Sentence(", %d {is|are} several links, joined by %s", several, strings.Join(parts, ", "))
		}
	case ingest.ByAddress:
		m.Identity = "ip+ua: a user is an address and a user agent, so nobody can be seen to change it"
	default:
		name := a.loaded.Identity.String()
		m.Identity = format.Sentence("%s: %d {user|users} by it; where the log does not tell it, %s", name, m.IdentityUsers[name], links(users-m.IdentityUsers[name]))
	}
}

// sayRuns says whose requests in several runs are not joined: where the hashes of ids
// have several keys, they cannot be compared.
func (a *analysis) sayRuns(ctx context.Context) error {
	who := a.loaded.Identity.Kind
	if !a.grown() || who == ingest.ByToken {
		return nil
	}
	alike, err := a.store.IDsAlike(ctx)
	if err != nil || alike {
		return err
	}
	told := true
	if who == ingest.ByAuto {
		if err := a.conn.QueryRowContext(ctx, `SELECT EXISTS (FROM tie WHERE kind <> ?)`, ingest.TieConnection).Scan(&told); err != nil {
			return err
		}
	}
	if told {
		a.warnOf("a viewer in the logs of several runs whom an id alone joins may count once for each of them: ids are kept as hashes, and some run had no token key that an earlier one had, so it hashed them otherwise; analysed in one run, such viewers count once")
	}
	return nil
}

// stated tells whether the log states who the users are.
func (a *analysis) stated() bool {
	k := a.loaded.Identity.Kind
	return k != ingest.ByAuto && k != ingest.ByToken
}

// number is the user as one number, which other users may have too.
func (k userKey) number() uint64 {
	if k.salt != 0 {
		return uint64(k.salt)
	}
	return uint64(k.link)<<32 | uint64(k.agent)
}
