package detect

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"ipdrift/detect/history"
	"ipdrift/detect/trend"
)

const timeHosts = 40 // with most refusals, that are counted over time

// timeLengths are the lengths of a step, in seconds.
var timeLengths = []int64{1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600}

// overTime counts refusals by host, cause and time, all of them, also those of a log
// that holds nothing else, since that claims no rate; and looks for trends.
func (a *analysis) overTime(ctx context.Context) error {
	all, trended := a.timed(), a.trended()
	if all == nil && trended == nil {
		return nil
	}
	parts, err := screen(ctx, a, func() [2]*trend.Course { return [2]*trend.Course{all.Blank(), trended.Blank()} }, func(part [2]*trend.Course, requests []history.Request) {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			part[0].Add(t)
			part[1].Add(t)
		}
	})
	if err != nil {
		return err
	}
	for _, part := range parts {
		all.Join(part[0])
		trended.Join(part[1])
	}
	if all != nil {
		a.out.Denials.OverTime = all.OverTime()
	}
	if trended == nil {
		return nil
	}
	return a.trends(ctx, trended)
}

// course cuts a time for some hosts.
func (a *analysis) course(step, first, last int64, hosts []*host) *trend.Course {
	names := make([]string, len(hosts))
	for i, h := range hosts {
		names[i] = h.Name
	}
	return trend.New(step, first, last, names, a.places(hosts))
}

// timed cuts the time for the hosts with most refusals; nil where there is none, or
// no way to.
func (a *analysis) timed() *trend.Course {
	first, last, ok := a.period()
	if !ok {
		return nil
	}
	first, last = first/1e6, last/1e6
	step, ok := trend.Step(timeLengths, first, last)
	hosts := a.most(a.totals(), timeHosts)
	if !ok || len(hosts) == 0 {
		return nil
	}
	return a.course(step, first, last, hosts)
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
