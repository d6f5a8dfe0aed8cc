package judge

import (
	"fmt"

	"ipdrift/detect/finding"
)

// sensitivity asks again for both halves of the time and without the largest
// carrier, and says where the answer does not hold (rule 14).
func (q *question) sensitivity(list *caveats) {
	middle := q.middle()
	q.without(list, "in the first half of the time", func(m *member) bool { return m.first < middle })
	q.without(list, "in the second half of the time", func(m *member) bool { return m.first >= middle })
	if asn := q.largest(); asn != 0 {
		q.without(list, fmt.Sprintf("without AS%d, the largest carrier", asn), func(m *member) bool { return m.asn != asn })
	}
}

// without says that a part of the users contradicts the answer. A part is
// smaller than the whole, so its bounds are wider and its own decision often
// another one by chance alone: it is reported only if it has enough users to
// decide, decides otherwise, and its bounds exclude what the answer rests on.
func (q *question) without(list *caveats, where string, keep func(*member) bool) {
	part := gather(q.affected, keep)
	if part.users < q.t.DecidesFrom || part.users == q.all.users || !q.contradicts(part) {
		return
	}
	other := part.choose(q.candidates, q.vetoed, &q.t)
	if other.decision == q.choice.decision && other.prefix == q.choice.prefix {
		return
	}
	list.add("The answer does not hold %s: /%d would have let %s of %s affected users through there%s.",
		where, q.choice.prefix, percent(share(part, q.choice.prefix)), count(part.users), other.instead(q.choice))
}

// contradicts tells whether the share of a part lies beyond the threshold of
// the answer by more than chance.
func (q *question) contradicts(part *cohort) bool {
	low, high := part.low(q.choice.prefix), part.high(q.choice.prefix)
	switch q.choice.decision {
	case finding.Widen:
		return high < q.t.AcceptedLow
	case finding.HelpsPartly:
		return high < q.t.PartlyHigh || low >= q.t.AcceptedLow
	case finding.MaskNotEnough:
		return low >= q.t.PartlyHigh
	}
	return false
}

func share(c *cohort, prefix int) float64 {
	s, _, _ := Wilson(c.accepted(prefix), c.users)
	return s
}

// instead says what a part of the users asks for in place of the whole's
// choice.
func (c choice) instead(whole choice) string {
	switch {
	case c.decision == finding.Widen && c.prefix != whole.prefix:
		return fmt.Sprintf(", and /%d would be the choice", c.prefix)
	case c.decision == finding.Widen:
		return ", which would be enough"
	case c.decision == finding.HelpsPartly:
		return ", which helps only partly"
	}
	return ", so no mask would be enough"
}

// middle is half way between the first and the last affected user.
func (q *question) middle() int64 {
	low, high := q.affected[0].first, q.affected[0].first
	for i := range q.affected {
		low, high = min(low, q.affected[i].first), max(high, q.affected[i].first)
	}
	return low + (high-low)/2 + 1
}

// largest is the known carrier with most affected users; the lower number of
// equals.
func (q *question) largest() (best uint32) {
	users := map[uint32]int{}
	for i := range q.affected {
		if asn := q.affected[i].asn; asn != 0 {
			users[asn]++
		}
	}
	for asn, n := range users {
		if n > users[best] || n == users[best] && asn < best {
			best = asn
		}
	}
	return best
}
