package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// rhythm is how polls of a live manifest, or ranges of a file, that were refused stand to those that were served elsewhere.
type rhythm struct {
	out    bool    // another player made them: one follows sooner than one player asks again, or as far as the clock tells they held nobody up, and the other goes on
	chance float64 // that those of any other player were not out of step either, where the other goes on; 0: it does not
	lent   bool    // it is one request for a file that had been downloaded elsewhere; see afterDownload
}

// lentChance is how likely who got the link of a file from another viewer asks for it as soon after the download as one tries again
// who is cut off, as likely as later at most. It is our own.
const lentChance = 0.5

// afterDownload is that of a request for a file of its own, or the only one of its link, that had been served elsewhere until then, of
// which the log does not show whether that broke off: who asks later than one tries again, and than the longest pause within it, is
// another viewer.
func afterDownload(last, e *Event, pause int64, t *Thresholds) rhythm {
	return rhythm{out: e.Time-last.End > max(pause, t.RetryWindow.Microseconds()), chance: lentChance, lent: true}
}

// rhythm looks at a refused request and those from its address in the time after. What was served at the very
// time of one counts as served before it, as lines of one time have no order.
func (v view) rhythm() (s rhythm) {
	e := v.request()
	var served, asked []*Event
	begun := 0       // of those that were served, they may have been on their way
	var gaps []int64 // between those that were served until then
	for n, i := range v.idx {
		p := &v.events[i]
		switch {
		case p.file() != e.file():
		case p.Served && p.Client != e.Client:
			if p.Time > e.Time && mayHaveBegun(p, e, v.t) {
				begun++
			}
			if len(served) > 0 && p.Time <= e.Time {
				gaps = append(gaps, p.Time-served[len(served)-1].Time)
			}
			served = append(served, p)
		case n >= v.at && p.Client == e.Client && p.Time-e.Time <= v.t.RetryWindow.Microseconds():
			asked = append(asked, p)
		}
	}
	if begun <= connections { // more went on to others
		served = slices.DeleteFunc(served, func(p *Event) bool { return p.Time > e.Time && mayHaveBegun(p, e, v.t) })
	}
	slices.Sort(gaps)
	switch n := len(served); {
	case n > 0 && served[n-1].Time <= e.Time && (Whole(e.Name) || v.onlyFile()):
		return afterDownload(served[n-1], e, slices.Max(append(gaps, 0)), v.t)
	case len(gaps) == 0:
		return s
	}
	next, untimed := 0, false
	for n, p := range asked {
		for next < len(served) && served[next].Time <= p.Time {
			next++
		}
		if next == len(served) {
			return s
		}
		last := served[next-1]
		grain := resolved(last.Edge, p.Edge, max(last.Grain, p.Grain))
		least, usual := pace(gaps, grain, v.t)
		if chance := 1 - float64(least)/float64(max(1, usual)); n == 0 || chance < s.chance {
			s.chance = chance // edges tell the time more or less exactly
		}
		switch {
		case p.Time-last.Time < least:
			s.out = true
			return s
		case least == 0 && undisturbed(served[next].Time-last.Time, gaps, grain):
			untimed = true
		}
	}
	if untimed {
		return rhythm{out: true}
	}
	return s
}

// undisturbed reports whether the gap between two that were served around a refused one is no longer than nearly all before,
// of polls as quick as the clock tells: whoever has to ask again is held up.
func undisturbed(gap int64, gaps []int64, grain int64) bool {
	usual := gaps[len(gaps)-1-len(gaps)/10]
	return usual <= 2*grain && gap < max(usual, grain)+grain
}

// connections is how many requests of one player are on their way at once: browsers open as many connections to a host.
const connections = 6

// mayHaveBegun reports whether a range of a file that was logged after a request may have begun before it, in a log that
// does not tell: the download may have broken off, and nobody goes on there.
func mayHaveBegun(p, e *Event, t *Thresholds) bool {
	return !p.Began && Whole(p.Name) && p.Time-e.Time <= t.Linger.Microseconds()
}

// pace is how long a player waits from one poll to the next: least, and usually, as the gaps between those that were
// served say, in order of length. A playlist that has not changed is polled again after half the usual time (RFC 8216,
// 6.3.4); a player that was seen to wait longer each time does not do so, and is early by no more than its gaps differ.
// Where the times are too coarse to tell, least is 0.
func pace(gaps []int64, grain int64, t *Thresholds) (least, usual int64) {
	usual = gaps[len(gaps)/2]
	half := usual / 2
	switch {
	case grain > half:
		return 0, usual
	case len(gaps) < t.MediaRequests:
		return half, usual
	}
	return max(half, gaps[0]-max(grain, gaps[len(gaps)-1]-gaps[0])), usual
}

