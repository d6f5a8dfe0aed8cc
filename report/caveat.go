package report

import (
	"slices"

	"ipdrift/detect/finding"
)

// shownCaveats is how many caveats stand under a host's decision, of so many
// lines each, unless all are asked for.
const (
	shownCaveats = 2
	caveatLines  = 3
)

// caveat is a sentence that limits an answer.
type caveat struct {
	rec    int    // the first answer that it is about
	family string // "": it holds for each
	text   string
}

// caveatsOf lists what limits the answers, once where it holds for each of them.
func caveatsOf(recs []finding.Recommendation) (list []caveat) {
	everywhere := func(text string) bool {
		return !slices.ContainsFunc(recs, func(r finding.Recommendation) bool { return !slices.Contains(r.Caveats, text) })
	}
	for i, r := range recs {
		for _, text := range r.Caveats {
			switch {
			case !everywhere(text):
				list = append(list, caveat{i, r.Family, text})
			case i == 0:
				list = append(list, caveat{0, "", text})
			}
		}
	}
	return list
}

// whose names the family that a caveat is about, unless it is about all of them.
func (c caveat) whose(gap string) string {
	if c.family == "" {
		return ""
	}
	return family(c.family) + gap
}

// caveats shows what limits the answers: the first ones of each, or all with verbose.
func (p *paper) caveats(recs []finding.Recommendation) {
	each, lines := shownCaveats/max(1, len(recs)), caveatLines
	if p.o.Verbose {
		lines = 0
	}
	shown := make([]int, len(recs))
	for _, c := range caveatsOf(recs) {
		if shown[c.rec]++; shown[c.rec] <= each || p.o.Verbose {
			p.wrap("  "+p.styled(faint, "- "), indent+2, lines, []span{as(strong, c.whose("  ")), say(c.text)})
		}
	}
}

func (md *markdown) caveats(h *host) {
	if h.failed() {
		return
	}
	gap := "\n"
	for _, c := range caveatsOf(answers(h.recs)) {
		md.line(gap, "- ", escape(c.whose(": ")+c.text))
		gap = ""
	}
}
