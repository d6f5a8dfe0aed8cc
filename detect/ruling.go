package detect

import (
	"net/netip"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/policy"
	"ipdrift/detect/search"
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
	n, first                    int64 // requests, and when the first of them came, µs
	ip                          netip.Addr
	path                        []byte // decoded; nil where there is none
	rawDir, rawFile             string // as stored
}

func (k *kind) asked() *policy.Asked {
	return &policy.Asked{Client: k.ip, Dir: k.dir, File: k.file > 0, Path: k.path}
}

// ruling is what was decided for a kind.
type ruling struct {
	verdict token.Verdict
	detail  token.Detail
	basis   basis
	signed  netip.Addr // the address the link was signed for; zero if not known or none
	cause   string     // "" unless refused
	mistake string     // of the signer, by name; "" where none is proven
	retired int        // one more than the number of the key that the edge had given up; 0: it had not
	clash   bool       // the edge's own reason code says otherwise
}

// grounds are those that its requests are marked with.
func (r *ruling) grounds() (g history.Grounds) {
	if r.basis == inferred {
		g |= history.ByInference
	}
	if strings.HasPrefix(string(r.detail), "signer:") {
		g |= history.ByMistake
	}
	return g
}

// rule decides on one kind. p is what the link was signed with, nil if that is
// not known; served are the addresses the link was served to, and named is the
// range that it names itself, where there was no key to ask the hash.
func (h *host) rule(k *kind, p *search.Proof, served []netip.Addr, named netip.Prefix) ruling {
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
