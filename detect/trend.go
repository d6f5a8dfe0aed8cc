package detect

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/trend"
	"ipdrift/ingest"
	"ipdrift/ingest/source"
)

// What is followed over time.
const (
	trendRefusals = 20  // of a host
	trendHosts    = 100 // with most refusals
)

// trendLengths are the lengths of a step, in seconds.
var trendLengths = []int64{60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600}

// trended cuts the time for the hosts worth following; nil where there is nothing to
// follow. A log of refusals only gives no rates (rules of evidence, 2).
func (a *analysis) trended() *trend.Course {
	hosts := a.trendHosts()
	if len(hosts) == 0 {
		return nil
	}
	first, last, _ := a.period()
	first, last = first/1e6, last/1e6
	step, ok := trend.Step(trendLengths, first, last)
	if !ok {
		step = trendLengths[len(trendLengths)-1]
		if last/step-first/step >= 10*trend.Steps {
			return nil // a clock that stands wrong somewhere
		}
	}
	return a.course(step, first, last, hosts)
}

// trendHosts are the hosts worth following, by name.
func (a *analysis) trendHosts() []*host {
	total := a.totals()
	for name, n := range total {
		if n < trendRefusals || a.host(name).refusalsOnly() {
			delete(total, name)
		}
	}
	hosts := a.most(total, trendHosts)
	slices.SortFunc(hosts, func(x, y *host) int { return cmp.Compare(x.Place, y.Place) })
	return hosts
}

// doubtful reports whether lines of a log may be wrong: how the log looks after the damage is no evidence
// of a change.
func (a *analysis) doubtful() bool {
	return slices.ContainsFunc(a.loaded.Sources, func(s ingest.SourceStats) bool { return source.Doubtful(s.Err) })
}

// trends notes what was counted of each cause over time, and looks for when the refusals began.
func (a *analysis) trends(ctx context.Context, c *trend.Course) error {
	a.out.Trends = c.Trends(a.doubtful())
	var began []*finding.Trend
	for i := range a.out.Trends {
		if t := &a.out.Trends[i]; t.Began != nil {
			began = append(began, t)
		}
	}
	for some := range slices.Chunk(began, a.limits.trends) {
		if err := a.countCarriers(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

// sayTrends says when the refusals began.
func (a *analysis) sayTrends() {
	for _, says := range trend.Say(a.out.Trends, len(a.ordered)) {
		a.warnOf("%s", says)
	}
}

// since is what is asked of a trend: which requests came after its beginning, and
// which of them were refused for its cause.
type since struct {
	trend int
	start int64 // µs
	cause uint8
}

// sinceOf lists by outcome the trends of its host.
func (a *analysis) sinceOf(trends []*finding.Trend) [][]since {
	of := map[*host][]since{}
	for i, t := range trends {
		h := a.hosts[t.Host]
		of[h] = append(of[h], since{i, t.Began.At.UnixMicro(), a.causes[t.Cause]})
	}
	by := make([][]since, len(a.outcomes))
	for id, o := range a.outcomes {
		if o != nil && !o.Shield {
			by[id] = of[o.host]
		}
	}
	return by
}

// countCarriers asks whose the refusals are since some trends began.
func (a *analysis) countCarriers(ctx context.Context, trends []*finding.Trend) error {
	by := a.sinceOf(trends)
	parts, err := screen(ctx, a, func() []trend.Carriers { return trend.NewCarriers(len(trends)) }, func(part []trend.Carriers, requests []history.Request) {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			f := &t[0]
			asn := a.clients.ASN(f.Client)
			if asn == 0 {
				continue
			}
			for _, s := range by[f.Outcome] {
				if n := len(t) - sort.Search(len(t), func(i int) bool { return t[i].Start >= s.start }); n > 0 {
					part[s.trend].Add(asn, int64(n), f.Cause == s.cause)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	all := trend.NewCarriers(len(trends))
	for _, part := range parts {
		for i := range part {
			all[i].Join(&part[i])
		}
	}
	for i, t := range trends {
		t.Began.Carriers, t.Began.Affected = all[i].Seen()
	}
	return nil
}
