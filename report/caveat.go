package report

import "ipdrift/detect/finding"

// shownCaveats is how many caveats stand under a host's decision, of so many
// lines each, unless all are asked for.
const (
	shownCaveats = 2
	caveatLines  = 3
)

// caveats shows what limits the answers: the first ones, or all with verbose.
func (p *paper) caveats(recs []finding.Recommendation) {
	each, lines := shownCaveats/max(1, len(recs)), caveatLines
	if p.o.Verbose {
		lines = 0
	}
	for _, r := range recs {
		for i, text := range r.Caveats {
			if i == each && !p.o.Verbose {
				break
			}
			p.wrap("  "+p.styled(faint, "- "), indent+2, lines, []span{as(strong, whose(r.Family, len(recs), "  ")), say(text)})
		}
	}
}

func (md *markdown) caveats(h *host) {
	if h.failed() {
		return
	}
	recs, gap := answers(h.recs), "\n"
	for _, r := range recs {
		for _, text := range r.Caveats {
			md.line(gap, "- ", escape(whose(r.Family, len(recs), ": ")+text))
			gap = ""
		}
	}
}
