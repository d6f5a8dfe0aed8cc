package detect

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"

	"ipdrift/detect/client"
	"ipdrift/detect/finding"
	"ipdrift/detect/history"
)

const mostNetworks = 10 // that are listed

// origin is where requests to a host came from.
type origin struct {
	host *host
	client.Network
}

// denied are the refused requests of links from an origin.
type denied struct {
	origin
	refusals, mismatches int64
	real                 netip.Addr // of the network; zero: not asked yet
}

// before compares origins in the order in which they are reported: those with most refusals first.
func (d *denied) before(o *denied) int {
	return cmp.Or(cmp.Compare(o.mismatches, d.mismatches), cmp.Compare(o.refusals, d.refusals), cmp.Compare(d.host.Place, o.host.Place), cmp.Compare(d.Length(), o.Length()))
}

// deny lists the networks where most refusals came from.
func (a *analysis) deny(ctx context.Context) error {
	totals := a.totals()
	a.out.Denials.Requests = map[string]int64{}
	var hosts []*host
	for _, h := range a.ordered {
		if totals[h.Name] > 0 {
			hosts = append(hosts, h)
			a.out.Denials.Requests[h.Name] = h.requests
		}
	}
	var top []denied
	for _, some := range batches(hosts, a.limits.denied, func(h *host) int64 { return min(totals[h.Name], int64(a.clients.Len())) }) {
		all, err := a.countDenied(ctx, some)
		if err != nil {
			return err
		}
		top = a.mostDenied(append(all, top...))
	}
	return a.describe(ctx, top)
}

// countDenied counts the refused requests of links to some hosts.
func (a *analysis) countDenied(ctx context.Context, hosts []*host) ([]denied, error) {
	type counts map[origin]denied
	places := a.places(hosts)
	all := counts{}
	var mu sync.Mutex
	enter := func(part counts) {
		mu.Lock()
		defer mu.Unlock()
		for at, n := range part {
			all[at] = all[at].with(n.refusals, n.mismatches)
		}
		clear(part)
	}
	parts, err := screen(ctx, a, func() counts { return counts{} }, func(part counts, requests []history.Request) {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			f := &t[0]
			if f.Cause == 0 || f.Place == 0 || places[f.Outcome] < 0 {
				continue
			}
			at, n, mismatches := origin{a.outcomes[f.Outcome].host, a.clients.Network(f.Client)}, int64(len(t)), int64(0)
			if a.ofAddress(f.Cause) {
				mismatches = n
			}
			if part[at] = part[at].with(n, mismatches); len(part) >= a.limits.heldBack {
				enter(part)
			}
		}
	})
	for _, part := range parts {
		enter(part)
	}
	var list []denied
	for at, n := range all {
		n.origin = at
		list = append(list, n)
	}
	return list, err
}

func (d denied) with(refusals, mismatches int64) denied {
	d.refusals, d.mismatches = d.refusals+refusals, d.mismatches+mismatches
	return d
}

// mostDenied returns the first of some origins; equal ones stand in the order of their real addresses,
// which the case may not have.
func (a *analysis) mostDenied(all []denied) []denied {
	slices.SortFunc(all, func(x, y denied) int { return x.before(&y) })
	if n := mostNetworks; len(all) > n {
		for n < len(all) && all[n].before(&all[mostNetworks-1]) == 0 {
			n++
		}
		all = all[:n]
	}
	for i := range all {
		all[i].real = a.realNetwork(all[i].Prefix()).Addr()
	}
	slices.SortFunc(all, func(x, y denied) int { return cmp.Or(x.before(&y), x.real.Compare(y.real)) })
	return slices.Clone(all[:min(len(all), mostNetworks)])
}

// describe lists origins with what their clients have in common.
func (a *analysis) describe(ctx context.Context, top []denied) error {
	at := map[origin]int{}
	for i := range top {
		at[top[i].origin] = i
	}
	crowds, err := a.crowds(ctx, len(top), func(f *history.Request) int {
		if f.Cause > 0 && f.Place > 0 {
			if i, ok := at[origin{a.outcomes[f.Outcome].host, a.clients.Network(f.Client)}]; ok {
				return i
			}
		}
		return -1
	})
	if err != nil {
		return err
	}
	c := &a.clients
	for i := range top {
		d := &top[i]
		n := finding.Network{Host: d.host.Name, Prefix: d.Prefix().String(), Refusals: d.refusals, Mismatches: d.mismatches}
		clients := crowds[i].List(c)
		asn, country := c.ASN(clients[0]), c.Country(clients[0])
		for j, id := range clients {
			if j == 0 || c.Addr(id) != c.Addr(clients[j-1]) {
				n.Addresses++
			}
			if c.ASN(id) != asn {
				asn = 0
			}
			if c.Country(id) != country {
				country = 0
			}
		}
		if n.Country = c.Countries[country]; asn > 0 {
			number := int64(asn)
			if n.ASN = &number; a.Networks != nil {
				n.Name = a.operator(d.real, number)
			}
		}
		a.out.Denials.Networks = append(a.out.Denials.Networks, n)
	}
	return nil
}
