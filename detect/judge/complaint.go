package judge

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// Complaint is what the log has of one viewer around the time of a complaint,
// and what bears on it.
type Complaint struct {
	Group                              // of one user; Events is filled from Incidents
	Incidents         []Incident       // in the order of time, as [Event] says
	At                int64            // µs, when it is said to have happened; 0: not said
	From, To          int64            // µs, the time that was looked at; 0: no limit
	LogFirst, LogLast int64            // µs, of the log
	Alone             bool             // nobody else fits the complaint
	Near              bool             // found by network alone: this may be another viewer
	Damage            string           // mistake of the signer that explains all malformed links of the host
	Common            []finding.Common // what refusals on the host have in common
	Calibration       finding.CalibrationStatus
	Fault             string // why it failed
	Keyed             bool   // there was a key when the log was read
	Masks4, Masks6    []int  // candidates, narrowest first

	CurrentPrefix4, CurrentPrefix6 int // mask of the host today; 0, 32, 128: whole address
}

// Incident is a request with what its sentence needs.
type Incident struct {
	Event
	Detail   string
	Basis    string
	Path     string // directory and file, as stored
	Deadline int64  // of the link, Unix seconds; 0: it has none
	Method   string
	Server   string // the edge that logged it; "": not known
	Key      string // number among those given of the key with which the hash was reproduced; "": none
}

// listedSteps bounds the timeline of a ticket.
const listedSteps = 200

// Settle fills in what the requests of a complaint say: timeline, cause, answer,
// what cannot be told and what to ask for. It costs O(n log n).
func (c *Complaint) Settle(out *finding.Ticket, t Thresholds) {
	c.Events = make([]Event, len(c.Incidents))
	idx := make([]int32, len(c.Incidents))
	for i := range c.Incidents {
		c.Events[i], idx[i] = c.Incidents[i].Event, int32(i)
	}
	l := &looked{Complaint: c, t: &t, out: out, idx: idx, falls: merge(c.Events, idx, t.RetryWindow.Microseconds())}
	out.Timeline, out.Omitted = l.steps()
	out.Refusals = l.refusals()
	out.Outcome = l.outcome()
	l.pick()
	if out.Common = l.common(); l.shares(finding.TraitOldKey) {
		out.Mistake = "" // the edge gave it up: that may be no fault of the signer's
	}
	l.nameSigned()
	out.Answer, out.Mask = l.answer(), l.mask()
	out.Cannot, out.Ask = l.cannot(), l.ask()
}

// nameSigned names the address that the link in question was signed for: of several links of a viewer, the refused one.
func (l *looked) nameSigned() {
	if l.key == nil || l.out.Viewer == nil {
		return
	}
	l.out.Viewer.SignedIP = ""
	if ip := l.signedFor(l.key.Link); ip.IsValid() {
		l.out.Viewer.SignedIP = ip.String()
	}
}

// looked is a complaint being settled.
type looked struct {
	*Complaint
	t     *Thresholds
	out   *finding.Ticket
	idx   []int32
	falls []refusal // all, retries merged
	mine  []refusal // those of the cause of the complaint
	key   *Incident // the one of them that is nearest to the complaint; nil: nothing was refused
}

// word is the contract's word for why a request was refused.
func word(e *Event) string {
	if w := cause(e); w != WronglySigned {
		return w
	}
	return e.Verdict.String()
}

func (l *looked) at(r *refusal) *Incident { return &l.Incidents[l.idx[r.pos]] }

// refusals counts causes, retries merged.
func (l *looked) refusals() []finding.Refused {
	byCause := map[string]*finding.Refused{}
	of := func(name string) *finding.Refused {
		if byCause[name] == nil {
			byCause[name] = &finding.Refused{Cause: name}
		}
		return byCause[name]
	}
	for i := range l.falls {
		of(word(&l.at(&l.falls[i]).Event)).Refusals++
	}
	for i := range l.Events {
		if e := &l.Events[i]; e.Refused {
			of(word(e)).Requests++
		}
	}
	list := []finding.Refused{}
	for _, r := range byCause {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b finding.Refused) int {
		return cmp.Or(cmp.Compare(b.Refusals, a.Refusals), cmp.Compare(b.Requests, a.Requests), strings.Compare(a.Cause, b.Cause))
	})
	return list
}

