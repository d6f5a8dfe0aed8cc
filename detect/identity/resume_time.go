package identity

import (
	"slices"

	"ipdrift/detect/bitset"
)

// byTime lists what may go on with what for all that is known.
func (r *resuming) byTime(to *Resumed) {
	fell := slices.DeleteFunc(slices.Clone(r.fell), func(i int32) bool { _, on := r.on[i]; return on })
	m := newMoments(r.turns, fell, r.alone())
	for _, i := range fell {
		at := r.turns[i].Fell.Time
		few := r.few(m.began(i, at-turnGap, at+turnGap) - 1)
		after := m.began(i, at, at+r.within)
		l := lapsed{uint32(i), -1}
		if j := m.next(i, at); few && after == 1 && m.refused(j, r.turns[j].First-r.within, r.turns[j].First) == 1 {
			l.On = int(j)
		}
		if j := m.last(i, at); few && m.began(i, at-r.within, at) == 1 && m.refused(j, r.turns[j].First, r.turns[j].First+r.within) == 1 {
			to.Mirrored++
		}
		if after > 0 {
			to.Lapses = append(to.Lapses, l)
		}
	}
	for _, j := range m.begun {
		first := r.turns[j].First
		before, after := m.refused(j, first-r.within, first), m.refused(j, first, first+r.within)
		to.Excess += before - after
		to.Spread += (before - after) * (before - after)
		to.Begun++
		if after > 0 {
			to.Ahead++
		}
		if before > 0 {
			to.Begins = append(to.Begins, uint32(j))
		}
	}
}

// moments is when some turns were refused, and others began.
type moments struct {
	turns         []Turn
	begun         []int32
	falls, firsts []int64    // in order
	fell, led     bitset.Set // turns that are among them
}

func newMoments(turns []Turn, fell, begun []int32) *moments {
	m := &moments{turns: turns, begun: begun, fell: bitset.New(len(turns)), led: bitset.New(len(turns))}
	for _, i := range fell {
		m.falls = append(m.falls, turns[i].Fell.Time)
		m.fell.Add(uint32(i))
	}
	for _, j := range begun {
		m.firsts = append(m.firsts, turns[j].First)
		m.led.Add(uint32(j))
	}
	return m
}

// began counts the turns except i that began from one time to another.
func (m *moments) began(i int32, from, to int64) int64 {
	n := between(m.firsts, from, to)
	if own := m.turns[i].First; m.led.Has(uint32(i)) && own >= from && own <= to {
		n--
	}
	return n
}

// refused counts the turns except j that were refused from one time to another.
func (m *moments) refused(j int32, from, to int64) int64 {
	n := between(m.falls, from, to)
	if own := m.turns[j].Fell.Time; m.fell.Has(uint32(j)) && own >= from && own <= to {
		n--
	}
	return n
}

// next is the first turn except i that began at a time or later; 0 if there is none.
func (m *moments) next(i int32, at int64) int32 {
	n, _ := slices.BinarySearch(m.firsts, at)
	for ; n < len(m.begun); n++ {
		if m.begun[n] != i {
			return m.begun[n]
		}
	}
	return 0
}

// last is the last turn except i that began at a time or earlier; 0 if there is none.
func (m *moments) last(i int32, at int64) int32 {
	n, _ := slices.BinarySearch(m.firsts, at+1)
	for n--; n >= 0; n-- {
		if m.begun[n] != i {
			return m.begun[n]
		}
	}
	return 0
}

// between counts the times from one to another, of some in order.
func between(times []int64, from, to int64) int64 {
	i, _ := slices.BinarySearch(times, from)
	j, _ := slices.BinarySearch(times, to+1)
	return int64(j - i)
}
