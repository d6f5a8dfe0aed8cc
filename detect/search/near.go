package search

import (
	"net/netip"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/token"
)

// near takes the cheap steps: the address that the link names, the /24s around
// the observed addresses and what the log knows of their /16s, unless nothing
// may be searched; then every path with the observed addresses, under every
// binding.
func (f *Finder) near(s *Suspect) {
	if f.named(s) || f.worth(s) && f.around(s) {
		return
	}
	for _, g := range f.goals(s, true) {
		f.aim(s.Host, &g)
		for _, ip := range s.Clients {
			for _, b := range f.bindings(s.Host, ip, g.how.Scope == token.ScopeAncestor) {
				if f.hit(s, &g, ip, b) {
					return
				}
			}
			for _, text := range f.alike(s.Host, ip) {
				if f.hit(s, &g, text, token.Binding{}) {
					return
				}
			}
		}
	}
}

// named tries the addresses that links name themselves.
func (f *Finder) named(s *Suspect) bool {
	if !s.Host.Stated.Scheme.Visible {
		return false
	}
	for _, g := range f.goals(s, true) {
		p := f.aim(s.Host, &g)
		if p.IsValid() && f.hit(s, &g, p.Addr(), boundTo(p)) {
			return true
		}
	}
	return false
}

// around tries the /24s of the observed addresses, and the log's addresses in
// their /16s.
func (f *Finder) around(s *Suspect) bool {
	for _, g := range f.goals(s, false) {
		f.aim(s.Host, &g)
		if f.sweep(s, &g, 24) || f.nearby(s, &g) {
			return true
		}
	}
	return false
}

// alike lists addresses that a signer may write for an observed one: that
// inside an address of NAT64, and the networks it lies in.
func (f *Finder) alike(h *Host, ip netip.Addr) []netip.Addr {
	f.texts = f.texts[:0]
	if inner, ok := addr.Translated(ip); ok {
		f.texts = append(f.texts, inner)
	}
	for _, b := range ingest.Masks(ip, &h.Stated) {
		if b.Form == token.FormNetwork {
			f.texts = append(f.texts, addr.Cut(ip, int(b.Prefix)))
		}
	}
	return f.texts
}

// bindings lists what an observed address could have been hashed as. The bare
// network text is left to hosts that hash it themselves: elsewhere it is the
// text of another address.
func (f *Finder) bindings(h *Host, ip netip.Addr, ownOnly bool) []token.Binding {
	f.ways = append(f.ways[:0], token.Binding{}, token.Binding{Kind: token.BindNone})
	own, masked := h.Policy.Mask(addr.Family(ip))
	second := h.Policy.Second[policy.Index(addr.Family(ip))]
	if ownOnly && !masked {
		return f.ways
	}
	for _, b := range ingest.Masks(ip, &h.Stated) {
		if b.Form != token.FormNetwork || b == own || second != nil && b == *second {
			f.ways = append(f.ways, b)
		}
	}
	return f.ways
}

// worth reports whether finding an address would mean anything: in a log with
// masked addresses the whole address of every link is another one than the log
// shows.
func (f *Finder) worth(s *Suspect) bool {
	return f.Searches(s.Host) && (!f.Masked || s.Host.Policy.Masks())
}

// nearest is how many of the log's addresses are tried around an observed one.
const nearest = 4096

// nearby tries the log's addresses in the suspect's /16s, those next to its own.
func (f *Finder) nearby(s *Suspect, g *goal) bool {
	for _, ip := range s.Clients {
		if !ip.Is4() {
			continue
		}
		if from, to := f.Pool.near(ip, nearest/2); f.among(s, g, from, to) {
			return true
		}
	}
	return false
}
