package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"ipdrift/ingest/figure"
	"ipdrift/ingest/synth/scenario"
)

// The goals.
const (
	rotatingGoal = 0.99 // precision and recall
	meanGoal     = 0.95 // coverage of the bounds, over the grid
	pointGoal    = 0.90 // the same at any point of it
	widenGoal    = 0.05 // false widen
)

// column is the score of all worlds under one condition.
type column struct {
	name string
	*score
}

// measured is all that was.
type measured struct {
	columns          []column // the first is of whole logs, for which the goals hold
	bounds, requests []point
}

// missed lists the goals that were missed.
func (m *measured) missed() error {
	s := m.columns[0].score
	var errs []error
	goal := func(met bool, format string, args ...any) {
		if !met {
			errs = append(errs, fmt.Errorf("goal missed: "+format, args...))
		}
	}
	goal(s.provable.share() == 1, "causes that a hash proves: %s", s.provable)
	goal(s.precision.share() >= rotatingGoal, "precision of rotating: %s", s.precision)
	goal(s.recall.share() >= rotatingGoal, "recall of rotating: %s", s.recall)
	goal(s.clear.right.share() == 1, "decisions: %s", s.clear.right)
	goal(s.wide.n == 0, "advice to widen that goes too far: %s", s.wide)
	mean, worst := held(m.bounds)
	goal(mean >= meanGoal && worst >= pointGoal, "intervals of shares of users: %.1f %%, at worst %.1f %%", 100*mean, 100*worst)
	mean, worst = held(m.requests)
	goal(mean >= meanGoal && worst >= pointGoal, "intervals of shares of requests: %.1f %%, at worst %.1f %%", 100*mean, 100*worst)
	for _, p := range m.bounds {
		goal(p.share != justBelow || p.users < fewest || p.widen.share() < widenGoal, "false widen among %d users: %s", p.users, p.widen)
	}
	return errors.Join(errs...)
}

// held is how often a bound held that is meant to hold in 95 of 100 cases, the
// lower and the upper each by itself: on average, and at the worst point.
func held(points []point) (mean, worst float64) {
	worst = 1
	for _, p := range points {
		for _, bound := range []part{p.low, p.high} {
			mean += bound.share() / float64(2*len(points))
			worst = min(worst, bound.share())
		}
	}
	return mean, worst
}

func heldBoth(points []point) (mean float64) {
	for _, p := range points {
		mean += p.both.share() / float64(len(points))
	}
	return mean
}

// table prints all figures as Markdown.
func (m *measured) table(w io.Writer) {
	names := []string{"what", "goal"}
	for _, c := range m.columns {
		names = append(names, c.name)
	}
	fmt.Fprintf(w, "| %s |\n|%s\n", strings.Join(names, " | "), "---|---|"+strings.Repeat("---:|", len(m.columns)))
	m.row(w, "worlds, lines", "", func(s *score) string { return fmt.Sprintf("%d, %s", s.worlds, figure.Count(s.lines)) })
	m.row(w, "causes right where a hash can prove them", "100 %", func(s *score) string { return s.provable.String() })
	m.row(w, "causes right, all refusals", "", func(s *score) string { return s.causes.String() })
	m.row(w, "`rotating`: precision, by user", "≥ 99 %", func(s *score) string { return s.precision.String() })
	m.row(w, "`rotating`: recall, by person", "≥ 99 %", func(s *score) string { return s.recall.String() })
	m.row(w, "persons among these who are one user", "", func(s *score) string { return s.persons.String() })
	m.row(w, "decisions right, 100 or more affected and 5 points off (left open)", "100 %", func(s *score) string { return s.clear.String() })
	m.row(w, "other decisions right (left open)", "", func(s *score) string { return s.close.String() })
	m.row(w, "of all advice to widen, too wide or wrong", "0 %", func(s *score) string { return fmt.Sprintf("%d of %d", s.wide.n, s.wide.of) })
	m.intervals(w)
}

