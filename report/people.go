package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
)

func (p *paper) carriers(r finding.Recommendation) {
	label, at := "carriers", "accepted"
	if r.Prefix != nil {
		at = prefix(*r.Prefix)
	}
	for i, c := range r.Carriers {
		if i == 3 && !p.o.Verbose {
			p.row("", as(faint, "and "+plural(int64(len(r.Carriers)-3), "more carrier", "more carriers")))
			return
		}
		name := "others"
		if c.ASN != nil {
			name = network(c.ASN)
		}
		p.row(label, unbroken(left(name, 12)+right(plural(c.AffectedUsers, "user", "users"), 12)), say("   "),
			unbroken(at+" "+estimate(c.AcceptedShare, c.Low, c.High)))
		label = ""
	}
}

func (p *paper) networks(h *host) {
	label, list := "networks", h.networks[:min(2, len(h.networks))]
	wide := 0
	for _, n := range list {
		wide = max(wide, lipgloss.Width(p.prefix(n)))
	}
	for _, n := range list {
		p.row(label, unbroken(left(p.prefix(n), wide)), say("  "), unbroken(p.cut(Clean(strings.TrimSpace(network(n.ASN)+" "+n.Country)), 20)), say("  "),
			unbroken(plural(n.Refusals, "refusal", "refusals")+","), say(" "), unbroken(plural(n.Addresses, "address", "addresses")))
		label = ""
	}
}

func (p *paper) prefix(n finding.Network) string { return p.cut(Clean(n.Prefix), 20) }

func (p *paper) users(h *host) {
	if len(h.users) == 0 || h.failed() {
		return
	}
	list, words := h.users[:1], 24
	if p.o.Verbose {
		list, words = h.users, 1000
	}
	for _, u := range list {
		p.user(h, u, words)
	}
}

func (p *paper) user(h *host, u finding.User, words int) {
	p.row("user", as(strong, p.cut(Clean(u.ID), 16)), say("  "), unbroken(p.cut(Clean(player(u.UserAgent)), 24)), say("  "), say(moves(u)))
	var spans []span
	for _, w := range timeline(u.Timeline, h.expired(), words) {
		spans = append(spans, letters(w)...)
		spans = append(spans, say(" "))
	}
	if !p.explained && len(spans) > 0 {
		spans = append(spans, say(" "), span{text: legend, tone: faint, keep: true})
		p.explained = true
	}
	if len(spans) > 0 {
		p.row("", spans...)
	}
	if p.o.Verbose {
		p.row("", as(faint, u.Reason))
	}
}

// letters colours the outcome letters of a timeline's word.
func letters(w string) []span {
	if strings.Trim(w, "0123456789sRo") != "" {
		return []span{as(faint, w)}
	}
	var list []span
	for _, r := range w {
		t := plain
		switch r {
		case 's':
			t = served
		case 'R':
			t = refused
		}
		list = append(list, as(t, string(r)))
	}
	return list
}

// moves says what a user's timeline shows.
func moves(u finding.User) string {
	text := plural(u.Switches, "change", "changes") + ", " + plural(u.Addresses, "address", "addresses")
	first, err1 := time.Parse(time.RFC3339, u.First)
	last, err2 := time.Parse(time.RFC3339, u.Last)
	if err1 == nil && err2 == nil && last.After(first) {
		text += ", " + duration(last.Sub(first))
	}
	return text
}

// player is the product a user agent names first.
func player(agent string) string {
	name, _, _ := strings.Cut(agent, " ")
	return name
}

// change gives the first step of what has to be changed; all with verbose.
func (p *paper) change(h *host) {
	if h.failed() {
		return
	}
	for _, r := range h.recs {
		p.steps(r.Change)
	}
}

func (p *paper) steps(list []string) {
	label := "change"
	for i, step := range list {
		number := fmt.Sprintf("%d. ", i+1)
		if !p.o.Verbose && len(list) > 1 {
			number = fmt.Sprintf("step 1 of %d: ", len(list))
		}
		p.row(label, as(strong, number), say(step))
		if label = ""; !p.o.Verbose {
			return
		}
	}
}
