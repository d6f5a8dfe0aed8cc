package main

import (
	"context"
	"net/netip"

	"ipdrift/token"
)

// most directories above the request's own that a link may be signed over.
const mostUp = 8

// search looks for the address the link was signed for: the ones that were
// named, then the /24 and the /16 around the client. What it finds becomes the
// verdict; it makes the hash an ip_mismatch only where the edge takes the path.
func (e *explanation) search(ctx context.Context, also []netip.Addr) error {
	if e.link.Shape != token.Signed || !e.link.PathOK {
		return nil
	}
	for key := range e.keys {
		for _, m := range e.scopes() {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			m.Key = uint8(key)
			if e.aimed(m, also) {
				return nil
			}
		}
	}
	return nil
}

// scopes lists the paths to try: those the edge takes first.
func (e *explanation) scopes() []token.Match {
	out := []token.Match{{Scope: token.ScopeFile}, {Scope: token.ScopeDir}}
	for up := uint8(1); up <= mostUp; up++ {
		out = append(out, token.Match{Scope: token.ScopeAncestor, Up: up})
	}
	return out
}

// aimed tries all addresses for one path and key.
func (e *explanation) aimed(m token.Match, also []netip.Addr) bool {
	path := token.ScopePath(e.link.Path, m.Scope, int(m.Up))
	if path == nil {
		return false
	}
	e.trier.Aim(e.link, path, e.keys[m.Key])
	for _, ip := range also {
		e.tried++
		for _, b := range []token.Binding{e.policy.Binding(ip), {}} {
			if e.trier.Hit(ip, b) {
				return e.found(m, ip, b)
			}
		}
	}
	ip := e.client.Unmap()
	if !ip.Is4() {
		return false
	}
	if b := e.policy.Binding(ip); b.Kind == token.BindMask {
		for _, network := range networks(ip, int(b.Prefix)) {
			e.tried++
			if e.trier.Hit(network, b) {
				return e.found(m, network, b)
			}
		}
	}
	for _, bits := range []int{24, 16} {
		around, err := ip.Prefix(bits)
		if err != nil {
			return false
		}
		at, tried, ok := e.trier.Sweep(around)
		e.tried += tried
		if ok {
			return e.found(m, at, token.Binding{})
		}
	}
	return false
}

// networks lists the IPv4 networks of a prefix length whose first bits are
// those of ip: at most 65,536, nearest blocks only.
func networks(ip netip.Addr, bits int) []netip.Addr {
	wide := max(0, bits-16)
	base := ip.As4()
	n := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	if wide == 0 {
		n = 0
	} else {
		n &= ^uint32(0) << (32 - wide)
	}
	out := make([]netip.Addr, 0, 1<<(bits-wide))
	for i := uint32(0); i < 1<<(bits-wide); i++ {
		a := n | i<<(32-bits)
		out = append(out, netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}))
	}
	return out
}

// found turns a reproduced hash into the verdict.
func (e *explanation) found(m token.Match, ip netip.Addr, b token.Binding) bool {
	m.OK, m.Binding = true, b
	e.signed, e.result.Match = ip, m
	takes := m.Scope != token.ScopeAncestor && (e.policy.Scope == token.ScopeAuto || e.policy.Scope == m.Scope)
	switch {
	case !takes:
		e.result.Detail = detailOtherPath
	case e.result.Deadline < e.when.Unix():
		e.result.Verdict = token.ExpiredIPMismatch
	default:
		e.result.Verdict = token.IPMismatch
	}
	return true
}
