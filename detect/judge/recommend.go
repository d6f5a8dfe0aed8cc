package judge

import (
	"cmp"
	"slices"
	"strconv"

	"ipdrift/detect/finding"
)

// Recommend answers the mask question with what was added so far (rules 13 to
// 20). It may be asked again after more was added.
func (r *Replay) Recommend(o Asked) finding.Recommendation {
	q := question{Replay: r, o: o, all: gather(r.affected, nil), candidates: r.candidates(o)}
	q.choice = q.decide()
	rec := finding.Recommendation{
		Host: r.host, Family: "ipv" + strconv.Itoa(r.family), Decision: q.choice.decision,
		AffectedUsers: q.all.users, FirstRequestUsers: r.firstRequest, ManyNetworksUsers: r.many,
		Interrupted: r.interrupted, UnresolvedUsers: r.unresolved, SharedLinks: int64(len(r.shared)),
		StrangersLetIn: r.strangersInFull(q.choice.prefix),
		Exposure:       r.bound.exposure(q.choice.prefix), ExposureNow: r.bound.exposure(r.current(o)),
		Accepted: q.accepted(), Carriers: q.carriers(), Curve: r.curve(q.all, q.candidates),
	}
	rec.IfUnresolvedCount.Share, rec.IfUnresolvedCount.Low, _ = Wilson(rec.Accepted.Users, q.all.users+r.unresolved)
	if !o.RefusalsOnly {
		users := r.bound.users
		rec.BoundUsers = &users
	}
	if now := r.current(o); o.Bound && !o.Unbound {
		rec.CurrentPrefix = &now
	}
	if d := rec.Decision; d == finding.Widen || d == finding.HelpsPartly {
		prefix := q.choice.prefix
		rec.Prefix, rec.Change = &prefix, q.change()
	}
	rec.Reason = q.reason(&rec)
	return rec
}

// question is one asking of a replay.
type question struct {
	*Replay
	o          Asked
	all        *cohort
	candidates []int // wider than the mask in force, narrow to wide
	choice     choice
	points     choice // what too few users point to
}

// decide follows rules 14 and 15. The prefix of the choice is always one that
// figures can be given for.
func (q *question) decide() choice {
	widest := q.current(q.o)
	if n := len(q.candidates); n > 0 {
		widest = q.candidates[n-1]
	}
	keep := choice{decision: finding.KeepCurrent, prefix: widest}
	unsure := choice{decision: finding.InsufficientEvidence, prefix: widest}
	switch {
	case q.o.CalibrationFailed:
		return unsure
	case q.o.Unbound, q.all.users == 0, len(q.candidates) == 0:
		return keep
	}
	q.points = q.all.choose(q.candidates, q.vetoed, &q.t)
	unsure.prefix, keep.prefix = q.points.prefix, q.points.prefix
	switch {
	case q.all.users < q.t.DecidesFrom:
		return unsure
	case !q.worthIt():
		return keep
	}
	return q.points
}

// worthIt is the rate test of rule 15; refusals alone give no rate.
func (q *question) worthIt() bool {
	return q.o.RefusalsOnly || wilsonLow(q.all.users, q.bound.users) >= q.t.WorthShare
}

func (q *question) accepted() finding.Share {
	k := q.all.accepted(q.choice.prefix)
	s := finding.Share{Users: k, Requests: within(q.lens, q.choice.prefix)}
	s.Share, s.Low, s.High = Wilson(k, q.all.users)
	var pairs tally
	for i := range q.affected {
		if lens := q.lens[q.affected[i].from:q.affected[i].to]; len(lens) > 0 {
			pairs.add(within(lens, q.choice.prefix), int64(len(lens)))
		}
	}
	s.RequestShare = pairs.interval(&q.t)
	return s
}

// carriers are findings about operators with enough affected users, most
// affected first; the others, and those not known, are one (rule 16).
func (q *question) carriers() []finding.Carrier {
	by := map[uint32]*cohort{}
	for i := range q.affected {
		m := &q.affected[i]
		if by[m.asn] == nil {
			by[m.asn] = &cohort{}
		}
		by[m.asn].take(m)
	}
	var pool cohort
	carriers := []finding.Carrier{}
	for asn, c := range by {
		if asn == 0 || c.users < q.t.CarrierUsers {
			pool.absorb(c)
			continue
		}
		number := int64(asn)
		carriers = append(carriers, c.carrier(&number, q.choice.prefix))
	}
	slices.SortFunc(carriers, func(a, b finding.Carrier) int {
		return cmp.Or(cmp.Compare(b.AffectedUsers, a.AffectedUsers), cmp.Compare(*a.ASN, *b.ASN))
	})
	if pool.users > 0 {
		carriers = append(carriers, pool.carrier(nil, q.choice.prefix))
	}
	return carriers
}

func (c *cohort) absorb(o *cohort) {
	c.users += o.users
	for i, n := range o.least {
		c.least[i] += n
	}
}

func (c *cohort) carrier(asn *int64, prefix int) finding.Carrier {
	f := finding.Carrier{ASN: asn, AffectedUsers: c.users}
	f.AcceptedShare, f.Low, f.High = Wilson(c.accepted(prefix), c.users)
	return f
}
