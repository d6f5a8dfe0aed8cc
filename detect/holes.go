package detect

import (
	"context"
	"slices"
	"time"

	"ipdrift/detect/history"
	"ipdrift/ingest/figure"
)

// What a hole in a log is: minutes without a request, between others in which so many
// addresses asked that they cannot all have stopped by chance.
const (
	holeMinutes   = 5  // fewer are none
	holeAddresses = 10 // in the minute before, and in the one after
	holesWithin   = 16 * 365 * 24 * 60
)

// hole is the stretch between two minutes, which are counted from that of the first request.
type hole struct{ after, before int }

// minutes counts something by minute, up to holeAddresses.
type minutes []uint8

// findHoles looks for spells of which log files seem to be missing (rules of evidence,
// 2), unless the log spans more than 16 years: a clock stands wrong then.
func (a *analysis) findHoles(ctx context.Context) error {
	first, last, ok := a.times()
	from := floor(first, minute)
	n := floor(last, minute) - from + 1
	if !ok || n > holesWithin {
		return nil
	}
	parts, err := screen(ctx, a, func() minutes { return make(minutes, n) }, func(m minutes, requests []history.Request) {
		for i := range requests {
			m.add(floor(requests[i].Start, minute)-from, 1)
		}
	})
	if err != nil {
		return err
	}
	asked := parts[0]
	for _, part := range parts[1:] {
		for at, n := range part {
			asked.add(int64(at), n)
		}
	}
	a.holes = asked.holes()
	busy, err := a.busyMinutes(ctx, from)
	a.holes = slices.DeleteFunc(a.holes, func(h hole) bool { return !busy[h.after] || !busy[h.before] })
	return err
}

const minute, day = 60e6, 24 * 60 * 60e6 // µs

// floor returns how many whole steps a time lies after 1970, rounded down also before it.
func floor(us, step int64) int64 {
	if us < 0 {
		us -= step - 1
	}
	return us / step
}

func (m minutes) add(at int64, n uint8) { m[at] = min(m[at]+n, holeAddresses) }

// holes lists what may be holes: not all of those who asked may be different ones.
func (m minutes) holes() (all []hole) {
	last := 0
	for at, n := range m {
		if n == 0 {
			continue
		}
		if at-last > holeMinutes && m[last] == holeAddresses && n == holeAddresses {
			all = append(all, hole{last, at})
		}
		last = at
	}
	return all
}

// busyMinutes returns the minutes beside a hole in which enough addresses asked.
func (a *analysis) busyMinutes(ctx context.Context, from int64) (map[int]bool, error) {
	if len(a.holes) == 0 {
		return nil, nil
	}
	beside := map[int]bool{}
	for _, h := range a.holes {
		beside[h.after], beside[h.before] = true, true
	}
	type seen = map[int][]uint32
	add := func(in seen, at int, client uint32) {
		if few := in[at]; len(few) < holeAddresses && !slices.Contains(few, client) {
			in[at] = append(few, client)
		}
	}
	parts, err := screen(ctx, a, func() seen { return seen{} }, func(in seen, requests []history.Request) {
		for i := range requests {
			if at := int(floor(requests[i].Start, minute) - from); beside[at] {
				add(in, at, requests[i].Client)
			}
		}
	})
	all, busy := seen{}, map[int]bool{}
	for _, part := range parts {
		for at, clients := range part {
			for _, c := range clients {
				add(all, at, c)
			}
			busy[at] = len(all[at]) == holeAddresses
		}
	}
	return busy, err
}

// sayHoles says what findHoles found.
func (a *analysis) sayHoles() {
	empty := 0
	for _, h := range a.holes {
		empty += h.before - h.after - 1
	}
	if empty > 0 {
		a.warnOf("no request is logged in %d {spell|spells} of %d minutes or more, %s together, between minutes in which %d addresses or more asked: if log files are missing there, what viewers did then is not known, and too many count as never served or interrupted",
			len(a.holes), holeMinutes, figure.Lasting(time.Duration(empty)*time.Minute), holeAddresses)
	}
}
