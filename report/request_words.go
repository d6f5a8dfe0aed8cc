package report

import (
	"cmp"
	"fmt"
	"strings"

	"ipdrift/detect/finding"
)

func (e *explained) answer() string {
	q := e.q
	switch {
	case q.Cause != "":
		return "refused, " + joined(", ", q.Cause, q.Detail)
	case q.Status == 200 || q.Status == 206 || q.Status == 304:
		return "served, " + joined(", ", q.Verdict, q.Detail)
	}
	return fmt.Sprintf("answered %d, ", q.Status) + joined(", ", q.Verdict, q.Detail)
}

// because is the reason, as a sentence behind the answer.
func (e *explained) because() string {
	q := e.q
	why := e.reason()
	if q.EdgeCode > 0 {
		why += fmt.Sprintf("; the edge logged reason %d", q.EdgeCode)
	}
	if q.Upstream > 0 && q.Upstream != q.Status {
		why += fmt.Sprintf("; the origin answered %d", q.Upstream)
	}
	if why == "" {
		return ""
	}
	return ": " + strings.TrimPrefix(why, "; ")
}

func (e *explained) reason() string {
	q := e.q
	switch {
	case strings.HasPrefix(q.Detail, "signer:"):
		if s := e.mistake(); s != nil {
			return s.Says
		}
	case q.Detail == "near_expiry":
		return cmp.Or(Meaning(q.Verdict), "the hash holds") + "; within 2 s of the expiry, where a clock may say otherwise"
	case q.Cause == "refused_elsewhere" && q.Detail == "":
		return "the token was valid; the origin or another rule refused, which one is not known"
	case q.Cause == "refused_elsewhere" && q.Detail == "token_denied":
		return "the hash holds, but the edge's own code says that it does not: it hashed something else, or with another key, than where it served links"
	case q.Cause == "refused_elsewhere" && q.Detail == "origin":
		return "the token was valid; the origin refused"
	case q.Cause == "refused_elsewhere":
		return "the token was valid; the rule about " + strings.ReplaceAll(q.Detail, "_", " ") + " refused"
	}
	switch q.Detail {
	case "at_expiry":
		return "the request came at the very expiry, within what the log's time resolves"
	case "token_not_forwarded":
		return "the same viewer's manifest had a token, this request has none"
	case "missing_md5":
		return "there is an expires, and no md5"
	case "missing_expires":
		return "there is an md5, and no expires"
	case "bad_md5":
		return "the md5 is not 16 bytes of base64url"
	case "bad_expires":
		return "the expires is not a positive decimal number"
	}
	switch q.Verdict {
	case "wrong_path":
		if rule := e.scope(); rule != "" && q.Scope != "" && rule != q.Scope {
			return "the link was signed over " + scope(q.Scope) + ", where this host hashes " + scope(rule)
		}
	case "valid":
		return "the hash holds and the link is in time"
	case "ip_mismatch", "expired_ip_mismatch":
		if q.SignedIP != "" {
			return "the link was signed for " + q.SignedIP + ", the request came from " + q.Client
		}
	}
	return Meaning(q.Verdict)
}

// scope is what part of a path this host hashes, where it is one.
func (e *explained) scope() string {
	if scope := e.h.policy().Scope; scope != "both" {
		return scope
	}
	return ""
}

// mistake is what the signer did wrong with this link, where it is told.
func (e *explained) mistake() *finding.Signer {
	name, ok := strings.CutPrefix(e.q.Detail, "signer:")
	for i, s := range e.a.Signer {
		if ok && s.Host == e.q.Host && s.Mistake == name {
			return &e.a.Signer[i]
		}
	}
	return nil
}

// restsOn says what a basis rests on.
func restsOn(basis string) string {
	switch basis {
	case "recomputed":
		return "recomputed: a hash was reproduced, which is a proof"
	case "edge_code":
		return "edge_code: the log names the reason"
	case "inferred":
		return "inferred: from other requests with the same token; no hash was reproduced"
	}
	return basis
}

// fix is what to do about a refusal.
func (e *explained) fix() string {
	q := e.q
	if s := e.mistake(); s != nil {
		return s.Fix
	}
	if q.Cause == "ip_mismatch" && strings.Contains(q.SignedIP, ":") != strings.Contains(q.Client, ":") {
		return "offer the same address families on site and CDN; where viewers change between them, sign without an address"
	}
	switch q.Cause {
	case "ip_mismatch":
		return "sign for the address that the edge will see; where viewers change their address, bind to a mask: the report says to which"
	case "expired", "expired_ip_mismatch":
		return "use a fresh link; for long playback give links a longer lifetime, or let the player renew them"
	case "malformed":
		return "look at how the link was built and passed on: it was cut or rewritten"
	case "wrong_path":
		return "hash the part of the path that the edge hashes: the file, or its directory with the slash at the end"
	case "unsigned":
		return "sign the link; if the page's link had a token, the player or a proxy does not forward the query string"
	case "unresolved_signature":
		return "check the key of this host first; then ask the signer for the text it hashes and compare it byte by byte"
	case "refused_elsewhere":
		return "look at the other rules of the edge (country, referer, user agent, address list) and at the origin"
	case "unchecked":
		return "analyse the log with the key of this host"
	}
	return ""
}
