package detect

import (
	"fmt"
	"net/netip"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/token"
)

// Who tries the links of many viewers is none of them: a checker of links, a server that collects
// them. The site saw the right address, as it served the viewer; nothing changed there.

// asker is an address under one user agent.
type asker struct {
	at    netip.Addr
	agent uint32
}

// mostAskers bounds how many are remembered: a hostile log invents them.
const mostAskers = 1 << 16

// collectors are those who are refused with links that another user agent was served, by the networks (the
// operator, else a /16 or /32) where it was, as many as tell.
type collectors map[asker]map[any]bool

// see looks at a link.
func (c *collectors) see(a *analysis, r *ruled) {
	n, mismatched := -1, false
	for i := range r.rulings {
		mismatched = mismatched || r.rulings[i].Cause == token.IPMismatch.String()
	}
	if !mismatched {
		return
	}
	agents, from := map[uint32]bool{}, -1
	for i := range r.visits {
		if v := &r.visits[i]; v.Served() && !v.Shield {
			agents[v.agent], from = true, i
		}
	}
	if from < 0 {
		return
	}
	var where any = a.clients.Network(r.visits[from].client)
	if asn := a.clients.ASN(r.visits[from].client); asn != 0 {
		where = asn
	}
	for i := range r.visits {
		v := &r.visits[i]
		if i == 0 || !v.sameKind(&r.visits[i-1]) {
			n++
		}
		if r.rulings[n].Cause == token.IPMismatch.String() && !v.Shield && !agents[v.agent] {
			c.add(asker{a.client(v.Stored), v.agent}, where, a.Thresholds.IDStrangers)
		}
	}
}

func (c *collectors) add(who asker, where any, enough int) {
	of, known := (*c)[who]
	switch {
	case len(of) >= enough, !known && len(*c) == mostAskers:
		return
	case !known:
		if *c == nil {
			*c = collectors{}
		}
		of = map[any]bool{}
		(*c)[who] = of
	}
	of[where] = true
}

// collects tells whether a user whom nothing was served is one of those who try the links of many.
func (a *analysis) collects(u *judge.User) bool {
	return u.Served == 0 && u.Mismatches > 0 && u.Class != finding.ManyNetworks &&
		len(a.collectors[asker{u.Away, u.UA}]) >= a.Thresholds.IDStrangers
}

// sayCollectors says who is left out for it.
func (a *analysis) sayCollectors() {
	n := 0
	for _, of := range a.collectors {
		if len(of) >= a.Thresholds.IDStrangers {
			n++
		}
	}
	if n > 0 && a.collected > 0 {
		a.warnOf("%d {address tries|addresses try} the links of viewers in %s networks or more under a user agent that was served none of them, as who checks links or collects them does: {its|their} %d {user is|users are} left out",
			n, fmt.Sprint(a.Thresholds.IDStrangers), a.collected)
	}
}
