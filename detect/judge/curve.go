package judge

import (
	"slices"

	"ipdrift/detect/finding"
)

// curve replays every prefix length, widest mask first.
func (q *question) curve() []finding.CurveStep {
	steps := make([]finding.CurveStep, 0, q.width())
	for _, p := range q.lengths() {
		k := q.all.accepted(p)
		s := finding.CurveStep{Prefix: p, AcceptedUsers: k, AcceptedRequests: within(q.lens, p), Exposure: q.bound.exposure(p)}
		s.AcceptedShare, s.Low, s.High = Wilson(k, q.all.users)
		if q.open() > 0 {
			unresolved := q.ifUnresolved(k)
			s.IfUnresolvedCount = &unresolved
		}
		s.StrangersLetIn = q.strangersShare(p)
		steps = append(steps, s)
	}
	return steps
}

// ifUnresolved is the share accepted if all unresolved failures were mismatches
// that no mask helps (rule 18).
func (q *question) ifUnresolved(accepted int64) (b finding.Bound) {
	b.Share, b.Low, _ = Wilson(accepted, q.all.users+q.open())
	return b
}

// lengths are 0 to 32, or 0 to 128 in steps of 4 with the candidates between.
func (q *question) lengths() []int {
	step := 1
	if q.family != 4 {
		step = 4
	}
	lengths := slices.Clone(q.candidates)
	for p := 0; p <= q.width(); p += step {
		lengths = append(lengths, p)
	}
	slices.Sort(lengths)
	return slices.Compact(lengths)
}
