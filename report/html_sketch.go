package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// sketch is a timeline as it is drawn on the page.
type sketch struct {
	Lanes                  []sketchLane
	Height                 int
	Served, Refused, Other string // paths, in a box 1000 wide
	Way                    string // from mark to mark
	Bands                  string // behind every other lane
	Counts                 []countLabel
	From, To               string
	Words                  string // the same in letters
	Steps                  []stepLine
	Marks                  int
}

type sketchLane struct {
	Name, Detail string
	Y, Height    int
	Signed       bool
}

type countLabel struct {
	X string // per cent
	Y int
	N string
}

type stepLine struct{ Time, Address, Status, Verdict, File, Requests, Class string }

const (
	rowHeight  = 18
	lanePad    = 6
	longestRow = 60 // words of a timeline in letters
	longestWay = 60 // marks that are joined by a line: more of them would tangle it
)

// draw lays a timeline out in lanes and draws them.
func draw(events []finding.Event, signed string, expired []int, budget *int) sketch {
	l := layOut(events, signed, expired)
	d := sketch{Marks: len(l.Marks), Words: strings.Join(timeline(events, expired, longestRow), " ")}
	for _, n := range l.Lanes {
		lane := sketchLane{Name: clip(n.Network), Y: d.Height, Height: len(n.Rows)*rowHeight + lanePad, Signed: n.Signed}
		switch {
		case n.Others != nil:
			lane.Name = figure.Plural(len(n.Others), "more network", "more networks")
		case len(n.Rows) > 1:
			lane.Detail = figure.Plural(len(n.Rows), "address", "addresses")
		}
		if len(d.Lanes)%2 == 0 {
			d.Bands += fmt.Sprintf("M0 %dh1000v%dh-1000z", d.Height, lane.Height)
		}
		d.Lanes = append(d.Lanes, lane)
		d.Height += lane.Height
	}
	d.mark(l)
	if !l.From.IsZero() {
		d.From, d.To = l.From.Format(time.TimeOnly), l.To.Format(time.TimeOnly)
		if l.From.Format(time.DateOnly) != l.To.Format(time.DateOnly) {
			d.From, d.To = l.From.Format(time.DateTime), l.To.Format(time.DateTime)
		}
	}
	if *budget -= len(events); *budget > 0 {
		d.Steps = stepLines(l)
	}
	return d
}

// mark draws the marks: a dot for what was served, a bar for what was refused, a
// speck for anything else; runs are drawn from their first request to their last.
func (d *sketch) mark(l layout) {
	var paths [3]strings.Builder
	var way strings.Builder
	free, lastX, lastY := -1.0, 0, 0
	for i, m := range l.Marks {
		x, until := int(m.At*1000+.5), int(m.Until*1000+.5)
		y := d.Lanes[m.Lane].Y + lanePad/2 + m.Row*rowHeight + rowHeight*2/3
		switch m.Outcome {
		case letterServed:
			fmt.Fprintf(&paths[0], "M%d %dh%d", x, y, until-x)
		case letterRefused:
			fmt.Fprintf(&paths[1], "M%d %dv10", x, y-5)
			if until > x {
				fmt.Fprintf(&paths[1], "m0-5h%dm0-5v10", until-x)
			}
		default:
			fmt.Fprintf(&paths[2], "M%d %dh%d", x, y, until-x)
		}
		command := "l"
		if i == 0 {
			command = "m"
		}
		fmt.Fprintf(&way, "%s%d %d", command, x-lastX, y-lastY)
		if until > x {
			fmt.Fprintf(&way, "h%d", until-x)
		}
		lastX, lastY = until, y
		if n := "×" + figure.Count(m.Event.Count); m.Event.Count > 1 && m.At >= free && m.At < 0.94 {
			d.Counts = append(d.Counts, countLabel{along(m.At), y - 7, n})
			free = m.At + 0.016*float64(len(n))
		}
	}
	d.Served, d.Refused, d.Other = paths[0].String(), paths[1].String(), paths[2].String()
	if len(l.Marks) <= longestWay {
		d.Way = way.String()
	}
}

func stepLines(l layout) []stepLine {
	var lines []stepLine
	for _, m := range l.Marks {
		e := m.Event
		line := stepLine{
			Time: stamped(e.Time), Address: clip(e.IP), Status: strconv.Itoa(e.Status), Verdict: e.Verdict, File: clip(e.Path), Requests: figure.Count(max(1, e.Count)),
		}
		if m.Outcome == letterRefused {
			line.Class = "no"
		}
		lines = append(lines, line)
	}
	return lines
}
