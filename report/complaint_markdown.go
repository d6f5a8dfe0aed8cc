package report

import (
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// ticketMarkdown writes a ticket to paste into a tracker.
func ticketMarkdown(out *stickyWriter, c *finding.Ticket, o Options) {
	md := &markdown{stickyWriter: out}
	if o.Audience == ForCustomer {
		md.reply(c, ForCustomer)
		return
	}
	md.line("# ", escape(where(c)), ": ", escape(diagnosis(c).text), "\n")
	md.line("**", escape(c.Answer), "** ", escape(strings.Join(besides(c), " ")), "\n")
	md.line("- Asked: ", escape(strings.Join(sought(c, "±"), ", ")))
	for _, text := range c.Search {
		md.line("- ", escape(text))
	}
	md.person(c)
	md.course(c, o)
	md.points("Cannot tell", c.Cannot)
	md.points("What we ask for", c.Ask)
	if len(c.Others) > 0 {
		md.section("Other viewers who fit")
		for _, other := range c.Others {
			md.line("- ", escape(candidate(other)))
		}
	}
	who := recipient(o)
	md.section("Reply to the " + string(who))
	md.reply(c, who)
}

func (md *markdown) person(c *finding.Ticket) {
	v := c.Viewer
	if v == nil {
		return
	}
	md.line("- Viewer: ", escape(idOf(v.ID)), ", ", escape(clip(player(v.UserAgent))), ", ", escape(network(v.ASN)))
	if v.Class != "" {
		md.line("- Over all of the log: ", escape(string(v.Class)), ", ", escape(v.Reason))
	}
	md.line("- At that time: ", escape(course(c)))
	if c.Host != nil && aboutAddress(c) {
		md.line("- Host: ", escape(setting(c.Host)), ". ", escape(c.Host.Reason))
	}
}

// course is the timeline as a table.
func (md *markdown) course(c *finding.Ticket, o Options) {
	if len(c.Timeline) == 0 {
		return
	}
	md.section("Timeline")
	md.head("Time (UTC)", "Address", "Outcome", "Requests", "Status", "Why and what")
	for _, l := range excerpt(c, o.Verbose) {
		if l.left != "" {
			md.cells("", "", "", "", "", l.left)
			continue
		}
		md.cells(hour(l.Time), l.IP, shownOutcome(l.Step), figure.Count(l.Requests), strconv.Itoa(l.Status), asked(l.Step))
	}
}

func (md *markdown) points(title string, texts []string) {
	if len(texts) == 0 {
		return
	}
	md.section(title)
	for _, text := range texts {
		md.line("- ", prose(text))
	}
}

// prose is a sentence of ours, in which our own link stays one.
func prose(text string) string {
	return strings.ReplaceAll(escape(text), escape(finding.DebugPage), finding.DebugPage)
}

func (md *markdown) reply(c *finding.Ticket, who Audience) {
	for i, text := range replies(c)[who] {
		if i > 0 {
			md.line()
		}
		md.line(prose(text))
	}
}
