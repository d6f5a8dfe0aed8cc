package report

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

const (
	mostLanes    = 6 // of a user in a report
	addressLanes = 4 // up to so many addresses each has a lane, else each network
)

// lanesOf draws a listed timeline as lanes in so many steps of time. A step of
// the timeline that stands for several requests fills the time up to its last.
func lanesOf(events []finding.Event, expired []int, steps int) finding.Lanes {
	var out finding.Lanes
	addresses := map[string]bool{}
	for i, e := range events {
		addresses[e.IP] = true
		begin, end := ends(e)
		if i == 0 || begin.Before(out.From) {
			out.From = begin
		}
		if i == 0 || end.After(out.To) {
			out.To = end
		}
	}
	index := map[string]int{}
	for _, e := range events {
		name := e.IP
		if len(addresses) > addressLanes {
			name = networkOf(e.IP)
		}
		at, ok := index[name]
		if !ok {
			at = len(out.Lanes)
			index[name] = at
			out.Lanes = append(out.Lanes, finding.Lane{Network: name, Served: make([]int64, steps), Refused: make([]int64, steps)})
		}
		lane := &out.Lanes[at]
		lane.Requests += max(e.Count, 1)
		marks := lane.Served
		switch outcome(e.Status, expired) {
		case letterRefused:
			marks = lane.Refused
		case letterOther:
			continue
		}
		begin, end := ends(e)
		for i := LaneStep(out, begin, steps); i <= LaneStep(out, end, steps); i++ {
			marks[i]++
		}
	}
	if len(out.Lanes) > mostLanes {
		busiest := slices.Clone(out.Lanes)
		slices.SortStableFunc(busiest, func(a, b finding.Lane) int { return cmp.Compare(b.Requests, a.Requests) })
		least := busiest[mostLanes-1].Requests
		out.More = int64(len(out.Lanes) - mostLanes)
		out.Lanes = slices.DeleteFunc(out.Lanes, func(l finding.Lane) bool { return l.Requests < least })
		out.Lanes = out.Lanes[:mostLanes]
	}
	return out
}

// ends is the time from the first to the last request of a step; the zero time
// where it cannot be read.
func ends(e finding.Event) (begin, end time.Time) {
	begin, end = instant(e.Time), instant(e.Last)
	if end.Before(begin) { // or is not told
		end = begin
	}
	return begin, end
}

// networkOf is the /24 of an address, or the /64 of an IPv6 one.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	bits := 24
	if ip = ip.Unmap(); ip.Is6() {
		bits = 64
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return address
	}
	return network.String()
}

// LaneStep is the step, of so many, in which a moment lies.
func LaneStep(l finding.Lanes, at time.Time, steps int) int {
	share := float64(at.Sub(l.From)) / float64(max(l.To.Sub(l.From), 1))
	return min(max(int(share*float64(steps-1)), 0), steps-1)
}

// LaneMarks draws a lane in so many columns, a letter each: R where anything was
// refused, s where all was served, a dot where nothing was asked for.
func LaneMarks(l finding.Lane, columns int) []byte {
	marks := []byte(strings.Repeat(".", columns))
	for i := range l.Served {
		switch at := i * columns / len(l.Served); {
		case l.Refused[i] > 0:
			marks[at] = 'R'
		case l.Served[i] > 0 && marks[at] == '.':
			marks[at] = 's'
		}
	}
	return marks
}

// lanes shows a user's timeline as a line for each address or network.
func (p *paper) lanes(h *host, u finding.User) {
	const longestName, leastSteps = 24, 12
	room := min(p.width, 100) - gutter
	l := lanesOf(u.Timeline, h.policy().Expired, 120)
	if len(l.Lanes) < 2 {
		return
	}
	name := 0
	for _, lane := range l.Lanes {
		name = max(name, lipgloss.Width(Clean(lane.Network)))
	}
	name = min(name, longestName)
	steps := min(room-name-2, 120)
	if steps < leastSteps {
		return
	}
	for _, lane := range l.Lanes {
		spans := []span{as(faint, left(p.cut(Clean(lane.Network), name), name)+"  ")}
		for _, m := range LaneMarks(lane, steps) {
			switch m {
			case 's':
				spans = append(spans, as(served, "s"))
			case 'R':
				spans = append(spans, as(refused, "R"))
			default:
				spans = append(spans, as(faint, p.mark("·", ".")))
			}
		}
		p.row("", spans...)
	}
	if l.More > 0 {
		p.row("", as(faint, "and "+figure.Plural(l.More, "more network", "more networks")))
	}
}
