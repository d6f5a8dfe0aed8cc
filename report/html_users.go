package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipdrift/detect/finding"
)

// tableSteps is how many steps of timelines are also written as tables, over all
// users: more would make a page too large to send.
const tableSteps = 3000

// flagged says how many users are listed, and how many not.
type flagged struct {
	People, Shared, Omitted string
	Untabled                string // how many steps were written out, where some timelines have no table
	Classes, Hosts          []string
}

// person is one flagged user.
type person struct {
	ID, Token, Agent, Class, Host, Carrier    string
	Requests, Refusals, Switches, Addresses   string
	Interrupted, First, Reason, Signed, Moves string
	Timeline                                  sketch
}

// sharedLink is a link that was requested from many networks, with all listed
// users of it.
type sharedLink struct {
	Token, Host, Signed, Reason, First string
	Users, Requests, Refusals          string
	Networks                           string
	Timeline                           sketch
}

func (p *page) people(a *finding.Analysis, all []*host) {
	budget := tableSteps
	var people, sharing []finding.User
	expired := map[string][]int{}
	for _, h := range all {
		if expired[h.name] = h.expired(); h.failed() {
			continue
		}
		for _, u := range h.users {
			if u.Class == finding.ManyNetworks {
				sharing = append(sharing, u)
			} else {
				people = append(people, u)
			}
		}
	}
	for _, u := range people {
		p.People = append(p.People, personOf(u, expired[u.Host], &budget))
		p.Flagged.Classes, p.Flagged.Hosts = append(p.Flagged.Classes, className(u.Class)), append(p.Flagged.Hosts, u.Host)
	}
	for _, users := range byLink(sharing) {
		p.Shared = append(p.Shared, sharedOf(users, expired[users[0].Host], &budget))
	}
	f := &p.Flagged
	f.People, f.Shared = plural(int64(len(people)), "user", "users"), plural(int64(len(p.Shared)), "link", "links")
	if budget <= 0 {
		f.Untabled = count(tableSteps)
	}
	if a.Users.Omitted > 0 {
		f.Omitted = plural(a.Users.Omitted, "flagged user is not listed here", "flagged users are not listed here")
	}
	f.Classes, f.Hosts = distinct(f.Classes), distinct(f.Hosts)
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func className(c finding.Class) string { return strings.ReplaceAll(string(c), "_", " ") }

func personOf(u finding.User, expired []int, budget *int) person {
	out := person{
		ID: clip(u.ID), Token: brief(u.Token), Agent: clip(player(u.UserAgent)), Class: className(u.Class), Host: u.Host, Carrier: network(u.ASN),
		Requests: count(u.Requests), Refusals: count(u.Refusals), Switches: count(u.Switches), Addresses: count(u.Addresses), Interrupted: "no",
		First: stamped(u.First), Reason: u.Reason, Signed: brief(u.SignedIP), Moves: moves(u),
	}
	if u.Interrupted {
		out.Interrupted = "yes"
	}
	out.Timeline = draw(u.Timeline, u.SignedIP, expired, budget)
	return out
}

// brief is clip for what may be missing.
func brief(s string) string {
	if s == "" {
		return ""
	}
	return clip(s)
}

// stamped is a time for people, to the second; what is none stays as it is.
func stamped(text string) string {
	if t := instant(text); !t.IsZero() {
		return t.Format(time.DateTime)
	}
	return text
}

// byLink gathers the users of each link, the link with most users first.
func byLink(users []finding.User) [][]finding.User {
	type key struct{ host, token, signed, id string }
	at := map[key]int{}
	var links [][]finding.User
	for _, u := range users {
		k := key{u.Host, u.Token, u.SignedIP, ""}
		if u.Token == "" && u.SignedIP == "" {
			k.id = u.ID
		}
		if _, known := at[k]; !known {
			at[k] = len(links)
			links = append(links, nil)
		}
		links[at[k]] = append(links[at[k]], u)
	}
	slices.SortStableFunc(links, func(a, b []finding.User) int { return cmp.Compare(len(b), len(a)) })
	return links
}

func sharedOf(users []finding.User, expired []int, budget *int) sharedLink {
	u := users[0]
	out := sharedLink{Token: brief(u.Token), Host: u.Host, Signed: brief(u.SignedIP), Reason: u.Reason, Users: count(int64(len(users)))}
	var events []finding.Event
	var requests, refusals int64
	for _, u := range users {
		events = append(events, u.Timeline...)
		requests, refusals = requests+u.Requests, refusals+u.Refusals
	}
	slices.SortStableFunc(events, func(a, b finding.Event) int { return instant(a.Time).Compare(instant(b.Time)) })
	out.Requests, out.Refusals, out.First = count(requests), count(refusals), stamped(first(events))
	out.Timeline = draw(events, u.SignedIP, expired, budget)
	out.Timeline.Way = "" // these are several viewers
	networks := map[string]bool{}
	for _, e := range events {
		networks[networkOf(e.IP)] = true
	}
	out.Networks = strconv.Itoa(len(networks))
	return out
}

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
	l := LayOut(events, signed, expired)
	d := sketch{Marks: len(l.Marks), Words: strings.Join(timeline(events, expired, longestRow), " ")}
	for _, n := range l.Lanes {
		lane := sketchLane{Name: clip(n.Network), Y: d.Height, Height: len(n.Rows)*rowHeight + lanePad, Signed: n.Signed}
		switch {
		case n.Others != nil:
			lane.Name = plural(int64(len(n.Others)), "more network", "more networks")
		case len(n.Rows) > 1:
			lane.Detail = plural(int64(len(n.Rows)), "address", "addresses")
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
// speck for anything else; runs are sketch from their first request to their last.
func (d *sketch) mark(l Layout) {
	var paths [3]strings.Builder
	var way strings.Builder
	free, lastX, lastY := -1.0, 0, 0
	for i, m := range l.Marks {
		x, until := int(m.At*1000+.5), int(m.Until*1000+.5)
		y := d.Lanes[m.Lane].Y + lanePad/2 + m.Row*rowHeight + rowHeight*2/3
		switch m.Outcome {
		case Served:
			fmt.Fprintf(&paths[0], "M%d %dh%d", x, y, until-x)
		case Refused:
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
		if n := "×" + count(m.Event.Count); m.Event.Count > 1 && m.At >= free && m.At < 0.94 {
			d.Counts = append(d.Counts, countLabel{along(m.At), y - 7, n})
			free = m.At + 0.016*float64(len(n))
		}
	}
	d.Served, d.Refused, d.Other = paths[0].String(), paths[1].String(), paths[2].String()
	if len(l.Marks) <= longestWay {
		d.Way = way.String()
	}
}

func stepLines(l Layout) []stepLine {
	var lines []stepLine
	for _, m := range l.Marks {
		e := m.Event
		line := stepLine{
			Time: stamped(e.Time), Address: clip(e.IP), Status: strconv.Itoa(e.Status), Verdict: e.Verdict, File: clip(e.Path), Requests: count(max(1, e.Count)),
		}
		if m.Outcome == Refused {
			line.Class = "no"
		}
		lines = append(lines, line)
	}
	return lines
}
