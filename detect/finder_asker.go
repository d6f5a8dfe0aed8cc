package detect

import (
	"context"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
)

// mostSigned is how many signing addresses are remembered of one client.
const mostSigned = 16

// asker is a client of a host.
type asker struct {
	host *host
	ip   netip.Addr
}

// byAsker tries with every link what other links that the same client asked for were signed
// for: where each file has a link of its own, a player whose address has changed is refused
// with many of them, and was served with none.
func (a *analysis) byAsker(ctx context.Context, suspects []*suspect) {
	found := map[asker][]netip.Addr{}
	for _, s := range suspects {
		if s.found == nil || !s.found.addr.IsValid() {
			continue
		}
		for _, ip := range s.clients {
			at := asker{s.host, ip}
			if all := found[at]; len(all) < mostSigned && !slices.Contains(all, s.found.addr) {
				found[at] = append(all, s.found.addr)
			}
		}
	}
	if len(found) == 0 {
		return
	}
	a.round(ctx, suspects, nil, func(f *finder, s *suspect) {
		for _, ip := range s.clients {
			for _, signed := range found[asker{s.host, ip}] {
				if f.one(s, signed) {
					return
				}
			}
		}
	})
}

// one tries one address, or its network where the host binds to a mask.
func (f *finder) one(s *suspect, ip netip.Addr) bool {
	for _, b := range s.host.policy.Sought() {
		for _, g := range f.goals(s, false) {
			f.aim(s.host, &g)
			if f.hit(s, &g, ip, b[policy.Index(addr.Family(ip))]) {
				return true
			}
		}
	}
	return false
}
