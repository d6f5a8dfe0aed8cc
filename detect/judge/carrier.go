package judge

import (
	"cmp"
	"slices"

	"ipdrift/detect/finding"
)

// carrierUsers is the affected users of one carrier.
type carrierUsers struct {
	cohort
	lens []uint8
}

// carriers are findings about those with enough affected users, most
// affected first; the others, and those not known, are one (rule 16).
func (q *question) carriers(curve []finding.CurveStep) []finding.Carrier {
	steps := slices.DeleteFunc(slices.Clone(curve), func(s finding.CurveStep) bool { return !slices.Contains(q.candidates, s.Prefix) })
	var pool carrierUsers
	carriers := []finding.Carrier{}
	for asn, o := range q.byCarrier() {
		if asn == 0 || o.users < q.t.CarrierUsers {
			pool.absorb(o)
			continue
		}
		number := int64(asn)
		carriers = append(carriers, o.carrier(&number, q.choice.prefix, steps))
	}
	slices.SortFunc(carriers, func(a, b finding.Carrier) int {
		return cmp.Or(cmp.Compare(b.AffectedUsers, a.AffectedUsers), cmp.Compare(*a.ASN, *b.ASN))
	})
	if pool.users > 0 {
		carriers = append(carriers, pool.carrier(nil, q.choice.prefix, steps))
	}
	return carriers
}

// byCarrier groups the affected users by ASN, 0 for those not known.
func (q *question) byCarrier() map[uint32]*carrierUsers {
	by := map[uint32]*carrierUsers{}
	for i := range q.affected {
		m := &q.affected[i]
		if by[m.asn] == nil {
			by[m.asn] = &carrierUsers{}
		}
		by[m.asn].take(m)
		by[m.asn].lens = append(by[m.asn].lens, q.lensOf(m)...)
	}
	return by
}

func (o *carrierUsers) absorb(other *carrierUsers) {
	o.users += other.users
	for i, n := range other.least {
		o.least[i] += n
	}
	o.lens = append(o.lens, other.lens...)
}

func (o *carrierUsers) carrier(asn *int64, prefix int, steps []finding.CurveStep) finding.Carrier {
	f := finding.Carrier{ASN: asn, AffectedUsers: o.users, Prefix: prefix}
	f.AcceptedShare, f.Low, f.High = Wilson(o.accepted(prefix), o.users)
	for _, s := range steps {
		s.AcceptedUsers, s.AcceptedRequests = o.accepted(s.Prefix), within(o.lens, s.Prefix)
		s.AcceptedShare, s.Low, s.High = Wilson(s.AcceptedUsers, o.users)
		f.Curve = append(f.Curve, s)
	}
	return f
}
