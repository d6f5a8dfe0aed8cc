package report

import (
	"maps"
	"slices"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// rhythm is how many requests were refused in each of some steps of time.
type rhythm struct {
	from   time.Time
	step   time.Duration
	counts []int64
}

// rhythms gives the refusals of a host over time: all together, and by cause.
// There are none where the log is too short for two steps.
func rhythms(a *finding.Analysis, name string) (all rhythm, causes map[string]rhythm) {
	t := a.Denials.OverTime
	if t == nil || t.Step <= 0 {
		return all, nil
	}
	causes = map[string]rhythm{}
	for _, cause := range slices.Sorted(maps.Keys(t.ByHost[name])) {
		c := rhythm{t.From, time.Duration(t.Step) * time.Second, t.ByHost[name][cause]}
		if len(c.counts) < 2 {
			return rhythm{}, nil
		}
		if all.counts == nil {
			all = rhythm{c.from, c.step, make([]int64, len(c.counts))}
		}
		for i, n := range c.counts[:min(len(c.counts), len(all.counts))] {
			all.counts[i] += n
		}
		causes[cause] = c
	}
	return all, causes
}

// within joins steps until there are at most so many.
func (c rhythm) within(most int) rhythm {
	k := (len(c.counts) + most - 1) / max(most, 1)
	if k <= 1 {
		return c
	}
	joined := rhythm{c.from, c.step * time.Duration(k), make([]int64, (len(c.counts)+k-1)/k)}
	for i, n := range c.counts {
		joined.counts[i/k] += n
	}
	return joined
}

// sparkline draws a rhythm, a character for each step, up to the highest count;
// what is not nothing stands above the ground.
func (c rhythm) sparkline(ascii bool) string {
	ramp := []rune("▁▂▃▄▅▆▇█")
	if ascii {
		ramp = []rune("_.:-=+*#")
	}
	top := max(slices.Max(c.counts), 1)
	var b strings.Builder
	for _, n := range c.counts {
		level := 0
		if n > 0 {
			level = 1 + int(float64(n)/float64(top)*float64(len(ramp)-2)+0.5)
		}
		b.WriteRune(ramp[min(level, len(ramp)-1)])
	}
	return b.String()
}

// peak says when most was refused.
func (c rhythm) peak() string {
	at := 0
	for i, n := range c.counts {
		if n > c.counts[at] {
			at = i
		}
	}
	moment := c.from.Add(time.Duration(at) * c.step).UTC()
	layout := "15:04"
	switch last := c.from.Add(time.Duration(len(c.counts))*c.step - time.Nanosecond).UTC(); {
	case c.step%(24*time.Hour) == 0:
		layout = "01-02"
	case c.from.UTC().Format(time.DateOnly) != last.Format(time.DateOnly):
		layout = "01-02 15:04"
	case c.step < time.Minute:
		layout = "15:04:05"
	}
	return "most " + figure.Count(c.counts[at]) + " in " + figure.Lasting(c.step) + " from " + moment.Format(layout)
}

// overTime shows when the host refused requests; with verbose also by cause.
func (p *paper) overTime(h *host) {
	all, byCause := rhythms(p.a, h.name)
	if all.counts == nil {
		return
	}
	p.rhythm("over time", "", all)
	if !p.o.Verbose || len(byCause) < 2 {
		return
	}
	for _, c := range h.causes {
		if one, ok := byCause[c.name]; ok {
			p.rhythm("", c.name, one)
		}
	}
}

// rhythm draws one rhythm, what it says beside it where that leaves room for a
// picture, else below.
func (p *paper) rhythm(label, name string, c rhythm) {
	const slack, least, most = 4, 24, 72
	room := min(p.width, measure) - gutter
	if beside := room - 2 - len(c.peak()) - slack - len(name); beside >= least {
		room = beside
	}
	c = c.within(min(room, most))
	text := c.peak()
	if name != "" {
		text = name + ", " + text
	}
	p.row(label, unbroken(c.sparkline(p.ascii)), say("  "), unbroken(text))
}

// overTime says for each host when it refused requests.
func (md *markdown) overTime() {
	gap := "\n"
	for _, h := range md.all {
		if all, _ := rhythms(md.a, h.name); all.counts != nil {
			all = all.within(48)
			md.line(gap, "- ", escape(h.name), ", over time: ", all.sparkline(false), " ", escape(all.peak()+" UTC"))
			gap = ""
		}
	}
}
