package detect

import (
	"context"
	"maps"
	"slices"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/ingest/figure"
)

// cluster is the requests between two silences.
type cluster struct{ n, first, last int64 }

// findStrays looks for requests whose times lie far from those of the rest.
func (a *analysis) findStrays(ctx context.Context) error {
	if first, last, ok := a.times(); !ok || last-first <= a.Thresholds.StrayAfter.Microseconds() {
		return nil
	}
	all, rest, err := a.clusters(ctx)
	if err != nil {
		return err
	}
	s := &finding.Strays{First: *moment(rest.first), Last: *moment(rest.last)}
	for _, c := range all {
		switch {
		case c.last < rest.first:
			s.Before += c.n
		case c.first > rest.last:
			s.After += c.n
		}
	}
	if strays := s.Before + s.After; strays == 0 || float64(strays) > a.Thresholds.StrayShare*float64(strays+rest.n) {
		return nil
	}
	a.out.Input.Strays = s
	a.sayStrays(s, all[0].first, all[len(all)-1].last)
	return nil
}

// clusters parts the requests, in the order of time, where nobody asked for long
// enough. rest is the largest.
func (a *analysis) clusters(ctx context.Context) (all []cluster, rest cluster, err error) {
	after := a.Thresholds.StrayAfter.Microseconds()
	days, err := a.days(ctx)
	if err != nil {
		return nil, rest, err
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		d := days[day]
		if len(all) == 0 || d.first-all[len(all)-1].last > after {
			all = append(all, cluster{first: d.first})
		}
		c := &all[len(all)-1]
		c.n, c.last = c.n+d.n, d.last
		if c.n > rest.n || c.first == rest.first {
			rest = *c
		}
	}
	return all, rest, nil
}

// days counts the requests of each day, by its number since 1970.
func (a *analysis) days(ctx context.Context) (map[int64]cluster, error) {
	days := map[int64]cluster{}
	return days, a.history.Each(ctx, func(s *history.Group) error {
		return s.Parts(func(requests []history.Request) error {
			for i := range requests {
				start := requests[i].Start
				n := floor(start, day)
				d, known := days[n]
				if !known {
					d.first, d.last = start, start
				}
				days[n] = cluster{n: d.n + 1, first: min(d.first, start), last: max(d.last, start)}
			}
			return nil
		})
	})
}

// sayStrays says when the strays were. first and last are the times of the first and the last request of
// all.
func (a *analysis) sayStrays(s *finding.Strays, first, last int64) {
	days := s.First.Format(time.DateOnly)
	if to := s.Last.Format(time.DateOnly); to != days {
		days += " to " + to
	}
	a.warnOf("%d {request lies|requests lie} far from the rest (%s), as where a clock stood wrong: %s; --since %s and --until %s leave such lines out", s.Before+s.After,
		days, farOff(s, first, last), s.First.Format(time.RFC3339), s.Last.Add(time.Second).Format(time.RFC3339))
}

// farOff says how many requests lie how far before and after the rest.
func farOff(s *finding.Strays, first, last int64) (text string) {
	off := func(n int64, from, to time.Time, where string, at time.Time) string {
		const year = 31_556_952 // s, the mean of the Gregorian calendar; a time.Duration ends at 292 years
		return figure.Sentence("%d up to %d {year|years} %s it (%s)", n, (to.Unix()-from.Unix())/year, where, at.Format(time.DateOnly))
	}
	from, to := *moment(first), *moment(last)
	if s.Before > 0 {
		text = off(s.Before, from, s.First, "before", from)
	}
	if s.After > 0 {
		if text != "" {
			text += ", "
		}
		text += off(s.After, s.Last, to, "after", to)
	}
	return text
}

// period returns the time of the requests without the strays; ok reports whether there are any.
func (a *analysis) period() (first, last int64, ok bool) {
	if s := a.out.Input.Strays; s != nil {
		return s.First.UnixMicro(), s.Last.UnixMicro(), true
	}
	return a.times()
}
