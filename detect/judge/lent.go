package judge

import (
	"fmt"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// begins reports whether all that a user was refused because of the address is what a viewer begins with: who was refused
// amid a title was served its beginning.
func (c *facts) begins() bool {
	for i := range c.refusals {
		r := &c.refusals[i]
		if kind, n := place(c.group.Events[c.idx[r.pos]].Name); r.mismatch && kind == segment && n > 1 {
			return false
		}
	}
	return true
}

// handed reports whether an answer would be another one, or rest on too few, without those who may have been handed a link
// that was served elsewhere: before the log begins, or in a log of refusals only (rule 2).
func (q *question) handed(c choice) bool {
	if q.unseen == 0 || c.decision == finding.KeepCurrent {
		return false
	}
	return q.differs(c, gather(q.affected, func(m *member) bool { return !m.unseen }))
}

// toldHanded says what is missing to decide.
func (q *question) toldHanded() string {
	were := figure.Either(q.unseen == 1, "was", "were")
	why, send := "with links that may be older than the log, which does not show whether another viewer was served with one and handed it on", "a log that begins earlier"
	if q.o.RefusalsOnly {
		why, send = "and a log of refusals only does not show whether another viewer was served with the same link and handed it on", "a log with served requests too"
	}
	return fmt.Sprintf("; %s, but %s of them %s refused where viewing begins, %s: send %s",
		q.letThrough(), figure.Count(q.unseen), were, why, send)
}
