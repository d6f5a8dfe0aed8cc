package report

import (
	"io"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// comparePage is what the page of two cases side by side shows.
type comparePage struct {
	head
	Before, After string
	Hosts         []comparedHost
	Limits        []string
	Basis         string
}

type comparedHost struct {
	Host, Verdict, Tone string
	Answers             []string
	Limits              []string
	Bars                []shareBar
	Scale               string     // per cent at the right end of the bars
	Users               [][]string // rows of four cells
	Causes              [][]string // the same, the last one empty
}

// compareHTML writes a comparison as one page; see writePage.
func compareHTML(w io.Writer, c *finding.Comparison, o Options) error {
	p := &comparePage{
		head: head{Title: "Before and after, " + Period(c.After.First, c.After.Last)}, Before: caseOf(c.Before, c.After, o), After: caseOf(c.After, c.Before, o),
		Limits: c.NotComparable, Basis: basisOfComparison,
	}
	for i := range c.Hosts {
		h := &c.Hosts[i]
		v := compared(h)
		one := comparedHost{Host: titled(h.Host), Verdict: v.text, Tone: toneName(v.tone), Limits: h.NotComparable, Causes: causeShares(h)[1:]}
		for _, f := range h.Families {
			one.Answers = append(one.Answers, whose(f.Family, len(h.Families), "  ")+f.Answer)
			one.Users = append(one.Users, []string{family(f.Family) + ", links are bound to", boundWord(f.BoundBefore), boundWord(f.BoundAfter), ""},
				[]string{family(f.Family) + ", affected", outOfUsers(f.Affected.Before), outOfUsers(f.Affected.After), apart(f.Affected)},
				[]string{family(f.Family) + ", interrupted", outOfUsers(f.Interrupted.Before), outOfUsers(f.Interrupted.After), apart(f.Interrupted)})
		}
		one.bars(h)
		p.Hosts = append(p.Hosts, one)
	}
	return writePage(w, "compare.tmpl", p, &p.head, "", o)
}

// bars draws the shares of users before and after, one under the other, on a scale
// on which the largest still fits.
func (c *comparedHost) bars(h *finding.HostComparison) {
	most := 0.0
	for _, f := range h.Families {
		for _, r := range []finding.Rate{f.Affected.Before, f.Affected.After, f.Interrupted.Before, f.Interrupted.After} {
			if r.Of > 0 {
				most = max(most, r.High)
			}
		}
	}
	top := max(.01, float64(round(int64(most*100+.999)))/100)
	c.Scale = figure.Percent(top)
	for _, f := range h.Families {
		who := whose(f.Family, len(h.Families), " ")
		for _, one := range []struct {
			name string
			c    finding.Change
		}{{"affected", f.Affected}, {"interrupted", f.Interrupted}} {
			for i, r := range []finding.Rate{one.c.Before, one.c.After} {
				bar := shareBar{Label: who + one.name + " " + comparedColumns[i], Text: rated(r) + ", " + outOfUsers(r)}
				if r.Of > 0 {
					bar.Low, bar.Share, bar.Width = along(r.Low/top), along(r.Share/top), along((r.High-r.Low)/top)
				}
				c.Bars = append(c.Bars, bar)
			}
		}
	}
}
