package report

import (
	"io"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// fullHosts are shown in full; the others have their line in the overview.
const fullHosts = 6

// paper is one text report in the making.
type paper struct {
	*screen
	a         *finding.Analysis
	o         Options
	explained string // what was said about the timeline's letters so far
}

// renderText writes the report for a terminal: the decisions, then what each
// rests on, then what limits it, then what to do next.
func renderText(w io.Writer, a *finding.Analysis, o Options) error {
	out := &stickyWriter{w: w}
	p := &paper{screen: newScreen(out, o), a: a, o: o}
	all := hosts(a)
	p.title()
	p.overview(all)
	for _, h := range p.shown(all) {
		p.blank()
		p.host(h)
	}
	p.details(all)
	p.mobility()
	p.warnings()
	p.blank()
	p.input()
	if o.Verbose {
		p.method()
	}
	p.next(all)
	return out.err
}

func (p *paper) title() {
	in := p.a.Input
	spans := []span{as(strong, "ipdrift  "), unbroken(figure.Plural(len(in.Sources), "file", "files")),
		say("  "), unbroken(figure.Plural(in.Lines, "line", "lines"))}
	if in.First != nil {
		spans = append(spans, say("  "), unbroken(Period(in.Period())))
	}
	if p.o.Elapsed > 0 {
		took := p.o.Elapsed
		if took > time.Minute { // the line has room for no more
			took = took.Round(time.Minute)
		}
		spans = append(spans, say("  "), unbroken(figure.Lasting(took)))
	}
	p.para(0, spans...)
}

// overview gives every host its line where there are several, so that all
// decisions stand on the first screen.
func (p *paper) overview(all []*host) {
	if len(all) == 1 {
		return
	}
	if len(all) == 0 {
		p.blank()
		p.para(0, say(nothing(p.a)))
	}
	widest := 0
	for _, h := range all {
		widest = max(widest, len(h.verdict().text))
	}
	shown, more := listed(all, listedHosts, p.o)
	for _, h := range shown {
		name, middle, v := titled(h.name), extent(h), h.verdict()
		if aligned := right(v.text, min(widest, 40)); p.fits(name, middle, aligned) {
			v.text = aligned
		}
		p.head(name, middle, ".", v)
	}
	if len(more) > 0 {
		number, verdicts := moreHosts(more)
		p.para(0, unbroken(number), say(verdicts))
	}
}

// nothing says why there is nothing to decide.
func nothing(a *finding.Analysis) string {
	switch {
	case a.Input.Lines == 0:
		return "The input is empty: nothing was read, nothing can be said."
	case a.Input.Parsed == 0:
		return "No line could be read as a request: nothing can be said. Name the format with --log-format, or see what fits with ipdrift formats test FILE."
	case a.Input.First == nil:
		return "No request is within --since, --until and --host: nothing can be said."
	case a.Denials.Total == 0:
		return "No request was refused, and none carried a token that could be checked."
	}
	return figure.Plural(a.Denials.Total, "request was", "requests were") + " refused, none of them for a host with signed links."
}

func extent(h *host) string {
	switch {
	case h.affected > 0:
		return figure.Plural(h.affected, "user", "users") + " affected"
	case h.refused > 0:
		return figure.Count(h.refused) + " refused"
	}
	return "no refusals"
}

func (p *paper) shown(all []*host) []*host {
	if len(all) == 1 {
		return all
	}
	var list []*host
	failed := 0
	for i, h := range all {
		if h.failed() {
			failed++
		}
		if p.o.Verbose || h.failed() && failed <= fullHosts || i < fullHosts && !h.quiet() {
			list = append(list, h)
		}
	}
	return list
}

func (p *paper) host(h *host) {
	p.head(titled(h.name), "", p.mark("─", "-"), h.verdict())
	p.why(h)
	p.key(h)
	if !h.failed() {
		p.people(h)
		p.masks(h)
		p.carriers(h)
	}
	p.refused(h)
	p.overTime(h)
	p.signer(h)
	p.users(h)
	p.networks(h)
	p.change(h)
}

// why is the sentence that is read aloud, the price, and what limits both.
func (p *paper) why(h *host) {
	if h.cal != nil && h.failed() {
		p.para(indent, say(sentence(h.cal.Reason)))
		return
	}
	if h.unchecked() {
		p.para(indent, say(sentence(unchecked(h))))
	}
	recs := answers(h.recs)
	for _, r := range recs {
		p.para(indent, as(strong, whose(r.Family, len(recs), "  ")), say(r.Reason))
	}
	if cost := price(p.a, recs); cost != "" {
		p.para(indent, as(faint, "Price: "), say(cost))
	}
	p.caveats(recs)
}

// sentence makes one of a text that begins in lower case and ends without a stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

func unchecked(h *host) string {
	if h.cal == nil || h.cal.Reason == "" {
		return "No signed request of this host was seen."
	}
	return h.cal.Reason
}

func (p *paper) key(h *host) {
	if h.cal == nil {
		return
	}
	c := h.cal
	text := figure.Count(c.Verified) + " of " + figure.Plural(c.Tokens, "token reproduces", "tokens reproduce")
	switch {
	case c.Status == finding.Verified:
		p.row("key", as(served, "verified"), say(": "+text+bound(c.Policy)))
	case h.failed():
		p.row("key", as(refused, "failed"), say(": "+text+"; no cause below rests on a hash"))
	case !h.unchecked():
		p.row("key", as(unsure, "not checked"), say(": "+strings.TrimSuffix(unchecked(h), ".")))
	case c.Verified == 0:
		p.row("key", as(unsure, "not checked"))
	default:
		p.row("key", as(unsure, "not checked"), say(": "+text))
	}
	if text := gain(p.a, h); text != "" {
		p.row("a key", say(text))
	}
}

// bound says how the edge binds links today, where that is known.
func bound(y finding.Policy) string {
	switch text := bindingOf(y); {
	case text == notKnown:
		return ""
	case y.Binding == "none":
		return "; not bound to an address"
	default:
		return "; bound to " + text
	}
}

// bindingOf is what links are bound to.
func bindingOf(y finding.Policy) string {
	switch {
	case y.Binding == "address":
		return "the address"
	case y.Binding == "none":
		return "no address"
	case y.Binding == "mask" && y.Prefix4 > 0 && y.Prefix6 > 0:
		return prefix(y.Prefix4) + " (IPv6 " + prefix(y.Prefix6) + ")"
	case y.Binding == "mask" && y.Prefix4+y.Prefix6 > 0:
		return prefix(y.Prefix4 + y.Prefix6)
	}
	return notKnown
}

// people shows who was affected, the families in one row.
func (p *paper) people(h *host) {
	if len(h.recs) > 0 {
		p.row("users", say(together(h.recs)))
	}
}

// masks shows how many users each prefix would have let through.
func (p *paper) masks(h *host) {
	row := p.rows("accepted")
	for _, r := range h.recs {
		if r.AffectedUsers == 0 {
			continue
		}
		who, gap := say(whose(r.Family, len(h.recs), "  ")), ""
		spans := []span{who}
		for _, st := range steps(r) {
			spans = append(spans, say(gap), unbroken(prefix(st.Prefix)+" "+estimate(st.AcceptedShare, st.Low, st.High)))
			gap = "  "
		}
		if len(spans) > 1 {
			row(spans...)
			p.curve(r)
			who = say("")
		}
		for _, text := range []string{doubt(r), withLeftOut(r)} {
			if text != "" && r.Prefix != nil {
				text = prefix(*r.Prefix) + " " + text
			}
			if text != "" {
				row(who, say(text))
				who = say("")
			}
		}
	}
}

// curve is the replay as a table, from the first prefix that lets anybody in.
func (p *paper) curve(r finding.Recommendation) {
	if !p.o.Verbose {
		return
	}
	_, widest := shownPrefixes(r.Family)
	p.row("", as(faint, left("mask", 4)+right("users", 8)+right("refusals", 12)+right("strangers", 12)+right("exposure", 10)))
	for _, st := range narrowestFirst(r.Curve) {
		if st.AcceptedUsers == 0 || st.Prefix < widest {
			continue
		}
		let := "-"
		if st.StrangersLetIn != nil {
			let = figure.Percent(*st.StrangersLetIn)
		}
		p.row("", unbroken(left(prefix(st.Prefix), 4)+right(figure.Count(st.AcceptedUsers), 8)+right(figure.Count(st.AcceptedRequests), 12)+right(let, 12)+right(figure.Percent(st.Exposure), 10)))
	}
}

func (p *paper) warnings() {
	list := remarks(p.a, p.o)
	if len(list) > 0 {
		p.blank()
	}
	for _, w := range list {
		p.wrap(p.styled(act, "!")+" ", indent, 0, []span{say(w)})
	}
}
