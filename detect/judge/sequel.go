package judge

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"ipdrift/detect/finding"
)

// sequelGap is how long after the end of one user another may begin who is the same person
// with the next title. It is our own, that of two tokens of one player.
const sequelGap = 2 * time.Minute

// moment is where and when an affected user began, or ended.
type moment struct {
	agent uint32
	at    netip.Addr
	time  int64 // µs
}

func (s moment) compare(o moment) int {
	return cmp.Or(cmp.Compare(s.agent, o.agent), s.at.Compare(o.at), cmp.Compare(s.time, o.time))
}

// mostTitles is for how many titles of each viewer it is asked how many viewers there are: of more
// affected users none are taken together.
const mostTitles = 100

// note keeps where an affected user began and ended.
func (r *Replay) note(u *User) {
	if int64(len(r.affected)) > mostTitles*r.t.DecidesFrom {
		r.begun, r.ended = nil, nil
		return
	}
	if u.Begin.IsValid() {
		r.begun, r.ended = append(r.begun, moment{u.UA, u.Begin, u.First}), append(r.ended, moment{u.UA, u.End, u.Last})
	}
}

// persons is how many viewers the affected users are at least, as far as addresses tell. Where
// each title has a link of its own and the log no id, one viewer of several titles is several
// users: each begins at the very address where another one of its user agent has just ended.
// By chance as many end there shortly after others begin, so these are taken off.
func (r *Replay) persons() int64 {
	slices.SortFunc(r.begun, moment.compare)
	slices.SortFunc(r.ended, moment.compare)
	return int64(len(r.affected)) - max(0, inTurn(r.ended, r.begun)-inTurn(r.begun, r.ended))
}

// inTurn pairs moments with later ones of the same user agent at the same address, within the
// gap, each with one. Both are in order.
func inTurn(first, then []moment) (n int64) {
	gap := sequelGap.Microseconds()
	for len(first) > 0 && len(then) > 0 {
		a, b := first[0], then[0]
		switch here := cmp.Or(cmp.Compare(a.agent, b.agent), a.at.Compare(b.at)); {
		case here < 0, here == 0 && b.time-a.time > gap:
			first = first[1:]
		case here > 0, b.time <= a.time:
			then = then[1:]
		default:
			n++
			first, then = first[1:], then[1:]
		}
	}
	return n
}

// fewPersons tells whether a mask would be advised for viewers who are too few to decide, as
// some count several times.
func (q *question) fewPersons(c choice) bool {
	return c.decision == finding.Widen && q.persons() < q.t.DecidesFrom
}

// toldPersons says what is missing to widen.
func (q *question) toldPersons() string {
	n := q.persons()
	return fmt.Sprintf("; %s, but they may be %s: %s of them began where another one of the same user agent had just ended, as a viewer does with the next title, and no id tells; %d decide: send a longer log, or one with an id of the viewer (a cookie, a TLS session), or what the signer issued (--issued)",
		q.letThrough(), plural(n, "viewer", "viewers"), count(q.all.users-n), q.t.DecidesFrom)
}
