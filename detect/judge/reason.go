package judge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ipdrift/detect/finding"
)

// shortSpan is the length of a log below which the reason says that it is
// short. It never blocks a decision (rule 14).
const shortSpan = 24 * time.Hour

// reason is the answer in sentences that can be read aloud: the people first,
// then what would change, how sure that is, and at what price.
func (q *question) reason(rec *finding.Recommendation) string {
	var s sentences
	switch {
	case q.o.CalibrationFailed:
		s.add("Nothing can be said about masks: the hashes of served links do not fit this host, so the key, the path rule or the address field is wrong. Send the key in force at the time and a log with full URLs and unmasked addresses.")
		return s.String()
	case q.o.Unbound:
		s.add("Links of this host carry no address, so no refusal can come from a changed address and no mask would change anything.")
		q.instead(&s)
		return s.String()
	case q.all.users == 0:
		s.add("Nobody was refused because of a changed address, so a wider mask would change nothing.")
		q.instead(&s)
		q.searchFor(&s)
		return s.String()
	}
	q.headline(&s)
	q.verdict(&s, rec)
	q.doubts(&s, rec)
	return s.String()
}

// headline names the affected and what each candidate would have done.
func (q *question) headline(s *sentences) {
	n := q.all.users
	people := plural(n, "user was", "users were") + " refused because " + either(n == 1, "the address", "their address") + " changed"
	if len(q.candidates) == 0 {
		s.add("%s; the mask in force, /%d, is as wide as any candidate.", people, q.current(q.o))
		return
	}
	p := q.choice.prefix
	share, low, high := Wilson(q.all.accepted(p), n)
	figures := fmt.Sprintf("/%d would have let %s of them through (%s)", p, percent(share), between(low, high))
	for _, c := range q.candidates {
		if c != p {
			figures += fmt.Sprintf(", /%d %s", c, q.beside(c, p))
		}
	}
	s.add("%s; %s.", people, figures)
	if q.inferred {
		s.add("Part of this is inferred, without a reproduced hash.")
	}
	if q.o.RefusalsOnly {
		s.add("The log holds refusals only: how many users were served is not known, so the test whether a change is worth it is left out.")
	} else if q.firstRequest > 0 {
		s.add("%s of them %s never served: the site saw another address than the edge.", count(q.firstRequest), either(q.firstRequest == 1, "was", "were"))
	}
}

func (q *question) beside(candidate, chosen int) string {
	s := percent(share(q.all, candidate))
	if q.all.accepted(candidate) < q.all.accepted(chosen) {
		return "only " + s
	}
	return s
}

// verdict says why the decision is what it is.
func (q *question) verdict(s *sentences, rec *finding.Recommendation) {
	n := q.all.users
	switch rec.Decision {
	case finding.InsufficientEvidence:
		q.tooFew(s)
		return
	case finding.KeepCurrent:
		switch {
		case len(q.candidates) == 0:
		case !q.worthIt():
			share, low, _ := Wilson(n, q.bound.users)
			s.add("They are %s of the %s users with address-bound links (at least %s): below the %s from which a change is worth it.",
				percent(share), count(q.bound.users), percent(low), percent(q.t.WorthShare))
		}
	case finding.HelpsPartly:
		s.add("That mends some, not most.")
		q.remaining(s)
	case finding.MaskNotEnough:
		s.add("Addresses move further than any candidate reaches.")
		q.remaining(s)
		s.add("Ask the site for a new link when one is refused, or leave the address out of the hash and keep links short-lived.")
	}
	q.namedCarrier(s, rec.Carriers)
	if rec.Prefix != nil || q.choice.vetoed {
		q.price(s, rec)
	}
}

func (q *question) tooFew(s *sentences) {
	n := q.all.users
	switch {
	case n < q.t.ListedBelow:
		s.add("Fewer than %d users are listed, not counted on.", q.t.ListedBelow)
	case len(q.candidates) > 0 && q.points.decision == finding.Widen:
		s.add("That points to /%d, but fewer than %d users do not decide.", q.points.prefix, q.t.DecidesFrom)
	case len(q.candidates) > 0 && q.points.decision == finding.HelpsPartly:
		s.add("That points to /%d as a partial help, but fewer than %d users do not decide.", q.points.prefix, q.t.DecidesFrom)
	default:
		s.add("That points to no mask, but fewer than %d users do not decide.", q.t.DecidesFrom)
	}
	if !q.o.RefusalsOnly && q.bound.users > 0 && !q.worthIt() {
		share, _, _ := Wilson(n, q.bound.users)
		s.add("That is %s of the %s users with address-bound links.", percent(share), count(q.bound.users))
	}
	s.add("Send a longer log of this host, with served requests too.")
}

// remaining names what the widest mask leaves, by cause.
func (q *question) remaining(s *sentences) {
	p, left, across := q.choice.prefix, int64(0), int64(0)
	for i := range q.affected {
		m := &q.affected[i]
		if int(m.least) >= p {
			continue
		}
		left++
		if slices.Contains(q.lens[m.from:m.to], acrossFamilies) {
			across++
		}
	}
	if left == 0 {
		return
	}
	if left > across {
		s.add("%s moved beyond the /%d.", plural(left-across, "user", "users"), p)
	}
	if across > 0 {
		s.add("%s changed between IPv4 and IPv6, which no mask mends: first check that the site and the CDN host offer the same address families.", plural(across, "user", "users"))
	}
}

