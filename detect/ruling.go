package detect

import (
	"net/netip"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/token"
)

// basis says what a verdict or cause rests on.
type basis string

const (
	recomputed basis = "recomputed" // a hash was reproduced
	edgeCode   basis = "edge_code"  // the log names the reason
	inferred   basis = "inferred"   // from other requests alone
)

const refusedElsewhere = ingest.RefusedElsewhere

// words are the numbers that table judged has for words; 0 for none.
type words struct {
	causes                                           map[string]uint8
	bases                                            map[basis]uint8
	mismatch, expiredMismatch, unresolved, unchecked uint8 // causes
}

func numbered() words {
	w := words{causes: map[string]uint8{}, bases: map[basis]uint8{}}
	for _, c := range ingest.Causes() {
		w.causes[c] = ingest.Place(ingest.Causes(), c)
	}
	for _, b := range ingest.Bases() {
		w.bases[basis(b)] = ingest.Place(ingest.Bases(), b)
	}
	w.mismatch, w.expiredMismatch = w.causes[token.IPMismatch.String()], w.causes[token.ExpiredIPMismatch.String()]
	w.unresolved, w.unchecked = w.causes[token.UnresolvedSignature.String()], w.causes[token.Unchecked.String()]
	return w
}

// Details that are this room's own.
const (
	detailOrigin       token.Detail = "origin"
	detailNearExpiry   token.Detail = "near_expiry" // within 2 s of it, where a clock may say otherwise (rules of evidence, 7)
	detailOtherPathIP  token.Detail = "other_path_and_address"
	detailSignedMasked token.Detail = "signer:masked"
	detailSignedWhole  token.Detail = "signer:no_mask"
)

// Reason codes that Gcore's edge logs in field 41 (Gcore documentation, "Logs
// uploader", gcdn_internal_status_code).
const (
	codeTokenWrong   = 1005
	codeTokenExpired = 1006
)

var otherPolicies = map[uint16]token.Detail{
	1001: "country", 1002: "referer", 1003: "address", 1004: "user_agent", 1007: "waf", 1009: "bot", 1203: "shield",
}

// kind is a group of like requests of one link.
type kind struct {
	*outcome
	id, link, client, dir, file uint32
	n                           int64
	ip                          netip.Addr
	path                        []byte // decoded; nil where there is none
	rawDir, rawFile             string // as stored
}

// ruling is what was decided for a kind.
type ruling struct {
	verdict token.Verdict
	detail  token.Detail
	basis   basis
	signed  netip.Addr // the address the link was signed for; zero if not known or none
	cause   string     // "" unless refused
	mistake string     // of the signer, by name; "" where none is proven
	clash   bool       // the edge's own reason code says otherwise
}

// rule decides on one kind. p is what the link was signed with, nil if that is
// not known; served are the addresses the link was served to, and named is the
// range that it names itself, where there was no key to ask the hash.
func (h *host) rule(k *kind, p *proof, served []netip.Addr, named netip.Prefix) ruling {
	var r ruling
	switch {
	case k.shield:
		return r
	case k.shape == token.NoToken:
		r.verdict, r.detail = token.Unsigned, k.detail
	case k.shape == token.BadShape:
		r.verdict, r.detail = token.Malformed, k.detail
	case !k.keyed && p == nil:
		r = h.infer(k, served, named)
	case h.status != finding.Failed:
		r = h.check(k, p)
	}
	if k.refused() {
		r.name(k)
	}
	return r
}

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
	case held && k.matched && k.stale:
		return mistaken(oldKeyName, bindTo(how.binding, signed))
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
		r.mistake = "private_address"
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

// timely tells valid from expired where the hash holds.
func timely(k *kind, r ruling) ruling {
	r.verdict = token.Valid
	switch k.late {
	case ingest.TooLate:
		r.verdict = token.Expired
	case ingest.JustLate:
		r.verdict, r.detail = token.Expired, detailNearExpiry
	case ingest.AtExpiry:
		if k.refused() {
			r.verdict, r.detail = token.Expired, token.DetailAtExpiry
		}
	case ingest.NearExpiry:
		switch {
		case k.status == 410:
			r.verdict, r.detail = token.Expired, token.DetailAtExpiry
		case k.refused():
			r.detail = detailNearExpiry
		}
	}
	return r
}

// misuse names what is wrong with a link that was signed for this address in
// a way the host does not take.
func (h *host) misuse(k *kind, how hypothesis, r ruling) ruling {
	r.verdict = token.UnresolvedSignature
	own := h.policy.bindingOf(familyOf(k.ip))
	switch {
	case how.binding == own:
		r.verdict, r.mistake = token.WrongPath, overAnother(how.scope)
		return r
	case how.binding.Kind == token.BindNone:
		r.detail = token.DetailNoAddress
	case own.Kind == token.BindNone:
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

// infer judges without a key: by the clock, by the addresses that the link
// names, and by where else the same token was served.
func (h *host) infer(k *kind, served []netip.Addr, named netip.Prefix) ruling {
	elsewhere, here := len(served) > 0, false
	for _, ip := range served {
		here = here || ip == k.ip
	}
	var near token.Detail
	if k.late >= ingest.NearExpiry && k.late <= ingest.JustLate {
		near = detailNearExpiry
	}
	switch {
	case !k.refused():
		return ruling{}
	case named.IsValid() && !named.Contains(k.ip.Unmap()) && k.late >= ingest.JustLate:
		return ruling{verdict: token.ExpiredIPMismatch, detail: near, basis: inferred, signed: named.Masked().Addr()}
	case named.IsValid() && !named.Contains(k.ip.Unmap()):
		return ruling{verdict: token.IPMismatch, detail: near, basis: inferred, signed: named.Masked().Addr()}
	case k.code == codeTokenExpired:
		return ruling{verdict: token.Expired, basis: edgeCode}
	case k.code != codeTokenWrong && (k.late >= ingest.JustLate || k.late >= ingest.NearExpiry && k.status == 410):
		return ruling{verdict: token.Expired, detail: near, basis: inferred}
	case elsewhere && !here:
		r := ruling{verdict: token.IPMismatch, detail: near, basis: inferred}
		if k.late >= ingest.JustLate {
			r.verdict = token.ExpiredIPMismatch
		}
		if len(served) == 1 {
			r.signed = served[0]
		}
		return r
	}
	return ruling{}
}

// name gives a refused request its cause.
func (r *ruling) name(k *kind) {
	proven := r.basis == recomputed
	switch detail, other := otherPolicies[k.code]; {
	case other:
		r.cause, r.detail, r.basis = refusedElsewhere, detail, edgeCode
		return
	case r.verdict == token.Valid && (k.upstream == 403 || k.upstream == 410):
		r.cause, r.detail = refusedElsewhere, detailOrigin
	case r.verdict == token.Valid:
		r.cause = refusedElsewhere
	default:
		r.cause = r.verdict.String()
	}
	r.clash = proven && (k.code == codeTokenWrong && (r.verdict == token.Valid || r.verdict == token.Expired) ||
		k.code == codeTokenExpired && r.verdict != token.Expired)
}
