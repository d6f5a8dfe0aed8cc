package scenario

import "net/netip"

// The verdicts, in the product's words.
const (
	valid             = "valid"
	expired           = "expired"
	mismatched        = "ip_mismatch"
	expiredMismatched = "expired_ip_mismatch"
	unsigned          = "unsigned"
	elsewhere         = "refused_elsewhere" // a cause only
)

// outcome is what the edge does with a request, and why.
type outcome struct {
	status                 int
	verdict, cause, detail string
	signed                 netip.Addr // the address that the link was signed for, where its hash holds for one
	code, upstream         int        // Gcore's internal status code and the origin's status; 0: none
	query                  []byte
}

// rule is another reason to refuse (Gcore docs, internal status codes).
type rule struct {
	detail string
	code   int
}

func rules() []rule {
	return []rule{{"country", 1001}, {"referer", 1002}, {"address", 1003}, {"user_agent", 1004}, {"waf", 1007}}
}

// judge is the edge. It compares addresses, not hashes: the simulation knows
// what was signed.
func (s *sim) judge(v *viewer) outcome {
	h, l := &s.w.Hosts[v.host], &v.link
	o := outcome{status: 200, verdict: valid, query: l.query}
	if h.Bind != "none" {
		o.signed = l.signed
	}
	if h.Scope == "file" {
		o.status = 206
	}
	switch late := s.now/1000 > l.expires; {
	case v.role == crawler:
		o.verdict, o.query, o.signed = unsigned, nil, netip.Addr{}
	case v.role == bare && (v.seq > 0 || h.Scope == "file"):
		o.verdict, o.query, o.signed = unsigned, nil, netip.Addr{}
		if v.seq > 0 {
			o.detail = "token_not_forwarded"
		}
	case l.mistake != "":
		o.verdict, o.detail = l.mistake.truth()
		if l.mistake != WrongPath {
			o.signed = netip.Addr{}
		}
	case h.bound(l.signed) != h.bound(v.addr):
		if o.verdict = mismatched; late {
			o.verdict = expiredMismatched
		}
	case late:
		o.verdict = expired
	}
	s.refuse(v, &o, h)
	return o
}

// refuse settles status and cause.
func (s *sim) refuse(v *viewer, o *outcome, h *Host) {
	switch {
	case o.verdict == expired:
		o.status, o.cause, o.code = h.Expired, expired, 1006
	case o.verdict != valid:
		o.status, o.cause, o.code = 403, o.verdict, 1005
	case v.role == blocked:
		r := rules()[v.block]
		o.status, o.cause, o.detail, o.code = 403, elsewhere, r.detail, r.code
	case v.role == gapped && (v.tries > 0 || v.seq > 0 && s.rng.IntN(10) == 0):
		o.status, o.cause, o.detail, o.upstream = 403, elsewhere, "origin", 403
	}
}
