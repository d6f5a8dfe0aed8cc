package report

import (
	"strconv"
	"strings"

	"ipdrift/detect/finding"
)

// ticketMarkdown writes a ticket to paste into a tracker.
func ticketMarkdown(out *stickyWriter, c *finding.Ticket, o Options) {
	t := &ticket{stickyWriter: out}
	if o.Audience == ForCustomer {
		t.reply(c, ForCustomer)
		return
	}
	t.line("# ", escape(where(c)), ": ", escape(diagnosis(c).text), "\n")
	t.line("**", escape(c.Answer), "** ", escape(c.Mask), "\n")
	t.line("- Asked: ", escape(strings.Join(sought(c, "±"), ", ")))
	for _, text := range c.Search {
		t.line("- ", escape(text))
	}
	t.person(c)
	t.course(c, o)
	t.points("Cannot tell", c.Cannot)
	t.points("What we ask for", c.Ask)
	if len(c.Others) > 0 {
		t.section("Other viewers who fit")
		for _, other := range c.Others {
			t.line("- ", escape(candidate(other)))
		}
	}
	who := ForCustomer
	if o.Audience == ForSupport {
		who = ForSupport
	}
	t.section("Reply to the " + string(who))
	t.reply(c, who)
}

func (t *ticket) person(c *finding.Ticket) {
	v := c.Viewer
	if v == nil {
		return
	}
	t.line("- Viewer: ", escape(orDash(v.ID)), ", ", escape(clip(player(v.UserAgent))), ", ", escape(network(v.ASN)))
	if v.Class != "" {
		t.line("- Over all of the log: ", escape(string(v.Class)), ", ", escape(v.Reason))
	}
	t.line("- At that time: ", escape(course(c)))
	if c.Host != nil && aboutAddress(c) {
		t.line("- Host: ", escape(setting(c.Host)), ". ", escape(c.Host.Reason))
	}
}

// course is the timeline as a table.
func (t *ticket) course(c *finding.Ticket, o Options) {
	if len(c.Timeline) == 0 {
		return
	}
	t.section("Timeline")
	t.head("Time (UTC)", "Address", "Outcome", "Requests", "Status", "Why and what")
	for _, l := range excerpt(c, o.Verbose) {
		if l.left != "" {
			t.cells("", "", "", "", "", l.left)
			continue
		}
		t.cells(hour(l.Time), l.IP, shownOutcome(l.Step), count(l.Requests), strconv.Itoa(l.Status), asked(l.Step))
	}
}

func (t *ticket) points(title string, texts []string) {
	if len(texts) == 0 {
		return
	}
	t.section(title)
	for _, text := range texts {
		t.line("- ", prose(text))
	}
}

// prose is a sentence of ours, in which our own link stays one.
func prose(text string) string {
	return strings.ReplaceAll(escape(text), escape(debugPage), debugPage)
}

func (t *ticket) reply(c *finding.Ticket, who Audience) {
	for i, text := range replies(c)[who] {
		if i > 0 {
			t.line()
		}
		t.line(prose(text))
	}
}
