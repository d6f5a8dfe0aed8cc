package judge

import (
	"fmt"
	"math"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// shortSpan is the length of a log below which a caveat says that it is short: less than a
// day, of which the first and the last request of a whole day's log may fall short. It never
// blocks a decision (rule 14).
const shortSpan = 23 * time.Hour

// caveats are what bears on the answer beside its reason, a short sentence
// each: first what could change the decision, then what it costs, then what it
// means.
func (q *question) caveats(rec *finding.Recommendation) []string {
	list := &caveats{said: []string{}}
	if q.o.CalibrationFailed || q.o.Group || q.o.Unbound || q.o.ByAddress {
		return list.said
	}
	if q.untimed > 0 {
		list.add("%s asked for a file that was logged as served elsewhere only afterwards: a log with request times (nginx: $request_time) would tell whether that download had broken off.", figure.Plural(q.untimed, "refused user", "refused users"))
	}
	if q.all.users > 0 {
		q.grounds(list)
		if len(q.candidates) > 0 {
			q.sensitivity(list, rec.Parts)
			if rec.Decision != finding.InsufficientEvidence && rec.Decision != finding.KeepCurrent {
				q.homes(list)
			}
			if rec.Decision == finding.HelpsPartly {
				q.wouldTell(list)
			}
			if rec.Decision == finding.HelpsPartly || rec.Decision == finding.MaskNotEnough {
				q.mayRepeat(list)
			}
		}
		q.families(list)
	}
	if d := rec.Decision; (!q.flips() || q.unproven()) && q.doubtful() > 0 && (d == finding.KeepCurrent || d == finding.InsufficientEvidence) {
		list.add("%s", q.unexplained())
	}
	if rec.Prefix != nil {
		q.cost(list, rec)
		q.future(list)
	}
	q.background(list)
	return list.said
}

type caveats struct{ said []string }

func (c *caveats) add(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

// grounds adds what the affected users rest on.
func (q *question) grounds(list *caveats) {
	if n := q.proxied; n > 0 && !q.o.RefusalsOnly && q.o.Proxy == "" {
		list.add("The signer sees its own proxy for %s of the %s with address-bound links, and no mask mends that.", percent(float64(n)/float64(q.bound.users)), figure.Plural(q.bound.users, "user", "users"))
	}
	if n := q.unserved.most(); n >= q.t.ListedBelow && 2*n >= q.all.users && q.proxied == 0 && !q.signedForNetworks() {
		list.add("%s were never served, with links signed for one and the same address: the site may see a proxy in front of them, its own or their carrier's, and should take the viewer's address from that proxy's header.", figure.Plural(n, "user", "users"))
	}
	if q.inferred > 0 && q.inferred < q.all.users {
		list.add("For %s of %s the mismatch is inferred, without a reproduced hash.", figure.Count(q.inferred), figure.Plural(q.all.users, "user", "users"))
	}
	if q.untold > 0 {
		list.add("%s not counted: refused at another address too, where they could not be followed.", figure.Plural(q.untold, "user is", "users are"))
	}
	if q.mended > 0 {
		list.add("%s not counted: refused as links were bound before, and let through by a /%d, as they are now.", figure.Plural(q.mended, "user is", "users are"), q.current())
	}
	switch {
	case q.o.RefusalsOnly:
		list.add("The log holds refusals only, so whether they were served before cannot be seen, and whether a change is worth it is not tested.")
	case q.choice.decision == finding.InsufficientEvidence && !q.worthIt(q.all):
		share, _, _ := Wilson(q.all.users, q.bound.users)
		list.add("%s %s of the %s with address-bound links: not surely the %s from which a change is worth it.", figure.Plural(q.all.users, "affected user is", "affected users are"), percent(share), figure.Plural(q.bound.users, "user", "users"), percent(q.t.WorthShare))
	}
}

// wouldTell says it where a mask that helps partly may be enough, or not help half of the users, and more of them would tell.
func (q *question) wouldTell(list *caveats) {
	p := q.choice.prefix
	switch k := q.all.share(p); {
	case k >= q.t.AcceptedLow:
		n := q.enough(func(n int64) bool { return wilsonLow(int64(k*float64(n)), n) >= q.t.AcceptedLow })
		list.add("Too few users to tell whether /%d is enough, as it is from %s on: at this share, %s would.", p, percent(q.t.AcceptedLow), n)
	case k < q.t.PartlyHigh:
		n := q.enough(func(n int64) bool { return wilsonHigh(int64(k*float64(n)), n) < q.t.PartlyHigh })
		list.add("Too few users to tell whether /%d helps half of them: at this share, %s would.", p, n)
	}
}

// enough says about how many users would settle it.
func (q *question) enough(tell func(n int64) bool) string {
	const most = 10_000
	for n := q.all.users; n < most; n++ {
		if tell(n) {
			return "some " + figure.Plural(n, "user", "users")
		}
	}
	return "more than " + figure.Plural(most, "user", "users")
}

// families is what to check first about users whom no mask mends (rule 4);
// where no mask is enough the reason says so.
func (q *question) families(list *caveats) {
	across := q.left().across
	if across == 0 || q.choice.decision == finding.MaskNotEnough {
		return
	}
	list.add("%s changed to IPv%d: check that site and CDN offer both families.", figure.Plural(across, "user", "users"), 10-q.family)
}

// cost is rule 17, as far as the price of the mask needs advice.
func (q *question) cost(list *caveats, rec *finding.Recommendation) {
	if rec.Exposure > q.t.ExposureSay && rec.Exposure > rec.ExposureNow {
		list.add("Shorten the life of links first: over %s of other viewers share the /%d.", percent(q.t.ExposureSay), *rec.Prefix)
	}
	if x := rec.OutsideShare; x != nil && *x > q.t.ExposureSay {
		list.add("Shorten the life of links first: of two clients in one /%d, %s are of different carriers.", *rec.Prefix, percent(*x))
	}
	if links, opened := q.opened(*rec.Prefix); links > 0 && rec.StrangersLetIn == nil {
		list.add("/%d lets strangers in on %s of %s seen.", *rec.Prefix, figure.Count(opened), figure.Plural(links, "shared link", "shared links"))
	}
}

// farthest is for how many changes in a row something is still said.
const farthest = 100

// future is rule 19: what was replayed is only the first refusals. Where enough
// users changed twice, a change after an accepted one is judged by theirs: whoever
// stayed near stays near. Else changes count as independent.
func (q *question) future(list *caveats) {
	if len(q.changes) == 0 {
		return
	}
	p := q.choice.prefix
	first := float64(within(q.changes, p)) / float64(len(q.changes))
	again, users := q.again()
	how, guess := "judged by those who changed twice", ""
	if users < q.t.ListedBelow {
		again, how = first, "if changes are independent"
		guess = " " + how
	}
	row := func(n float64) string { return percent(first * math.Pow(again, max(0, n-1))) }
	list.add("/%d accepts %s of single changes of address, %s of three in a row%s.", p, percent(first), row(3), guess)
	var lasts []string
	for _, t := range []struct {
		what string
		long time.Duration
	}{{"typical sessions", q.o.Session}, {"links kept for their longest life", q.o.Life}} {
		if n := t.long.Seconds() / max(1e-9, q.o.Between.Seconds()); n >= 1 && n <= farthest {
			lasts = append(lasts, fmt.Sprintf("%s of %s (%s)", row(n), t.what, span(t.long.Microseconds())))
		}
	}
	if len(lasts) > 0 {
		list.add("Those who change do so every %s: with /%d, %s go unrefused, %s.", span(q.o.Between.Microseconds()), p, listed(lasts), how)
	}
}

// again is the share of changes that the mask accepts among those that follow an
// accepted one of the same user, and how many users have such.
func (q *question) again() (share float64, users int64) {
	accepted, all := 0, 0
	for i := range q.affected {
		lens, some := q.changesOf(&q.affected[i]), false
		for n := 1; n < len(lens); n++ {
			if within(lens[n-1:n], q.choice.prefix) == 0 {
				continue
			}
			all, some = all+1, true
			accepted += int(within(lens[n:n+1], q.choice.prefix))
		}
		if some {
			users++
		}
	}
	return float64(accepted) / max(1, float64(all)), users
}

func (q *question) background(list *caveats) {
	elsewhere := q.firstRequest - q.proxied
	if q.signedForNetworks() {
		elsewhere -= q.cut
	}
	if n := elsewhere; n > 0 && !q.o.RefusalsOnly {
		list.add("%s never served: the site saw another address than the edge.", figure.Plural(n, "user was", "users were"))
	}
	if q.largest() == 0 && len(q.affected) >= int(q.t.DecidesFrom) {
		list.add("The log does not tell carriers (ASN), so the answer without the largest one is not known: give --asn-db.")
	}
	if q.o.Span > 0 && q.o.Span < shortSpan {
		list.add("This host's requests span less than a day (%s).", span(q.o.Span.Microseconds()))
	}
}
