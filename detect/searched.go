package detect

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"ipdrift/detect/search"
	"ipdrift/ingest/fetch"
	"ipdrift/token"
)

// search finds out how the links were signed that verify for no observed request.
func (a *analysis) search(ctx context.Context) error {
	r := a.newSearch()
	a.searched = r
	if len(a.survey.suspects) == 0 {
		a.passed = a.survey.passed
		a.guess()
		return nil
	}
	var listing sync.WaitGroup
	listing.Go(func() { r.Pool = search.NewPool(a.addresses()) })
	suspects := a.suspects()
	listing.Wait()
	if err := r.Run(ctx, suspects); err != nil {
		return err
	}
	a.tell(r, suspects)
	r.Pool = nil // large, and not asked any more
	a.guess()
	return ctx.Err()
}

// newSearch makes a search over the links of this log; its addresses are not listed yet.
func (a *analysis) newSearch() *search.Search {
	sites := a.sites(func(*host) bool { return true })
	return &search.Search{
		Hosts: sites, Unproven: a.loaded.Unproven, Recover: a.Recover, Limits: a.limits.search, Threads: a.Threads, Masked: a.masked, Sets: search.KeySets(sites),
		Served: a.served, Operators: a.operators, Networks: a.Networks, Pseudonyms: a.Pseudonyms, Progress: a.Searching,
	}
}

// sites returns some hosts, in the order of their names, in the form that the search takes.
func (a *analysis) sites(some func(*host) bool) (sites []*search.Host) {
	for _, h := range a.ordered {
		if some(h) {
			h.Askers = h.clients.Count()
			sites = append(sites, &h.Host)
		}
	}
	return sites
}

// served reports whether a client was served anything, with any link.
func (a *analysis) served(client uint32) bool { return a.survey.served.Has(client) }

// tell stores the proofs and accounts for the search.
func (a *analysis) tell(r *search.Search, suspects []*search.Suspect) {
	m := &a.out.Method.Search
	var each []int64
	grown := a.grown()
	m.Full = int64(r.Full)
	search.FindMasked(suspects)
	search.FindProxied(suspects, r.Pool)
	m.Links, m.Skipped, m.Unresolved = a.passed, a.passed, a.passed
	for _, s := range suspects {
		m.Links++
		m.Candidates += int64(s.Tried)
		if s.Examined {
			a.hosts[s.Host.Name].examined++
		}
		if s.Examined || s.Found != nil {
			a.note(s.Link, func(l *learned) { l.examined, l.proof = s.Examined, s.Found })
		}
		if s.Found == nil && grown && len(a.loaded.Unproven.Attempts(s.Link)) == 0 {
			a.tokenless++
		}
		switch {
		case s.Found != nil:
			m.Found++
			a.proofs[s.Link] = s.Found
			if s.Unserved && s.Life > 0 && s.Found.How.Scope == token.ScopeAncestor && slices.ContainsFunc(s.Clients, s.Found.HoldsFor) {
				s.Host.Policy.Astray++
			}
			continue
		case s.Skipped || !s.Deep && r.Searches(s.Host):
			m.Skipped++
		default:
			each = append(each, int64(s.Tried))
		}
		m.Unresolved++
	}
	if len(each) > 0 {
		slices.Sort(each)
		m.Each = each[len(each)/2]
	}
	for _, d := range r.Draws {
		m.Sampled += d.Links
		m.SampleFound += d.Found
	}
	a.tokenless = max(0, a.tokenless-int64(a.loaded.Unproven.Skipped()))
}

// operators calls tell with the ASN of each IPv4 address, as far as the log has it.
func (a *analysis) operators(ctx context.Context, tell func(netip.Addr, uint32)) error {
	return fetch.Each(ctx, a.conn, `SELECT asn, address FROM clients WHERE family = 4 AND mapped = 0 AND asn IS NOT NULL ORDER BY hi, lo, asn LIMIT ?`, func(scan fetch.Scan) error {
		var asn uint32
		var text string
		err := scan(&asn, &text)
		if ip, bad := a.real(text); bad == nil {
			tell(ip, asn)
		}
		return err
	}, search.PoolSize)
}
