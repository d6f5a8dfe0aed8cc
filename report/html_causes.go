package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// causeChart is why requests of one host were refused, in all and over time.
type causeChart struct {
	ID, Host, Total string
	Rows            []causeRow
	Noted           bool   // there is a detail in any row
	Timed           bool   // there is a chart; the fields below are of it
	Desc            string // in words
	Step            string // how long one is
	View            string // view box: a unit wide for each step, 100 high
	Top, Half       string // requests at the upper line and in the middle
	Ticks           []tick
	Began           []began
	Table           []stepRow // steps in which a request was refused
	Names           []string  // of the causes, as the table has them
	steps           int
}

// causeRow is a cause: a layer of the chart, and a line of the table below it.
type causeRow struct {
	Class, Name, Requests, Share, Note, Meaning string
	Layer, Alone                                string // paths: stacked, and by itself against its own maximum
	counts                                      []int64
}

// tick is a place on an axis, in per cent.
type tick struct{ At, Anchor, Text string }

// began is when a cause became more frequent for good.
type began struct{ At, Text string }

type stepRow struct {
	Time   string
	Counts []string
}

func causesOf(a *finding.Analysis, h *host, n int) (causeChart, bool) {
	c := causeChart{ID: "causes" + strconv.Itoa(n), Host: h.name, Total: h.refusals(" requests refused", " request refused"), Noted: h.noted()}
	over := a.Denials.OverTime
	for _, cause := range h.causes {
		row := causeRow{
			Class: causeClass(cause.name), Name: cause.name, Requests: figure.Count(cause.requests), Share: figure.Share(cause.requests, h.refused),
			Note: note(cause), Meaning: Meaning(cause.name),
		}
		if over != nil {
			row.counts = over.ByHost[h.name][cause.name]
			c.Timed = c.Timed || len(row.counts) > 1 // one step is no course
		}
		c.Rows = append(c.Rows, row)
	}
	if c.Timed {
		c.draw(over)
		c.begin(a.Trends, over)
	}
	return c, h.refused > 0
}

// causeClass is the style of a cause: one for each of the contract's.
func causeClass(name string) string {
	if Meaning(name) == "" {
		return "c-other"
	}
	return "c-" + name
}

// draw stacks the causes, the most frequent one at the bottom.
func (c *causeChart) draw(over *finding.OverTime) {
	steps := 0
	for _, r := range c.Rows {
		steps = max(steps, len(r.counts))
	}
	sums := make([]int64, steps)
	for _, r := range c.Rows {
		for i, n := range r.counts {
			sums[i] += n
		}
	}
	top := round(slices.Max(sums))
	below := make([]int64, steps)
	for i := range c.Rows {
		r := &c.Rows[i]
		r.Layer = bars(r.counts, below, top)
		r.Alone = bars(r.counts, make([]int64, steps), max(1, slices.Max(append(slices.Clone(r.counts), 0))))
		for k, n := range r.counts {
			below[k] += n
		}
		c.Names = append(c.Names, r.Name)
	}
	step := time.Duration(over.Step) * time.Second
	c.steps = steps
	c.Step, c.View, c.Top = figure.Lasting(step), fmt.Sprintf("0 0 %d 100", steps), figure.Count(top)
	if top > 1 {
		c.Half = figure.Count(top / 2)
	}
	from, to := over.From.UTC(), over.From.UTC().Add(time.Duration(steps)*step)
	c.Ticks = timeTicks(from, to)
	c.list(sums, from, step)
	peak := slices.Index(sums, slices.Max(sums))
	c.Desc = fmt.Sprintf("%s from %s to %s UTC, in steps of %s; most, %s, at %s.", c.Total, from.Format(time.DateTime), to.Format(time.DateTime), c.Step, figure.Count(slices.Max(sums)),
		from.Add(time.Duration(peak)*step).Format(time.DateTime))
}

// round is the next number that an axis may end with: it has a half, but for 1.
func round(n int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, step := range []int64{1, 2, 3, 4, 5, 6, 8} {
			if top := step * unit; top >= n && (top == 1 || top%2 == 0) || unit >= 1e17 {
				return max(n, top)
			}
		}
	}
}

// bars draws counts as columns that stand on others.
func bars(counts, below []int64, top int64) string {
	var b strings.Builder
	for i, n := range counts {
		if n <= 0 {
			continue
		}
		height := 100 * float64(n) / float64(top)
		foot := 100 - 100*float64(below[i])/float64(top)
		fmt.Fprintf(&b, "M%s %sv-%sh.9v%sz", coordinate(float64(i)+.05), coordinate(foot), coordinate(height), coordinate(height))
	}
	return b.String()
}

// coordinate is a coordinate to two places.
func coordinate(x float64) string {
	text := strconv.FormatFloat(x, 'f', 2, 64)
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

// list is the chart as a table: the steps in which anything was refused.
func (c *causeChart) list(sums []int64, from time.Time, step time.Duration) {
	for i, sum := range sums {
		if sum == 0 {
			continue
		}
		row := stepRow{Time: from.Add(time.Duration(i) * step).Format(time.DateTime)}
		for _, r := range c.Rows {
			text := ""
			if i < len(r.counts) && r.counts[i] > 0 {
				text = figure.Count(r.counts[i])
			}
			row.Counts = append(row.Counts, text)
		}
		c.Table = append(c.Table, row)
	}
}

func timeTicks(from, to time.Time) []tick {
	layout := "15:04:05"
	switch span := to.Sub(from); {
	case span > 10*24*time.Hour:
		layout = "2006-01-02"
	case span >= 24*time.Hour || from.Format(time.DateOnly) != to.Format(time.DateOnly):
		layout = "01-02 15:04"
	case span >= 5*time.Minute:
		layout = "15:04"
	}
	var ticks []tick
	for i, anchor := range []string{"start", "middle", "middle", "middle", "end"} {
		at := from.Add(to.Sub(from) / 4 * time.Duration(i))
		ticks = append(ticks, tick{At: strconv.Itoa(25 * i), Anchor: anchor, Text: at.Format(layout)})
	}
	return ticks
}

// begin marks when causes became more frequent for good.
func (c *causeChart) begin(trends []finding.Trend, over *finding.OverTime) {
	for _, t := range trends {
		if t.Host != c.Host || t.Began == nil {
			continue
		}
		whole := time.Duration(over.Step) * time.Second * time.Duration(c.steps)
		c.Began = append(c.Began, began{along(float64(t.Began.At.Sub(over.From)) / float64(whole)), t.Began.Says})
	}
}
