package detect

import (
	"net/netip"
	"strings"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/token"
)

// check judges a signed link by what its hash turned out to be.
func (h *host) check(k *kind, p *proof) ruling {
	how, held := k.how, k.matched
	if !held && p != nil && p.mistake.Name != "" {
		return mistaken(p.mistake.Name, p.addr)
	}
	signed := k.ip
	if !held && p != nil && p.holdsFor(k.ip) {
		how, held = p.seenFrom(k)
	}
	if p != nil {
		signed = p.addr
	} else if how.Binding.Kind == token.BindMask {
		signed = addr.Cut(k.ip, int(how.Binding.Prefix))
	}
	switch {
	case k.refused() && p != nil && p.key > 0 && h.gone(uint8(p.key-1), k.first):
		r := mistaken(oldKeyName, p.addr)
		r.retired = p.key
		return r
	case held && k.matched && k.stale:
		return mistaken(oldKeyName, bindTo(how.Binding, signed))
	case k.refused() && p != nil && h.outOfForce(k, p):
		return h.misuse(k, p.how, ruling{basis: recomputed, signed: p.addr})
	case held && h.policy.Denied[policy.Rule{Hypothesis: how, Family: addr.Family(k.ip)}]:
		return ruling{verdict: token.UnresolvedSignature}
	case held && h.policy.Accepts(k.asked(), how):
		return timely(k, ruling{basis: recomputed, signed: bindTo(how.Binding, signed)})
	case held && (h.addressOf(how, k.ip) || h.narrower(how, k.ip, p)):
		return h.elsewhere(k, p)
	case held:
		return h.misuse(k, how, ruling{basis: recomputed, signed: bindTo(how.Binding, signed)})
	case p == nil:
		return ruling{verdict: token.UnresolvedSignature}
	}
	r := h.elsewhere(k, p)
	if p.private {
		r.mistake = privateAddress
		if r.detail == "" {
			r.detail = "signer:" + privateAddress
		}
	}
	return r
}

// mistaken is a link whose hash is reproduced with a mistake.
func mistaken(name string, signed netip.Addr) ruling {
	return ruling{verdict: token.UnresolvedSignature, detail: token.Detail("signer:" + name), basis: recomputed, signed: signed, mistake: name}
}

// overAnother names what was signed in the place of the path that the host uses.
func overAnother(s token.Scope) string {
	switch s {
	case token.ScopeFile:
		return "file_signed"
	case token.ScopeDir:
		return "dir_signed"
	}
	return "parent_dir"
}

// addressOf tells whether what was hashed as a network is the text of another
// address to this host.
func (h *host) addressOf(how policy.Hypothesis, ip netip.Addr) bool {
	m, masked := h.policy.Mask(addr.Family(ip))
	return how.Binding.Kind == token.BindMask && how.Binding.Form == token.FormNetwork && h.policy.Bound() && (!masked || m.Form != token.FormNetwork)
}

// narrower tells whether what was hashed as a network is the text of a narrower one,
// as this host hashes it and took the link for another request: 198.51.0.0 is that of a
// /16 and of a /24.
func (h *host) narrower(how policy.Hypothesis, ip netip.Addr, p *proof) bool {
	m, masked := h.policy.Mask(addr.Family(ip))
	return masked && p != nil && p.how.Binding == m && how.Binding.Kind == token.BindMask && how.Binding.Form == m.Form && how.Binding.Prefix < m.Prefix
}

func bindTo(b token.Binding, ip netip.Addr) netip.Addr {
	if b.Kind == token.BindNone {
		return netip.Addr{}
	}
	return ip
}

// misuse names what is wrong with a link that was signed for this address in
// a way the host does not take.
func (h *host) misuse(k *kind, how policy.Hypothesis, r ruling) ruling {
	r.verdict = token.UnresolvedSignature
	family := addr.Family(k.ip)
	own := h.policy.BindingAt(family, k.first)
	open, _ := h.policy.Rules(k.dir, family, func(r policy.Rule) bool { return r.Binding.Kind == token.BindNone })
	switch {
	case how.Binding == own && !h.policy.TakesScope(k.dir, family, how.Scope, how.Up):
		r.verdict, r.mistake = token.WrongPath, overAnother(how.Scope)
		return r
	case how.Binding.Kind == token.BindNone:
		r.detail = token.DetailNoAddress
	case own.Kind == token.BindNone || how.Binding == own && open: // the host, or this directory
		r.detail = token.DetailAddress
	case how.Binding.Kind == token.BindAddress:
		r.detail = detailSignedWhole
	default:
		r.detail = detailSignedMasked
	}
	r.mistake = strings.TrimPrefix(string(r.detail), "signer:")
	return r
}

// elsewhere judges a request whose link was signed for another address,
// another path, or both.
func (h *host) elsewhere(k *kind, p *proof) ruling {
	r := ruling{basis: recomputed, signed: p.addr}
	how, covered := p.seenFrom(k)
	switch {
	case !covered && p.holdsFor(k.ip):
		r.verdict, r.mistake = token.WrongPath, overAnother(p.how.Scope)
	case !covered:
		r.verdict, r.detail = token.UnresolvedSignature, detailOtherPathIP
	case !h.policy.TakesScope(k.dir, addr.Family(k.ip), how.Scope, how.Up):
		r.verdict, r.detail = token.UnresolvedSignature, detailOtherPathIP
	case k.late == ingest.JustLate:
		r.verdict, r.detail = token.ExpiredIPMismatch, detailNearExpiry
	case k.late > ingest.JustLate:
		r.verdict = token.ExpiredIPMismatch
	case k.late == ingest.AtExpiry:
		r.verdict, r.detail = token.ExpiredIPMismatch, token.DetailAtExpiry
	case k.late == ingest.NearExpiry && k.refused():
		r.verdict, r.detail = token.IPMismatch, detailNearExpiry
	default:
		r.verdict = token.IPMismatch
	}
	return r
}

// holdsFor tells whether the signing address covers this one.
func (p *proof) holdsFor(ip netip.Addr) bool {
	switch b := p.how.Binding; b.Kind {
	case token.BindNone:
		return true
	case token.BindMask:
		return addr.Family(p.addr) == addr.Family(ip) && addr.Cut(ip, int(b.Prefix)) == p.addr
	}
	return p.addr == ip
}

// seenFrom tells how a request's path relates to what was signed: over its
// file, its directory, or a directory above.
func (p *proof) seenFrom(k *kind) (policy.Hypothesis, bool) {
	for _, how := range scopes(true) {
		if string(token.ScopePath(k.path, how.Scope, int(how.Up))) == p.path {
			how.Binding = p.how.Binding
			return how, true
		}
	}
	return p.how, false
}
