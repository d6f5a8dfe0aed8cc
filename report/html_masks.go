package report

import (
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// maskChart is the replay of all prefix lengths for one host and family. Paths
// are drawn in a box of 100 by 100, the narrowest mask at the left.
type maskChart struct {
	ID, Host, Family, Users            string
	Desc                               string
	Band, Line, Dots, Strangers, Share string // Share is of other viewers in the same network
	Marked                             []maskMark
	Ends                               [2]tick
	Needed, NeededAt                   string // the share that a mask must reach for sure, and its height
	Rows, All                          []maskRow
	Parts                              []partRow
	Notes                              []string
	Steps                              int
}

// maskMark is a prefix length worth a line of its own.
type maskMark struct {
	tick
	Advised bool
}

// maskRow is one prefix length in figures.
type maskRow struct {
	Prefix, Users, Accepted, Requests, Strangers, Exposure string
	Advised                                                string // the word for it; "" for the others
}

// partRow is the answer for a part of the affected users.
type partRow struct{ Part, Users, Decision, Accepted, Agrees string }

// shownPrefixes are the narrowest and the widest network that a curve shows: wider
// ones are handed out by no registry, and are no mask any more.
func shownPrefixes(family string) (from, to int) {
	if family == "ipv6" {
		return 128, 32
	}
	return 32, 8
}

func maskOf(a *finding.Analysis, r finding.Recommendation, n int) (maskChart, bool) {
	from, to := shownPrefixes(r.Family)
	curve := slices.DeleteFunc(narrowestFirst(r.Curve), func(s finding.CurveStep) bool { return s.Prefix > from || s.Prefix < to })
	c := maskChart{ID: "mask" + strconv.Itoa(n), Host: r.Host, Family: family(r.Family), Users: figure.Plural(r.AffectedUsers, "affected user", "affected users"), Steps: len(curve)}
	if r.AffectedUsers == 0 || len(curve) == 0 {
		return c, false
	}
	at := func(prefix int) float64 { return float64(from-prefix) / float64(from-to) }
	c.draw(curve, at)
	named := append(askedFor(r), from)
	for _, p := range []*int{r.Prefix, r.CurrentPrefix} {
		if p != nil {
			named = append(named, *p)
		}
	}
	slices.Sort(named)
	for _, p := range slices.Compact(named) {
		if p < from {
			c.Marked = append(c.Marked, maskMark{tick{At: along(at(p)), Text: prefix(p)}, r.Prefix != nil && p == *r.Prefix})
		}
	}
	c.Ends = [2]tick{{Text: prefix(from)}, {Text: prefix(to)}}
	if need := a.Method.Thresholds["accepted_low"]; need > 0 {
		c.Needed, c.NeededAt = figure.Percent(need), along(1-need)
	}
	var told []string
	for _, s := range curve {
		row := maskRowOf(s, r)
		c.All = append(c.All, row)
		if slices.Contains(named, s.Prefix) {
			c.Rows = append(c.Rows, row)
			told = append(told, row.Prefix+" "+row.Accepted)
		}
	}
	c.qualify(r)
	c.Desc = "Share of " + c.Users + " whom each prefix length would have let through: " + strings.Join(told, ", ") + "."
	return c, true
}

// qualify says what the figures would be otherwise: for parts of the users, and
// had others been counted.
func (c *maskChart) qualify(r finding.Recommendation) {
	for _, part := range r.Parts {
		row := partRow{part.Part, figure.Count(part.AffectedUsers), decided(part.Decision).text, estimate(part.AcceptedShare, part.Low, part.High), "yes"}
		switch {
		case part.Contradicts:
			row.Agrees = "no, beyond chance"
		case part.Decision == finding.InsufficientEvidence && r.Decision != part.Decision:
			row.Agrees = "too few users to tell"
		}
		c.Parts = append(c.Parts, row)
	}
	if s := r.PerChange; s != nil {
		c.Notes = append(c.Notes, "Of the changes of address the mask would accept "+estimate(s.Share, s.Low, s.High)+".")
	}
	if text := withLeftOut(r); text != "" {
		c.Notes = append(c.Notes, "The share would be "+text+".")
	}
	if text := doubt(r); text != "" {
		c.Notes = append(c.Notes, "The share would be "+text+".")
	}
	if s := r.OutsideShare; s != nil {
		c.Notes = append(c.Notes, "Of the pairs of viewers in one network, "+figure.Percent(*s)+" are of different carriers.")
	}
}

// draw makes the paths.
func (c *maskChart) draw(curve []finding.CurveStep, at func(int) float64) {
	var up, down, line, dots, shared []string
	var strangers []string
	for _, s := range curve {
		x := along(at(s.Prefix)) + " "
		up, down = append(up, x+along(1-s.High)), append(down, x+along(1-s.Low))
		line, dots = append(line, x+along(1-s.AcceptedShare)), append(dots, "M"+x+along(1-s.AcceptedShare)+"h0")
		shared = append(shared, x+along(1-s.Exposure))
		if s.StrangersLetIn != nil {
			strangers = append(strangers, x+along(1-*s.StrangersLetIn))
		}
	}
	slices.Reverse(down)
	c.Band = "M" + strings.Join(append(up, down...), "L") + "z"
	c.Line, c.Dots, c.Share = "M"+strings.Join(line, "L"), strings.Join(dots, ""), "M"+strings.Join(shared, "L")
	if len(strangers) > 0 {
		c.Strangers = "M" + strings.Join(strangers, "L")
	}
}

func maskRowOf(s finding.CurveStep, r finding.Recommendation) maskRow {
	row := maskRow{
		Prefix: prefix(s.Prefix), Users: figure.Count(s.AcceptedUsers), Accepted: estimate(s.AcceptedShare, s.Low, s.High), Requests: figure.Count(s.AcceptedRequests),
		Strangers: "not measured", Exposure: figure.Percent(s.Exposure), Advised: adviceOn(r, s.Prefix),
	}
	if s.StrangersLetIn != nil {
		row.Strangers = figure.Percent(*s.StrangersLetIn)
	}
	return row
}
