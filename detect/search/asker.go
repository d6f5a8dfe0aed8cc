package search

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
	site *Host
	ip   netip.Addr
}

// byAsker tries with every link what other links that the same client asked for were signed
// for: where each file has a link of its own, a player whose address has changed is refused
// with many of them, and was served with none.
func (r *Search) byAsker(ctx context.Context, suspects []*Suspect) {
	found := map[asker][]netip.Addr{}
	for _, s := range suspects {
		if s.Found == nil || !s.Found.Addr.IsValid() {
			continue
		}
		for _, ip := range s.Clients {
			at := asker{s.Host, ip}
			if all := found[at]; len(all) < mostSigned && !slices.Contains(all, s.Found.Addr) {
				found[at] = append(all, s.Found.Addr)
			}
		}
	}
	if len(found) == 0 {
		return
	}
	r.round(ctx, suspects, func(f *Finder, s *Suspect) {
		for _, ip := range s.Clients {
			for _, signed := range found[asker{s.Host, ip}] {
				if f.one(s, signed) {
					return
				}
			}
		}
	})
}

// one tries one address, or its network where the host binds to a mask.
func (f *Finder) one(s *Suspect, ip netip.Addr) bool {
	for _, b := range s.Host.Policy.Sought() {
		for _, g := range f.goals(s, false) {
			f.aim(s.Host, &g)
			if f.hit(s, &g, ip, b[policy.Index(addr.Family(ip))]) {
				return true
			}
		}
	}
	return false
}
