package report

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// networks shows where most refusals came from.
func (p *paper) networks(h *host) {
	if !p.o.Verbose {
		return
	}
	list, wide := h.networks[:min(2, len(h.networks))], 0
	for _, n := range list {
		wide = max(wide, lipgloss.Width(p.prefix(n)))
	}
	row := p.rows("networks")
	for _, n := range list {
		row(unbroken(left(p.prefix(n), wide)), say("  "), unbroken(p.cut(Clean(strings.TrimSpace(network(n.ASN)+" "+n.Country)), 20)), say("  "),
			unbroken(figure.Plural(n.Refusals, "refusal", "refusals")+","), say(" "), unbroken(figure.Plural(n.Addresses, "address", "addresses")))
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

// user is one user in a row: who, the timeline, what it shows.
func (p *paper) user(h *host, u finding.User, words int) {
	spans := []span{as(strong, p.cut(Clean(u.ID), 16)), say("  "), unbroken(p.cut(Clean(player(u.UserAgent)), 16)), say("  ")}
	other := false
	for _, w := range timeline(u.Timeline, h.policy().Expired, words) {
		other = other || outcomes(w) && strings.Contains(w, "o")
		spans = append(spans, letters(strings.ReplaceAll(w, times, p.mark(times, "x")))...)
		spans = append(spans, say(" "))
	}
	spans = append(spans, say(" "), unbroken(moves(u)))
	if text := p.legend(u, other); text != "" {
		spans = append(spans, say("  "), span{text: text, tone: faint, keep: true})
	}
	p.row("user", spans...)
	if p.o.Verbose {
		p.lanes(h, u)
		p.row("", as(faint, u.Reason))
	}
}

// legend explains the letters of a timeline that were not explained before.
func (p *paper) legend(u finding.User, other bool) string {
	text := legend
	if other {
		text = fullLegend
	}
	if len(u.Timeline) == 0 || len(p.explained) >= len(text) {
		return ""
	}
	p.explained = text
	return text
}

// outcomes reports whether a timeline's word is made of outcome letters.
func outcomes(w string) bool { return strings.Trim(w, "0123456789sRo"+times+"x") == "" }

// letters colours the outcome letters of a timeline's word.
func letters(w string) []span {
	if !outcomes(w) {
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
	text := figure.Plural(u.Switches, "change", "changes") + ", " + figure.Plural(u.Addresses, "address", "addresses")
	if first, last := instant(u.First), instant(u.Last); !first.IsZero() && last.After(first) {
		text += ", " + figure.Lasting(last.Sub(first))
	}
	return text
}

// player is the product a user agent names first.
func player(agent string) string {
	name, _, _ := strings.Cut(agent, " ")
	return name
}

// change gives the steps of what has to be changed: where to find them, or all
// of them with verbose.
func (p *paper) change(h *host) {
	if h.failed() {
		return
	}
	total := 0
	for _, r := range h.recs {
		total += len(r.Change)
		if p.o.Verbose {
			p.steps(whose(r.Family, len(h.recs), "  "), r.Change)
		}
	}
	if total > 0 && !p.o.Verbose {
		p.row("change", say(figure.Plural(total, "step", "steps")+", see "), unbroken("--verbose"), say(" or "), unbroken("-o report.html"))
	}
}

func (p *paper) steps(who string, list []string) {
	row := p.rows("change")
	for i, step := range list {
		row(say(who), as(strong, fmt.Sprintf("%d. ", i+1)), say(step))
	}
}
