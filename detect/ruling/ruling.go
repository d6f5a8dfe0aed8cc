// Package ruling says why a request was refused: what the hash of its link, the clock and the
// edge's own words tell of requests that are alike. It knows no log and no database.
package ruling

import (
	"net/netip"
	"strings"

	"ipdrift/detect/addr"
	"ipdrift/detect/history"
	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/token"
)

// Basis says what a verdict or cause rests on.
type Basis string

const (
	Recomputed Basis = "recomputed" // a hash was reproduced
	edgeCode   Basis = "edge_code"  // the log names the reason
	Inferred   Basis = "inferred"   // from other requests alone
)

// Details that are this room's own.
const (
	DetailOrigin       token.Detail = "origin"
	detailTokenDenied  token.Detail = "token_denied" // the hash holds, but the edge's own code says that it does not
	detailNearExpiry   token.Detail = "near_expiry"  // within 2 s of it, where a clock may say otherwise (rules of evidence, 7)
	detailOtherPathIP  token.Detail = "other_path_and_address"
	detailSignedMasked token.Detail = "signer:masked"
	detailSignedWhole  token.Detail = "signer:no_mask"
)

// Reason codes that Gcore's edge logs in field 41 (Gcore documentation, "Logs
// uploader", gcdn_internal_status_code).
const (
	CodeTokenWrong   = 1005
	CodeTokenExpired = 1006
)

var otherPolicies = map[uint16]token.Detail{
	1001: "country", 1002: "referer", 1003: "address", 1004: "user_agent", 1007: "waf", 1009: "bot", 1203: "shield",
}

// Edge is how the edge of one host judges links, as far as it is known.
type Edge struct {
	Policy  *policy.Policy
	Failed  bool    // hashes say nothing: the calibration fails
	Retired []int64 // by the number of the key: when a link of it was served for the last time, µs; 0: the edge takes it. nil: it takes all
}

// Kind is a group of like requests of one link, which get one ruling. Its numbers are those of the tables.
type Kind struct {
	*Facts
	ID, Link, Client, Dir, File uint32
	N, First                    int64 // requests, and when the first of them came, µs
	IP                          netip.Addr
	Path                        []byte // decoded; nil where there is none
	DirText, FileText           string // as stored
}

// Asked is what the link was used for.
func (k *Kind) Asked() *policy.Asked {
	return &policy.Asked{Client: k.IP, Dir: k.Dir, File: k.File > 0, Path: k.Path}
}

// Ruling is what was decided for a kind.
type Ruling struct {
	Verdict token.Verdict
	Detail  token.Detail
	Basis   Basis
	Signed  netip.Addr // the address the link was signed for; zero if not known or none
	Cause   string     // "" unless refused
	Mistake string     // of the signer, by name; "" where none is proven
	Retired int        // one more than the number of the key that the edge had given up; 0: it had not
	Clash   bool       // the edge's own reason code says otherwise
	Admits  bool       // the hash is not reproduced, but the link itself names the address of the request, or none: it is not why
}

// Named is what a link itself tells of its binding, where its hash is not reproduced; the zero Named tells nothing.
type Named struct {
	Network netip.Prefix // that it is bound to
	None    bool         // it is bound to no address
}

func (n Named) admits(ip netip.Addr) bool { return n.None || n.Network.Contains(ip.Unmap()) }

func (n Named) bars(ip netip.Addr) bool { return n.Network.IsValid() && !n.admits(ip) }

// Grounds are the grounds that the requests are marked with.
func (r *Ruling) Grounds() (g history.Grounds) {
	if r.Basis == Inferred {
		g |= history.ByInference
	}
	if strings.HasPrefix(string(r.Detail), "signer:") {
		g |= history.ByMistake
	}
	if r.Admits {
		g |= history.ByLink
	}
	return g
}

// Rule decides on one kind. p is what the link was signed with, nil if that is
// not known; served are the addresses the link was served to, and named is what
// it tells of its binding itself.
func (e *Edge) Rule(k *Kind, p *search.Proof, served []netip.Addr, named Named) Ruling {
	var r Ruling
	switch {
	case k.Shield:
		return r
	case k.Shape == token.NoToken:
		r.Verdict, r.Detail = token.Unsigned, k.Detail
	case k.Shape == token.BadShape:
		r.Verdict, r.Detail = token.Malformed, k.Detail
	case !k.Keyed && p == nil:
		r = e.infer(k, served, named)
	case !e.Failed:
		r = e.check(k, p)
	}
	r.Admits = p == nil && !k.Matched && k.Shape == token.Signed && named.admits(k.IP)
	if k.Refused() {
		r.name(k)
	}
	return r
}

