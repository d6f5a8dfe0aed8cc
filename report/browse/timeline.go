package browse

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
	"ipdrift/report"
)

const (
	laneSteps = 160 // of time that lanes are read in; what is drawn is fitted to the window
	mostLanes = 8
)

// timeline shows the requests of a viewer in order, below a picture of them:
// a lane for each network.
func (c Case) timeline(v finding.Viewer, search string) opener {
	return func(ctx context.Context) (*pane, error) {
		list, err := c.Timeline(ctx, v.Key, search)
		if err != nil {
			return nil, err
		}
		lanes, err := list.Lanes(ctx, laneSteps, mostLanes)
		if err != nil {
			return nil, err
		}
		p := &pane{
			name: viewerName(v), len: list.Len, sought: search, within: true, refused: list.Refused, empty: "No request has that. Press / for another search.",
			columns: []column{{title: "time"}, {title: ""}, {title: "address"}, {title: "network", rank: 4}, {title: "status", right: true}, {title: "why", rank: 1}, {title: "path", flex: 12, tail: true, rank: 2}},
			search:  func(text string) opener { return c.timeline(v, text) },
			head:    picture{v, lanes, search}.head,
		}
		p.page = func(ctx context.Context, from, n int64) ([]row, error) {
			requests, err := list.Page(ctx, from, n)
			rows, layout := make([]row, len(requests)), layoutOf(v, requests)
			for i, q := range requests {
				rows[i] = c.requestRow(q, layout)
			}
			return rows, err
		}
		if first, err := list.Refused(ctx, -1, false); err == nil && first > 0 {
			p.cursor = first
		}
		return p.begin(ctx)
	}
}

// layoutOf writes times as exactly as the log tells them, and the day only where
// there are several.
func layoutOf(v finding.Viewer, requests []finding.Request) string {
	layout := "15:04:05"
	if v.First.UTC().Format(time.DateOnly) != v.Last.UTC().Format(time.DateOnly) {
		layout = "01-02 " + layout
	}
	if slices.ContainsFunc(requests, func(q finding.Request) bool { return q.Time.Nanosecond() != 0 }) {
		layout += ".000"
	}
	return layout
}

func (c Case) requestRow(q finding.Request, layout string) row {
	t, why, moved := plain, q.Verdict, ""
	switch {
	case q.Cause != "":
		t, why = refused, q.Cause
	case q.Status == 200 || q.Status == 206 || q.Status == 304:
		t = served
	}
	if q.Moved {
		moved = "new"
	}
	network := q.Country
	if q.ASN != nil {
		network = strings.TrimSpace("AS" + strconv.FormatInt(*q.ASN, 10) + " " + q.Country)
	}
	return row{
		cells: []cell{plainly(q.Time.UTC().Format(layout)), toned(strong, moved), plainly(q.Client), toned(faint, network), toned(t, strconv.Itoa(q.Status)), toned(t, why), toned(faint, q.Path)},
		open:  c.request(q), value: q,
	}
}

// picture is what stands above a timeline.
type picture struct {
	v      finding.Viewer
	lanes  finding.Lanes
	search string
}

func (pic picture) head(p *pane, k *ink, room int) []string {
	v := pic.v
	about := v.Reason
	if v.ID == "" {
		about = "requests without a link from one address"
	}
	if v.Class != "" {
		about = string(v.Class) + ": " + about
	}
	lines := k.wrap(plain, about, 2)
	lines = append(lines, k.line(toned(faint, v.UserAgent)))
	if pic.search != "" {
		lines = append(lines, k.line(plainly(figure.Plural(p.len, "request", "requests")+` found by "`+pic.search+`"`)))
	}
	return append(lines, pic.draw(p, k, room-len(lines))...)
}

// draw draws the lanes, and where on them the cursor stands.
func (pic picture) draw(p *pane, k *ink, room int) []string {
	lanes, hidden := pic.lanes.Lanes, pic.lanes.More
	if room < 2 || len(lanes) == 0 {
		return nil
	}
	if n := room - 1; len(lanes) > n {
		lanes, hidden = lanes[:n], hidden+int64(len(lanes)-n)
	}
	label := 0
	for _, l := range lanes {
		label = max(label, lipgloss.Width(report.Clean(l.Network)))
	}
	label = min(label, 26)
	steps := min(k.width-label-1, laneSteps)
	if steps < 8 {
		return nil
	}
	lines := make([]string, 0, room)
	for _, l := range lanes {
		cells := append([]cell{toned(faint, k.fill(l.Network, label, false)+" ")}, marks(k, l, steps)...)
		lines = append(lines, k.line(cells...))
	}
	below := strings.Repeat(" ", label+1)
	if r, ok := p.held(p.cursor); ok {
		if q, ok := r.value.(finding.Request); ok {
			below += strings.Repeat(" ", report.LaneStep(pic.lanes, q.Time, laneSteps)*steps/laneSteps) + k.sign("▲", "^")
		}
	}
	if hidden > 0 {
		more := "  and " + figure.Plural(hidden, "more network", "more networks")
		if lipgloss.Width(below)+len(more) <= k.width {
			below += more
		} else {
			below = strings.Repeat(" ", label+1) + k.fill("", max(0, lipgloss.Width(below)-label-2-len(more)), false) + strings.TrimSpace(more) + "  " + k.sign("▲", "^")
		}
	}
	return append(lines, k.line(plainly(below)))
}

// marks are the letters of a lane.
func marks(k *ink, l finding.Lane, steps int) []cell {
	out := make([]cell, steps)
	for i, m := range report.LaneMarks(l, steps) {
		switch m {
		case 's':
			out[i] = toned(served, "s")
		case 'R':
			out[i] = toned(refused, "R")
		default:
			out[i] = toned(faint, k.sign("·", "."))
		}
	}
	return out
}
