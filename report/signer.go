package report

import (
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// shownMistakes is how many mistakes of a signer a host shows without verbose.
const shownMistakes = 2

// signerSentence says what a signer does wrong, on how many links, and what to
// do.
func signerSentence(s finding.Signer) string {
	return figure.Percent(float64(s.Links)/float64(s.Examined)) + " of " + s.Among + " (" + figure.Count(s.Links) + " of " + figure.Count(s.Examined) + "): " + s.Says + "; fix: " + s.Fix
}

// signer lists what the host's signer does wrong.
func (p *paper) signer(h *host) {
	row := p.rows("signer")
	for i, s := range p.mistakes(h) {
		if i == shownMistakes && !p.o.Verbose {
			return
		}
		row(say(signerSentence(s)))
	}
}

// mistakes are what the host's signer does wrong, once each: that it sees its own proxy is told
// by the one address of most links, and by its being private.
func (p *paper) mistakes(h *host) []finding.Signer {
	is := func(name string) func(finding.Signer) bool {
		return func(s finding.Signer) bool { return s.Mistake == name }
	}
	if p.o.Verbose || !slices.ContainsFunc(h.signer, is("one_address")) {
		return h.signer
	}
	return slices.DeleteFunc(slices.Clone(h.signer), is("private_address"))
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
