package detect

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/source"
)

// What is followed over time.
const (
	trendSteps    = 144 // at most
	trendRefusals = 20  // of one cause on one host
	trendHosts    = 100 // with most refusals
	trendRequests = 20  // of an operator that counts as seen
)

// trendLengths are the lengths of a step, in seconds.
var trendLengths = [...]int64{60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600}

// trended cuts the time for the hosts worth following; nil where there is nothing to
// follow. A log of refusals only gives no rates (rules of evidence, 2).
func (a *analysis) trended() *course {
	hosts := a.trendHosts()
	if len(hosts) == 0 {
		return nil
	}
	first, last, _ := a.period()
	first, last = first/1e6, last/1e6
	step := trendLengths[len(trendLengths)-1]
	for _, length := range slices.Backward(trendLengths[:]) {
		if last/length-first/length < trendSteps {
			step = length
		}
	}
	if last/step-first/step >= 10*trendSteps {
		return nil // a clock that stands wrong somewhere
	}
	return a.newCourse(step, first, last, hosts)
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
func (a *analysis) trends(ctx context.Context, c *course) error {
	var began []*finding.Trend
	for i, h := range c.hosts {
		for cause, word := range ingest.Causes() {
			refused := c.refused[i][cause+1]
			if sum(refused) < trendRefusals {
				continue
			}
			t := finding.Trend{Host: h.Name, Cause: word, From: c.at(0), Step: c.step, Refused: refused, Requests: c.requests[i]}
			if b, ok := judge.Began(t.Refused, t.Requests); ok && !a.doubtful() {
				t.Began = &finding.Beginning{At: c.at(b.At), Low: c.at(b.From), High: c.at(b.To), Before: b.Before, After: b.After}
			}
			a.out.Trends = append(a.out.Trends, t)
		}
	}
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

func sum(counts []int64) (n int64) {
	for _, one := range counts {
		n += one
	}
	return n
}

// sayTrends describes the trends in words.
func (a *analysis) sayTrends() {
	began := map[string]int{} // hosts, by cause
	followed := map[string]bool{}
	for _, t := range a.out.Trends {
		followed[t.Host] = true
		if t.Began != nil {
			began[t.Cause]++
		}
	}
	for _, t := range a.out.Trends {
		b := t.Began
		if b == nil {
			continue
		}
		s := fmt.Sprintf("%s: refusals as %s began at %s", t.Host, t.Cause, b.At.Format("2006-01-02 15:04"))
		if b.Low != b.High {
			s += fmt.Sprintf(" (between %s and %s)", b.Low.Format("15:04"), b.High.Format("15:04"))
		}
		s += fmt.Sprintf(" UTC, from %.1f %% to %.1f %% of the requests", 100*b.Before, 100*b.After)
		switch {
		case began[t.Cause] == 1 && len(a.names) > 1:
			s += ", on this host only"
		case began[t.Cause] > 1:
			s += fmt.Sprintf(", on %d hosts", began[t.Cause])
		}
		b.Says = s + carriersOf(b, t.Cause)
		a.warnOf("%s", b.Says)
	}
}
