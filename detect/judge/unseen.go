package judge

import (
	"fmt"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// begins reports whether all that a user was refused because of the address is what a viewer begins with. In a log of
// refusals only nobody sees whether the link was served elsewhere at that time, to one who handed it on; who was refused
// amid a title was served its beginning (rule 2).
func (c *facts) begins() bool {
	for i := range c.refusals {
		r := &c.refusals[i]
		if kind, n := place(c.group.Events[c.idx[r.pos]].Name); r.mismatch && kind == segment && n > 1 {
			return false
		}
	}
	return true
}

// unseen reports whether an answer would be another one, or rest on too few, without those who were refused where viewing
// begins, of whom a log of refusals only does not show whether they had their link from another viewer.
func (q *question) unseen(c choice) bool {
	if q.beginning == 0 || c.decision == finding.KeepCurrent {
		return false
	}
	left := gather(q.affected, func(m *member) bool { return !m.begins })
	other := q.pointed(left)
	return left.users < q.t.DecidesFrom || other.decision != c.decision || other.prefix != c.prefix
}

// toldUnseen says what is missing to decide.
func (q *question) toldUnseen() string {
	return fmt.Sprintf("; %s, but %s of them %s refused where viewing begins, and a log of refusals only does not show whether another viewer was served with the same link, and handed it on: send a log with served requests too",
		q.letThrough(), figure.Count(q.beginning), figure.Either(q.beginning == 1, "was", "were"))
}
