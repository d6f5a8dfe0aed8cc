package detect

import (
	"fmt"
	"math"
	"net/netip"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/token"
)

// Who tries the links of many viewers is none of them: a checker of links, a server that collects
// them. The site saw the right address, as it served the viewer; nothing changed there.

// asker is an address under one user agent, or under any where the address was served nothing at all: a
// server may pass on the user agents of the viewers.
type asker struct {
	at    netip.Addr
	agent uint32
}

const (
	anyAgent = math.MaxUint32
	// atStart is any, too, of which only those requests count that came as a link came into use elsewhere, where others
	// were served on, under a user agent that it served nobody: of a site's server, or a checker, in the network of the viewers.
	atStart = math.MaxUint32 - 1
)

// mostAskers bounds how many are remembered: a hostile log invents them.
const mostAskers = 1 << 16

// collectors are those who were refused with links that others were served, each with the networks (the
// operator, else a /16 or /32) of these others or, at their start, with the links, up to as many as prove it.
type collectors map[asker][]any

// see takes one link into account.
func (c *collectors) see(a *analysis, r *ruled) {
	mismatched := false
	for i := range r.rulings {
		mismatched = mismatched || r.rulings[i].Cause == token.IPMismatch.String()
	}
	if !mismatched {
		return
	}
	agents, from := map[uint32]bool{}, -1
	var began, until int64 // of what was served
	for i := range r.visits {
		if v := &r.visits[i]; v.Served() && !v.Shield {
			if from < 0 {
				began = v.first
			}
			agents[v.agent], from = true, i
			began, until = min(began, v.first), max(until, v.final)
		}
	}
	if from < 0 {
		return
	}
	var where any = a.clients.Network(r.visits[from].client)
	if asn := a.clients.ASN(r.visits[from].client); asn != 0 {
		where = asn
	}
	for v, ruling := range r.all() {
		if ruling.Cause != token.IPMismatch.String() || v.Shield {
			continue
		}
		if !agents[v.agent] {
			c.add(asker{a.client(v.Stored), v.agent}, where, a.Thresholds.IDStrangers)
		}
		if a.served(v.client) {
			continue
		}
		c.add(asker{a.client(v.Stored), anyAgent}, where, a.Thresholds.IDStrangers)
		if !agents[v.agent] && v.final < until && v.final <= began+a.Thresholds.RetryWindow.Microseconds() {
			c.add(asker{a.client(v.Stored), atStart}, r.ID, a.Thresholds.IDStrangers)
		}
	}
}

func (c *collectors) add(who asker, where any, enough int) {
	of, known := (*c)[who]
	if len(of) >= enough || !known && len(*c) == mostAskers || slices.Contains(of, where) {
		return
	}
	if *c == nil {
		*c = collectors{}
	}
	(*c)[who] = append(of, where)
}

// collects reports whether a user is one of those who try other viewers' links, or a viewer who was
// refused only because of them.
func (a *analysis) collects(u *judge.User) bool {
	many := func(agent uint32) bool { return a.triesMany(asker{u.Away, agent}) }
	switch {
	case u.Mismatches == 0 || u.Class == finding.ManyNetworks:
		return false
	case u.Served == 0 && many(u.UA):
		return true
	}
	return u.Addresses <= 2 && (many(anyAgent) || many(atStart))
}

// triesMany reports whether so many links were tried in vain that it is no viewer's doing: fewer do where
// both the address and the user agent were served none of them.
func (a *analysis) triesMany(who asker) bool {
	n := len(a.collectors[who])
	return n >= a.Thresholds.IDStrangers || who.agent < atStart && n > a.Thresholds.IDNetworks && len(a.collectors[asker{who.at, anyAgent}]) > 0
}

// sayCollectors says who was left out as a collector.
func (a *analysis) sayCollectors() {
	all := map[netip.Addr]bool{}
	for who := range a.collectors {
		if a.triesMany(who) {
			all[who.at] = true
		}
	}
	if a.collected > 0 {
		a.warnOf("%d {address tries|addresses try} in vain the links of viewers in %s networks or more, under a user agent that was served none of them or without being served anything (both: more than %s), or as many links as they came into use elsewhere, as who checks links or collects them does: what %d {user was|users were} refused so is left out",
			int64(len(all)), fmt.Sprint(a.Thresholds.IDStrangers), fmt.Sprint(a.Thresholds.IDNetworks), a.collected)
	}
}