// onlooking is what all that a user was refused elsewhere says together: the chance is that all would have been in step, had
// another player made it; 0 where something else than such polls was refused there, unless all of it starts over, or where an id shows the
// viewer who was served.
func (c *facts) onlooking(look func(pos int) view) (all rhythm) {
	all.chance = 1
	looked := 0
	for i := range c.refusals {
		r := &c.refusals[i]
		if !r.mismatch {
			continue
		}
		if looked++; looked > restartsLooked {
			break
		}
		v := look(r.pos)
		if v.known(v.request()) {
			return rhythm{}
		}
		s := v.rhythm()
		switch {
		case s.out:
			return s
		case s.lent: // by whomever
			all.lent, all.chance = true, min(all.chance, s.chance)
		default:
			all.chance *= s.chance
		}
		if all.chance == 0 {
			return c.anew
		}
	}
	return all
}

// onlooked is users who were refused what another viewer was served elsewhere, by the one sign or the other.
type onlooked struct {
	users          int64   // who were out of step, held nobody up, or came late: other viewers, undetermined
	inStep         int64   // affected users who were in step, by chance or not
	others, spread float64 // how many other viewers were so by chance, and the square of what that is uncertain by
}

// add adds an undetermined one, who had a chance below 1 of being in step.
func (s *onlooked) add(chance float64) {
	odds := chance / (1 - chance)
	s.users, s.others, s.spread = s.users+1, s.others+odds, s.spread+odds*(1+odds)
}

// most is how many of the affected may be other viewers: for each who was out of step, as many as were so likely to be in step.
func (s *onlooked) most() int64 {
	return min(s.inStep, int64(math.Ceil(s.others+z*math.Sqrt(s.spread))))
}

// onlooking are those of the sign that a user shows.
func (r *Replay) onlooking(u *User) *onlooked {
	if u.Lent {
		return &r.lends
	}
	return &r.polls
}

// onlookers is how many of the affected may be other viewers: players who only polled a live playlist that somebody else was
// served on, in step by chance, or who got the link of a file from who had just fetched it.
func (r *Replay) onlookers() int64 { return r.polls.most() + r.lends.most() }

// looking reports whether an answer that rests on the affected would be another one if these were not: of those whom the mask
// accepts or, unless it is to be widened, of those whom it does not.
func (q *question) looking(c choice) bool {
	switch {
	case q.onlookers() == 0 || c.decision == finding.KeepCurrent:
		return false
	case c.decision == finding.Widen:
		return q.altered(c, true)
	}
	return q.altered(c, true) || q.altered(c, false)
}

// altered reports whether the answer would be another one without the onlookers, if the mask accepts them or does not.
func (q *question) altered(c choice, accepted bool) bool {
	polls, lends := q.polls.most(), q.lends.most()
	left := gather(q.affected, func(m *member) bool {
		n := &polls
		if m.lent {
			n = &lends
		}
		out := m.inStep && *n > 0 && (int(m.least) >= c.prefix) == accepted
		if out {
			*n--
		}
		return !out
	})
	return q.differs(c, left)
}

// differs reports whether some of the affected alone would give another answer, or are too few for one.
func (q *question) differs(c choice, left *cohort) bool {
	other := q.pointed(left)
	return left.users < q.t.DecidesFrom || !q.worthIt(left) || other.decision != c.decision || other.prefix != c.prefix
}

// toldLooking says what is missing to decide.
func (q *question) toldLooking() string {
	var are []string
	if q.polls.most() > 0 {
		are = append(are, fmt.Sprintf("%s of them only polled a live playlist, in step with a player that was served on elsewhere, and %s did so out of step, or held nobody up, as only another player does",
			figure.Count(q.polls.inStep), figure.Plural(q.polls.users, "user", "users")))
	}
	if q.lends.most() > 0 {
		are = append(are, fmt.Sprintf("%s of them only began anew, or asked for a file, just after the viewer elsewhere had stopped or downloaded it, and %s did so more than %s later, as who was handed the link does",
			figure.Count(q.lends.inStep), figure.Plural(q.lends.users, "user", "users"), span(q.t.RetryWindow.Microseconds())))
	}
	return fmt.Sprintf("; but %s: up to %s of the former may be other viewers, too; send a log with an id of the viewer (a cookie, a TLS session), or what the signer issued (--issued)",
		strings.Join(are, ", and "), figure.Count(q.onlookers()))
}
