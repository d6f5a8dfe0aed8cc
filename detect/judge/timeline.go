package judge

import (
	"net/netip"
	"slices"

	"ipdrift/token"
)

// Step is a run of like requests on a user's timeline.
type Step struct {
	Time    int64 // of the first request, µs
	Last    int64 // of the last request, µs
	Client  netip.Addr
	Status  uint16
	Verdict token.Verdict
	Cause   string // of a refusal: the verdict's word or refused_elsewhere; "" otherwise
	Name    string // file name of the first request
	Count   int    // requests in this run
}

// Timeline joins runs of like requests of one of the users of the group; one with
// more than t.TimelineSteps runs shows the first of them.
func (g *Group) Timeline(u *User, t Thresholds) []Step {
	var steps []Step
	for _, i := range g.inTurn(u.idx) {
		e := &g.Events[i]
		if n := len(steps); n > 0 && steps[n-1].holds(e) {
			steps[n-1].Count++
			steps[n-1].Last = e.Time
			continue
		}
		if len(steps) == t.TimelineSteps {
			break
		}
		steps = append(steps, Step{e.Time, e.Time, e.Client, e.Status, e.Verdict, cause(e), e.Name, 1})
	}
	return steps
}

// inTurn puts events of one time, which have no order of their own, such that the address changes as seldom as
// can be: those at the address of before come first, those at the next one last.
func (g *Group) inTurn(idx []int32) []int32 {
	out := slices.Clone(idx)
	for from := 0; from < len(out); {
		to := g.endOfTime(out, from)
		next := map[netip.Addr]bool{}
		for _, i := range out[to:g.endOfTime(out, to)] {
			next[g.Events[i].Client] = true
		}
		turn := func(i int32) int {
			switch client := g.Events[i].Client; {
			case from > 0 && client == g.Events[out[from-1]].Client:
				return 0
			case next[client]:
				return 2
			}
			return 1
		}
		slices.SortStableFunc(out[from:to], func(a, b int32) int { return turn(a) - turn(b) })
		from = to
	}
	return out
}

// endOfTime returns where the events of one time end that begin at a place.
func (g *Group) endOfTime(idx []int32, from int) int {
	to := from
	for to < len(idx) && g.Events[idx[to]].Time == g.Events[idx[from]].Time {
		to++
	}
	return to
}

// holds reports whether an event continues a run: same address and same outcome,
// where 200, 206 and 304 are one outcome.
func (s *Step) holds(e *Event) bool {
	same := s.Client == e.Client && s.Verdict == e.Verdict && s.Cause == cause(e)
	return same && (s.Status == e.Status || e.Served && Served(s.Status))
}
