package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// Compare writes two cases side by side as text, json, markdown or html. Beside the
// errors of w there is one for a format that there is not.
func Compare(w io.Writer, c *finding.Comparison, format string, o Options) error {
	out := &stickyWriter{w: w}
	switch format {
	case "text":
		compareText(out, abridged(c, listedHosts, o), o)
	case "json":
		return writeJSON(w, c)
	case "markdown":
		compareMarkdown(out, abridged(c, pageHosts, o), o)
	case "html":
		return compareHTML(w, abridged(c, pageHosts, o), o)
	default:
		return fmt.Errorf("no format %q of a comparison", format)
	}
	return out.err
}

// abridged is a comparison cut to the hosts that are shown, those with most requests; the others are
// counted.
func abridged(c *finding.Comparison, most int, o Options) *finding.Comparison {
	out := *c
	var more []finding.HostComparison
	if out.Hosts, more = listed(c.Hosts, most, o); len(more) == 0 {
		return c
	}
	verdicts := tally(more, func(h finding.HostComparison) string { return compared(&h).text })
	out.NotComparable = append(slices.Clip(c.NotComparable), figure.Plural(len(more), "more host", "more hosts")+": "+verdicts+"; --verbose lists each.")
	return &out
}

// compared is the effect on a host in words, over all families.
func compared(h *finding.HostComparison) verdict {
	if len(h.Families) == 0 {
		return verdict{"NOTHING TO COMPARE", unsure}
	}
	return inOne(h.Families, func(f finding.FamilyComparison) string { return f.Family },
		func(f finding.FamilyComparison) verdict { return effectWord(f.Effect) })
}

func effectWord(e finding.Effect) verdict {
	switch e {
	case finding.Worked:
		return verdict{"IT WORKED", good}
	case finding.WorkedPartly:
		return verdict{"WORKED PARTLY", act}
	case finding.NoEffect:
		return verdict{"NO EFFECT", unsure}
	case finding.Worse:
		return verdict{"WORSE", bad}
	}
	return verdict{"CANNOT TELL", unsure}
}

// comparedColumns are the names of the columns of a comparison.
var comparedColumns = [...]string{"before", "after", "difference, points"}

func compareText(out *stickyWriter, c *finding.Comparison, o Options) {
	s := newScreen(out, o)
	s.para(0, as(strong, "ipdrift report --compare"))
	s.row("before", say(caseOf(c.Before, c.After, o)))
	s.row("after", say(caseOf(c.After, c.Before, o)))
	for i := range c.Hosts {
		h := &c.Hosts[i]
		s.blank()
		s.head(public(titled(h.Host), o), "", s.mark("─", "-"), compared(h))
		for _, f := range h.Families {
			s.para(indent, as(strong, whose(f.Family, len(h.Families), "  ")), say(f.Answer))
		}
		for _, text := range h.NotComparable {
			s.para(indent, say("- "+text))
		}
		s.columns(shares(h))
		s.columns(causeShares(h))
	}
	if len(c.Hosts) == 0 {
		s.blank()
		s.para(0, say("No host is in both cases: there is nothing to compare."))
	}
	s.blank()
	for _, text := range c.NotComparable {
		s.wrap(s.styled(act, "!")+" ", indent, 0, []span{say(public(text, o))})
	}
	if len(c.NotComparable) > 0 {
		s.blank()
	}
	s.para(0, as(faint, basisOfComparison))
}

const basisOfComparison = "Affected: refused because an address changed. Interrupted: refused, and not served within 10 s with a new link (with any link, where the token was not the reason). Bounds are one-sided 95 % on either side: of shares Wilson's, of differences Newcombe's. Requests of one user are not independent, so their shares have none."

// caseOf names a side and its time, with its folder where both files have one name;
// for customers only its time.
func caseOf(s, other finding.Side, o Options) string {
	if o.Audience == ForCustomer {
		return Period(s.First, s.Last)
	}
	name := filepath.Base(s.Case)
	if name == filepath.Base(other.Case) {
		name = s.Case
	}
	return Clean(name) + " (" + Period(s.First, s.Last) + ")"
}

// public takes addresses out of what a customer gets to see.
func public(text string, o Options) string {
	if o.Audience == ForCustomer {
		return unnamed(Clean(text))
	}
	return text
}

// shares are the shares of users before and after, row by row.
func shares(h *finding.HostComparison) [][]string {
	rows := [][]string{append([]string{"users"}, comparedColumns[:]...)}
	for _, f := range h.Families {
		who := whose(f.Family, len(h.Families), " ")
		for _, r := range []struct {
			name string
			c    finding.Change
		}{{"affected", f.Affected}, {"interrupted", f.Interrupted}} {
			rows = append(rows, []string{who + r.name, rated(r.c.Before), rated(r.c.After), apart(r.c)},
				[]string{"", outOfUsers(r.c.Before), outOfUsers(r.c.After), ""})
		}
		rows = append(rows, []string{who + "bound to", boundWord(f.BoundBefore), boundWord(f.BoundAfter), ""})
	}
	return rows
}

