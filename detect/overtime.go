package detect

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/ingest"
)

const (
	timeSteps = 144 // at most, that refusals are counted in
	timeHosts = 40  // with most refusals
)

// timeLengths are the lengths of a step, in seconds.
var timeLengths = [...]int64{1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600}

// overTime counts refusals by host, cause and time, all of them, also those of a log
// that holds nothing else, since that claims no rate; and looks for trends.
func (a *analysis) overTime(ctx context.Context) error {
	all, trended := a.timed(), a.trended()
	if all == nil && trended == nil {
		return nil
	}
	parts, err := screen(ctx, a, func() [2]*course { return [2]*course{all.blank(), trended.blank()} }, func(part [2]*course, requests []history.Request) {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			part[0].add(t)
			part[1].add(t)
		}
	})
	if err != nil {
		return err
	}
	for _, part := range parts {
		all.join(part[0])
		trended.join(part[1])
	}
	if all != nil {
		a.out.Denials.OverTime = all.public()
	}
	if trended == nil {
		return nil
	}
	return a.trends(ctx, trended)
}

// course is the requests of some hosts over time.
type course struct {
	step, from int64 // seconds, and steps since 1970
	steps      int
	hosts      []*host
	places     []int       // of the hosts, by outcome; -1: of none of them
	requests   [][]int64   // by host and step
	refused    [][][]int64 // by host, cause and step; nil: none
}

func (a *analysis) newCourse(step, first, last int64, hosts []*host) *course {
	c := &course{step: step, from: first / step, steps: int(last/step-first/step) + 1, hosts: hosts, places: a.places(hosts)}
	return c.blank()
}

// blank returns the same course without its requests; nil for nil.
func (c *course) blank() *course {
	if c == nil {
		return nil
	}
	b := *c
	b.requests, b.refused = make([][]int64, len(c.hosts)), make([][][]int64, len(c.hosts))
	for i := range b.requests {
		b.requests[i], b.refused[i] = make([]int64, c.steps), make([][]int64, len(ingest.Causes())+1)
	}
	return &b
}

func (c *course) at(step int) time.Time { return time.Unix((c.from+int64(step))*c.step, 0).UTC() }

// add counts the requests of a stretch, unless its host or its time is not followed.
func (c *course) add(t []history.Request) {
	if c == nil || c.places[t[0].Outcome] < 0 {
		return
	}
	host, cause := c.places[t[0].Outcome], t[0].Cause
	for len(t) > 0 {
		at, n := t[0].Start/(c.step*1e6), len(t)
		if t[n-1].Start/(c.step*1e6) != at {
			n = sort.Search(n, func(i int) bool { return t[i].Start/(c.step*1e6) > at })
		}
		t = t[n:]
		if at -= c.from; at < 0 || at >= int64(c.steps) {
			continue
		}
		c.requests[host][at] += int64(n)
		if cause == 0 {
			continue
		}
		if c.refused[host][cause] == nil {
			c.refused[host][cause] = make([]int64, c.steps)
		}
		c.refused[host][cause][at] += int64(n)
	}
}

// join adds the requests of another course of the same hosts.
func (c *course) join(o *course) {
	if c == nil {
		return
	}
	for i := range c.hosts {
		addAll(&c.requests[i], o.requests[i])
		for cause := range c.refused[i] {
			addAll(&c.refused[i][cause], o.refused[i][cause])
		}
	}
}

func addAll(to *[]int64, counts []int64) {
	if *to == nil {
		*to = counts
		return
	}
	for i, n := range counts {
		(*to)[i] += n
	}
}

// public returns the refusals as the report has them.
func (c *course) public() *finding.OverTime {
	out := &finding.OverTime{From: c.at(0), Step: c.step, ByHost: map[string]map[string][]int64{}}
	for i, h := range c.hosts {
		for cause, word := range ingest.Causes() {
			if counts := c.refused[i][cause+1]; counts != nil {
				if out.ByHost[h.Name] == nil {
					out.ByHost[h.Name] = map[string][]int64{}
				}
				out.ByHost[h.Name][word] = counts
			}
		}
	}
	return out
}

// timed cuts the time for the hosts with most refusals; nil where there is none, or
// no way to.
func (a *analysis) timed() *course {
	first, last, ok := a.period()
	if !ok {
		return nil
	}
	first, last = first/1e6, last/1e6
	step, ok := timeStep(first, last)
	hosts := a.most(a.totals(), timeHosts)
	if !ok || len(hosts) == 0 {
		return nil
	}
	return a.newCourse(step, first, last, hosts)
}

// timeStep is the shortest step in which a span of seconds has few enough; none
// for a clock that stands wrong somewhere.
func timeStep(first, last int64) (int64, bool) {
	i := slices.IndexFunc(timeLengths[:], func(length int64) bool { return last/length-first/length < timeSteps })
	if i < 0 {
		return 0, false
	}
	return timeLengths[i], true
}

// totals counts the refusals of each host that has some.
func (a *analysis) totals() map[string]int64 {
	out := map[string]int64{}
	for name, causes := range a.out.Denials.ByHost {
		for _, n := range causes {
			out[name] += n
		}
	}
	return out
}

// most are the hosts with the largest of some counts.
func (a *analysis) most(counts map[string]int64, hosts int) (out []*host) {
	names := slices.SortedFunc(maps.Keys(counts), func(x, y string) int { return cmp.Or(cmp.Compare(counts[y], counts[x]), strings.Compare(x, y)) })
	for _, name := range names[:min(len(names), hosts)] {
		out = append(out, a.hosts[name])
	}
	return out
}
