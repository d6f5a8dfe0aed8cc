package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// markdown is one Markdown document in the making. Whatever comes from the analysis
// passes escape on its way in.
type markdown struct {
	*stickyWriter
	a    *finding.Analysis
	o    Options
	all  []*host
	more []*host // that are counted only
}

// renderMarkdown writes a report to paste into a tracker: what was found, on
// what it rests, what to change, how to check that, and what limits it.
func renderMarkdown(w io.Writer, a *finding.Analysis, o Options) error {
	md := &markdown{stickyWriter: &stickyWriter{w: w}, a: a, o: o, all: hosts(a)}
	switch o.Audience {
	case ForCustomer:
		md.forCustomer()
	case ForSupport:
		md.forSupport()
	default:
		md.forEngineer()
	}
	return md.err
}

// forEngineer is the whole report.
func (md *markdown) forEngineer() {
	md.all, md.more = listed(md.all, pageHosts, md.o)
	md.headline()
	md.decisions()
	md.causes()
	md.examples()
	md.mobility()
	md.signers()
	md.changes()
	md.wanted()
	md.limits()
	md.method()
}

func (md *markdown) section(title string) { md.line("\n## " + title + "\n") }

func (md *markdown) headline() {
	in := md.a.Input
	md.line("# Refused signed links, ", Period(in.Period()), "\n")
	if len(md.all) == 0 {
		md.line(escape(nothing(md.a)))
	}
	for i, h := range md.all {
		md.decision(i, h)
		md.caveats(h)
	}
	if len(md.more) > 0 {
		number, verdicts := moreHosts(md.more)
		md.line("\n", escape(number+verdicts), ".")
	}
}

// decision is the paragraph of the i-th host.
func (md *markdown) decision(i int, h *host) {
	if i > 0 {
		md.line()
	}
	md.line("**", escape(titled(h.name)), ": ", escape(h.verdict().text), ".** ", escape(md.because(h)))
}

// because joins the sentences that stand under a decision.
func (md *markdown) because(h *host) string {
	var list []string
	if h.failed() || h.unchecked() {
		list = append(list, sentence(unchecked(h)))
	}
	if h.failed() {
		return list[0]
	}
	recs := answers(h.recs)
	for _, r := range recs {
		list = append(list, whose(r.Family, len(recs), ": ")+r.Reason)
	}
	if cost := price(md.a, recs); cost != "" {
		list = append(list, "Price: "+cost)
	}
	return strings.Join(list, " ")
}

func (md *markdown) decisions() {
	if len(md.all) == 0 {
		return
	}
	md.section("Decisions")
	md.head("Host", "Decision", "Affected users", "Accepted with it", "Unresolved counted", "Refused requests", "Key")
	for _, h := range md.all {
		if len(h.recs) == 0 || h.failed() {
			md.cells(h.name, h.verdict().text, "", "", "", h.refusals("", ""), keyed(h))
			continue
		}
		for _, r := range h.recs {
			md.cells(h.name, family(r.Family)+" "+h.recommended(r).text, affected(r), acceptance(r), against(r), h.refusals("", ""), keyed(h))
		}
	}
}

func affected(r finding.Recommendation) string {
	if r.AffectedUsers > 0 && r.BoundUsers != nil {
		return figure.Count(r.AffectedUsers) + " of " + figure.Count(*r.BoundUsers)
	}
	return figure.Count(r.AffectedUsers)
}

func acceptance(r finding.Recommendation) string {
	if r.AffectedUsers == 0 {
		return ""
	}
	if r.Prefix != nil {
		return prefix(*r.Prefix) + ": " + estimate(r.Accepted.Share, r.Accepted.Low, r.Accepted.High)
	}
	var list []string
	for _, st := range steps(r) {
		list = append(list, prefix(st.Prefix)+": "+estimate(st.AcceptedShare, st.Low, st.High))
	}
	return strings.Join(list, ", ")
}

func against(r finding.Recommendation) string {
	if doubt(r) == "" {
		return ""
	}
	return figure.Percent(r.IfUnresolvedCount.Share) + ", at least " + figure.Floor(r.IfUnresolvedCount.Low, 1)
}

func keyed(h *host) string {
	if h.cal == nil {
		return "not checked"
	}
	return strings.ReplaceAll(string(h.cal.Status), "_", " ") + ", " + figure.Count(h.cal.Verified) + " of " + figure.Count(h.cal.Tokens)
}

func (md *markdown) causes() {
	if md.a.Denials.Total == 0 {
		return
	}
	md.section("Why requests were refused")
	noted := slices.ContainsFunc(md.all, (*host).noted)
	detail := func(text string) []string {
		if !noted {
			return nil
		}
		return []string{text}
	}
	md.head(slices.Concat([]string{"Host", "Cause", "Requests", "Share"}, detail("Detail"), []string{"Meaning"})...)
	for _, h := range md.all {
		for _, c := range h.causes {
			md.cells(slices.Concat([]string{h.name, c.name, figure.Count(c.requests), figure.Share(c.requests, h.refused)}, detail(note(c)), []string{Meaning(c.name)})...)
		}
	}
	if text := sharedDetails(md.a.Denials, slices.Concat(md.all, md.more)); text != "" {
		md.line("\n", "Most frequent details, of all hosts: ", escape(text), ".")
	}
	md.overTime()
}

