package report

import (
	"fmt"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// noKey reports whether nobody could recompute the hashes of a host.
func noKey(h *host) bool {
	return h.cal != nil && h.cal.Status == finding.NotChecked && h.cal.Verified == 0 && strings.HasPrefix(strings.ToLower(h.cal.Reason), "no key")
}

// gain says what a key would add for a host that has none; "" where it has one.
func gain(a *finding.Analysis, h *host) string {
	if !noKey(h) {
		return ""
	}
	var inferred, unchecked int64
	for _, c := range h.causes {
		switch {
		case c.name == "unchecked":
			unchecked = c.requests
		case c.name == "ip_mismatch" || c.name == "expired":
			inferred += min(c.requests, a.Denials.Inferred[c.name])
		}
	}
	if unchecked+inferred == 0 {
		return ""
	}
	var parts []string
	if unchecked > 0 {
		parts = append(parts, "name the cause of "+figure.Plural(unchecked, "unchecked refusal", "unchecked refusals"))
	}
	if inferred > 0 {
		parts = append(parts, "prove or refute "+figure.Plural(inferred, "inferred cause", "inferred causes"))
	}
	parts = append(parts, "say which address each refused link was signed for")
	return "would " + inSentence(parts) + "; who must keep it can send the case made with it (ipdrift analyze --db)"
}

// inSentence lists parts as in a sentence.
func inSentence(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + ", and " + parts[last]
}

// wanted is what would tell more, or is needed to go on.
func (md *markdown) wanted() {
	var list []string
	add := func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	for _, h := range md.all {
		name := titled(h.name)
		if h.failed() {
			add("%s: the key in force at the time, and a log with full URLs and unmasked addresses.", name)
			continue
		}
		if text := gain(md.a, h); text != "" {
			add("%s: the key. It %s.", name, text)
		}
		for _, r := range h.recs {
			switch {
			case asksFor(r) && !h.bySetting():
				if !r.Unsettled(h.method) {
					add("%s, %s: the site's consent.", name, family(r.Family))
				}
			case asksFor(r):
				add("%s, %s: the CDN's answer on the text form of a cut address, on IPv6, and on the plan that it needs%s.", name, family(r.Family), figure.Either(r.Unsettled(h.method), "", "; the site's consent and a quiet hour"))
			case r.Decision == finding.InsufficientEvidence && r.AffectedUsers > 0 && moreWouldTell(r.AffectedUsers, r.Reason):
				add("%s, %s: a longer log%s: %s affected, %d decide.", name, family(r.Family), figure.Either(r.BoundUsers == nil, ", with served requests too", ""), figure.Plural(r.AffectedUsers, "user is", "users are"), decidesFrom)
			}
			if r.UnresolvedUsers > 0 {
				add("%s, %s: what the signer issued (--issued FILE), or the address that the site saw for %s with unexplained hashes.", name, family(r.Family), someOf(r.UnresolvedUsers))
			}
		}
		if h.affected > 0 {
			add("%s: from one refused viewer, %s on the same phone and connection, opened twice, a minute apart.", name, finding.AddressPage(h.policy().Scheme))
		}
	}
	md.points("What we ask for", list)
}

// decidesFrom is how many affected users decide (rule 14).
const decidesFrom = 30

// moreWouldTell reports whether more affected users would give an answer that is open; of any other open
// answer the reason says what would.
func moreWouldTell(affected int64, reason string) bool {
	return affected < decidesFrom && !strings.HasPrefix(reason, "Nothing can be said about masks")
}

// someOf is users one of whom at least is asked about.
func someOf(n int64) string {
	if n == 1 {
		return "the 1 user"
	}
	return "some of the " + figure.Count(n) + " users"
}
