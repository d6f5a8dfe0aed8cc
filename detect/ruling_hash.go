package detect

import (
	"net/netip"
	"strings"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/token"
)

// check judges a signed link by what its hash turned out to be.
func (h *host) check(k *kind, p *search.Proof) ruling {
	how, held := k.how, k.matched
	if !held && p != nil && p.Mistake.Name != "" {
		return mistaken(p.Mistake.Name, p.Addr)
	}
	signed := k.ip
	if !held && p != nil && p.HoldsFor(k.ip) {
		how, held = k.seenFrom(p)
	}
	if p != nil {
		signed = p.Addr
	} else if how.Binding.Kind == token.BindMask {
		signed = addr.Cut(k.ip, int(how.Binding.Prefix))
	}
	switch {
	case k.refused() && p != nil && p.Key > 0 && h.gone(uint8(p.Key-1), k.first):
		r := mistaken(search.OldKeyName, p.Addr)
		r.retired = p.Key
		return r
	case held && k.matched && k.stale:
		return mistaken(search.OldKeyName, bindTo(how.Binding, signed))
	case k.refused() && p != nil && h.outOfForce(k, p):
		return h.misuse(k, p.How, ruling{basis: recomputed, signed: p.Addr})
	case held && h.Policy.Denied[policy.Rule{Hypothesis: how, Family: addr.Family(k.ip)}]:
		return ruling{verdict: token.UnresolvedSignature}
	case held && h.Policy.Accepts(k.asked(), how):
		return timely(k, ruling{basis: recomputed, signed: bindTo(how.Binding, signed)})
	case held && (h.addressOf(how, k.ip) || h.narrower(how, k.ip, p)):
		return h.elsewhere(k, p)
	case held:
		return h.misuse(k, how, ruling{basis: recomputed, signed: bindTo(how.Binding, signed)})
	case p == nil:
		return ruling{verdict: token.UnresolvedSignature}
	}
	r := h.elsewhere(k, p)
	if p.Private {
		r.mistake = search.PrivateAddress
		if r.detail == "" {
			r.detail = "signer:" + search.PrivateAddress
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
	m, masked := h.Policy.Mask(addr.Family(ip))
	return how.Binding.Kind == token.BindMask && how.Binding.Form == token.FormNetwork && h.Policy.Bound() && (!masked || m.Form != token.FormNetwork)
}

// narrower tells whether what was hashed as a network is the text of a narrower one,
// as this host hashes it and took the link for another request: 198.51.0.0 is that of a
// /16 and of a /24.
func (h *host) narrower(how policy.Hypothesis, ip netip.Addr, p *search.Proof) bool {
	m, masked := h.Policy.Mask(addr.Family(ip))
	return masked && p != nil && p.How.Binding == m && how.Binding.Kind == token.BindMask && how.Binding.Form == m.Form && how.Binding.Prefix < m.Prefix
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
	own := h.Policy.BindingAt(family, k.first)
	open, _ := h.Policy.Rules(k.dir, family, func(r policy.Rule) bool { return r.Binding.Kind == token.BindNone })
	switch {
	case how.Binding == own && !h.Policy.TakesScope(k.dir, family, how.Scope, how.Up):
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
func (h *host) elsewhere(k *kind, p *search.Proof) ruling {
	r := ruling{basis: recomputed, signed: p.Addr}
	how, covered := k.seenFrom(p)
	switch {
	case !covered && p.HoldsFor(k.ip):
		r.verdict, r.mistake = token.WrongPath, overAnother(p.How.Scope)
	case !covered:
		r.verdict, r.detail = token.UnresolvedSignature, detailOtherPathIP
	case !h.Policy.TakesScope(k.dir, addr.Family(k.ip), how.Scope, how.Up):
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

// seenFrom tells how a request's path relates to what was signed: over its
// file, its directory, or a directory above.
func (k *kind) seenFrom(p *search.Proof) (policy.Hypothesis, bool) {
	for _, how := range search.Scopes(true) {
		if string(token.ScopePath(k.path, how.Scope, int(how.Up))) == p.Path {
			how.Binding = p.How.Binding
			return how, true
		}
	}
	return p.How, false
}
