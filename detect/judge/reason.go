package judge

import (
	"fmt"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// reason is the answer as it is read aloud: who was refused, what would change,
// for how many, and how sure that is. It is one sentence; a second one follows
// only where unresolved refusals would change the decision (rule 18).
// Everything else is a caveat.
func (q *question) reason() string {
	var s string
	switch {
	case q.o.CalibrationFailed:
		return "Nothing can be said about masks, as the hashes of served links do not fit this host: send the key in force at the time and a log with full URLs and unmasked addresses."
	case q.o.Group:
		return "Nothing can be said about masks, as these are many hosts, and a mask is a setting of one: run again with --host for those in question."
	case q.o.Unbound:
		return "Links of this host carry no address, so no mask would change anything: " + q.instead() + "."
	case q.o.ByAddress:
		return "Nothing can be said about masks, as users are told apart by address and nobody can be seen to change it: run again with --user auto, or with an id of the viewer."
	case q.o.Proxy != "":
		return "Most links were signed for one address, " + q.o.Proxy + ": the signer sees its own proxy instead of the viewers, and no mask mends that; it has to take the viewer's address from its proxy's header (X-Forwarded-For), trusting that proxy only."
	case q.obstacle() != "":
		return "Nothing can be said about masks, as " + q.obstacle() + "."
	case q.unproven():
		return "Nothing could be proven, as no hash of this host was reproduced: the key, the path rule or the address field may not fit; send the key in force at the time and a log with served requests too."
	case q.unchecked() > 0:
		return fmt.Sprintf("Nothing can be said about masks, as no key could check %s of this host: give its key.", figure.Plural(q.unchecked(), "refused request", "refused requests"))
	case q.all.users >= q.t.DecidesFrom && q.choice.decision == finding.InsufficientEvidence:
		s = q.people() + q.unsure()
	case q.all.users == 0 && q.hinges(q.all):
		s = q.nobody() + ", but " + q.unknown()
	case q.all.users == 0:
		s = q.nobody() + q.refusals()
	default:
		s = q.people() + q.answer()
	}
	s += q.unverified() + "."
	if q.flips() && !q.hinges(q.all) {
		s += " " + q.unexplained()
	}
	return s
}

// unsure says what leaves the answer open although enough users are affected.
func (q *question) unsure() string {
	if q.hinges(q.all) {
		return ", and " + q.unknown()
	}
	return q.doubt(q.all, q.points)()
}

// doubt gives who says why an answer that a cohort points to may be wrong; nil where nothing speaks against it.
func (q *question) doubt(c *cohort, says choice) (told func() string) {
	switch {
	case says.decision == finding.Widen && q.blurred(says):
		return q.toldOftener
	case q.repeated(says):
		return q.toldOnce
	case q.fewPersons(c, says):
		return q.toldPersons
	case q.looking(says):
		return q.toldLooking
	case q.handed(says):
		return q.toldHanded
	case q.passedOn(says):
		return q.toldPassedOn
	case q.blurred(says):
		return func() string {
			return ", or strangers tried their links, which cannot be told apart as more than a tenth of the requests is missing: send a log of this host that holds all requests, of every edge"
		}
	}
	return nil
}

// unknown says why nobody knows whether a change is worth it, and what would tell.
func (q *question) unknown() string {
	var parts, asks []string
	if q.untold > 0 {
		parts = append(parts, figure.Plural(q.untold, "user was", "users were")+" refused at another address too, where who moved cannot be told from who was handed the link")
	}
	if q.linksAreUsers() {
		parts = append(parts, fmt.Sprintf("each file has a link of its own, so that %s of some %s count as users", figure.Plural(q.bound.users, "link", "links"), figure.Plural(q.o.Addresses, "address", "addresses")))
	}
	if len(parts) > 0 {
		asks = append(asks, "send a log with an id of the viewer (a cookie, a TLS session), or what the signer issued (--issued)")
	}
	if q.unkeyed() > 0 {
		parts = append(parts, "no key could check the links of "+figure.Plural(q.unkeyed(), "user who was", "users who were")+" refused")
		asks = append(asks, "give the key of this host")
	}
	if q.o.Apart > 0 {
		parts = append(parts, figure.Plural(q.o.Apart, "link counts as a user", "links count as users")+" that a few viewers may have had")
		asks = append(asks, "send a log of a shorter time, or of fewer viewers")
	}
	return fmt.Sprintf("%s: it may be more than the %s of users from which a change is worth it; %s", listed(parts), percent(q.t.WorthShare), strings.Join(asks, "; "))
}

// toldOftener says what is missing to widen where requests are missing.
func (q *question) toldOftener() string {
	seen := "nobody is seen refused twice"
	if c := q.several(); c.users > 0 {
		seen = fmt.Sprintf("of the %s seen refused several times it would be %s, not surely enough", figure.Plural(c.users, "user", "users"), percent(c.share(q.choice.prefix)))
	}
	return fmt.Sprintf("; %s, but more than a tenth of the requests is missing, so that users were refused more often than the log shows, and %s: send a log of this host that holds all requests, of every edge", q.letThrough(), seen)
}

// nobody says how sure it is that there are no affected users.
func (q *question) nobody() string {
	with := ""
	if q.otherRefused() {
		with = fmt.Sprintf(" with an IPv%d link", q.family)
	}
	switch {
	case q.untold > 0:
		return "No user" + with + " could be followed from one address to another"
	case q.relayed > 0:
		return fmt.Sprintf("Only %s%s in relay, VPN or hosting networks, for which no mask is widened, %s refused because of a changed address", figure.Plural(q.relayed, "user", "users"), with, figure.Either(q.relayed == 1, "was", "were"))
	case q.doubtful() > 0:
		return fmt.Sprintf("No refusal%s is proven to come from a changed address, and nothing explains the hashes of %s", with, figure.Plural(q.doubtful(), "user", "users"))
	case q.obscure() > 0:
		return fmt.Sprintf("No refusal%s is proven to come from a changed address, and nothing explains the hashes of %s in relay, VPN or hosting networks", with, figure.Plural(q.obscure(), "user", "users"))
	}
	if q.mended > 0 {
		return fmt.Sprintf("Nobody%s was refused because of a changed address as links are bound now, to a /%d; %s before", with, q.current(), figure.Plural(q.mended, "user was", "users were"))
	}
	return "Nobody" + with + " was refused because of a changed address"
}

// otherRefused reports whether users of the other family were refused because of
// an address.
func (q *question) otherRefused() bool {
	o := q.o.Other
	return o != nil && (len(o.affected) > 0 || o.many > 0 || o.untold > 0)
}

// refusals lists what the refusals are instead, unless those of the other
// family are among them.
func (q *question) refusals() string {
	if q.otherRefused() {
		return ""
	}
	return ": " + q.instead()
}

// unverified says that too few tokens vouch for the key (rule 1).
func (q *question) unverified() string {
	if !q.o.Unverified {
		return ""
	}
	return fmt.Sprintf("; the key is not verified (fewer than %d tokens)", q.t.CalibrationTokens)
}

// people names the affected.
func (q *question) people() string {
	s := figure.Plural(q.all.users, "user was", "users were") + " refused because "
	switch q.proxied {
	case 0:
		s += figure.Either(q.all.users == 1, "the address", "their address") + " changed"
	case q.all.users:
		s += "the signer saw a private address, that of its own proxy, instead of theirs"
	default:
		s += fmt.Sprintf("their address changed, or for %s because the signer saw a private one, that of its own proxy", figure.Count(q.proxied))
	}
	switch q.inferred {
	case 0:
		return s
	case q.all.users:
		return "Inferred: " + s
	}
	return "Partly inferred: " + s
}

// answer says what follows for the affected, and why.
func (q *question) answer() string {
	switch q.choice.decision {
	case finding.InsufficientEvidence:
		if 2*q.proxied >= q.all.users {
			return "; " + q.tooFew() + ": " + q.mendSigner()
		}
		return "; " + q.tooFew() + ": send a longer log of this host" + figure.Either(q.o.RefusalsOnly, ", with served requests too", "")
	case finding.Widen:
		return "; " + q.figures() + q.ruledOut() + q.leftBehind()
	case finding.HelpsPartly:
		return "; " + q.figures() + "; " + q.remaining() + q.ruledOut() + q.leftBehind()
	case finding.MaskNotEnough:
		if len(q.candidates) == 0 {
			return fmt.Sprintf("; the mask in force, /%d, is as wide as any candidate, and %s: %s", q.choice.prefix, q.remaining(), q.helps())
		}
		return "; even " + q.letThrough() + ", as " + q.remaining() + q.leftBehind() + ": " + q.helps()
	}
	switch {
	case len(q.candidates) == 0:
		return fmt.Sprintf("; the mask in force, /%d, is as wide as any candidate", q.choice.prefix)
	case q.choice.vetoed:
		return "; " + q.letThrough() + q.ruledOut() + ", and no narrower mask helps enough"
	}
	share, low, high := Wilson(q.all.users, q.bound.users)
	return fmt.Sprintf(", %s of the %s with address-bound links (%s): not surely the %s from which a change is worth it",
		percent(share), figure.Plural(q.bound.users, "user", "users"), between(low, high), percent(q.t.WorthShare))
}

func (q *question) letThrough() string {
	p := q.choice.prefix
	share, low, high := Wilson(q.all.accepted(p), q.all.users)
	part := percent(share)
	switch {
	case share == 0:
		part = "none"
	case q.choice.decision == finding.MaskNotEnough:
		part = "only " + part
	}
	return fmt.Sprintf("/%d would have let %s of them through (%s)", p, part, between(low, high))
}

// figures sets the chosen mask beside its narrower neighbour and the widest
// candidate.
func (q *question) figures() string {
	s, p, last := q.letThrough(), q.choice.prefix, len(q.candidates)-1
	if i := slices.Index(q.candidates, p); i > 0 {
		only := figure.Either(q.all.accepted(q.candidates[i-1]) < q.all.accepted(p), "only ", "")
		s += fmt.Sprintf(", /%d %s%s", q.candidates[i-1], only, percent(q.all.share(q.candidates[i-1])))
	}
	widest := q.candidates[last]
	switch {
	case widest == p:
		return s
	case q.all.accepted(widest) == q.all.accepted(p):
		return s + ", a wider mask no more"
	}
	return s + fmt.Sprintf(", /%d %s", widest, percent(q.all.share(widest)))
}

func (q *question) tooFew() string {
	if q.all.users < q.t.ListedBelow {
		return fmt.Sprintf("fewer than %d users are listed, not counted on", q.t.ListedBelow)
	}
	to := "no mask"
	switch q.points.decision {
	case finding.Widen:
		to = fmt.Sprintf("/%d", q.points.prefix)
	case finding.HelpsPartly:
		to = fmt.Sprintf("/%d as a partial help", q.points.prefix)
	}
	return fmt.Sprintf("that points to %s, but fewer than %d users do not decide", to, q.t.DecidesFrom)
}

// left is the users the chosen mask leaves refused.
type left struct{ all, across, never, proxied int64 }

// left counts them, and those of them who changed between the families, were never served, or
// have links for the address of their signer's proxy.
func (q *question) left() (l left) {
	for i := range q.affected {
		m := &q.affected[i]
		if int(m.least) >= q.choice.prefix {
			continue
		}
		l.all++
		switch {
		case m.proxied:
			l.proxied++
			continue
		case m.never:
			l.never++
		}
		if slices.Contains(q.lensOf(m), acrossFamilies) {
			l.across++
		}
	}
	return l
}

// remaining names what the mask leaves, by cause (rule 15).
func (q *question) remaining() string {
	l := q.left()
	var parts []string
	if moved := l.all - l.across - l.proxied; moved > 0 {
		parts = append(parts, fmt.Sprintf("%s moved beyond the /%d", figure.Plural(moved, "user", "users"), q.choice.prefix))
	}
	if l.across > 0 {
		parts = append(parts, figure.Plural(l.across, "user", "users")+" changed between IPv4 and IPv6")
	}
	if l.proxied > 0 {
		parts = append(parts, figure.Plural(l.proxied, "user has", "users have")+" links signed for a private address")
	}
	return listed(parts)
}
