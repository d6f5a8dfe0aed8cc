package judge

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
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

// move is the first change of an affected user's address that was refused.
type move struct {
	agent    uint32
	from, to netip.Addr
	time     int64 // µs
	named    bool
}

func (m move) compare(o move) int {
	return cmp.Or(cmp.Compare(m.agent, o.agent), m.from.Compare(o.from), m.to.Compare(o.to), cmp.Compare(m.time, o.time))
}

// presence is the time in which an affected user of a network was there.
type presence struct {
	agent       uint32
	net         netip.Addr
	first, last int64 // µs
}

func (v presence) compare(o presence) int {
	return cmp.Or(cmp.Compare(v.agent, o.agent), v.net.Compare(o.net), cmp.Compare(v.first, o.first), cmp.Compare(v.last, o.last))
}

// note keeps where an affected user began, moved and ended.
func (r *Replay) note(u *User) {
	if int64(len(r.affected)) > mostTitles*r.t.DecidesFrom {
		r.begun, r.ended, r.moved, r.presences = nil, nil, nil, nil
		return
	}
	if u.Away.IsValid() {
		r.moved = append(r.moved, move{u.UA, u.Begin, u.Away, u.AwayAt, u.Named})
	}
	if u.Begin.IsValid() && !u.Named {
		r.begun, r.ended = append(r.begun, moment{u.UA, u.Begin, u.First}), append(r.ended, moment{u.UA, u.End, u.Last})
		r.presences = append(r.presences, presence{u.UA, addr.Block(u.Begin).Addr(), u.First, u.Last})
	}
}

// persons is how many viewers the affected users are at least, as far as addresses tell. Where
// each title has a link of its own and the log no id, one viewer of several titles is several
// users: each begins at the very address where another one of its user agent has just ended, or
// all change the address at once, as tabs do. By chance as many end there shortly after others
// begin, and change it a while after them, so these are taken off.
func (r *Replay) persons() int64 { return max(1, int64(len(r.affected))-r.inSequel()-r.atOnce()) }

// oneByOne is how many may be others of their network and user agent over again, as a device that tries one link after the other:
// they are there one at a time, although by chance some would be at the same time.
func (r *Replay) oneByOne() (n int64) {
	slices.SortFunc(r.presences, presence.compare)
	for rest := r.presences; len(rest) > 0; {
		of := 1
		for of < len(rest) && rest[of].agent == rest[0].agent && rest[of].net == rest[0].net {
			of++
		}
		n += oneAtATime(rest[:of])
		rest = rest[of:]
	}
	return n
}

// oneAtATime is how many of some presences, in order of time, are of one who was there before: of those who begin when nobody is there,
// as many as by chance begin when somebody is, and do not. Of presences at random, each two meet as often as both take of the whole time.
func oneAtATime(presences []presence) int64 {
	var ends []int64
	taken, met, alone := int64(0), 0.0, 0.0
	for i, v := range presences {
		taken += v.last - v.first
		ended, _ := slices.BinarySearch(ends, v.first)
		if met += float64(i - ended); i > 0 && ended == i {
			alone++
		}
		at, _ := slices.BinarySearch(ends, v.last)
		ends = slices.Insert(ends, at, v.last)
	}
	chance := float64(len(presences)-1) * float64(taken) / float64(max(1, ends[len(ends)-1]-presences[0].first))
	return int64(alone * max(0, 1-(met+z*math.Sqrt(met+1))/max(1, chance)))
}

// inSequel is how many begin where another one has just ended.
func (r *Replay) inSequel() int64 {
	slices.SortFunc(r.begun, moment.compare)
	slices.SortFunc(r.ended, moment.compare)
	return max(0, inTurn(r.ended, r.begun)-inTurn(r.begun, r.ended))
}

// atOnce is how many move from one address to another when another one of their user agent does.
func (r *Replay) atOnce() int64 {
	unnamed := slices.DeleteFunc(slices.Clone(r.moved), func(m move) bool { return m.named })
	return r.together(unnamed, move.compare, func(a, b *move) bool { return a.agent == b.agent && a.from == b.from && a.to == b.to })
}

