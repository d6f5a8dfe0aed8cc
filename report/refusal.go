package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// refused shows the causes as bars of the host's refused requests.
func (p *paper) refused(h *host) {
	if h.refused == 0 {
		return
	}
	p.row("refused", say(h.refusals(" requests", " request")))
	list := h.causes
	if !p.o.Verbose && len(list) > 6 {
		list = append(slices.Clone(list[:5]), rest(list[5:]))
	}
	p.bars(list, h.refused)
}

// refusals counts the refused requests, and says how many of all they are where the log has the
// others, too. The words are for a number of requests and for one.
func (h *host) refusals(many, one string) string {
	if h.rated() && h.refused < h.requests {
		return figure.Count(h.refused) + " of " + figure.Count(h.requests) + many + " (" + figure.Share(h.refused, h.requests) + ")"
	}
	return figure.Count(h.refused) + figure.Either(h.refused == 1, one, many)
}

func rest(list []cause) cause {
	other := cause{name: figure.Plural(len(list), "other cause", "other causes")}
	for _, c := range list {
		other.requests += c.requests
	}
	return other
}

// longestNote has room for a signer's mistake and its share.
const longestNote = 32

func (p *paper) bars(list []cause, whole int64) {
	names, counts, notes := 0, 0, 0
	for _, c := range list {
		names, counts, notes = max(names, lipgloss.Width(c.name)), max(counts, len(figure.Count(c.requests))), max(notes, lipgloss.Width(note(c)))
	}
	names = min(names, 24)
	room := min(p.width, 100) - 4 - names - 2 - counts - 2 - 9 - min(notes, longestNote) - 2
	for _, c := range list {
		line := left(p.cut(Clean(c.name), names), names) + "  " + right(figure.Count(c.requests), counts) + "  "
		if room >= 6 {
			line += left(p.bar(float64(c.requests)/float64(whole), room), room) + "  "
		}
		line += right(figure.Share(c.requests, whole), 7)
		if n := note(c); n != "" {
			line += "  " + p.cut(Clean(n), longestNote)
		}
		p.para(indent+2, unbroken(p.cut(line, min(p.width, measure)-indent-2)))
	}
}

// note is the most frequent detail of a cause and its share, where it tells
// something; or that the cause is inferred.
func note(c cause) string {
	switch {
	case c.inferred:
		return "inferred"
	case c.detail == "" || 10*c.detailed < c.requests:
		return ""
	}
	return c.detail + " " + figure.Share(c.detailed, c.requests)
}

// noted reports whether there is a note on any cause of a host.
func (h *host) noted() bool {
	return slices.ContainsFunc(h.causes, func(c cause) bool { return note(c) != "" })
}

// sharedDetails names the details of causes that several hosts share, for which no
// host's line could.
func sharedDetails(d finding.Denials, all []*host) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(d.ByDetail)) {
		if detail := mostFrequent(d.ByDetail[name]); detail != "" && spread(all, name) {
			parts = append(parts, name+": "+detail+" "+figure.Count(d.ByDetail[name][detail]))
		}
	}
	return strings.Join(parts, "; ")
}

func (p *paper) details(all []*host) {
	if text := sharedDetails(p.a.Denials, all); text != "" {
		p.blank()
		p.row("details", say(text))
	}
}

func spread(all []*host, name string) bool {
	n := 0
	for _, h := range all {
		if slices.ContainsFunc(h.causes, func(c cause) bool { return c.name == name }) {
			n++
		}
	}
	return n > 1
}

// Meaning says a cause of the contract in a few words.
func Meaning(cause string) string {
	switch cause {
	case "ip_mismatch":
		return "signed for another address"
	case "expired":
		return "came after the expiry"
	case "expired_ip_mismatch":
		return "signed for another address, and after the expiry"
	case "malformed":
		return "token damaged or incomplete"
	case "wrong_path":
		return "signed for another path"
	case "unresolved_signature":
		return "hash fails, why is not known"
	case "unsigned":
		return "no token"
	case "unchecked":
		return "no key that fits"
	case "refused_elsewhere":
		return "the token was valid, another rule refused"
	}
	return ""
}