func (md *markdown) examples() {
	var list []finding.User
	statuses := map[string][]int{}
	for _, h := range md.all {
		statuses[h.name] = h.policy().Expired
		if !h.failed() {
			list = append(list, h.users...)
		}
	}
	if len(list) == 0 {
		return
	}
	list = list[:min(3, len(list))]
	md.section("Examples")
	for _, u := range list {
		md.line("- **", escape(clip(u.ID)), "** at ", escape(clip(u.Host)), ", ", escape(clip(player(u.UserAgent))), ", ", escape(network(u.ASN)), ": ",
			escape(u.Reason), " (", moves(u), ")")
		if len(u.Timeline) > 0 {
			md.line("  `", strings.Join(timeline(u.Timeline, statuses[u.Host], 60), " "), "`")
		}
	}
	md.line("\n", escape(fullLegend))
}

// clip keeps a quoted field to a length that a table cell can bear.
func clip(s string) string {
	if s == "" {
		return "not known"
	}
	if runes := []rune(Clean(s)); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return s
}

func (md *markdown) changes() {
	advised := picked(md.all, func(r finding.Recommendation) bool { return len(r.Change) > 0 })
	if len(advised) == 0 {
		return
	}
	md.section("What to change")
	for i, r := range advised {
		if i > 0 {
			md.line()
		}
		md.line(escape(titled(r.Host)), ", ", escape(family(r.Family)), ":\n")
		for n, step := range r.Change {
			md.line(strconv.Itoa(n+1), ". ", escape(step))
		}
		md.snippets(r)
	}
	md.section("How to verify")
	md.verification(advised)
}

// snippets shows signing code for what is recommended.
func (md *markdown) snippets(r finding.Recommendation) {
	for i, s := range r.Snippets {
		if i == 0 {
			md.line("\nThe signer, with the cut address as text of the form ", escape(s.Form), ":")
		}
		md.line("\n", fenced(s.Lang, s.Code))
	}
}

// fenced puts code into a block that no line of it can end.
func fenced(lang, code string) string {
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	return fence + escape(lang) + "\n" + strings.TrimRight(visible(code, "\n\t"), "\n") + "\n" + fence
}

// verification names the requests to test and what each must answer.
func (md *markdown) verification(advised []finding.Recommendation) {
	for _, r := range advised {
		if r.Prefix == nil {
			continue
		}
		md.line("- ", escape(titled(r.Host)), ", ", escape(family(r.Family)), ": sign", escape(linkTest(*r.Prefix)))
	}
	md.line("- Run `ipdrift analyze` on a log from after the change: ip\\_mismatch must have fallen, and the calibration must still be verified.")
}

// linkTest is what to do with one link signed for a network, behind the word sign.
func linkTest(bits int) string {
	at := prefix(bits)
	return " one link at " + at + ", then request it from the address it was signed for and from another one in the same " + at +
		": both must answer 200; from outside that " + at + ": 403."
}

func (md *markdown) limits() {
	in := md.a.Input
	list := slices.Concat(remarks(md.a, md.o), unread(in), whyUnread(in))
	shown, _ := listed(damaged(in), listedFlaws, md.o)
	for _, s := range shown {
		list = append(list, "Damaged: "+s.Path+": "+s.Error+".")
	}
	for _, h := range md.all {
		for _, r := range h.recs {
			if text := withLeftOut(r); text != "" {
				list = append(list, titled(h.name)+", "+family(r.Family)+": accepted would be "+text+".")
			}
		}
		if h.unverified() && h.cal != nil {
			list = append(list, titled(h.name)+": "+unchecked(h))
		}
	}
	if list = append(list, unsettled(md.a.Denials)...); len(list) == 0 {
		return
	}
	md.section("What limits this")
	for _, text := range list {
		md.line("- ", escape(text))
	}
}

// unsettled lists the causes that rest on inference, and where the log says otherwise.
func unsettled(d finding.Denials) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(d.Inferred)) {
		if n := d.Inferred[name]; n > 0 {
			list = append(list, fmt.Sprintf("%s of %s with the cause %s %s inferred from other requests, not from a hash.",
				figure.Count(n), figure.Plural(d.ByCause[name], "request", "requests"), name, figure.Either(n == 1, "is", "are")))
		}
	}
	if n := d.Disagreements; n > 0 {
		list = append(list, "The log's own reason code differs from the recomputed verdict on "+figure.Plural(n, "request", "requests")+".")
	}
	return list
}

func (md *markdown) method() {
	m := md.a.Method
	in := md.a.Input
	md.section("Method")
	md.line("- ", escape(m.Version), ", report schema ", strconv.Itoa(md.a.Schema))
	md.line("- Input: ", figure.Plural(len(in.Sources), "file", "files"), ", ", accounted(in))
	if m.Identity != "" {
		md.line("- One user: ", escape(m.Identity))
	}
	md.line("- Signing addresses: ", escape(searched(m.Search)))
	md.line("- Intervals are one-sided 95 % bounds on either side; shares are shares of affected users.")
	if len(m.Thresholds) > 0 {
		md.line("- Thresholds: ", escape(strings.Join(thresholds(m.Thresholds), ", ")))
	}
}

func (md *markdown) head(names ...string) {
	md.line("| ", strings.Join(names, " | "), " |")
	md.line("|", strings.Repeat("---|", len(names)))
}

func (md *markdown) cells(texts ...string) {
	for i, text := range texts {
		texts[i] = escape(text)
	}
	md.line("| ", strings.Join(texts, " | "), " |")
}
