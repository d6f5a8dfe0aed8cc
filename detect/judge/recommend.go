package judge

import (
	"slices"
	"strconv"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// Recommend answers the mask question with what was added so far (rules 13 to
// 20). It may be asked again after more was added.
func (r *Replay) Recommend(o Asked) finding.Recommendation {
	q := question{Replay: r, o: o, all: gather(r.affected, nil)}
	q.candidates = q.wider()
	q.viewers = q.countViewers()
	q.choice = q.decide(q.all)
	q.points = q.pointed(q.all)
	rec := finding.Recommendation{
		Host: r.host, Family: "ipv" + strconv.Itoa(r.family), Decision: q.choice.decision,
		AffectedUsers: q.all.users, FirstRequestUsers: r.firstRequest, ManyNetworksUsers: r.many,
		Interrupted: r.interrupted, UnresolvedUsers: r.unresolved, UncheckedUsers: r.uncheckable, SharedLinks: int64(len(r.shared)),
		StrangersLetIn: r.strangers(q.choice.prefix),
		Exposure:       r.bound.exposure(q.choice.prefix), ExposureNow: r.bound.exposure(q.current()),
		Accepted: q.accepted(), Curve: q.curve(),
	}
	rec.Carriers = q.carriers(rec.Curve)
	rec.RelayedUsers, rec.UntoldUsers, rec.MendedUsers = r.relayed, r.untold, r.mended
	if d := rec.Decision; d == finding.MaskNotEnough || d == finding.InsufficientEvidence && (q.signedForNetworks() || q.shut()) {
		rec.Remedy = q.remedy()
	}
	rec.LeftOutUsers, rec.IfLeftOutCount = int64(len(r.aside)), q.ifLeftOut()
	rec.PerChange = q.perChange()
	rec.IfUnresolvedCount = q.ifUnresolved(rec.Accepted.Users)
	if !o.RefusalsOnly {
		users := r.bound.users
		recovered := rec.AffectedUsers - rec.Interrupted
		rec.BoundUsers, rec.Recovered = &users, &recovered
	}
	if x, known := o.Outside[q.choice.prefix]; known {
		rec.OutsideShare = &x
	}
	if d := rec.Decision; len(q.candidates) > 0 && (d == finding.Widen || d == finding.HelpsPartly || d == finding.MaskNotEnough && q.all.users > 0) {
		rec.Parts = q.parts()
	}
	if now := q.current(); o.Bound {
		rec.CurrentPrefix = &now
	}
	if d := rec.Decision; d == finding.Widen || d == finding.HelpsPartly {
		prefix := q.choice.prefix
		rec.Prefix, rec.Change = &prefix, q.change()
	}
	rec.Reason, rec.Caveats = q.reason(), q.caveats(&rec)
	return rec
}

// question is one asking of a replay.
type question struct {
	*Replay
	o          Asked
	all        *cohort
	candidates []int // wider than the mask in force, narrow to wide
	viewers    int64 // that the affected are at least; see countViewers
	choice     choice
	points     choice // what too few users point to
}

// wider are the candidates wider than the mask in force, from narrow to wide.
func (q *question) wider() []int {
	var wider []int
	for _, p := range q.o.Candidates {
		if p > 0 && p < q.current() && !slices.Contains(wider, p) {
			wider = append(wider, p)
		}
	}
	slices.SortFunc(wider, func(a, b int) int { return b - a })
	return wider
}

// current is the prefix length in force: that of a whole address, where there is no mask.
func (q *question) current() int {
	if q.o.CurrentPrefix <= 0 || q.o.CurrentPrefix > q.width() {
		return q.width()
	}
	return q.o.CurrentPrefix
}

// decide follows rules 14 and 15. The prefix of the choice is always one that
// figures can be given for.
func (q *question) decide(c *cohort) choice {
	points := q.pointed(c)
	keep := choice{decision: finding.KeepCurrent, prefix: points.prefix}
	unsure := choice{decision: finding.InsufficientEvidence, prefix: points.prefix}
	switch {
	case q.o.CalibrationFailed, q.o.Group, q.o.ByAddress && !q.o.Unbound:
		return unsure
	case q.o.Unbound:
		return keep
	case q.o.Proxy != "":
		return choice{decision: finding.MaskNotEnough, prefix: points.prefix}
	case q.obstacle() != "":
		return unsure
	case c.users == 0:
		if q.unproven() || q.unchecked() > 0 || q.hinges(c) {
			return unsure
		}
		return keep
	case len(q.candidates) == 0 && points.decision == finding.KeepCurrent:
		return keep
	case c.users < q.t.DecidesFrom:
		return unsure
	case q.hinges(c):
		return unsure
	case !q.worthIt(c):
		return keep
	case q.doubt(c, points) != nil:
		return unsure
	}
	return points
}

// pointed is what a cohort says, be it large enough or not.
func (q *question) pointed(c *cohort) choice {
	switch n := len(q.candidates); {
	case n == 0:
		return q.inForce(c)
	case c.users == 0:
		return choice{finding.KeepCurrent, q.candidates[n-1], false}
	}
	return c.choose(q.candidates, q.vetoed, &q.t)
}

// inForce judges a mask that no candidate is wider than: it is not enough if as
// many users as decide leave it.
func (q *question) inForce(c *cohort) choice {
	now := q.current()
	if c.users-c.accepted(now) >= q.t.DecidesFrom {
		return choice{finding.MaskNotEnough, now, false}
	}
	return choice{finding.KeepCurrent, now, false}
}

// blurred reports whether requests are missing from the log, and with them what
// tells strangers on a link, whom no mask should let in, from affected users. A mask
// that accepts both is one that accepts the latter; one that does not may be one all
// the same. As users were refused more often than such a log shows, a mask has to accept
// enough of those, too, whom it shows refused several times.
func (q *question) blurred(c choice) bool {
	if !q.o.Gaps || c.decision != finding.Widen {
		return q.o.Gaps
	}
	several := q.several()
	other := q.pointed(several)
	return several.users < q.t.DecidesFrom || other.decision != finding.Widen || other.prefix < c.prefix
}

// several are the affected with more than one refusal.
func (q *question) several() *cohort {
	return gather(q.affected, func(m *member) bool { return len(q.lensOf(m)) > 1 })
}

// unproven reports whether nobody is known to be affected only because no hash
// of the host was reproduced at all.
func (q *question) unproven() bool {
	return q.all.users == 0 && q.doubtful() > 0 && !q.o.Reproduced
}

// unchecked counts the refused requests that no key could check, where these are
// more than a few: without a key an address that the link was never served to
// cannot be told from a forged one.
func (q *question) unchecked() int64 {
	n := q.o.Refused[token.Unchecked.String()]
	if q.all.users > 0 || q.o.Reproduced || n < q.t.ListedBelow {
		return 0
	}
	return n
}

// doubtful counts the users whose hashes nothing explains. As nobody knows what
// their links were signed for, they may be of either family (rule 4).
func (q *question) doubtful() int64 {
	if q.o.Other == nil {
		return q.unresolved
	}
	return q.unresolved + q.o.Other.unresolved
}

// obscure counts those in relay, VPN or hosting networks, as doubtful does the
// others. No mask is widened for them, so no answer turns on them.
func (q *question) obscure() int64 {
	if q.o.Other == nil {
		return q.obscured
	}
	return q.obscured + q.o.Other.obscured
}

// worthIt is the rate test of rule 15; refusals alone give no rate.
func (q *question) worthIt(c *cohort) bool {
	return q.o.RefusalsOnly || wilsonLow(c.users, q.bound.users) >= q.t.WorthShare
}

// hinges reports whether a change would be worth it, unless as many users as may be were
// affected of those of whom nobody knows, and as few are users as there may be.
func (q *question) hinges(c *cohort) bool {
	users, of := c.users+q.untold+q.unkeyed(), q.bound.users-q.o.Apart
	if q.linksAreUsers() {
		of = min(of, q.o.Addresses)
	}
	return !q.worthIt(c) && users >= q.t.DecidesFrom && wilsonLow(users, max(users, of)) >= q.t.WorthShare
}

// linksAreUsers reports whether each file has a link of its own, and more users were told apart than there are
// addresses.
func (q *question) linksAreUsers() bool { return q.o.Addresses > 0 && q.o.Addresses < q.bound.users }

// unkeyed counts the users whom no key could check, where no hash was reproduced.
func (q *question) unkeyed() int64 {
	if q.o.Reproduced {
		return 0
	}
	return q.uncheckable
}

// unsearched counts the users whose hashes nothing explains, where these may be of other IPv6 addresses that a mask
// would cover: where links are bound to more than the /64, nobody can try them (rule 4).
func (q *question) unsearched() int64 {
	if q.family == 4 || q.current() <= 64 {
		return 0
	}
	return q.unresolved
}

// ifLeftOut is what was accepted of all users with a mismatch, bots and those of
// many-network links too (rule 14).
func (q *question) ifLeftOut() *finding.Share {
	if len(q.aside) == 0 {
		return nil
	}
	with := gather(q.aside, nil)
	k := q.all.accepted(q.choice.prefix) + with.accepted(q.choice.prefix)
	s := finding.Share{Users: k}
	s.Share, s.Low, s.High = Wilson(k, q.all.users+with.users)
	return &s
}

// perChange is the share of the changes of address that the mask accepts,
// resampled by user (rules 13 and 19).
func (q *question) perChange() *finding.Interval { return q.shareOf(q.changesOf) }

// shareOf is the share that the mask accepts of what members have.
func (q *question) shareOf(lensOf func(*member) []uint8) *finding.Interval {
	var pairs tally
	for i := range q.affected {
		if lens := lensOf(&q.affected[i]); len(lens) > 0 {
			pairs.add(within(lens, q.choice.prefix), int64(len(lens)))
		}
	}
	return pairs.interval(&q.t)
}

func (q *question) accepted() finding.Share {
	k := q.all.accepted(q.choice.prefix)
	s := finding.Share{Users: k, Requests: within(q.lens, q.choice.prefix)}
	s.Share, s.Low, s.High = Wilson(k, q.all.users)
	s.RequestShare = q.shareOf(q.lensOf)
	return s
}
