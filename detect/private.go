package detect

import (
	"context"
	"net/netip"
)

// A signer that sees its own proxy signs most links for the few addresses of that
// proxy, so a sample of them tells.
const (
	privateSample = 2 // links of a host that are searched for a private signing address, where a third or more are unexplained
	privateHosts  = 8 // hosts of which they are
)

// privateNets are the networks of RFC 1918, 18 million addresses.
func privateNets() []netip.Prefix {
	return []netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
	}
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
	var sample, rest []*suspect
	for _, name := range a.names {
		h := a.hosts[name]
		if all := left[h]; len(all) > hostSample && 2*int64(len(all)) > h.policy.total && len(sample) < privateSample*privateHosts {
			sample = append(sample, all[:privateSample]...)
			rest = append(rest, all[privateSample:]...)
		}
	}
	a.round(ctx, sample, nil, func(f *finder, s *suspect) {
		for _, p := range privateNets() {
			f.inAll(s, p)
		}
	})
	proxies := map[*host][]netip.Addr{}
	for _, s := range sample {
		if s.found != nil {
			proxies[s.host] = append(proxies[s.host], s.found.addr)
		}
	}
	a.round(ctx, rest, nil, func(f *finder, s *suspect) {
		for _, ip := range proxies[s.host] {
			f.inAll(s, netip.PrefixFrom(ip, ip.BitLen()))
		}
	})
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
