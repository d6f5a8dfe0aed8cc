package detect

import (
	"context"
	"fmt"

	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// trail is what one address asked for with one link and user agent.
type trail struct{ link, agent, client uint32 }

// findKin finds which of these are one viewer's by a cookie or a TLS session, which no link carries to
// others.
func (a *analysis) findKin(ctx context.Context, aside map[uint64]bool) error {
	numbers, of := map[trail]int32{}, identity.Sets{}
	var before int32
	var key uint64
	if err := fetch.Pages(ctx, a.conn, fmt.Sprintf(`WITH t AS (SELECT DISTINCT key, link, agent, client FROM tie WHERE kind IN (%d, %d)),
		k AS (SELECT key FROM t GROUP BY key HAVING count(DISTINCT client) > 1)
		SELECT key, link, agent, client FROM t SEMI JOIN k USING (key) ORDER BY ALL`, ingest.TieUID, ingest.TieSession), func(p fetch.Page) error {
		keys, links, agents, clients := p.U64(0), p.U32(1), p.U32(2), p.U32(3)
		for i := range keys {
			at := trail{links[i], agents[i], clients[i]}
			n, ok := numbers[at]
			switch {
			case aside[keys[i]], !ok && len(numbers) == identity.MaxAtoms:
				continue
			case !ok:
				n = of.Add()
				numbers[at] = n
			}
			if keys[i] == key {
				of.Join(before, n)
			}
			before, key = n, keys[i]
		}
		return nil
	}); err != nil {
		return err
	}
	a.kin = make(map[trail]uint32, len(numbers))
	for at, n := range numbers {
		a.kin[at] = uint32(of.Root(n)) + 1
	}
	return nil
}

// kinOf returns the number of the viewer whom a cookie or a TLS session identifies; 0 where none does.
func (a *analysis) kinOf(f *history.Request) uint32 {
	if len(a.kin) == 0 {
		return 0
	}
	return a.kin[trail{a.history.Links.At(f.Place).ID, f.Agent, f.Client}]
}

// findCookies tells apart, by id cookie, who used a link with one user agent at several
// addresses: two viewers may have both in common.
func (a *analysis) findCookies(ctx context.Context, aside map[uint64]bool) error {
	a.cookies = map[trail]uint32{}
	numbers := map[uint64]uint32{}
	return fetch.Pages(ctx, a.conn, fmt.Sprintf(`WITH t AS (SELECT DISTINCT key, link, agent, client FROM tie WHERE kind = %d),
		s AS (SELECT link, agent FROM t GROUP BY link, agent HAVING count(DISTINCT key) > 1)
		SELECT link, agent, client, min(key), count(*)::BIGINT FROM t SEMI JOIN s USING (link, agent) GROUP BY link, agent, client ORDER BY ALL`, ingest.TieUID), func(p fetch.Page) error {
		links, agents, clients, keys, several := p.U32(0), p.U32(1), p.U32(2), p.U64(3), p.I64(4)
		for i, key := range keys {
			if several[i] > 1 || aside[key] || len(a.cookies) == identity.MaxAtoms {
				continue // of a household, or of a player that keeps none
			}
			if numbers[key] == 0 {
				numbers[key] = uint32(len(numbers) + 1)
			}
			a.cookies[trail{links[i], agents[i], clients[i]}] = numbers[key]
		}
		return nil
	})
}

// cookieOf is the number of the id cookie of a request, where it tells two viewers apart.
func (a *analysis) cookieOf(f *history.Request) uint32 {
	if len(a.cookies) == 0 {
		return 0
	}
	return a.cookies[trail{a.history.Links.At(f.Place).ID, f.Agent, f.Client}]
}

// linkCookies notes the id cookie of each link that shows one alone: a player that keeps none gets a new one with each
// request. Half of its hash tells it from others.
func (a *analysis) linkCookies(ctx context.Context, aside map[uint64]bool) error {
	a.own, a.kept = nil, nil
	return fetch.Pages(ctx, a.conn, fmt.Sprintf(`SELECT link, min(key), (count(DISTINCT client) > 1)::UTINYINT FROM tie WHERE kind = %d GROUP BY link HAVING min(key) = max(key)`, ingest.TieUID), func(p fetch.Page) error {
		links, keys, kept := p.U32(0), p.U64(1), p.U8(2)
		for i, link := range links {
			a.own = reach(a.own, link)
			if !aside[keys[i]] {
				a.own[link] = uint32(keys[i])
				if kept[i] == 1 {
					a.kept.Add(link)
				}
			}
		}
		return nil
	})
}

// cookieIn returns the id cookie of a link that was asked for more than once; 0 where it is not known.
func (a *analysis) cookieIn(u *used) uint32 {
	if u.final > u.first {
		return a.cookieOfLink(u.place)
	}
	return 0
}

// keepsCookie reports whether the only id cookie that a link came with did so from several addresses: the player keeps it.
func (a *analysis) keepsCookie(place uint32) bool { return a.kept.Has(a.history.Links.At(place).ID) }

// cookieOfLink is the only id cookie that a link came with; 0 where it is not known.
func (a *analysis) cookieOfLink(place uint32) uint32 {
	if link := a.history.Links.At(place).ID; int(link) < len(a.own) {
		return a.own[link]
	}
	return 0
}
