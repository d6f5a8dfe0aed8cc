package detect

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"ipdrift/detect/history"
	"ipdrift/detect/policy"
	"ipdrift/detect/ruling"
	"ipdrift/ingest"
	"ipdrift/ingest/figure"
)

// What an expiry error is that clusters (rules of evidence, 7).
const (
	clockStep    = 900 // seconds: time zones differ by multiples of it
	clockCluster = 60  // seconds behind a multiple that count as at it
)

// timedLinks is how many links of a host have their times kept: the first in the order of their hashes,
// which no traffic can choose. A test has fewer.
var timedLinks = 1 << 18

// delays are how long after their expiry links were first used, in seconds; below zero: before it.
type delays struct {
	links, near int64 // all, and those that cluster
	some        []int64
}

func (d *delays) add(by int64) {
	d.links++
	if behind := by - floor(by, clockStep)*clockStep; (by >= clockStep || by < 0) && behind <= clockCluster {
		d.near++
	}
	if len(d.some) < timedLinks {
		d.some = append(d.some, by)
	}
}

// late is what became of links after their expiry.
type late struct {
	served, refused, stopped delays   // stopped: served, then refused before their expiry
	answered                 byStatus // neither served nor refused
	stated                   int64    // links that got the answer that is stated
	otherwise                byStatus // and others that were refused because of their expiry
}

// byStatus counts links by the status that they got.
type byStatus map[int]int64

// add counts a link; one without a status, 0, does not count.
func (s *byStatus) add(status int) {
	if status == 0 {
		return
	}
	if *s == nil {
		*s = byStatus{}
	}
	(*s)[status]++
}

// lives are how long links live from their first use on, in seconds, as far as that is a possible
// lifetime.
type lives struct {
	longest int64
	some    []int64
}

// longestLife is the longest lifetime that is believed, in seconds: ten years.
const longestLife = 315_360_000

func (l *lives) add(life int64) {
	if life < 1 || life > longestLife {
		return
	}
	l.longest = max(l.longest, life)
	if len(l.some) < timedLinks {
		l.some = append(l.some, life)
	}
}

// spans returns the longest life, and the one that 95 % do not exceed: for that long, old links stay out
// after a change (rules of evidence, 20). It sorts the lives.
func (l *lives) spans() (longest, most time.Duration) {
	n := len(l.some)
	if n == 0 {
		return 0, 0
	}
	slices.Sort(l.some)
	return time.Duration(l.longest) * time.Second, time.Duration(l.some[n-n/20-1]) * time.Second
}

// dateLinks finds how long links live, so that those that may be older than the log are known.
func (h *host) dateLinks() {
	_, most := h.lives.spans()
	h.since = h.first/1e6 + int64(most/time.Second)
	if served := h.servedLives.some; len(served) > 0 {
		slices.Sort(served)
		h.least = served[len(served)/20]
	}
}

// predates reports whether a link that was first asked for at a time (µs) may be older than the log of its host: it has less
// of its life left than 95 % of those had that were served, and if it is to live as long as they do, it was issued before.
func (h *host) predates(l *history.Link, first int64) bool {
	return l.Deadline > 0 && l.Deadline-first/1e6 < h.least && l.Deadline < h.since
}

// life is how long a link lives from its first use on, in seconds.
func (l *visited) life() int64 {
	first := l.visits[0].first
	for i := range l.visits {
		first = min(first, l.visits[i].first)
	}
	return l.Deadline - first/1e6
}

// aged notes when a link was used first, of all and where that was too late. A link
// that was only refused and whose hash does not hold may be forged: how long it lives
// says nothing, unless its signing address is found.
func (h *host) aged(l *visited) {
	g := l.aging(h.Stated.Expired)
	if g.real {
		h.lives.add(l.life())
	}
	if g.taken {
		h.servedLives.add(l.life())
	}
	if g.served < never {
		h.late.served.add(g.served/1e6 - l.Deadline)
	}
	if g.refused < never {
		h.late.refused.add(g.refused/1e6 - l.Deadline)
	}
	if g.stopped < never && g.last <= g.stopped && g.stopped-g.began > clockCluster*1e6 { // links that are refused at once may be as old as all are then
		h.late.stopped.add(g.stopped/1e6 - l.Deadline)
	}
	if g.stated {
		h.late.stated++
	} else {
		h.late.otherwise.add(g.otherwise)
	}
	if g.served == never && g.refused == never {
		h.late.answered.add(g.answer)
	}
}

// aging is what became of a link before its expiry and after it.
type aging struct {
	taken, real       bool  // it was served; so, or its hash holds for who asked
	began, last       int64 // when it was served in time, from and to, µs; began: never
	stopped           int64 // when it was refused in time first, µs; never
	served, refused   int64 // when it was so too late first, µs; never
	stated            bool  // it got the answer that is stated then,
	otherwise, answer int   // or was refused with another status, or got one that may be a refusal; 0: it was not
}

