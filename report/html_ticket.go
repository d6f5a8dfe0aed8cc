package report

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// ticketPage is what the page of one complaint shows.
type ticketPage struct {
	head
	Host, Verdict, Tone string
	Asked, Extent       string
	Answer              string
	Besides             []string
	Facts               []fact
	Day                 string // of all steps; "" where they have several
	Timeline            sketch
	Steps               []ticketStep
	Omitted             string // steps that are not listed
	Cannot, Ask, Others []string
	More                string // other viewers who are not listed
	To                  Audience
	Reply               []string
	Plain               bool // the reply is all there is to read
}

// fact is a line of a list of names and what is said of them.
type fact struct{ Name, Text string }

// ticketStep is a row of the timeline in words.
type ticketStep struct{ Time, Until, Address, Outcome, Requests, Status, Why, Asked string }

// ticketHTML writes a ticket as one page; see writePage.
func ticketHTML(w io.Writer, t *finding.Ticket, o Options) error {
	v := diagnosis(t)
	p := &ticketPage{
		head: head{Title: "Complaint: " + where(t) + ", " + v.text}, Host: where(t), Verdict: v.text, Tone: toneName(v.tone),
		Asked: strings.Join(sought(t, "±"), ", "), Extent: Period(t.Log.First, t.Log.Last) + " · " + figure.Plural(t.Log.Lines, "line", "lines"),
		Answer: t.Answer, Besides: besides(t), Facts: facts(t), Cannot: t.Cannot, Ask: t.Ask, To: recipient(o), Plain: o.Audience == ForCustomer,
	}
	p.Reply = replies(t)[p.To]
	if p.Plain {
		return writePage(w, "ticket.tmpl", p, &p.head, "", o)
	}
	for _, c := range t.Others {
		p.Others = append(p.Others, candidate(c))
	}
	if t.More > 0 {
		p.More = figure.Plural(t.More, "more viewer", "more viewers")
	}
	if t.Omitted > 0 {
		p.Omitted = figure.Plural(t.Omitted, "more step", "more steps")
	}
	p.course(t)
	return writePage(w, "ticket.tmpl", p, &p.head, "", o)
}

// facts are what is known of the viewer, or of the search for one.
func facts(t *finding.Ticket) []fact {
	list := []fact{{"Search", strings.Join(t.Search, " ")}}
	v := t.Viewer
	if v == nil {
		return list
	}
	add := func(name, text string) { list = append(list, fact{name, text}) }
	add("Viewer", idOf(v.ID)+", "+clip(player(v.UserAgent))+", "+network(v.ASN))
	add("At that time", course(t))
	if v.Class != "" {
		add("Over all of the log", className(v.Class)+": "+v.Reason)
	}
	if v.SignedIP != "" {
		add("Link signed for", v.SignedIP)
	}
	if t.Host != nil && aboutAddress(t) {
		add("For all viewers", strings.TrimPrefix(setting(t.Host), "for all viewers ")+"; "+figure.Plural(t.Host.AffectedUsers, "user", "users")+" affected"+outOf(t.Host)+". "+t.Host.Reason)
	}
	return list
}

// course draws the timeline and writes it out.
func (p *ticketPage) course(t *finding.Ticket) {
	var events []finding.Event
	var refusing []int // statuses
	shown := stamped
	if day, one := dayOf(t.Timeline); one {
		p.Day, shown = day, hour
	}
	for _, s := range t.Timeline {
		events = append(events, finding.Event{Time: s.Time, Last: cmp.Or(s.End, s.Until), IP: s.IP, Status: s.Status, Verdict: s.Verdict, Path: s.Path, Count: s.Requests})
		if s.Outcome == "refused" && !slices.Contains(refusing, s.Status) {
			refusing = append(refusing, s.Status)
		}
		row := ticketStep{
			Time: shown(s.Time), Address: s.IP, Outcome: s.Outcome, Requests: figure.Count(s.Requests), Status: strconv.Itoa(s.Status),
			Why: strings.TrimSpace(s.Cause + " " + s.Detail), Asked: s.Path,
		}
		if until := cmp.Or(s.End, s.Until); until != s.Time {
			row.Until = shown(until)
		}
		if first := s.Path[strings.LastIndexByte(s.Path, '/')+1:]; s.Last != first && s.Requests > 1 {
			row.Asked += " to " + s.Last
		}
		p.Steps = append(p.Steps, row)
	}
	signed, budget := "", len(events)+1
	if t.Viewer != nil {
		signed = t.Viewer.SignedIP
	}
	p.Timeline = draw(events, signed, refusing, &budget)
}

// dayOf is the day on which all steps fall, if it is one.
func dayOf(steps []finding.Step) (day string, one bool) {
	for _, s := range steps {
		for _, at := range []string{s.Time, cmp.Or(s.End, s.Until)} {
			text := instant(at).Format(time.DateOnly)
			if day == "" {
				day = text
			}
			if instant(at).IsZero() || text != day {
				return "", false
			}
		}
	}
	return day, day != ""
}
