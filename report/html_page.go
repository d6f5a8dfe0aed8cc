package report

import (
	"html/template"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// page is what the HTML templates show. Texts are ready to read, and are escaped
// by the templates.
type page struct {
	head
	Script         template.JS
	Period, Extent string
	Lead           string // where there is no host to speak of
	Answers        []answer
	More           string // hosts that are counted only
	Keys           []keyRow
	Remarks        bool // some key has a remark
	Causes         []causeChart
	Details        string // of causes that several hosts share
	Masks          []maskChart
	Decisions      []decisionRow
	Carriers       []carrierRow
	Networks       []networkRow
	Moves          []moveRow
	People         []person
	Shared         []sharedLink
	Flagged        flagged
	Signers        []signerRow
	Plans          []plan
	Limits         []string
	Method         method
	Anonymized     bool
}

func newPage(a *finding.Analysis, o Options) *page {
	all, more := listed(hosts(a), pageHosts, o)
	in := a.Input
	p := &page{
		head:   head{Title: "Refused signed links, " + Period(in.Period())},
		Period: Period(in.Period()),
		Extent: figure.Plural(len(in.Sources), "file", "files") + ", " + figure.Plural(in.Lines, "line", "lines"),
		Method: methodOf(a, o), Anonymized: a.Method.Anonymized,
		Details: sharedDetails(a.Denials, slices.Concat(all, more)),
	}
	if len(all) == 0 {
		p.Lead = nothing(a)
	}
	for _, h := range all {
		p.answer(a, h)
		p.Decisions = append(p.Decisions, decisionsOf(a, h)...)
		p.Carriers = append(p.Carriers, carriersOf(h)...)
		for _, n := range h.networks {
			p.Networks = append(p.Networks, networkRow{Network: n, ASN: network(n.ASN)})
		}
		for _, s := range h.signer {
			p.Signers = append(p.Signers, signerRow{Signer: s, Share: figure.Share(s.Links, s.Examined)})
		}
		if c, ok := causesOf(a, h, len(p.Causes)); ok {
			p.Causes = append(p.Causes, c)
		}
		if h.failed() {
			continue
		}
		for _, r := range h.recs {
			if c, ok := maskOf(a, r, len(p.Masks)); ok {
				p.Masks = append(p.Masks, c)
			}
			if len(r.Change) > 0 {
				p.Plans = append(p.Plans, planOf(r))
			}
		}
	}
	for _, m := range a.Moves {
		p.Moves = append(p.Moves, moveRow{mover(m), figure.Count(m.Users), figure.Count(m.Changes), inSame(m), often(m)})
	}
	p.people(a, all)
	p.Limits = limitsOf(a, all, o)
	if len(more) > 0 {
		number, verdicts := moreHosts(more)
		p.More = number + verdicts + "."
	}
	return p
}