func (m *measured) row(w io.Writer, what, goal string, cell func(*score) string) {
	cells := []string{what, goal}
	for _, c := range m.columns {
		cells = append(cells, cell(c.score))
	}
	fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
}

// intervals are the rows of the replays: all counts of users in the column of
// whole logs, the fewest that decide in that of fewer viewers.
func (m *measured) intervals(w io.Writer) {
	few := func(all []point) []point {
		return slices.DeleteFunc(slices.Clone(all), func(p point) bool { return p.users != fewest })
	}
	row := func(what, goal string, cell func([]point) string, points []point) {
		rest := strings.Repeat(" | –", len(m.columns)-2)
		fmt.Fprintf(w, "| %s | %s | %s | %s%s |\n", what, goal, cell(points), cell(few(points)), rest)
	}
	cover := func(points []point) string {
		mean, worst := held(points)
		return fmt.Sprintf("%s, %s", percent(mean), percent(worst))
	}
	row("a bound of a share of users holds: mean, worst point", "≥ 95 %, ≥ 90 %", cover, m.bounds)
	row("both bounds hold", "", func(p []point) string { return percent(heldBoth(p)) }, m.bounds)
	row("a bound of a share of requests holds: mean, worst point", "≥ 95 %, ≥ 90 %", cover, m.requests)
	said := func(share float64) func([]point) string {
		return func(points []point) string {
			var all []string
			for _, p := range points {
				if p.share == share && p.users >= fewest {
					all = append(all, percent(p.widen.share()))
				}
			}
			return strings.Join(all, ", ")
		}
	}
	row("`widen` said wrongly, true share 79 %: 30, 100, 300, 1,000 users", "< 5 % each", said(justBelow), m.bounds)
	for _, share := range []float64{0.85, 0.90, 0.95} {
		row(fmt.Sprintf("`widen` said rightly, true share %.0f %%", 100*share), "", said(share), m.bounds)
	}
}

func (p part) String() string {
	if p.of == 0 {
		return "–"
	}
	return fmt.Sprintf("%s of %s", percent(p.share()), figure.Count(p.of))
}

func (d decision) String() string {
	if d.open == 0 {
		return fmt.Sprintf("%d of %d", d.right.n, d.right.of)
	}
	return fmt.Sprintf("%d of %d (%d)", d.right.n, d.right.of, d.open)
}

// percent is rounded down, so that 100 % is all.
func percent(share float64) string {
	tenths := math.Floor(share*1000+1e-9) / 10
	if tenths == math.Trunc(tenths) {
		return fmt.Sprintf("%.0f %%", tenths)
	}
	return fmt.Sprintf("%.1f %%", tenths)
}

// flawed reports whether anything was wrong that the rules leave no doubt about.
func (s *score) flawed() bool {
	return s.provable.n < s.provable.of || s.precision.n < s.precision.of || s.recall.n < s.recall.of ||
		s.clear.right.n < s.clear.right.of || s.close.right.n < s.close.right.of
}

// flaws says what was wrong in a world.
func (t *trial) flaws(s *score) string {
	parts := []string{
		"causes " + s.provable.String(), "precision " + s.precision.String(), "recall " + s.recall.String(), "decisions " + s.clear.String() + ", others " + s.close.String(),
	}
	for i := range t.truth.Masks {
		m := &t.truth.Masks[i]
		if found := t.advice(m); found != expected(m) {
			parts = append(parts, fmt.Sprintf("%s %s is %s, found %s: %s", m.Host, m.Family, expected(m), found, t.counts(m)))
		}
	}
	return strings.Join(parts, "; ")
}

// counts are the affected users of a decision, true and found.
func (t *trial) counts(m *scenario.Mask) string {
	found := int64(0)
	for _, r := range t.found.Recommendations {
		if r.Host == m.Host && r.Family == m.Family {
			found = r.AffectedUsers
		}
	}
	return fmt.Sprintf("%d affected, found %d, margin %.3f", m.AffectedUsers, found, m.Expected.Margin)
}
