package detect

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/detect/search"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// warnOf adds a warning: something that limits the result, found on the way.
func (a *analysis) warnOf(text string, args ...any) {
	a.out.Warnings = append(a.out.Warnings, figure.Sentence(text, args...))
}

// warn adds the warnings about what limits the result as a whole.
func (a *analysis) warn() {
	a.warnOfSources()
	a.warnOfEdge()
	a.warnOfLines()
	a.warnOfHosts()
	a.warnOfRefusalsOnly()
	for _, h := range a.ordered {
		a.warnOfHost(h)
	}
	a.warnOfSearch()
	if n := a.out.Denials.Disagreements; n > 0 {
		a.warnOf("on %d refused {request|requests} the edge's reason code and the recomputed verdict disagree: what it hashes, its key or its clock may differ there from what served links show", n)
	}
}

// warnOfSources says what could not be read, and what was left out.
func (a *analysis) warnOfSources() {
	for _, s := range a.loaded.Sources {
		if s.Err != nil {
			a.warnOf("%s: %v", s.Path, s.Err)
		}
	}
	for _, text := range append(a.notes(), a.loaded.Remarks...) {
		a.warnOf("%s", text)
	}
	if n := a.loaded.LeftOut; n > 0 {
		a.warnOf("%d {request|requests} outside --since, --until or --host {was|were} left out", n)
	}
}

// warnOfLines says what no line of the log has.
func (a *analysis) warnOfLines() {
	if a.stripped() && a.out.Input.Parsed > a.loaded.LeftOut {
		a.warnOf("no request has a query string: the tokens were stripped from this log, stand in its paths (--scheme reads some), or its links have none, so nothing about them can be told; where queries are signed, ask for a log with them")
	}
	if a.masked {
		a.warnOf("the addresses in this log are masked (they end in zeros): a token bound to a whole address cannot be checked, and moves within a /24 are not seen; ask for a log with whole addresses")
	}
	if n := a.out.Input.Parsed - a.loaded.LeftOut; n >= rarelyAllServed && a.failsNowhere() {
		a.warnOf("none of %d requests has a status of 400 or more: where a filter left such lines out, this log tells nothing of refusals; ask for one with them", n)
	}
	for _, r := range a.out.Input.Rejects {
		if r.Reason == "masked address" {
			a.warnOf("%d {line holds|lines hold} masked addresses (%s:%s): no address-bound token can be checked against them", r.Lines, r.Source, strconv.FormatInt(r.Line, 10))
		}
	}
}

// rarelyAllServed is the number of requests from which on they are hardly ever all served: some file is
// missing, or some viewer breaks off.
const rarelyAllServed = 1000

// failsNowhere reports whether no request of the log failed (rule 2).
func (a *analysis) failsNowhere() bool {
	return !slices.ContainsFunc(a.outcomes, func(o *outcome) bool { return o != nil && (o.Status == 0 || o.Status >= 400) })
}

// warnOfRefusalsOnly names the hosts of which nothing was served, where they are few.
func (a *analysis) warnOfRefusalsOnly() {
	const named = 3
	var hosts []string
	for _, h := range a.ordered {
		if h.refusalsOnly() {
			hosts = append(hosts, h.Name)
		}
	}
	of := strings.Join(hosts[:min(len(hosts), named)], ", ")
	switch more := len(hosts) - named; {
	case len(hosts) == 0:
		return
	case more > 0:
		of += figure.Sentence(" and %d more", more)
	}
	a.warnOf("%s: the log holds refused requests only; rates and interleaving are not claimed", of)
}

// warnOfHost says what limits the result for one host.
func (a *analysis) warnOfHost(h *host) {
	if h.broken >= a.Thresholds.CalibrationTokens && h.broken > h.signed {
		a.warnOf("%s: %d of %d served {token is|tokens are} malformed: the log seems to shorten or to mask them, or they are of another scheme, so nothing about them can be told", h.Name, h.broken, h.broken+h.signed)
	}
	a.warnUnsigned(h)
	if h.denied > 0 {
		a.warnOf("%s: %d {refusal|refusals} of links whose hash reproduces, but the edge's own code (1005) says that it is wrong, and it accepted no link that would show what it hashes: another path, an address or a mask; send a log with served requests, or state it with --config", h.Name, h.denied)
	}
	if h.assumed > 0 {
		a.warnOf("%s: it accepted no link, so what its edge hashes is taken from refused ones: %d {refusal|refusals} of valid links (refused_elsewhere) may be of links that it wants signed over another path, or for %s", h.Name, h.assumed, figure.Either(h.Policy.Bound(), "a network (a mask)", "an address"))
	}
	a.warnOfStated(h)
	a.sayBindings(h)
	if h.Policy.Contradicted() {
		a.warnOf("%s: scope or binding are given by --scope or --config, but the edge served links that are signed otherwise", h.Name)
	}
	a.sayOutdated(h)
	if h.status == finding.Failed {
		a.warnOf("%s: calibration failed, %s", h.Name, h.reason)
	} else if says := h.dropped.says(); says != "" {
		a.warnOf("%s: %s", h.Name, says)
	}
}