// never is later than all times.
const never = math.MaxInt64

// aging looks at the visits of a link on a host whose answer to expired links is stated; 0: it is not.
func (l *visited) aging(stated uint16) aging {
	g := aging{began: never, stopped: never, served: never, refused: never}
	for i := range l.visits {
		v := &l.visits[i]
		if v.Shield {
			continue
		}
		g.taken = g.taken || v.Served()
		g.real = g.real || g.taken || v.Matched
		switch {
		case !v.Matched:
		case v.Late == ingest.InTime:
			g.inTime(v)
		case v.Late == ingest.TooLate:
			g.tooLate(v, stated)
		}
	}
	return g
}

func (g *aging) inTime(v *visit) {
	switch {
	case v.Served():
		g.began, g.last = min(g.began, v.first), max(g.last, v.final)
	case v.Refused() && v.Code == 0:
		g.stopped = min(g.stopped, v.first)
	}
}

func (g *aging) tooLate(v *visit, stated uint16) {
	if v.Served() {
		g.served = min(g.served, v.first)
	}
	if v.Refused() {
		g.refused = min(g.refused, v.first)
	}
	switch {
	case v.Status == stated:
		g.stated = true
	case v.Refused() && (v.Code == 0 || v.Code == ruling.CodeTokenExpired):
		g.otherwise = int(v.Status)
	}
	if mayRefuse(v.Status) {
		g.answer = int(v.Status)
	}
}

// mayRefuse reports whether a host may answer expired links with a status that says nothing else: not one
// of a missing file, a range, a client that is gone or too many requests.
func mayRefuse(status uint16) bool {
	return status/100 == 4 && !slices.Contains([]uint16{404, 408, 416, 429, 499}, status)
}

// clock looks for expiry errors that are the fault of a clock or a time zone:
// links served long after their expiry, and refusals that cluster behind a
// multiple of a quarter of an hour, after the expiry or before it; and for refusals that are not taken for some.
func (a *analysis) clock() {
	for _, h := range a.ordered {
		if late := &h.late.served; late.links >= a.Thresholds.ClockLinks && float64(late.links) >= policy.FewLinks*float64(h.tokens) {
			h.servedLate = late.links
			a.warnOf("%s: %d links were served after their expiry, typically by %d s: the log's time zone or a clock is wrong, or this host does not enforce expiry; do not trust its expired verdicts", h.Name, late.links, median(late.some))
		}
	}
	a.sayLateAnswers()
	a.sayWrongAnswers()
	for _, h := range a.ordered {
		answered := h.late.answered
		for _, status := range slices.Sorted(maps.Keys(answered)) {
			if n := answered[status]; n >= a.Thresholds.ClockLinks {
				a.warnOf("%s: %d links were answered %s after their expiry, which does not count as refused here: if this host refuses expired links so, say expired_status: %[3]s in --config", h.Name, n, strconv.Itoa(status))
			}
		}
	}
	for _, h := range a.ordered {
		if late := &h.late.refused; a.clustered(late) {
			h.shifted = mostSteps(late.some, clockStep) * clockStep / 60
			a.warnOf("%s: %d of %d expired links are late by a multiple of 15 minutes, most by %d: the time zone of the log or the signer is wrong, not the links' lifetime", h.Name, late.near, late.links, h.shifted)
		}
		if early := &h.late.stopped; a.clustered(early) {
			minutes := -mostSteps(early.some, clockStep) * clockStep / 60
			a.warnOf("%s: %d of %d links that were served, and then refused before their expiry, were so a multiple of 15 minutes before it, most %d: the time zone of the log or the signer is wrong, or the edge ends links sooner than they say; do not trust its verdicts on refused links", h.Name, early.near, early.links, minutes)
			h.early = minutes
			h.remedy(ingest.RefusedElsewhere, figure.Sentence("most were served until %d minutes before their expiry: set the time zone of the log and of the signer right first", minutes))
		}
	}
}

// clustered reports whether there are many delays, and nearly all of them lie just behind a multiple of a
// quarter of an hour.
func (a *analysis) clustered(d *delays) bool {
	return d.links >= a.Thresholds.ClockLinks && float64(d.near) >= a.Thresholds.ClockShare*float64(d.links)
}

// median returns the middle value, or the mean of the two in the middle, rounded to even; it sorts the
// values.
func median(values []int64) int64 {
	slices.Sort(values)
	low, high := float64(values[(len(values)-1)/2]), float64(values[len(values)/2])
	return int64(math.RoundToEven(low + (high-low)/2))
}

// mostSteps returns the most frequent value, in whole steps; the least of several.
func mostSteps(values []int64, step int64) (best int64) {
	counts := map[int64]int{}
	for _, v := range values {
		counts[floor(v, step)]++
	}
	for steps, n := range counts {
		if n > counts[best] || n == counts[best] && steps < best {
			best = steps
		}
	}
	return best
}
