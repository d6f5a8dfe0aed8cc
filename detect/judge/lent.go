package judge

import (
	"fmt"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// begins reports whether all that a user was refused because of the address is what a viewer begins with: who was refused
// amid a title was served its beginning.
func (c *facts) begins() bool {
	return c.everyMismatch(func(r *refusal) bool {
		kind, n := place(c.event(r).Name)
		return kind != segment || n <= 1
	})
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

// passedOn reports whether an answer would be another one without what was refused where the requests start over after the viewer
// had stopped: it may have loaded the page again there, or handed the link on.
func (q *question) passedOn(c choice) bool {
	left := q.beforeThat()
	return left != nil && q.differs(c, left)
}

// beforeThat is the affected without such refusals; nil where there are none.
func (q *question) beforeThat() *cohort {
	if q.restarted() == 0 {
		return nil
	}
	left := &cohort{}
	for _, m := range q.affected {
		m.least = m.before
		left.take(&m)
	}
	return left
}

// restarted counts the users who were refused so.
func (q *question) restarted() (n int64) {
	for i := range q.affected {
		if m := &q.affected[i]; m.before != m.least {
			n++
		}
	}
	return n
}

// toldPassedOn says what is missing to decide.
func (q *question) toldPassedOn() string {
	other := q.pointed(q.beforeThat())
	n := q.restarted()
	return fmt.Sprintf("; %s, but the links of %s of them %s tried farther off, too, from the beginning and after a silence, by the same viewers or by others to whom they were handed; without that it would be %s for /%d: send a log with an id of the viewer (a cookie, a TLS session), or what the signer issued (--issued)",
		q.letThrough(), figure.Count(n), figure.Either(n == 1, "was", "were"), percent(q.beforeThat().share(other.prefix)), other.prefix)
}
