package search

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
)

// A signer that sees its own proxy signs for the few addresses of that proxy, so a sample
// of the links that are unexplained tells: one link of each tenth client, as a viewer may
// have thousands of links, and the proxy stand before one of several ways in. Who always
// comes that way is served nothing; who moves is, before or after.
const (
	privateShare    = 1. / 3 // of the clients of a host that have unexplained links, from which any are searched
	privateUnserved = 0.03   // the same of those that have them and were never served
	privateClients  = 10     // of a host that have unexplained links, for each of those that are searched
	privateSample   = 4      // links of a host that are searched at most, each of another client
	privateSearches = 16     // of all hosts
)

// searchPrivate looks for the signer's own proxy, and tries its addresses with
// all links.
func (r *Search) searchPrivate(ctx context.Context, suspects []*Suspect) {
	left := map[*Host][]*Suspect{}
	for _, s := range suspects {
		if s.open() {
			left[s.Host] = append(left[s.Host], s)
		}
	}
	proxies := r.privateProxies(ctx, left)
	r.round(ctx, suspects, func(f *Finder, s *Suspect) {
		for _, ip := range proxies[s.Host] {
			f.inAll(s, netip.PrefixFrom(ip, ip.BitLen()))
		}
	})
}

// privateProxies searches links of the hosts with most clients that have unexplained ones,
// two of a host at a time until one is found.
func (r *Search) privateProxies(ctx context.Context, left map[*Host][]*Suspect) map[*Host][]netip.Addr {
	samples, proxies := map[*Host][]*Suspect{}, map[*Host][]netip.Addr{}
	for h, all := range left {
		first, least := oneOfEach(all), privateShare*h.Askers
		if float64(len(first)) < least {
			first = slices.DeleteFunc(first, func(s *Suspect) bool { return slices.ContainsFunc(s.Ids, r.Served) })
			least = privateUnserved * h.Askers
		}
		if float64(len(first)) >= least {
			samples[h] = first[:min(len(first)/privateClients, privateSample)]
		}
	}
	hosts := slices.SortedFunc(maps.Keys(samples), func(x, y *Host) int {
		return cmp.Or(cmp.Compare(len(samples[y]), len(samples[x])), cmp.Compare(x.Place, y.Place))
	})
	for from, searches := 0, 0; from < privateSample; from += 2 {
		var now []*Suspect
		for _, h := range hosts {
			if some := samples[h]; proxies[h] == nil && from < len(some) && searches+len(now) < privateSearches {
				now = append(now, some[from:min(from+2, len(some))]...)
			}
		}
		searches += len(now)
		r.round(ctx, now, func(f *Finder, s *Suspect) {
			for _, p := range r.Limits.Private {
				f.inAll(s, p)
			}
		})
		for _, s := range now {
			if s.Found != nil {
				proxies[s.Host] = append(proxies[s.Host], s.Found.Addr)
			}
		}
	}
	return proxies
}

// oneOfEach takes the first suspect of each client.
func oneOfEach(suspects []*Suspect) (out []*Suspect) {
	seen := map[netip.Addr]bool{}
	for _, s := range suspects {
		if c := s.Clients[0]; !seen[c] {
			seen[c] = true
			out = append(out, s)
		}
	}
	return out
}

// inAll tries a network with every path that a link may be signed over.
func (f *Finder) inAll(s *Suspect, p netip.Prefix) {
	if s.Found != nil || !f.worth(s) {
		return
	}
	for _, g := range f.goals(s, false) {
		f.aim(s.Host, &g)
		if f.trier.Quick() && f.whole(s, &g, p) {
			return
		}
	}
}

// FindProxied tells links signed for the signer's own proxy: for a private address from which
// nobody asked, while those who asked with them have public ones.
func FindProxied(suspects []*Suspect, pool *Pool) {
	for _, s := range suspects {
		if s.Found != nil && addr.Private(s.Found.Addr) {
			s.Found.Private = !slices.ContainsFunc(s.Clients, addr.Private) && !pool.has(s.Found.Addr)
		}
	}
}
