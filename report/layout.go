package report

import (
	"slices"
	"time"

	"ipdrift/detect/finding"
)

// layout is a timeline laid out: one lane for each network, in the order in which
// they were first used, a row in it for each address, and a mark for each step.
type layout struct {
	Lanes    []track
	Marks    []mark
	From, To time.Time // of the first and the last request; zero: not known
}

// track is the lane of a network: a /24, or a /64 of IPv6.
type track struct {
	Network string   // "" pools the networks that no lane was left for
	Rows    []string // addresses, in the order in which they were first used; "" pools what no row was left for
	Signed  bool     // the link was signed for an address of this network
	Others  []string // networks pooled in this lane
}

// mark is one step of a timeline. At and Until run from 0 to 1; they keep the
// order of time and, where there is room, its proportions: what would overlap
// stands apart.
type mark struct {
	Event     finding.Event
	Lane, Row int
	At, Until float64 // Until is At for a single request
	Outcome   string  // a letter of a written timeline
}

const (
	maxLanes = 16 // networks that have a lane of their own
	maxRows  = 6  // addresses of one lane that have a row of their own
)

// layOut lays out the steps of a timeline, which come in order of time. signed
// is the address the link was signed for, "" where it is not known; expired are
// the statuses that the host answers expired links with.
func layOut(events []finding.Event, signed string, expired []int) layout {
	l := layout{From: instant(first(events)), To: end(events)}
	home := networkOf(signed)
	for _, e := range events {
		lane := l.lane(e.IP)
		n := &l.Lanes[lane]
		n.Signed = home != "" && n.Network == home
		l.Marks = append(l.Marks, mark{Event: e, Lane: lane, Row: n.row(e.IP), Outcome: outcome(e.Status, expired)})
	}
	l.spread()
	return l
}

// lane is the number of the lane that an address belongs to; past maxLanes all
// networks share one.
func (l *layout) lane(ip string) int {
	network := networkOf(ip)
	i := slices.IndexFunc(l.Lanes, func(n track) bool { return n.Network == network && n.Others == nil })
	switch {
	case i >= 0:
		return i
	case len(l.Lanes) < maxLanes:
		l.Lanes = append(l.Lanes, track{Network: network})
		return len(l.Lanes) - 1
	case len(l.Lanes) == maxLanes:
		l.Lanes = append(l.Lanes, track{Rows: []string{""}})
	}
	if pool := &l.Lanes[maxLanes]; !slices.Contains(pool.Others, network) {
		pool.Others = append(pool.Others, network)
	}
	return maxLanes
}

// row is the number of an address's row in its lane; past maxRows all share one.
func (n *track) row(ip string) int {
	i := slices.Index(n.Rows, ip)
	switch {
	case n.Others != nil:
		return 0
	case i >= 0:
		return i
	case len(n.Rows) < maxRows:
		n.Rows = append(n.Rows, ip)
		return len(n.Rows) - 1
	case len(n.Rows) == maxRows:
		n.Rows = append(n.Rows, "")
	}
	return maxRows
}

// spread places the marks. Each one, and each end of a run, gets a share of at
// most two thirds of the width; the rest goes to the time between them.
func (l *layout) spread() {
	const least = 1.0 / 40
	var places []*float64
	var since []time.Duration // the first request, never falling
	elapsed := time.Duration(0)
	add := func(place *float64, at string) {
		if t := instant(at); !t.IsZero() && !l.From.IsZero() {
			elapsed = max(elapsed, t.Sub(l.From))
		}
		places, since = append(places, place), append(since, elapsed)
	}
	for i := range l.Marks {
		m := &l.Marks[i]
		if add(&m.At, m.Event.Time); m.Event.Count > 1 {
			add(&m.Until, m.Event.Last)
		}
	}
	gaps := float64(max(1, len(places)-1))
	gap := min(least, 2.0/3/gaps)
	for i, place := range places {
		if *place = gap * float64(i); elapsed > 0 {
			*place += (1 - gap*gaps) * float64(since[i]) / float64(elapsed)
		}
	}
	for i := range l.Marks {
		l.Marks[i].Until = max(l.Marks[i].At, l.Marks[i].Until)
	}
}

func first(events []finding.Event) string {
	if len(events) == 0 {
		return ""
	}
	return events[0].Time
}

// end is the time of the last request.
func end(events []finding.Event) (last time.Time) {
	for _, e := range events {
		for _, text := range []string{e.Time, e.Last} {
			if t := instant(text); t.After(last) {
				last = t
			}
		}
	}
	return last
}

// instant reads an RFC 3339 time; a text that is none gives the zero time.
func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
