package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// timelineLines is how many lines a timeline takes unless all are asked for.
const timelineLines = 10

// widestAddress is the longest address that stands in the timeline itself; longer
// ones get a letter there.
const widestAddress = 16

// timeline shows the steps as a table of at most ten lines.
func (n *notice) timeline() {
	lines := excerpt(n.t, n.o.Verbose)
	names := n.addresses(lines)
	wide, counts := 0, 0
	for _, l := range lines {
		wide, counts = max(wide, lipgloss.Width(names[l.IP])), max(counts, len(figure.Count(l.Requests)))
	}
	row := n.rows("timeline")
	for _, l := range lines {
		if l.left != "" {
			row(as(faint, l.left))
		} else {
			fixed := hour(l.Time) + "  " + left(names[l.IP], wide) + "  "
			room := min(n.width, measure) - gutter - lipgloss.Width(fixed) - 7 - 1 - counts - 2
			row(unbroken(fixed), span{text: left(shownOutcome(l.Step), 7), tone: outcomeTone(l.Outcome), keep: true},
				unbroken(" "+right(figure.Count(l.Requests), counts)+"  "), unbroken(n.cut(Clean(asked(l.Step)), max(1, room))))
		}
	}
}

// addresses are the names under which addresses stand in a timeline: themselves
// or, where that takes too much room, letters, which are explained first.
func (n *notice) addresses(lines []line) map[string]string {
	names, order, wide := map[string]string{}, []string{}, 0
	for _, l := range lines {
		if _, known := names[l.IP]; !known && l.left == "" {
			names[l.IP] = n.cut(Clean(l.IP), 45)
			order, wide = append(order, l.IP), max(wide, lipgloss.Width(names[l.IP]))
		}
	}
	if wide <= widestAddress || len(order) > 26 {
		return names
	}
	row := n.rows("addresses")
	for i, ip := range order {
		full := names[ip]
		names[ip] = string(rune('A' + i))
		row(as(strong, names[ip]), say("  "), say(full))
	}
	return names
}

func outcomeTone(outcome string) tone {
	switch outcome {
	case "served":
		return served
	case "refused":
		return refused
	}
	return plain
}

// line is a step of the excerpt, or what was left out there.
type line struct {
	finding.Step
	left string
}

// excerpt is the timeline in at most so many lines: the refusal nearest to the
// complaint with what came before and after it.
func excerpt(t *finding.Ticket, all bool) []line {
	var lines []line
	steps := t.Timeline
	from, to := 0, len(steps)
	if to > timelineLines && !all {
		from = max(0, min(focus(t)-4, to-timelineLines+1))
		to = min(to, from+timelineLines-1)
		if from > 0 && to < len(steps) {
			to--
		}
	}
	if from > 0 {
		lines = append(lines, line{left: summary(steps[:from], 0)})
	}
	for _, s := range steps[from:to] {
		lines = append(lines, line{Step: s})
	}
	if rest := steps[to:]; len(rest) > 0 || t.Omitted > 0 {
		lines = append(lines, line{left: summary(rest, t.Omitted)})
	}
	return lines
}

// focus is the refused step nearest to the time said, or the first one.
func focus(t *finding.Ticket) int {
	best, by := -1, time.Duration(0)
	for i, s := range t.Timeline {
		at := instant(s.Time)
		if at.IsZero() || s.Outcome != "refused" {
			continue
		}
		off := time.Duration(0)
		if t.Asked.At != nil {
			off = at.Sub(*t.Asked.At).Abs()
		}
		if best < 0 || off < by {
			best, by = i, off
		}
	}
	return max(best, 0)
}

func summary(steps []finding.Step, more int64) string {
	var served, refusals int64
	for _, s := range steps {
		if s.Outcome == "served" {
			served += s.Requests
		}
		refusals += s.Refusals
	}
	return fmt.Sprintf("%s more: %s served, %s refused", figure.Plural(int64(len(steps))+more, "step", "steps"), figure.Count(served), figure.Count(refusals))
}

func hour(text string) string {
	at := instant(text)
	if at.IsZero() {
		return "--:--:--"
	}
	return at.Format(time.TimeOnly)
}

func shownOutcome(s finding.Step) string {
	switch s.Outcome {
	case "refused":
		return "REFUSED"
	case "other":
		return fmt.Sprintf("HTTP %d", s.Status)
	}
	return s.Outcome
}

// asked says why a step was refused, and what was asked for.
func asked(s finding.Step) string {
	var list []string
	if s.Cause != "" {
		list = append(list, strings.TrimSpace(s.Cause+" "+s.Detail))
	}
	first := s.Path[strings.LastIndexByte(s.Path, '/')+1:]
	if s.Last != first && s.Requests > 1 {
		first += " to " + s.Last
	}
	if s.End != "" {
		first += ", until " + hour(s.End)
	}
	return strings.Join(append(list, first), "  ")
}