// notKnown stands for what a log does not tell.
const notKnown = "not known"

func rated(r finding.Rate) string {
	if r.Of == 0 {
		return notKnown
	}
	return estimate(r.Share, r.Low, r.High)
}

func outOfUsers(r finding.Rate) string {
	switch {
	case r.Of == 0 && r.Users == 0:
		return "-"
	case r.Of == 0:
		return figure.Count(r.Users) + " of ?"
	}
	return figure.Count(r.Users) + " of " + figure.Count(r.Of)
}

// points writes a difference of shares in points, bounds rounded outwards:
// -3.8 (-4.1 to -3.5).
func points(d finding.Difference) string {
	return signed(figure.Decimal(d.Share*100, 1)) + " (" + signed(figure.Floor(d.Low, 1)) + " to " + signed(figure.Ceil(d.High, 1)) + ")"
}

// apart is the difference that a change makes.
func apart(c finding.Change) string {
	if c.Before.Of == 0 || c.After.Of == 0 {
		return notKnown
	}
	return points(c.Difference)
}

// signed puts a sign before a number that has none.
func signed(number string) string {
	switch {
	case number == "0" || number == "-0":
		return "0"
	case strings.HasPrefix(number, "-"):
		return number
	}
	return "+" + number
}

func boundWord(b string) string {
	switch b {
	case "":
		return notKnown
	case "address":
		return "the whole address"
	case "none":
		return "no address"
	}
	return b
}

// causeShares are the shares of refused requests before and after.
func causeShares(h *finding.HostComparison) [][]string {
	rows := [][]string{{"refused", "before", "after", ""}}
	for _, c := range h.Causes {
		rows = append(rows, []string{shortened(Clean(c.Cause), 24), refusedShare(c.Before, c.Refused.Before), refusedShare(c.After, c.Refused.After), ""})
	}
	return append(rows, []string{"all", refusedShare(ratio(h.Refused.Before, h.Requests.Before), h.Refused.Before), refusedShare(ratio(h.Refused.After, h.Requests.After), h.Refused.After), ""},
		[]string{"of requests", figure.Count(h.Requests.Before), figure.Count(h.Requests.After), ""})
}

func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func refusedShare(x float64, n int64) string { return figure.Percent(x) + ", " + figure.Count(n) }

// columns writes rows of cells under each other.
func (s *screen) columns(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(Clean(cell)))
		}
	}
	room, all := min(s.width, measure)-indent, -2
	for _, w := range widths {
		all += w + 2
	}
	// Where the window is too narrow, what stands last has a line of its own.
	last := len(rows[0]) - 1
	title, line := rows[0][last], func(text string, t tone) {
		s.para(indent, span{text: s.cut(strings.TrimRight(text, " "), room), tone: t, keep: true})
	}
	fold := all > room && title != ""
	for _, row := range rows {
		text := ""
		for i, cell := range row {
			if !fold || i < last {
				text += left(Clean(cell), widths[i]) + "  "
			}
		}
		switch {
		case row[1] == comparedColumns[0]:
			line(text, faint)
		case fold && row[last] != "":
			line(text, plain)
			line(left("", widths[0])+"  "+title+": "+Clean(row[last]), plain)
		default:
			line(text, plain)
		}
	}
}

func compareMarkdown(out *stickyWriter, c *finding.Comparison, o Options) {
	md := &markdown{stickyWriter: out}
	md.line("# Before and after\n")
	md.line("- Before: ", escape(caseOf(c.Before, c.After, o)))
	md.line("- After: ", escape(caseOf(c.After, c.Before, o)))
	for i := range c.Hosts {
		h := &c.Hosts[i]
		md.section(escape(public(titled(h.Host), o)) + ": " + compared(h).text)
		for _, f := range h.Families {
			md.line(escape(whose(f.Family, len(h.Families), "  ")+f.Answer), "\n")
		}
		for _, text := range h.NotComparable {
			md.line("- ", escape(text), "\n")
		}
		md.head("Users", "Before", "After", "Difference, points")
		for _, f := range h.Families {
			md.cells(family(f.Family)+", bound to", boundWord(f.BoundBefore), boundWord(f.BoundAfter), "")
			md.cells(family(f.Family)+", affected", rated(f.Affected.Before)+", "+outOfUsers(f.Affected.Before), rated(f.Affected.After)+", "+outOfUsers(f.Affected.After), apart(f.Affected))
			md.cells(family(f.Family)+", interrupted", rated(f.Interrupted.Before)+", "+outOfUsers(f.Interrupted.Before), rated(f.Interrupted.After)+", "+outOfUsers(f.Interrupted.After), apart(f.Interrupted))
		}
		md.line()
		md.head("Refused requests", "Before", "After")
		for _, row := range causeShares(h)[1:] {
			md.cells(row[0], row[1], row[2])
		}
	}
	md.points("What limits this", each(c.NotComparable, func(text string) string { return public(text, o) }))
	md.line("\n", escape(basisOfComparison))
}
