package judge

import (
	"fmt"
	"math"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// Unclear counts refusals of a host after which links began that the refused viewer may
// have gone on with, where neither an id nor anything else tells whether it did.
type Unclear struct {
	Refusals int64
	Sequels  int64 // how many more links began with the segment that came next where others had stopped than where others were to stop
	Excess   int64 // how many more links began in the recovery time after refusals than before them,
	Spread   int64 // and the sum of the squares of what each of the links adds to it
	Begun    int64 // how many links began,
	Ahead    int64 // and how many of them in the recovery time before a refusal, as many as after one by chance
}

// Add adds what was counted elsewhere.
func (u *Unclear) Add(o Unclear) {
	u.Refusals, u.Sequels, u.Excess, u.Spread = u.Refusals+o.Refusals, u.Sequels+o.Sequels, u.Excess+o.Excess, u.Spread+o.Spread
	u.Begun, u.Ahead = u.Begun+o.Begun, u.Ahead+o.Ahead
}

// renewed is how many of some users, among whom so many began after refusals, are others over again: but for chance, nobody's first
// link begins so.
func (u Unclear) renewed(users, again int64) int64 {
	if u.Ahead >= u.Begun {
		return 0
	}
	firsts := float64(users-again) * float64(u.Begun) / float64(u.Begun-u.Ahead)
	return max(0, min(u.Excess, users-int64(math.Ceil(firsts))))
}

// most is how many of the refused went on like that, at most: by chance, as many links begin before a
// refusal as after it.
func (u Unclear) most() int64 {
	excess := float64(u.Excess) + z*math.Sqrt(float64(u.Spread))
	return min(u.Refusals, int64(math.Ceil(max(0, excess))))
}

// onceEach leaves out users who may be others over again, after these had renewed their link: of those
// whom a prefix accepts, or of those whom it does not, as many as there may be. The others weigh as much
// as all did: it is the share that is in doubt.
func (q *question) onceEach(prefix int, accepted bool) (left *cohort, out int64) {
	most := q.o.Unclear.most()
	left = gather(q.affected, func(m *member) bool {
		if m.again && out < most && (int(m.least) >= prefix) == accepted {
			out++
			return false
		}
		return true
	})
	if left.users > 0 {
		for i := range left.least {
			left.least[i] = left.least[i] * q.all.users / left.users
		}
		left.users = q.all.users
	}
	return left, out
}

// repeated reports whether a mask that is enough would not be if each viewer counted once:
// those who move within it renew their link again and again, those who leave it may not.
func (q *question) repeated(c choice) bool {
	if c.decision != finding.Widen {
		return false
	}
	left, out := q.onceEach(c.prefix, true)
	if out == 0 {
		return false
	}
	other := q.pointed(left)
	return other.decision != finding.Widen || other.prefix < c.prefix
}

// toldOnce says what is missing to widen.
func (q *question) toldOnce() string {
	left, out := q.onceEach(q.choice.prefix, true)
	return fmt.Sprintf("; %s, but viewers who renewed their link on another network may count more than once, as no id tells them: %s at most; with each viewer once it would be %s, not surely enough: send a log with an id of the viewer (a cookie, a TLS session), or what the signer issued (--issued)",
		q.letThrough(), figure.Plural(out, "time", "times"), percent(left.share(q.choice.prefix)))
}

// mayRepeat adds that caveat to an answer other than widen that would not hold then.
func (q *question) mayRepeat(list *caveats) {
	p := q.choice.prefix
	low, fewer := q.onceEach(p, true)
	high, more := q.onceEach(p, false)
	differs := func(c *cohort) bool {
		other := q.pointed(c)
		return other.decision != q.points.decision || other.prefix != q.points.prefix
	}
	if fewer > 0 && differs(low) || more > 0 && differs(high) {
		list.add("Viewers who renewed their link on another network may count more than once, as no id tells them: with each viewer once /%d would let %s to %s through.", p, percent(low.share(p)), percent(high.share(p)))
	}
}
