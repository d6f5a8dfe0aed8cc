package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// clockSlack is how far from its expiry a verdict is uncertain (rule 7), in
// seconds.
const clockSlack = 2

// answer is the cause in a sentence.
func (l *looked) answer() string {
	if l.key == nil {
		return l.unrefused()
	}
	return "Refused " + l.lead() + ": " + l.why() + "."
}

// unrefused is the answer where nothing was refused.
func (l *looked) unrefused() string {
	o := l.out.Outcome
	s := fmt.Sprintf("No request of this viewer was refused in this time: %s served", figure.Plural(o.Served, "request was", "requests were"))
	if o.Other > 0 {
		s += fmt.Sprintf(", %s answered with %s", figure.Count(o.Other), l.statuses())
	}
	return s + "."
}

// statuses lists the answers that neither serve nor refuse.
func (l *looked) statuses() string {
	var list []string
	for i := range l.Events {
		if e := &l.Events[i]; result(e) == "other" {
			list = append(list, fmt.Sprint(e.Status))
		}
	}
	slices.Sort(list)
	return listed(slices.Compact(list))
}

// refused counts what the answer is about.
func (l *looked) refused() finding.Refused {
	return l.out.Refusals[slices.IndexFunc(l.out.Refusals, func(r finding.Refused) bool { return r.Cause == l.out.Cause })]
}

// those are the requests that the answer is about.
func (l *looked) those() string {
	if l.refused().Requests == 1 {
		return "the request"
	}
	return "the requests"
}

// lead says how often and when.
func (l *looked) lead() string {
	n := len(l.mine)
	s := figure.Times(n)
	if r := l.refused(); r.Requests > r.Refusals {
		s += fmt.Sprintf(" (%s, retries merged)", figure.Plural(r.Requests, "request", "requests"))
	}
	from, to := l.mine[0].first, l.mine[n-1].first
	if n == 1 || clock(from) == clock(to) {
		return s + " at " + clock(from) + " UTC"
	}
	return s + " from " + clock(from) + " to " + clock(to) + " UTC"
}

func clock(us int64) string { return time.UnixMicro(us).UTC().Format("15:04:05") }

// said is a mistake of signers in a sentence, as far as there is one for it.
func said(mistake string) string {
	for _, m := range token.Mistakes() {
		if strings.ReplaceAll(m.Name, "_", " ") == mistake {
			return m.Says
		}
	}
	return mistake
}

// why says what one cause means here.
func (l *looked) why() string {
	if l.shares(finding.TraitOldKey) {
		return "the link was signed with a key that the edge did not take any more"
	}
	if l.out.Mistake != "" {
		return said(l.out.Mistake) + " (a known mistake of the signer, which a recomputed hash proves); " + `"ipdrift explain" names the line to change`
	}
	switch l.out.Cause {
	case token.IPMismatch.String():
		return l.moved() + l.rests()
	case token.ExpiredIPMismatch.String():
		return l.late() + ", and the address had changed as well: " + l.moved() + l.rests() + "; a wider mask would not have helped"
	case token.Expired.String():
		return l.late() + l.rests()
	case token.Malformed.String():
		return "the token is damaged or incomplete" + inBrackets(damage(l.key.Detail))
	case token.WrongPath.String():
		return "the link was signed for another path than " + fileName(l.key.Path) + inBrackets(strings.ReplaceAll(l.key.Detail, "_", " ")) + "; a recomputed hash proves it"
	case token.UnresolvedSignature.String():
		return "the hash of the link fits none of the addresses, paths and keys that were tried"
	case token.Unsigned.String():
		if l.key.Detail == "token_not_forwarded" {
			return l.those() + " carried no token, though the playlist had one: the player, or a proxy before the CDN, lost it"
		}
		return l.those() + " carried no token"
	case "refused_elsewhere":
		if l.key.Detail == tokenDenied {
			return "the hash of the link holds for the address that asked, but the edge's own reason code says that it does not: it hashed something else, or with another key, than where it served links"
		}
		return "the token was valid, and another rule refused" + l.policy()
	}
	return "the token could not be checked" + l.unchecked()
}