// timely tells valid from expired where the hash holds.
func timely(k *Kind, r Ruling) Ruling {
	r.Verdict = token.Valid
	switch k.Late {
	case ingest.TooLate:
		r.Verdict = token.Expired
	case ingest.JustLate:
		r.Verdict, r.Detail = token.Expired, detailNearExpiry
	case ingest.AtExpiry:
		if k.Refused() {
			r.Verdict, r.Detail = token.Expired, token.DetailAtExpiry
		}
	case ingest.NearExpiry:
		switch {
		case k.Status == 410:
			r.Verdict, r.Detail = token.Expired, token.DetailAtExpiry
		case k.Refused():
			r.Detail = detailNearExpiry
		}
	}
	return r
}

// infer judges without a key: by the clock, by the addresses that the link
// names, and by where else the same token was served.
func (e *Edge) infer(k *Kind, served []netip.Addr, named Named) Ruling {
	elsewhere, here := len(served) > 0, false
	for _, ip := range served {
		here = here || ip == k.IP
	}
	var near token.Detail
	if k.Late >= ingest.NearExpiry && k.Late <= ingest.JustLate {
		near = detailNearExpiry
	}
	switch {
	case !k.Refused():
		return Ruling{}
	case named.bars(k.IP) && k.Late >= ingest.JustLate:
		return Ruling{Verdict: token.ExpiredIPMismatch, Detail: near, Basis: Inferred, Signed: named.Network.Masked().Addr()}
	case named.bars(k.IP):
		return Ruling{Verdict: token.IPMismatch, Detail: near, Basis: Inferred, Signed: named.Network.Masked().Addr()}
	case k.Code == CodeTokenExpired:
		return Ruling{Verdict: token.Expired, Basis: edgeCode}
	case k.Code != CodeTokenWrong && (k.Late >= ingest.JustLate || k.Late >= ingest.NearExpiry && k.Status == 410):
		return Ruling{Verdict: token.Expired, Detail: near, Basis: Inferred}
	case elsewhere && !here && !named.None:
		r := Ruling{Verdict: token.IPMismatch, Detail: near, Basis: Inferred}
		if k.Late >= ingest.JustLate {
			r.Verdict = token.ExpiredIPMismatch
		}
		if len(served) == 1 {
			r.Signed = served[0]
		}
		return r
	}
	return Ruling{}
}

// name gives a refused request its cause.
func (r *Ruling) name(k *Kind) {
	proven := r.Basis == Recomputed
	switch detail, other := otherPolicies[k.Code]; {
	case other:
		r.Cause, r.Detail, r.Basis = ingest.RefusedElsewhere, detail, edgeCode
		return
	case r.Verdict == token.Valid && (k.Upstream == 403 || k.Upstream == 410):
		r.Cause, r.Detail = ingest.RefusedElsewhere, DetailOrigin
	case r.Verdict == token.Valid:
		r.Cause = ingest.RefusedElsewhere
	default:
		r.Cause = r.Verdict.String()
	}
	r.Clash = proven && (k.Code == CodeTokenWrong && (r.Verdict == token.Valid || r.Verdict == token.Expired) ||
		k.Code == CodeTokenExpired && r.Verdict != token.Expired)
	if r.Cause == ingest.RefusedElsewhere && k.Code == CodeTokenWrong && r.Detail == "" {
		r.Detail = detailTokenDenied
	}
}

// gone reports whether the edge had given up a key before a time, µs.
func (e *Edge) gone(key uint8, at int64) bool {
	return int(key) < len(e.Retired) && e.Retired[key] != 0 && at > e.Retired[key]
}

// outOfForce reports whether what a link is bound to was not in force when it was asked for.
func (e *Edge) outOfForce(k *Kind, p *search.Proof) bool {
	family := addr.Family(k.IP)
	if p.Addr.IsValid() {
		family = addr.Family(p.Addr)
	}
	return e.Policy.Rejects(family, p.How.Binding, k.First)
}