// beside is how many do so when another one does, with whatever player, as the devices of one home. Who was refused where they
// began is not seen to move.
func (r *Replay) beside() int64 {
	moved := slices.DeleteFunc(slices.Clone(r.moved), func(m move) bool { return m.from == m.to })
	return r.together(moved,
		func(a, b move) int {
			return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to), cmp.Compare(a.time, b.time))
		},
		func(a, b *move) bool { return a.from == b.from && a.to == b.to })
}

// together counts the moves that another one like them comes shortly before, but for as many as one comes before a
// while earlier: as many do so by chance.
func (r *Replay) together(moved []move, order func(a, b move) int, alike func(a, b *move) bool) (n int64) {
	window := r.t.RetryWindow.Microseconds()
	slices.SortFunc(moved, order)
	first := 0 // of those alike within twice the window
	for i := range moved {
		m := &moved[i]
		for !alike(&moved[first], m) || m.time-moved[first].time > 2*window {
			first++
		}
		if first < i && m.time-moved[i-1].time <= window {
			n++
		}
		if m.time-moved[first].time > window {
			n--
		}
	}
	return max(0, n)
}

// homes says it where each device counts, but a few homes may be behind them.
func (q *question) homes(list *caveats) {
	n := q.beside()
	if left := int64(len(q.affected)) - n; n > q.atOnce() && left < q.t.DecidesFrom {
		list.add("%s of the %s moved between two addresses within %s of another one who did, as the devices of one home do: each counts, but no more than %s may have changed the address.",
			figure.Count(n), figure.Plural(q.all.users, "user", "users"), span(q.t.RetryWindow.Microseconds()), figure.Plural(left, "line", "lines"))
	}
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

// fewPersons reports whether what a cohort says would rest on viewers who are too few to decide, as some
// of the affected count several times; others may be in the cohort, too.
func (q *question) fewPersons(c *cohort, says choice) bool {
	return says.decision != finding.KeepCurrent && q.viewers+max(0, c.users-int64(len(q.affected))) < q.t.DecidesFrom
}

// countViewers is how many persons there are where those who began where others had stopped, or been refused, go on there, one
// after the other, with links of their own; by chance as many begin where others are to stop.
func (q *question) countViewers() int64 {
	return max(1, min(q.persons()-max(q.amid(), q.anew()), int64(len(q.affected))-q.oneByOne()))
}

// amid is how many of the affected do so.
func (q *question) amid() int64 { return min(q.after(), max(0, q.o.Unclear.Sequels)) }

// anew is how many of them only the time tells, as in a live stream: they began just after others had been refused.
func (q *question) anew() int64 {
	return q.o.Unclear.renewed(int64(len(q.affected)), q.after())
}

// after counts the affected who began after the refusal of another, who may have gone on so.
func (q *question) after() (n int64) {
	for i := range q.affected {
		if m := &q.affected[i]; m.again && !m.named {
			n++
		}
	}
	return n
}

// toldPersons says what is missing to decide.
func (q *question) toldPersons() string {
	n, amid, anew := q.viewers, q.amid(), q.anew()
	if anew > amid {
		amid = 0
	} else {
		anew = 0
	}
	how := listed(slices.DeleteFunc([]string{
		someOf(q.inSequel(), "began where another one of the same user agent had just ended, as a viewer does with the next title"),
		someOf(q.atOnce(), "moved between two addresses as another one of the same user agent did at the same time, as tabs do"),
		someOf(amid, "began where another one had stopped or been refused, as who renews a link does"),
		someOf(anew, "began just after another one had been refused, as who renews a link does"),
		someOf(q.oneByOne(), "were in a network after another one of the same user agent had left it, and hardly ever at the same time, as a device is that tries one link after the other"),
	}, func(s string) bool { return s == "" }))
	return fmt.Sprintf("; %s, but they may be %s: %s, and no id tells; %d decide: send a longer log, or one with an id of the viewer (a cookie, a TLS session), or what the signer issued (--issued)",
		q.letThrough(), figure.Plural(n, "viewer", "viewers"), how, q.t.DecidesFrom)
}

// someOf says what some of the users did; "" for none.
func someOf(n int64, did string) string {
	if n == 0 {
		return ""
	}
	return figure.Count(n) + " of them " + did
}