// moved says which address the link was signed for, and which ones asked.
func (l *looked) moved() string {
	pairs := l.pairs()
	var signed, from []netip.Addr
	for _, p := range pairs {
		if !slices.Contains(signed, p.signed) {
			signed = append(signed, p.signed)
		}
		if !slices.Contains(from, p.from) {
			from = append(from, p.from)
		}
	}
	verb := figure.Either(l.key.Inferred, "served at", "signed for")
	switch {
	case !signed[0].IsValid():
		return "the link was signed for another address than " + from[0].String() + ", which is not known"
	case len(signed) > 1:
		more := ""
		if n := len(pairs) - 2; n > 0 {
			more = " and so on, " + figure.Plural(n, "more change", "more changes")
		}
		return fmt.Sprintf("a link %s %s was asked for from %s, one %s %s from %s%s (%s)", verb, pairs[0].signed, pairs[0].from, verb, pairs[1].signed, pairs[1].from, more, apart(pairs))
	case len(from) > 1:
		return fmt.Sprintf("the link was %s %s, and the requests came from %s and %s (%s)", verb, signed[0], from[0], figure.Plural(len(from)-1, "other address", "other addresses"), apart(pairs))
	}
	return fmt.Sprintf("the link was %s %s, and the %s came from %s (%s)", verb, signed[0], figure.Either(l.refused().Requests == 1, "request", "requests"), from[0], apart(pairs))
}

// pair is a signing address and one that was refused with its link.
type pair struct{ signed, from netip.Addr }

// pairs lists the addresses of the refusals with this cause, in the order of time.
func (l *looked) pairs() []pair {
	var list []pair
	for i := range l.mine {
		p := pair{l.signedFor(l.mine[i].link), l.mine[i].client}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// apart says how far the furthest pair of addresses lies apart.
func apart(pairs []pair) string {
	least, six := 128, false
	for _, p := range pairs {
		if addr.NAT64.Contains(p.from) {
			return "seen through NAT64"
		}
		least, six = min(least, addr.CommonPrefix(p.signed, p.from)), six || p.signed.Unmap().Is6()
	}
	near, far := 24, 16
	if six {
		near, far = 64, 48
	}
	switch {
	case least < 0:
		return "one is IPv4, the other IPv6"
	case least >= near:
		return fmt.Sprintf("in one /%d", near)
	case least >= far:
		return fmt.Sprintf("in one /%d, not in one /%d", far, near)
	}
	return figure.Either(least == 0, "no bit", "only "+figure.Plural(least, "bit", "bits")) + " in common"
}

func (l *looked) rests() string {
	switch {
	case l.key.Inferred:
		return "; inferred, as no key proves it"
	case l.key.Basis == "edge_code":
		return "; the edge's own reason code says so"
	}
	return "; a recomputed hash proves it"
}

// late says how long the link had expired.
func (l *looked) late() string {
	if l.key.Deadline == 0 {
		return "the link had expired"
	}
	by := l.key.Time/1e6 - l.key.Deadline
	s := "the link had expired at " + time.Unix(l.key.Deadline, 0).UTC().Format("15:04:05")
	if day := time.Unix(l.key.Deadline, 0).UTC().Format(time.DateOnly); day != time.UnixMicro(l.key.Time).UTC().Format(time.DateOnly) {
		s += " on " + day
	}
	if by > clockSlack {
		return s + ", " + span(by*1e6) + " before the request"
	}
	return s + ", within 2 s of the request"
}

// tokenDenied is the detail of a valid link of which the edge's own code says that it is not.
const tokenDenied = "token_denied"

func (l *looked) policy() string {
	names := map[string]string{
		"country": "the country rule", "referer": "the referer rule", "address": "an address rule", "user_agent": "the user agent rule",
		"waf": "the WAF", "bot": "the bot rule", "shield": "the shield", "origin": "the origin answered so",
	}
	if name := names[l.key.Detail]; name != "" {
		return ": " + name
	}
	return "; which one is not known"
}

func (l *looked) unchecked() string {
	switch {
	case !l.Keyed:
		return ", as no key of this host was given"
	case l.Calibration == finding.Failed:
		return ", as the key or the rules do not fit what this host served"
	}
	return ""
}

// damage says what is wrong with a token's shape.
func damage(detail string) string {
	switch detail {
	case "missing_md5":
		return "expires without md5"
	case "missing_expires":
		return "md5 without expires"
	case "bad_md5":
		return "md5 is not 16 bytes of base64url"
	case "bad_expires":
		return "expires is not a positive number"
	}
	return strings.ReplaceAll(detail, "_", " ")
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