// pick decides which cause the complaint is about: the most frequent one, of
// equals the one nearest to the time that was said.
func (l *looked) pick() {
	if len(l.out.Refusals) == 0 {
		return
	}
	most := l.out.Refusals[0].Refusals
	for i := range l.falls {
		in := l.at(&l.falls[i])
		name := word(&in.Event)
		if !slices.ContainsFunc(l.out.Refusals, func(r finding.Refused) bool { return r.Cause == name && r.Refusals == most }) {
			continue
		}
		if l.key == nil || l.At != 0 && distance(in.Time, l.At) < distance(l.key.Time, l.At) {
			l.key = in
		}
	}
	l.out.Cause, l.out.Detail, l.out.Basis = word(&l.key.Event), l.key.Detail, l.key.Basis
	if mistake, ok := strings.CutPrefix(l.key.Detail, "signer:"); ok {
		l.out.Mistake = strings.ReplaceAll(mistake, "_", " ")
	}
	if l.out.Cause == token.Malformed.String() && l.Damage != "" {
		l.out.Mistake = strings.ReplaceAll(l.Damage, "_", " ")
	}
	for i := range l.falls {
		if word(&l.at(&l.falls[i]).Event) == l.out.Cause {
			l.mine = append(l.mine, l.falls[i])
		}
	}
}

// common is what the refusal next to the complaint has in common with nearly all of its
// cause on the host.
func (l *looked) common() *finding.Common {
	i := slices.IndexFunc(l.Common, func(c finding.Common) bool {
		return c.Cause == l.out.Cause && (c.Trait != finding.TraitOldKey || l.key.Detail == "signer:old_key") && c.Says != "" && l.key != nil && c.Value == map[string]string{
			finding.TraitEdge: l.key.Server, finding.TraitMethod: l.key.Method, finding.TraitCountry: l.key.Country, finding.TraitOldKey: l.key.Key,
		}[c.Trait]
	})
	if i < 0 {
		return nil
	}
	return &l.Common[i]
}

// shares reports whether refusals have this in common.
func (l *looked) shares(trait string) bool { return l.out.Common != nil && l.out.Common.Trait == trait }

func distance(a, b int64) int64 { return max(a-b, b-a) }

// steps joins runs of like requests.
func (l *looked) steps() (steps []finding.Step, omitted int64) {
	steps = []finding.Step{}
	firsts := map[int]bool{} // positions at which a refusal begins
	for i := range l.falls {
		firsts[l.falls[i].start] = true
	}
	var last *Incident
	var end int64 // of the step
	for pos, i := range l.idx {
		in := &l.Incidents[i]
		if last == nil || !continues(last, in) {
			steps, end = append(steps, begin(in)), 0
		}
		s := &steps[len(steps)-1]
		s.Until, s.Last = finding.Stamp(in.Time), fileName(in.Path)
		if end = max(end, in.End); end-in.Time >= 2_000_000 {
			s.End = finding.Stamp(end)
		} else {
			s.End = ""
		}
		s.Requests++
		if in.Refused && firsts[pos] {
			s.Refusals++
		}
		last = in
	}
	if n := len(steps) - listedSteps; n > 0 {
		return steps[:listedSteps], int64(n)
	}
	return steps, 0
}

// continues reports whether a request belongs to the run of the one before.
func continues(a, b *Incident) bool {
	return a.Client == b.Client && result(&a.Event) == result(&b.Event) && (a.Served || a.Status == b.Status) &&
		a.Verdict == b.Verdict && word(&a.Event) == word(&b.Event) && a.Detail == b.Detail
}

func result(e *Event) string {
	switch {
	case e.Served:
		return "served"
	case e.Refused:
		return "refused"
	}
	return "other"
}

func begin(in *Incident) finding.Step {
	return finding.Step{
		Time: finding.Stamp(in.Time), IP: in.Client.String(), Outcome: result(&in.Event), Status: int(in.Status), Verdict: in.Verdict.String(),
		Cause: word(&in.Event), Detail: in.Detail, Path: in.Path,
	}
}

// fileName is a path from its last slash on.
func fileName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// outcome counts how it went.
func (l *looked) outcome() finding.Outcome {
	o := finding.Outcome{Refusals: int64(len(l.falls))}
	grain, fell := int64(0), int64(-1)
	var lapse Lapse
	var all []netip.Addr
	for i := range l.Events {
		e := &l.Events[i]
		grain = max(grain, e.Grain)
		all = append(all, e.Client.Unmap())
		lapse.take(e, l.t)
		switch {
		case e.Served:
			o.Served++
			if fell >= 0 && e.Time > fell {
				o.Resumed, fell = float64(e.Time-fell)/1e6, -1
			}
		case e.Refused:
			o.Resumed, fell = 0, e.Time
		default:
			o.Other++
		}
	}
	o.Addresses = int64(len(distinct(all)))
	if len(l.Events) > 0 {
		o.Switches = int64(switches(l.Events, l.idx, grain))
	}
	beyond := lapse.Open && l.To > 0 && lapse.at+l.t.Recovery.Microseconds() > l.To // what came next was not looked at
	if len(l.falls) > 0 && !l.RefusalsOnly && !beyond {
		o.Interrupted = &lapse.Open
	}
	return o
}
