package format

import (
	"cmp"
	"slices"
	"strings"
)

// assignTime prefers the finest of several times: $msec beside $time_local. Of equally fine ones it takes the last: what is put before
// a line on its way says when that was. One that the next finest speaks against is the start of the request, or was put there later.
func (t *table) assignTime() {
	if t.column(when) >= 0 {
		return
	}
	times := t.times()
	for len(times) > 1 {
		role, own := t.relation(times[0], times[1])
		if own {
			break
		}
		if t.column(role) < 0 {
			t.roles[times[0]] = role
		}
		times = times[1:]
	}
	if len(times) > 0 {
		t.roles[times[0]] = when
		if t.startOrdered(times[0]) {
			t.roles[times[0]] = started
		}
	}
}

// fewestBack are the steps back of which it is no chance that hardly one is also one of the ends: of servers whose ends are a little out
// of order, every other is.
const fewestBack = 8

// startOrdered reports whether a log's only times are those of the requests' starts: lines are written at their ends, and are in the order
// of the sums with the time that each took, not in that of the times.
func (t *table) startOrdered(column int) bool {
	took := t.column(duration)
	if took < 0 {
		return false
	}
	back, endsBack := 0, 0
	var last, lastEnd int64
	for i, text := range t.columns[column] {
		at, _, ok := moment([]byte(text))
		d, ok2 := seconds([]byte(t.columns[took][i]))
		if !ok || !ok2 {
			continue
		}
		if at < last {
			back++
		}
		if at+d < lastEnd {
			endsBack++
		}
		last, lastEnd = at, at+d
	}
	return back >= fewestBack && back*20 > len(t.columns[column]) && endsBack*4 < back
}

// times are the columns of times, the finest first: those that can be mistaken only where there are no others.
func (t *table) times() []int {
	if columns := t.timesLike(isPlainMoment); len(columns) > 0 {
		return columns
	}
	return t.timesLike(isMoment)
}

func (t *table) timesLike(like func(string) bool) (columns []int) {
	order := map[int]int64{}
	for i := range t.columns {
		if t.roles[i] != skipped || t.namedOther(i, when) || !t.mostly(i, like) {
			continue
		}
		if order[i] = 2 * t.grain(i); strings.Contains(t.columns[i][0], ":") {
			order[i]--
		}
		columns = append(columns, i)
	}
	slices.Reverse(columns)
	slices.SortStableFunc(columns, func(a, b int) int { return cmp.Compare(order[a], order[b]) })
	return columns
}

// grain is how exact the times of a column are, in µs.
func (t *table) grain(column int) int64 {
	_, grain, _ := moment([]byte(t.columns[column][0]))
	return grain
}

// relation compares a time with a coarser one: what the fine one is, if not the line's own. nginx takes all times of a line from one
// clock, so that the start and the request time add up to the very second that the line has. Where no request time is known, what is
// sometimes earlier and never later is the start. What is late once was put there on the way.
func (t *table) relation(fine, coarse int) (role field, own bool) {
	grain := t.grain(coarse)
	if t.grain(fine) == grain {
		return skipped, true
	}
	took := t.column(duration)
	all, same, later, late, added := 0, 0, 0, 0, 0
	for i, text := range t.columns[fine] {
		a, _, ok1 := moment([]byte(text))
		b, _, ok2 := moment([]byte(t.columns[coarse][i]))
		if !ok1 || !ok2 {
			continue
		}
		all++
		switch floor := a - a%grain; {
		case floor == b:
			same++
		case floor > b+grain:
			late++
			fallthrough
		case floor > b:
			later++
		}
		if took >= 0 {
			d, _ := seconds([]byte(t.columns[took][i]))
			if a += d; a-a%grain == b {
				added++
			}
		}
	}
	switch {
	case took >= 0 && added > same && float64(added) >= mostly*float64(all), took < 0 && later == 0 && same < all:
		return started, false
	case late > 0:
		return skipped, false
	}
	return skipped, true
}

// assignDuration takes the largest of the columns that look like seconds with milliseconds: the request contains its parts.
func (t *table) assignDuration() {
	if t.column(duration) >= 0 {
		return
	}
	best, most := -1, int64(-1)
	for i := range t.columns {
		if t.roles[i] != skipped || t.namedOther(i, duration) || !t.lasts(i) {
			continue
		}
		sum := int64(0)
		for _, v := range t.columns[i] {
			took, _ := seconds([]byte(v))
			sum += took
		}
		if sum > most {
			best, most = i, sum
		}
	}
	if best >= 0 {
		t.roles[best] = duration
	}
}

// lasts reports whether a column's values are seconds with milliseconds. The last one may be the beginning of one: a server that
// writes whole blocks leaves half a line at the end of its log.
func (t *table) lasts(column int) bool {
	values := t.columns[column]
	for i, v := range values {
		if !isDuration(v) && (i == 0 || i < len(values)-1 || !isSeconds(v+"0")) {
			return false
		}
	}
	return true
}
