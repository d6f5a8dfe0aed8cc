package search

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/token"
)

// deep tries every address of the log, and the whole /16s around the request.
func (f *Finder) deep(s *Suspect) {
	if !f.worth(s) {
		return
	}
	for _, g := range f.goals(s, false) {
		f.aim(s.Host, &g)
		if f.among(s, &g, 0, f.Pool.size()) || f.sweep(s, &g, 16) {
			return
		}
	}
}

// unshown takes all of these steps for the plain scope that nothing the host served shows:
// a hash that matches is a proof all the same.
func (f *Finder) unshown(s *Suspect) {
	p := &s.Host.Policy
	if p.Scope() != token.ScopeAuto || p.Uses(token.ScopeFile) && p.Uses(token.ScopeDir) || !f.worth(s) {
		return
	}
	s.unshown = true
	if !f.around(s) {
		f.deep(s)
	}
	s.unshown = false
}

// among tries some addresses of the log, or their networks where the host binds to a mask.
func (f *Finder) among(s *Suspect, g *goal, from, to int) bool {
	return slices.ContainsFunc(s.Host.Policy.Sought(), func(b policy.Sought) bool { return f.amongAs(s, g, b, from, to) })
}

func (f *Finder) amongAs(s *Suspect, g *goal, b policy.Sought, from, to int) bool {
	ips := f.Pool.Addrs()
	if b == (policy.Sought{}) {
		i, tried, ok := f.trier.Among(f.Pool.List, from, to)
		f.tried += tried
		return ok && f.hit(s, g, ips[i], token.Binding{})
	}
	for _, ip := range ips[from:to] {
		if f.hit(s, g, ip, b[policy.Index(addr.Family(ip))]) {
			return true
		}
	}
	return false
}

// sweep tries every address around the suspect's own: the IPv4 network of this length, or as many networks of IPv6
// as that has addresses.
func (f *Finder) sweep(s *Suspect, g *goal, length int) bool {
	for _, p := range addr.Networks(s.Clients, length) {
		if f.whole(s, g, p) {
			return true
		}
	}
	return slices.ContainsFunc(s.Clients, func(ip netip.Addr) bool { return ip.Is6() && f.beside(s, g, ip, 32-length) })
}

// beside tries the networks that differ from that of an IPv6 address in their last bits alone, where the host binds to
// such: a /64 has more addresses than can be tried, a /48 no more /64s than a /16 has addresses.
func (f *Finder) beside(s *Suspect, g *goal, ip netip.Addr, bits int) bool {
	var last token.Binding
	for _, b := range s.Host.Policy.Sought() {
		m := b[policy.Index(6)]
		if m == last || m.Kind != token.BindMask || int(m.Prefix) < bits || m.Prefix > 64 {
			continue
		}
		last = m
		raw, host := ip.As16(), 64-m.Prefix
		first := binary.BigEndian.Uint64(raw[:8]) >> host >> bits << bits
		for n := range uint64(1) << bits {
			binary.BigEndian.PutUint64(raw[:8], (first|n)<<host)
			if f.hit(s, g, netip.AddrFrom16(raw), m) {
				return true
			}
		}
	}
	return false
}

// whole tries every address of an IPv4 prefix, or every network in it where
// the host binds to a mask.
func (f *Finder) whole(s *Suspect, g *goal, p netip.Prefix) bool {
	return slices.ContainsFunc(s.Host.Policy.Sought(), func(b policy.Sought) bool {
		if b[0].Kind == token.BindMask {
			return f.subnets(s, g, p, b[0])
		}
		ip, tried, ok := f.trier.Sweep(p)
		f.tried += tried
		return ok && f.hit(s, g, ip, token.Binding{})
	})
}

func (f *Finder) subnets(s *Suspect, g *goal, p netip.Prefix, m token.Binding) bool {
	for ip := p.Addr(); p.Contains(ip); {
		if f.hit(s, g, ip, m) {
			return true
		}
		n := number4(ip)
		next := n + 1<<(32-m.Prefix)
		if next < n {
			return false
		}
		var raw [4]byte
		binary.BigEndian.PutUint32(raw[:], next)
		ip = netip.AddrFrom4(raw)
	}
	return false
}
