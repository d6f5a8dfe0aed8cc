package ruling

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
func (e *Edge) check(k *Kind, p *search.Proof) Ruling {
	how, held := k.How, k.Matched
	if !held && p != nil && p.Mistake.Name != "" {
		return mistaken(p.Mistake.Name, p.Addr)
	}
	signed := k.IP
	if !held && p != nil && p.HoldsFor(k.IP) {
		how, held = k.seenFrom(p)
	}
	if p != nil {
		signed = p.Addr
	} else if how.Binding.Kind == token.BindMask {
		signed = addr.Cut(k.IP, int(how.Binding.Prefix))
	}
	switch {
	case k.Refused() && p != nil && p.Key > 0 && e.gone(uint8(p.Key-1), k.First):
		r := mistaken(search.OldKeyName, p.Addr)
		r.Retired = p.Key
		return r
	case held && k.Matched && k.Stale:
		return mistaken(search.OldKeyName, bindTo(how.Binding, signed))
	case k.Refused() && p != nil && e.outOfForce(k, p):
		return e.misuse(k, p.How, Ruling{Basis: Recomputed, Signed: p.Addr})
	case held && e.Policy.Denied[policy.Rule{Hypothesis: how, Family: addr.Family(k.IP)}]:
		return Ruling{Verdict: token.UnresolvedSignature}
	case held && e.Policy.Accepts(k.Asked(), how):
		return timely(k, Ruling{Basis: Recomputed, Signed: bindTo(how.Binding, signed)})
	case held && (e.addressOf(how, k.IP) || e.narrower(how, k.IP, p)):
		return e.elsewhere(k, p)
	case held:
		return e.misuse(k, how, Ruling{Basis: Recomputed, Signed: bindTo(how.Binding, signed)})
	case p == nil:
		return Ruling{Verdict: token.UnresolvedSignature}
	}
	r := e.elsewhere(k, p)
	if p.Private {
		r.Mistake = search.PrivateAddress
		if r.Detail == "" {
			r.Detail = "signer:" + search.PrivateAddress
		}
	}
	return r
}

// mistaken is a link whose hash is reproduced with a mistake.
func mistaken(name string, signed netip.Addr) Ruling {
	return Ruling{Verdict: token.UnresolvedSignature, Detail: token.Detail("signer:" + name), Basis: Recomputed, Signed: signed, Mistake: name}
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

// addressOf reports whether what was hashed as a network is the text of another
// address to this host.
func (e *Edge) addressOf(how policy.Hypothesis, ip netip.Addr) bool {
	m, masked := e.Policy.Mask(addr.Family(ip))
	return how.Binding.Kind == token.BindMask && how.Binding.Form == token.FormNetwork && e.Policy.Bound() && (!masked || m.Form != token.FormNetwork)
}

// narrower reports whether what was hashed as a network is the text of a narrower one,
// as this host hashes it and took the link for another request: 198.51.0.0 is that of a
// /16 and of a /24.
func (e *Edge) narrower(how policy.Hypothesis, ip netip.Addr, p *search.Proof) bool {
	m, masked := e.Policy.Mask(addr.Family(ip))
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
func (e *Edge) misuse(k *Kind, how policy.Hypothesis, r Ruling) Ruling {
	r.Verdict = token.UnresolvedSignature
	family := addr.Family(k.IP)
	own := e.Policy.BindingAt(family, k.First)
	open, _ := e.Policy.Rules(k.Dir, family, func(r policy.Rule) bool { return r.Binding.Kind == token.BindNone })
	switch {
	case how.Binding == own && !e.Policy.TakesScope(k.Dir, family, how.Scope, how.Up):
		r.Verdict, r.Mistake = token.WrongPath, overAnother(how.Scope)
		return r
	case how.Binding.Kind == token.BindNone:
		r.Detail = token.DetailNoAddress
	case own.Kind == token.BindNone || how.Binding == own && open: // the host, or this directory
		r.Detail = token.DetailAddress
	case how.Binding.Kind == token.BindAddress:
		r.Detail = detailSignedWhole
	default:
		r.Detail = detailSignedMasked
	}
	r.Mistake = strings.TrimPrefix(string(r.Detail), "signer:")
	return r
}

// elsewhere judges a request whose link was signed for another address,
// another path, or both.
func (e *Edge) elsewhere(k *Kind, p *search.Proof) Ruling {
	r := Ruling{Basis: Recomputed, Signed: p.Addr}
	how, covered := k.seenFrom(p)
	switch {
	case !covered && p.HoldsFor(k.IP):
		r.Verdict, r.Mistake = token.WrongPath, overAnother(p.How.Scope)
	case !covered:
		r.Verdict, r.Detail = token.UnresolvedSignature, detailOtherPathIP
	case !e.Policy.TakesScope(k.Dir, addr.Family(k.IP), how.Scope, how.Up):
		r.Verdict, r.Detail = token.UnresolvedSignature, detailOtherPathIP
	case k.Late == ingest.JustLate:
		r.Verdict, r.Detail = token.ExpiredIPMismatch, detailNearExpiry
	case k.Late > ingest.JustLate:
		r.Verdict = token.ExpiredIPMismatch
	case k.Late == ingest.AtExpiry:
		r.Verdict, r.Detail = token.ExpiredIPMismatch, token.DetailAtExpiry
	case k.Late == ingest.NearExpiry && k.Refused():
		r.Verdict, r.Detail = token.IPMismatch, detailNearExpiry
	default:
		r.Verdict = token.IPMismatch
	}
	return r
}

// seenFrom tells how a request's path relates to what was signed: over its
// file, its directory, or a directory above.
func (k *Kind) seenFrom(p *search.Proof) (policy.Hypothesis, bool) {
	for _, how := range search.Scopes(true) {
		if string(token.ScopePath(k.Path, how.Scope, int(how.Up))) == p.Path {
			how.Binding = p.How.Binding
			return how, true
		}
	}
	return p.How, false
}