// namedCarrier names operators a host's mask would leave behind (rule 16).
func (q *question) namedCarrier(s *sentences, carriers []finding.Carrier) {
	for _, c := range carriers {
		large := float64(c.AffectedUsers) >= q.t.CarrierShare*float64(q.all.users)
		if c.ASN != nil && large && c.AcceptedShare < q.t.CarrierLow {
			s.add("AS%d is left behind: %s of its %s affected users would get through.", *c.ASN, percent(c.AcceptedShare), count(c.AffectedUsers))
		}
	}
}

// price is rule 17: strangers on shared links, and users who share a network.
func (q *question) price(s *sentences, rec *finding.Recommendation) {
	switch in := rec.StrangersLetIn; {
	case q.choice.vetoed:
		p := q.forbidden()
		s.add("A /%d is ruled out: strangers would get in on %s of the links that were requested from many networks.", p, percent(q.strangers(p).Share))
	case in != nil:
		s.add("Price: strangers would have got in on %s of %s shared links (%s).", percent(in.Share), count(in.Links), between(in.Low, in.High))
	default:
		s.add("How many strangers it would let in is not measured: %s refused attempts of others, and %d are needed.",
			plural(q.attempted(), "shared link shows", "shared links show"), q.t.StrangerLinks)
	}
	if rec.Prefix == nil {
		s.add("No narrower mask helps enough: keep the setting.")
		return
	}
	if rec.Exposure > q.t.ExposureSay && rec.Exposure > rec.ExposureNow {
		s.add("Price: another random user of this host lies in the same /%d with a chance of %s, today %s: shorten the life of links first.",
			q.choice.prefix, percent(rec.Exposure), percent(rec.ExposureNow))
	}
}

// forbidden is the narrowest mask that strangers forbid; there is one where the
// choice was vetoed.
func (q *question) forbidden() int {
	return q.candidates[slices.IndexFunc(q.candidates, q.vetoed)]
}

// doubts are what could change the answer: unresolved refusals, halves of the
// time, the largest carrier, the future, a short log.
func (q *question) doubts(s *sentences, rec *finding.Recommendation) {
	if len(q.candidates) == 0 {
		return
	}
	q.unresolvedDoubt(s, rec)
	if q.all.users >= q.t.DecidesFrom && rec.Decision != finding.KeepCurrent {
		q.sensitivity(s)
	}
	if rec.Decision == finding.Widen || rec.Decision == finding.HelpsPartly {
		q.future(s)
	}
	if q.o.Span > 0 && q.o.Span < shortSpan {
		s.add("The log spans %s only.", span(q.o.Span.Microseconds()))
	}
}

// unresolvedDoubt is rule 18.
func (q *question) unresolvedDoubt(s *sentences, rec *finding.Recommendation) {
	n := q.all.users + q.unresolved
	_, _, high := Wilson(rec.Accepted.Users, n)
	flips := rec.Decision == finding.Widen && rec.IfUnresolvedCount.Low < q.t.AcceptedLow ||
		rec.Decision == finding.HelpsPartly && high < q.t.PartlyHigh
	switch {
	case q.unresolved == 0:
	case flips:
		s.add("This does not hold if the %s with unexplained hashes are mismatches that no mask helps: then %s would get through.",
			plural(q.unresolved, "user", "users"), percent(rec.IfUnresolvedCount.Share))
		s.add("A full search over a random sample of them would settle it.")
	case rec.Decision == finding.InsufficientEvidence:
		q.searchFor(s)
	}
}

func (q *question) searchFor(s *sentences) {
	if q.unresolved > 0 {
		s.add("%s refused with a hash that nothing explains; a full search over a random sample of them would tell whether addresses changed there.",
			plural(q.unresolved, "more user was", "more users were"))
	}
}

// instead names what the refusals are, most frequent first.
func (q *question) instead(s *sentences) {
	type share struct {
		cause string
		n     int64
	}
	var causes []share
	var all int64
	for c, n := range q.o.Refused {
		if n > 0 {
			causes, all = append(causes, share{strings.ReplaceAll(c, "_", " "), n}), all+n
		}
	}
	if all == 0 {
		s.add("The log shows no refused request of this host.")
		return
	}
	slices.SortFunc(causes, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.cause, b.cause))
	})
	var words []string
	for _, c := range causes {
		words = append(words, fmt.Sprintf("%s (%s)", c.cause, percent(float64(c.n)/float64(all))))
	}
	s.add("The %s refused %s of this host: %s.", count(all), either(all == 1, "request", "requests"), strings.Join(words, ", "))
}

// future is rule 19: what was replayed is only the first refusals.
func (q *question) future(s *sentences) {
	if len(q.lens) == 0 {
		return
	}
	each := float64(within(q.lens, q.choice.prefix)) / float64(len(q.lens))
	s.add("A rescued viewer goes on and changes address again: /%d accepts %s of the changes seen, so a link that lives through three gets through all of them with a chance of %s.",
		q.choice.prefix, percent(each), percent(math.Pow(each, 3)))
}

// sentences joins sentences into a reason.
type sentences struct{ b strings.Builder }

func (s *sentences) add(format string, args ...any) {
	if s.b.Len() > 0 {
		s.b.WriteByte(' ')
	}
	fmt.Fprintf(&s.b, format, args...)
}

func (s *sentences) String() string { return s.b.String() }

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
