package detect

import (
	"context"
	"fmt"

	"ipdrift/detect/bitset"
	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// identify finds who is one user, and fills table member. n is how many circles have several links.
func (a *analysis) identify(ctx context.Context) (n int, err error) {
	method := &a.out.Method
	method.IdentityUsers = map[string]int64{}
	c := identity.NewCircles()
	if a.asks {
		if err := a.store.Settled(ctx); err != nil {
			return 0, err
		}
	}
	switch a.loaded.Identity.Kind {
	case ingest.ByToken:
		return 0, nil
	case ingest.ByAuto:
		for _, take := range []func(context.Context, *identity.Circles) error{a.tie, a.takeTurns, a.takeIssued} {
			if err = take(ctx, c); err != nil {
				return 0, err
			}
		}
	case ingest.ByAddress:
		return 0, a.takeAddresses(ctx)
	default:
		if err := a.state(ctx, c); err != nil {
			return 0, err
		}
	}
	if err := a.enroll(ctx, c); err != nil || len(a.members) == 0 {
		return 0, err
	}
	return a.numberCircles(c)
}

// takeAddresses takes each pair of address and user agent for a user.
func (a *analysis) takeAddresses(ctx context.Context) error {
	if _, err := a.conn.ExecContext(ctx, `INSERT INTO member SELECT link, agent, ident, first_value(link) OVER w, first_value(agent) OVER w, first_value(place) OVER w, link
		FROM (`+statedAtoms+`) WINDOW w AS (PARTITION BY ident ORDER BY start, place)`); err != nil {
		return err
	}
	return a.listFirsts(ctx)
}

// listFirsts names the users that are a pair of address and user agent.
func (a *analysis) listFirsts(ctx context.Context) error {
	a.firsts = []identity.Key{{}}
	return fetch.Pages(ctx, a.conn, `SELECT DISTINCT ident, first_link, first_agent, salt FROM member`, func(p fetch.Page) error {
		links, agents, salts := p.U32(1), p.U32(2), p.I64(3)
		for i, ident := range p.U32(0) {
			a.firsts = reach(a.firsts, ident)
			a.firsts[ident] = identity.Key{Link: links[i], Agent: agents[i], Salt: salts[i]}
		}
		return nil
	})
}

// gatherCircles puts the requests of each circle of several links together.
func (a *analysis) gatherCircles(ctx context.Context, circles int) error {
	if circles == 0 {
		return nil
	}
	var requests int64
	if err := a.history.Each(ctx, func(s *history.Group) error {
		if a.circleAt[s.Number] > 0 {
			requests += int64(s.To - s.From)
		}
		return nil
	}); err != nil {
		return err
	}
	var err error
	a.joint, err = a.history.Regroup(ctx, requests, circles+1, a.Room/2, func(place, _ uint32) uint32 { return a.circleAt[place] },
		func(s *history.Group) bool { return a.circleAt[s.Number] > 0 }, a.byViewer)
	return err
}

// numberCircles numbers the circles of several links from 1 on, in the order of the
// history, and notes which links have members. It returns how many there are.
func (a *analysis) numberCircles(c *identity.Circles) (n int, err error) {
	a.circleAt, a.joined = make([]uint32, a.history.Links.Len()), bitset.New(a.history.Links.Len())
	numbers := map[int32]uint32{}
	err = a.history.Links.Parts(func(first uint32, links []history.Link) error {
		for i := range links {
			n, ok := c.LinkAt[links[i].ID]
			if !ok {
				continue
			}
			place := first + uint32(i)
			a.joined.Add(place)
			root := c.Links.Root(n)
			if size := c.Links.Size[root]; size == 1 || size > identity.MaxCircle {
				continue
			}
			if numbers[root] == 0 {
				numbers[root] = uint32(len(numbers) + 1)
			}
			a.circleAt[place] = numbers[root]
		}
		return nil
	})
	return len(numbers), err
}

// tie joins the links that have something in common which two viewers never share.
func (a *analysis) tie(ctx context.Context, c *identity.Circles) error {
	var some bool
	if err := a.conn.QueryRowContext(ctx, `SELECT EXISTS (FROM tie)`).Scan(&some); err != nil || !some {
		return err
	}
	aside, err := a.setIDsAside(ctx, inTies)
	if err != nil {
		return err
	}
	if err := a.findKin(ctx, aside); err != nil {
		return err
	}
	if err := a.findCookies(ctx, aside); err != nil {
		return err
	}
	if err := a.linkCookies(ctx, aside); err != nil {
		return err
	}
	var before int32
	var key uint64
	var agent uint32
	return fetch.Pages(ctx, a.conn, `WITH t AS (SELECT DISTINCT key, kind, link, agent FROM tie),
		k AS (SELECT key, agent FROM t GROUP BY key, agent HAVING count(*) BETWEEN 2 AND `+fmt.Sprint(identity.MaxCircle)+`)
		SELECT t.key, t.kind, t.link, t.agent, l.hash FROM t JOIN k USING (key, agent) JOIN link l ON l.id = t.link ORDER BY t.key, t.agent, l.hash`, func(p fetch.Page) error {
		keys, kinds, links, agents, hashes := p.U64(0), p.U8(1), p.U32(2), p.U32(3), p.U64(4)
		for i := range keys {
			if aside[keys[i]] {
				continue
			}
			n := c.Add(identity.Atom{Link: links[i], Agent: agents[i]}, hashes[i], 0)
			if keys[i] == key && agents[i] == agent {
				c.Join(before, n, ingest.Tie(kinds[i]))
			}
			before, key, agent = n, keys[i], agents[i]
		}
		return nil
	})
}

// statedAtoms lists the atoms with an id that the log states, each with its first
// request. A place is unique among requests.
const statedAtoms = `SELECT h.ident, h.link, h.agent, min(h.start) AS start, arg_min(h.source * 1099511627776 + h.line + 1, (h.start, h.source, h.line)) AS place
	FROM hit h JOIN outcome o ON o.id = h.outcome WHERE h.ident > 0 AND h.link > 0 AND NOT o.shield GROUP BY ALL`

// inLines are the ids that the log states, those that more networks and links show than one viewer may have.
func (a *analysis) inLines() tied {
	return tied(fmt.Sprintf(`(SELECT ident::UBIGINT AS key, 0::UTINYINT AS kind, link, client FROM hit WHERE link > 0 AND ident IN
		(SELECT ident FROM hit WHERE ident > 0 AND link > 0 GROUP BY ident HAVING count(DISTINCT client) > %[1]d AND count(DISTINCT link) > %[1]d))`, a.Thresholds.IDNetworks))
}

// state takes the id that the log states as the user, unless it is nobody's.
func (a *analysis) state(ctx context.Context, c *identity.Circles) error {
	aside, err := a.setIDsAside(ctx, a.inLines())
	if err != nil {
		return err
	}
	a.nobodys = len(aside) > 0
	before, ident := int32(-1), uint32(0)
	return fetch.Pages(ctx, a.conn, `SELECT ident, link, agent, place::BIGINT FROM (`+statedAtoms+`) ORDER BY ident, start, place`, func(p fetch.Page) error {
		idents, links, agents, places := p.U32(0), p.U32(1), p.U32(2), p.I64(3)
		for i := range idents {
			if aside[uint64(idents[i])] {
				continue
			}
			n := c.Add(identity.Atom{Link: links[i], Agent: agents[i], Ident: idents[i]}, uint64(len(c.Atoms)), places[i])
			if idents[i] == ident {
				c.Join(before, n, 0)
			}
			before, ident = n, idents[i]
		}
		return nil
	})
}

// enroll writes the users that are not one link under one user agent.
func (a *analysis) enroll(ctx context.Context, c *identity.Circles) error {
	members, err := a.store.Rows("member")
	if err != nil {
		return err
	}
	least := c.Firsts()
	apart := map[int32]bool{}
	a.members = map[identity.Atom]identity.Key{}
	for n, at := range c.Atoms {
		root, circle := c.Users.Root(int32(n)), c.Links.Root(c.LinkAt[at.Link])
		switch {
		case at.Ident == 0 && c.Users.Size[root] == 1:
			continue
		case c.Links.Size[circle] > identity.MaxCircle:
			if !apart[circle] {
				apart[circle] = true
				a.apart += int64(c.Links.Size[circle])
			}
			continue
		}
		first := least[root]
		if int32(n) == first {
			a.restOn(c.Ties[root])
		}
		a.members[at] = identity.Key{Link: c.Atoms[first].Link, Agent: c.Atoms[first].Agent, Salt: c.Salt[first]}
		if err := members.Append(ctx, at.Link, at.Agent, at.Ident, c.Atoms[first].Link, c.Atoms[first].Agent, c.Salt[first], c.IDs[circle]); err != nil {
			return err
		}
	}
	a.apart += c.Full
	a.sayApart(len(apart), c.Full)
	a.store.WriteAside(members.Flush)
	return nil
}

// stated reports whether the log states who the users are.
func (a *analysis) stated() bool {
	k := a.loaded.Identity.Kind
	return k != ingest.ByAuto && k != ingest.ByToken
}
