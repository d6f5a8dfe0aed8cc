package judge

import (
	"net/netip"

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
	for _, i := range u.idx {
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

// holds reports whether an event continues a run: same address and same outcome,
// where 200, 206 and 304 are one outcome.
func (s *Step) holds(e *Event) bool {
	same := s.Client == e.Client && s.Verdict == e.Verdict && s.Cause == cause(e)
	return same && (s.Status == e.Status || e.Served && Served(s.Status))
}
