package report

import (
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
)

// shownCarriers is how many carriers of a family a host shows without verbose.
const shownCarriers = 2

// carrierLine is a carrier as it stands in a row.
type carrierLine struct {
	name, users string
	others      string // what the masks beside the one that counts would accept
	share       string // of that one, with its bounds
	more        int    // are not shown behind this one
}

// carriers shows the carriers with most affected users; those not known are a
// row only beside one that is.
func (p *paper) carriers(h *host) {
	var lines []carrierLine
	for _, r := range h.recs {
		if !slices.ContainsFunc(r.Carriers, func(c finding.Carrier) bool { return c.ASN != nil }) {
			continue
		}
		who := whose(r.Family, len(h.recs), "  ")
		for i, c := range r.Carriers {
			if i == shownCarriers && !p.o.Verbose {
				lines[len(lines)-1].more = len(r.Carriers) - i
				break
			}
			lines = append(lines, carrierLine{
				name: who + carrierName(c), users: plural(c.AffectedUsers, "user", "users"), others: narrower(c), share: prefix(c.Prefix) + " " + estimate(c.AcceptedShare, c.Low, c.High),
			})
			who = strings.Repeat(" ", len(who))
		}
	}
	p.carrierRows(lines)
}

// carrierRows puts carriers under each other. Where the window is narrow, the
// other masks give way first, then the end of the name.
func (p *paper) carrierRows(lines []carrierLine) {
	const leastName, mostName = 14, 38
	names, users, others, shares := 0, 0, 0, 0
	for _, l := range lines {
		names, users = max(names, lipgloss.Width(l.name)), max(users, len(l.users))
		others, shares = max(others, len(l.others)), max(shares, len(l.share))
	}
	room := min(p.width, measure) - gutter - 2 - users - 2 - shares
	if others > 0 && room-others-2 >= min(names, leastName) {
		room -= others + 2
	} else {
		others = 0
	}
	names = min(names, max(room, leastName), mostName)
	label := "carriers"
	for _, l := range lines {
		text := left(p.cut(l.name, names), names) + "  " + right(l.users, users)
		if others > 0 {
			text += "  " + left(l.others, others)
		}
		spans := []span{unbroken(text), say("  "), unbroken(l.share)}
		if l.more > 0 {
			spans = append(spans, say("  "), span{text: "and " + count(int64(l.more)) + " more", tone: faint, keep: true})
		}
		p.row(label, spans...)
		label = ""
	}
}

func carrierName(c finding.Carrier) string {
	if c.ASN == nil {
		return "others"
	}
	return Clean(strings.TrimSpace(network(c.ASN) + " " + c.Name))
}

// narrower says what the other usual masks would have accepted.
func narrower(c finding.Carrier) string {
	var parts []string
	for _, st := range narrowestFirst(c.Curve) {
		if st.Prefix != c.Prefix && (len(c.Curve) <= 4 || st.Prefix == 24 || st.Prefix == 16 || st.Prefix == 64 || st.Prefix == 48) {
			parts = append(parts, prefix(st.Prefix)+" "+percent(st.AcceptedShare))
		}
	}
	return strings.Join(parts, "  ")
}
