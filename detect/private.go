package detect

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/history"
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

// privateNets are the networks of RFC 1918, 18 million addresses. A test has the small ones.
var privateNets = []netip.Prefix{
	netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
	netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8),
}

// searchPrivate looks for the signer's own proxy, and tries its addresses with
// all links.
func (a *analysis) searchPrivate(ctx context.Context, suspects []*suspect) {
	left := map[*host][]*suspect{}
	for _, s := range suspects {
		if s.found == nil && !s.skipped {
			left[s.host] = append(left[s.host], s)
		}
	}
	proxies := a.privateProxies(ctx, left)
	a.round(ctx, suspects, nil, func(f *finder, s *suspect) {
		for _, ip := range proxies[s.host] {
			f.inAll(s, netip.PrefixFrom(ip, ip.BitLen()))
		}
	})
}

// privateProxies searches links of the hosts with most clients that have unexplained ones,
// two of a host at a time until one is found.
func (a *analysis) privateProxies(ctx context.Context, left map[*host][]*suspect) map[*host][]netip.Addr {
	samples, proxies := map[*host][]*suspect{}, map[*host][]netip.Addr{}
	for h, all := range left {
		first, least := oneOfEach(all), privateShare*h.clients.count()
		if float64(len(first)) < least {
			first = slices.DeleteFunc(first, func(s *suspect) bool { return slices.ContainsFunc(s.ids, a.survey.served.has) })
			least = privateUnserved * h.clients.count()
		}
		if float64(len(first)) >= least {
			samples[h] = first[:min(len(first)/privateClients, privateSample)]
		}
	}
	hosts := slices.SortedFunc(maps.Keys(samples), func(x, y *host) int {
		return cmp.Or(cmp.Compare(len(samples[y]), len(samples[x])), cmp.Compare(x.place, y.place))
	})
	for from, searches := 0, 0; from < privateSample; from += 2 {
		var now []*suspect
		for _, h := range hosts {
			if some := samples[h]; proxies[h] == nil && from < len(some) && searches+len(now) < privateSearches {
				now = append(now, some[from:min(from+2, len(some))]...)
			}
		}
		searches += len(now)
		a.round(ctx, now, nil, func(f *finder, s *suspect) {
			for _, p := range privateNets {
				f.inAll(s, p)
			}
		})
		for _, s := range now {
			if s.found != nil {
				proxies[s.host] = append(proxies[s.host], s.found.addr)
			}
		}
	}
	return proxies
}

// oneOfEach takes the first suspect of each client.
func oneOfEach(suspects []*suspect) (out []*suspect) {
	seen := map[netip.Addr]bool{}
	for _, s := range suspects {
		if c := s.clients[0]; !seen[c] {
			seen[c] = true
			out = append(out, s)
		}
	}
	return out
}

// inAll tries a network with every path that a link may be signed over.
func (f *finder) inAll(s *suspect, p netip.Prefix) {
	if s.found != nil || !f.worth(s) {
		return
	}
	for _, g := range f.goals(s, false) {
		f.aim(s.host, &g)
		if f.trier.Quick() && f.whole(s, &g, p) {
			return
		}
	}
}

// findProxied tells links signed for the signer's own proxy: for a private address from which
// nobody asked, while those who asked with them have public ones.
func findProxied(suspects []*suspect, pool *pool) {
	for _, s := range suspects {
		if s.found != nil && addr.Private(s.found.addr) {
			s.found.private = !slices.ContainsFunc(s.clients, addr.Private) && !pool.has(s.found.addr)
		}
	}
}

// behindProxies counts the clients of the hosts whose signer saw a private address, and those
// who came with such a link.
func (a *analysis) behindProxies(ctx context.Context) error {
	var hosts []*host
	for _, name := range a.names {
		if h := a.hosts[name]; h.mistakes[privateAddress] > 0 {
			hosts = append(hosts, h)
		}
	}
	for _, some := range batches(hosts, outsideAtOnce, func(h *host) int64 { return min(h.requests, int64(a.clients.list.Len()/4)) }) {
		places := a.places(some)
		crowds, err := a.crowds(ctx, 2*len(some), func(f *history.Request) int {
			at := places[f.Outcome]
			switch {
			case f.Place == 0 || at < 0:
				return -1
			case f.Grounds&history.ByMistake != 0 && addr.Private(a.signedFor(f.Place)):
				return 2 * at
			}
			return 2*at + 1
		})
		if err != nil {
			return err
		}
		for i, h := range some {
			behind := crowds[2*i].list(&a.clients)
			h.behind = a.clients.addresses(behind)
			h.asking = a.clients.addresses(append(behind, crowds[2*i+1].list(&a.clients)...))
		}
	}
	return nil
}
