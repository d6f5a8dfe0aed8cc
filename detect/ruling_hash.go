package detect

import (
	"net/netip"
	"strings"

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
	} else if how.binding.Kind == token.BindMask {
		signed = cutTo(k.ip, int(how.binding.Prefix))
	}
	switch {
	case k.refused() && p != nil && p.key > 0 && h.gone(uint8(p.key-1), k.first):
		r := mistaken(oldKeyName, p.addr)
		r.retired = p.key
		return r
	case held && k.matched && k.stale:
		return mistaken(oldKeyName, bindTo(how.binding, signed))
	case k.refused() && p != nil && h.outOfForce(k, p):
		return h.misuse(k, p.how, ruling{basis: recomputed, signed: p.addr})
	case held && h.policy.denied[rule{how, familyOf(k.ip)}]:
		return ruling{verdict: token.UnresolvedSignature}
	case held && h.policy.accepts(k, how):
		return timely(k, ruling{basis: recomputed, signed: bindTo(how.binding, signed)})
	case held && (h.addressOf(how, k.ip) || h.narrower(how, k.ip, p)):
		return h.elsewhere(k, p)
	case held:
		return h.misuse(k, how, ruling{basis: recomputed, signed: bindTo(how.binding, signed)})
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
func (h *host) addressOf(how hypothesis, ip netip.Addr) bool {
	m, masked := h.policy.mask(familyOf(ip))
	return how.binding.Kind == token.BindMask && how.binding.Form == token.FormNetwork && h.policy.bound() && (!masked || m.Form != token.FormNetwork)
}

// narrower tells whether what was hashed as a network is the text of a narrower one,
// as this host hashes it and took the link for another request: 198.51.0.0 is that of a
// /16 and of a /24.
func (h *host) narrower(how hypothesis, ip netip.Addr, p *proof) bool {
	m, masked := h.policy.mask(familyOf(ip))
	return masked && p != nil && p.how.binding == m && how.binding.Kind == token.BindMask && how.binding.Form == m.Form && how.binding.Prefix < m.Prefix
}

func bindTo(b token.Binding, ip netip.Addr) netip.Addr {
	if b.Kind == token.BindNone {
		return netip.Addr{}
	}
	return ip
}

// misuse names what is wrong with a link that was signed for this address in
// a way the host does not take.
func (h *host) misuse(k *kind, how hypothesis, r ruling) ruling {
	r.verdict = token.UnresolvedSignature
	family := familyOf(k.ip)
	own := h.policy.bindingAt(family, k.first)
	open, _ := h.policy.rules(k.dir, family, func(r rule) bool { return r.binding.Kind == token.BindNone })
	switch {
	case how.binding == own && !h.policy.takesScope(k.dir, family, how.scope, how.up):
		r.verdict, r.mistake = token.WrongPath, overAnother(how.scope)
		return r
	case how.binding.Kind == token.BindNone:
		r.detail = token.DetailNoAddress
	case own.Kind == token.BindNone || how.binding == own && open: // the host, or this directory
		r.detail = token.DetailAddress
	case how.binding.Kind == token.BindAddress:
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
		r.verdict, r.mistake = token.WrongPath, overAnother(p.how.scope)
	case !covered:
		r.verdict, r.detail = token.UnresolvedSignature, detailOtherPathIP
	case !h.policy.takesScope(k.dir, familyOf(k.ip), how.scope, how.up):
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
	switch b := p.how.binding; b.Kind {
	case token.BindNone:
		return true
	case token.BindMask:
		return familyOf(p.addr) == familyOf(ip) && cutTo(ip, int(b.Prefix)) == p.addr
	}
	return p.addr == ip
}

// seenFrom tells how a request's path relates to what was signed: over its
// file, its directory, or a directory above.
func (p *proof) seenFrom(k *kind) (hypothesis, bool) {
	for _, how := range scopes(true) {
		if string(token.ScopePath(k.path, how.scope, int(how.up))) == p.path {
			how.binding = p.how.binding
			return how, true
		}
	}
	return p.how, false
}
