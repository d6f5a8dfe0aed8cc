package judge

import (
	"fmt"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// Spans that differ by more are said to: whoever is seen for longer has more
// chances to be refused.
const spanFactor = 1.5

// spans says what about two cases as a whole takes away from their comparison.
func spans(before, after Day) []string {
	list := []string{}
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	x, y := before.Analysis.Input, after.Analysis.Input
	if x.First == nil || y.First == nil {
		return append(list, "One of the cases holds no request.")
	}
	was, is := x.Last.Sub(*x.First), y.Last.Sub(*y.First)
	switch {
	case y.Last.Before(*x.First):
		add("The case called after is the older one: are they swapped?")
	case y.First.Before(*x.Last):
		add("The two overlap by %s: requests of that time count on both sides, or the change came within it.", lasts(min(was, is, x.Last.Sub(*y.First), y.Last.Sub(*x.First))))
	}
	if long, short := max(was, is).Seconds(), max(1, min(was, is).Seconds()); long/short > spanFactor {
		add("One spans %s, the other %s: users who are seen for longer have more chances to be refused.", lasts(was), lasts(is))
	}
	if max(was, is) < 6*24*time.Hour && weekend(*x.First) != weekend(*y.First) {
		add("One begins on a %s, the other on a %s: audiences of working days and weekends differ.", x.First.UTC().Weekday(), y.First.UTC().Weekday())
	}
	if a, b := identityOf(before.Analysis), identityOf(after.Analysis); a != b {
		add("Users are told apart in different ways: %q before, %q after.", a, b)
	}
	if a, b := before.Analysis.Method.Version, after.Analysis.Method.Version; a != b {
		add("The cases were made by different versions: %s before, %s after.", a, b)
	}
	return list
}

// identityOf is who was taken for one user, without the figures.
func identityOf(a *finding.Analysis) string {
	way, _, _ := strings.Cut(a.Method.Identity, ": ")
	return way
}

func weekend(at time.Time) bool {
	day := at.UTC().Weekday()
	return day == time.Saturday || day == time.Sunday
}

// unlike says why one host cannot be compared: its causes rest on different
// grounds, or on none.
func unlike(before, after facet) []string {
	list := []string{}
	x, y := before.calibration, after.calibration
	sides := []struct {
		when string
		facet
	}{{"before", before}, {"after", after}}
	for _, s := range sides {
		if s.failed() {
			list = append(list, "Calibration failed "+s.when+": causes that rest on hashes are not known there.")
		}
	}
	if x != nil && y != nil && len(list) == 0 && (x.Verified == 0) != (y.Verified == 0) {
		proven, inferred := "before", "after"
		if x.Verified == 0 {
			proven, inferred = inferred, proven
		}
		list = append(list, "Causes are proven "+proven+" and inferred "+inferred+", for want of a key: analyse both with the key, or both without.")
	}
	for _, s := range sides {
		if s.refusalsOnly {
			since := figure.Either(after.refusalsOnly && !before.refusalsOnly, "; if nothing was filtered out of it, nothing was served since the change: take it back", "")
			list = append(list, "The log "+s.when+" holds refusals only, so there are no shares of all users"+since+".")
		}
	}
	return list
}
