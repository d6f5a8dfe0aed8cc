package report

import (
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// shownCarriers is how many carriers of a family a host shows without verbose.
const shownCarriers = 2

// carrierLine is a carrier as it stands in a row.
type carrierLine struct {
	name, users string
	narrow      string // what the masks narrower than the one that counts would accept
	share       string // of that one, with its bounds
	wide        string // of those wider than it
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
			narrow, wide := around(c)
			lines = append(lines, carrierLine{
				name: who + carrierName(c), users: figure.Plural(c.AffectedUsers, "user", "users"), narrow: narrow, share: prefix(c.Prefix) + " " + estimate(c.AcceptedShare, c.Low, c.High), wide: wide,
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
	names, users, narrow, shares, wide := 0, 0, 0, 0, 0
	for _, l := range lines {
		names, users = max(names, lipgloss.Width(l.name)), max(users, len(l.users))
		narrow, shares, wide = max(narrow, len(l.narrow)), max(shares, len(l.share)), max(wide, len(l.wide))
	}
	room := min(p.width, measure) - gutter - 2 - users - 2 - shares
	for _, column := range []*int{&narrow, &wide} {
		if *column > 0 && room-*column-2 >= min(names, leastName) {
			room -= *column + 2
		} else {
			*column = 0
		}
	}
	names = min(names, max(room, leastName), mostName)
	row := p.rows("carriers")
	for _, l := range lines {
		text := left(p.cut(l.name, names), names) + "  " + right(l.users, users)
		if narrow > 0 {
			text += "  " + left(l.narrow, narrow)
		}
		share := l.share
		if wide > 0 && l.wide != "" {
			share = left(share, shares) + "  " + l.wide
		}
		spans := []span{unbroken(text), say("  "), unbroken(share)}
		if l.more > 0 {
			spans = append(spans, say("  "), span{text: "and " + figure.Count(l.more) + " more", tone: faint, keep: true})
		}
		row(spans...)
	}
}

func carrierName(c finding.Carrier) string {
	if c.ASN == nil {
		return "others"
	}
	return Clean(strings.TrimSpace(network(c.ASN) + " " + c.Name))
}

// around says what the usual masks narrower and wider than the one that counts would have accepted.
func around(c finding.Carrier) (narrow, wide string) {
	var parts [2][]string
	for _, st := range narrowestFirst(c.Curve) {
		if st.Prefix != c.Prefix && (len(c.Curve) <= 4 || st.Prefix == 24 || st.Prefix == 16 || st.Prefix == 64 || st.Prefix == 48) {
			side := 0
			if st.Prefix < c.Prefix {
				side = 1
			}
			parts[side] = append(parts[side], prefix(st.Prefix)+" "+figure.Percent(st.AcceptedShare))
		}
	}
	return strings.Join(parts[0], "  "), strings.Join(parts[1], "  ")
}
