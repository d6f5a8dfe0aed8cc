package report

import "ipdrift/detect/finding"

// shownMistakes is how many mistakes of a signer a host shows without verbose.
const shownMistakes = 2

// signerSentence says what a signer does wrong, on how many links, and what to
// do.
func signerSentence(s finding.Signer) string {
	return percent(float64(s.Links)/float64(s.Examined)) + " of " + s.Among + " (" + count(s.Links) + " of " + count(s.Examined) + "): " + s.Says + "; fix: " + s.Fix
}

// signer lists what the host's signer does wrong.
func (p *paper) signer(h *host) {
	for i, s := range h.signer {
		if i == shownMistakes && !p.o.Verbose {
			return
		}
		label := ""
		if i == 0 {
			label = "signer"
		}
		p.row(label, say(signerSentence(s)))
	}
}

// signers is the section about mistakes of signers.
func (md *markdown) signers() {
	first := true
	for _, h := range md.all {
		for _, s := range h.signer {
			if first {
				md.section("What the signer does wrong")
				first = false
			}
			md.line("- ", escape(h.name), ", ", escape(s.Mistake), ": ", escape(signerSentence(s)))
		}
	}
}