// warnOfStated says which of the user's statements the log contradicts.
func (a *analysis) warnOfStated(h *host) {
	const so = "but hardly any link that was served is signed so: the report goes by what the log proves; correct "
	p := &h.Policy
	if h.status == finding.Failed {
		return
	}
	if p.Refuted.Scope {
		over := map[token.Scope]string{token.ScopeFile: "the file", token.ScopeDir: "the directory"}[p.Forced]
		a.warnOf("%s: --scope or --config states that links are signed over %s, "+so+"that", h.Name, over)
	}
	for i, family := range []string{"IPv4", "IPv6"} {
		if !p.Refuted.Binding[i] {
			continue
		}
		bound := "bound to " + inWords(*p.Stated[i])
		if p.Stated[i].Kind == token.BindNone {
			bound = "not bound to the address"
		}
		if n := len(p.Shifts[i]); n > 0 {
			a.warnOf("%s: --config states that links are %s on %s, but since %s UTC they are not: the report goes by what the log proves; correct the configuration", h.Name, bound, family, inUTC(p.Shifts[i][n-1].At))
			continue
		}
		a.warnOf("%s: --config states that links are %s on %s, "+so+"the configuration", h.Name, bound, family)
	}
	a.warnOfStatedAnswer(h)
}

// warnOfStatedAnswer says where expired links were refused with another status than the one that is stated.
func (a *analysis) warnOfStatedAnswer(h *host) {
	l, all := &h.late, h.late.stated
	for _, links := range l.otherwise {
		all += links
	}
	if h.Stated.Expired == 0 || all < a.Thresholds.ClockLinks || float64(l.stated) > (1-a.Thresholds.CalibrationShare)*float64(all) {
		return
	}
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(l.otherwise)) {
		answers = append(answers, strconv.Itoa(status))
	}
	a.warnOf("%s: --config states that expired links are answered %s (expired_status), but %d of %d that were refused got %s: correct the configuration", h.Name,
		strconv.Itoa(int(h.Stated.Expired)), all-l.stated, all, strings.Join(answers, ", "))
}

// warnOfSearch says how far the search went for links that nothing explains.
func (a *analysis) warnOfSearch() {
	m := &a.out.Method.Search
	if a.tokenless > 0 {
		a.warnOf("%d of %d unresolved {link is|links are} of earlier runs and {was|were} not searched again: their tokens are not kept", a.tokenless, m.Unresolved)
	}
	if m.Skipped > a.tokenless && slices.ContainsFunc(a.ordered, func(h *host) bool { return h.status != finding.Failed }) {
		a.warnOf("%d of %d unresolved {link was|links were} not searched deeply: the budget is %d links of each host, and the rest only where these gave something", m.Skipped-a.tokenless, m.Unresolved, a.searched.Sample)
	}
	for _, d := range a.searched.Draws {
		a.warnOf("%s", d.Says())
	}
	if m.Full > 0 {
		a.warnOf("all of IPv4 was searched for %d {link|links} (one run takes %d at most), for %d of them in vain; %d {hash was|hashes were} tried in all", m.Full, max(search.FullBudget, a.Recover.Sample()), a.searched.Vain, m.Candidates)
	}
	if a.searched.Blind > 0 {
		a.warnOf("%d {link was|links were} not searched through all of IPv4, as no hash of {its|their} host reproduces and the first %d were in vain: see to the key first", a.searched.Blind, search.FullBlind)
	}
}

// stripped reports whether the log has neither query strings nor tokens in its paths.
func (a *analysis) stripped() bool {
	return a.loaded.Queries == 0 && !slices.ContainsFunc(a.ordered, func(h *host) bool { return h.signed+h.broken+h.links+h.silent > 0 })
}

// notes says what the lines of the sources show about them, each thing once,
// unless it is said of the whole log.
func (a *analysis) notes() []string {
	var order []string
	files := map[string][]string{}
	for _, s := range a.loaded.Sources {
		for _, text := range s.Notes {
			stripped := a.loaded.Queries == 0 && strings.Contains(text, "query string")
			if stripped || a.masked && strings.Contains(text, "addresses were cut") {
				continue
			}
			if files[text] == nil {
				order = append(order, text)
			}
			files[text] = append(files[text], s.Path)
		}
	}
	for i, text := range order {
		if order[i] = files[text][0]; len(files[text]) > 1 {
			order[i] += figure.Sentence(" and %d more", len(files[text])-1)
		}
		order[i] += ": " + text
	}
	return order
}

// warnOfEdge says that all requests were logged at one place, if the lines tell.
func (a *analysis) warnOfEdge() {
	edge := ""
	for _, s := range a.loaded.Sources {
		switch {
		case s.Parsed == 0:
		case s.Edge == "" || edge != "" && s.Edge != edge:
			return
		default:
			edge = s.Edge
		}
	}
	if edge != "" && a.out.Input.Parsed >= oneEdgeLines {
		a.warnOf("all %d requests were logged by one edge (%s): if the CDN has several, what the same viewers asked of the others is missing", a.out.Input.Parsed, edge)
	}
}

// oneEdgeLines is the number of lines from which on it is no accident that all name one edge.
const oneEdgeLines = 1000
