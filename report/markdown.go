package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
)

// ticket is one Markdown report in the making. Whatever comes from the analysis
// passes escape on its way in.
type ticket struct {
	*stickyWriter
	a   *finding.Analysis
	all []*host
}

// renderMarkdown writes a report to paste into a ticket: what was found, on
// what it rests, what to change, how to check that, and what limits it.
func renderMarkdown(w io.Writer, a *finding.Analysis, o Options) error {
	t := &ticket{&stickyWriter{w: w}, a, hosts(a)}
	switch o.Audience {
	case ForCustomer:
		t.forCustomer()
	case ForSupport:
		t.forSupport()
	default:
		t.forEngineer()
	}
	return t.err
}

// forEngineer is the whole report.
func (t *ticket) forEngineer() {
	t.headline()
	t.decisions()
	t.causes()
	t.examples()
	t.mobility()
	t.signers()
	t.changes()
	t.wanted()
	t.limits()
	t.method()
}

func (t *ticket) section(title string) { t.line("\n## " + title + "\n") }

func (t *ticket) headline() {
	in := t.a.Input
	t.line("# Refused signed links, ", period(in.Period()), "\n")
	if len(t.all) == 0 {
		t.line(escape(nothing(t.a)))
	}
	for i, h := range t.all {
		if i > 0 {
			t.line()
		}
		t.line("**", escape(h.name), ": ", escape(h.verdict().text), ".** ", escape(t.because(h)))
		t.caveats(h)
	}
}

// because joins the sentences that stand under a decision.
func (t *ticket) because(h *host) string {
	var list []string
	if h.failed() || h.unchecked() {
		list = append(list, unchecked(h))
	}
	if h.failed() {
		return list[0]
	}
	recs := answers(h.recs)
	for _, r := range recs {
		list = append(list, whose(r, recs)+r.Reason)
	}
	if cost := price(t.a, recs); cost != "" {
		list = append(list, "Price: "+cost)
	}
	return strings.Join(list, " ")
}

func (t *ticket) decisions() {
	if len(t.all) == 0 {
		return
	}
	t.section("Decisions")
	t.head("Host", "Decision", "Affected users", "Accepted with it", "Unresolved counted", "Refused requests", "Key")
	for _, h := range t.all {
		if len(h.recs) == 0 || h.failed() {
			t.cells(h.name, h.verdict().text, "", "", "", count(h.refused), keyed(h))
			continue
		}
		for _, r := range h.recs {
			t.cells(h.name, family(r.Family)+" "+recommended(r).text, affected(r), acceptance(r), against(r), count(h.refused), keyed(h))
		}
	}
}

func affected(r finding.Recommendation) string {
	if r.AffectedUsers > 0 && r.BoundUsers != nil {
		return count(r.AffectedUsers) + " of " + count(*r.BoundUsers)
	}
	return count(r.AffectedUsers)
}

func acceptance(r finding.Recommendation) string {
	if r.AffectedUsers == 0 {
		return ""
	}
	text := estimate(r.Accepted.Share, r.Accepted.Low, r.Accepted.High)
	if r.Prefix != nil {
		text = prefix(*r.Prefix) + ": " + text
	}
	return text
}

func against(r finding.Recommendation) string {
	if doubt(r) == "" {
		return ""
	}
	return percent(r.IfUnresolvedCount.Share) + ", at least " + lowerBound(r.IfUnresolvedCount.Low, 1)
}

func keyed(h *host) string {
	if h.cal == nil {
		return "not checked"
	}
	return strings.ReplaceAll(string(h.cal.Status), "_", " ") + ", " + count(h.cal.Verified) + " of " + count(h.cal.Tokens)
}

func (t *ticket) causes() {
	if t.a.Denials.Total == 0 {
		return
	}
	t.section("Why requests were refused")
	t.head("Host", "Cause", "Requests", "Share", "Detail", "Meaning")
	for _, h := range t.all {
		for _, c := range h.causes {
			t.cells(h.name, c.name, count(c.requests), share(c.requests, h.refused), note(c), meaning(c.name))
		}
	}
	t.overTime()
}

// meaning says a cause of the contract in words.
func meaning(cause string) string {
	switch cause {
	case "ip_mismatch":
		return "signed for another address"
	case "expired":
		return "came after the expiry"
	case "expired_ip_mismatch":
		return "signed for another address, and after the expiry"
	case "malformed":
		return "token damaged or incomplete"
	case "wrong_path":
		return "signed for another path"
	case "unresolved_signature":
		return "hash fails, why is not known"
	case "unsigned":
		return "no token"
	case "unchecked":
		return "no key that fits"
	case "refused_elsewhere":
		return "the token was valid, another rule refused"
	}
	return ""
}

func (t *ticket) examples() {
	var list []finding.User
	statuses := map[string][]int{}
	for _, h := range t.all {
		statuses[h.name] = h.expired()
		if !h.failed() {
			list = append(list, h.users...)
		}
	}
	if len(list) == 0 {
		return
	}
	list = list[:min(3, len(list))]
	t.section("Examples")
	for _, u := range list {
		t.line("- **", escape(clip(u.ID)), "** at ", escape(clip(u.Host)), ", ", escape(clip(player(u.UserAgent))), ", ", escape(network(u.ASN)), ": ",
			escape(u.Reason), " (", moves(u), ")")
		if len(u.Timeline) > 0 {
			t.line("  `", strings.Join(timeline(u.Timeline, statuses[u.Host], 60), " "), "`")
		}
	}
	t.line("\n", escape(fullLegend))
}

// clip keeps a quoted field to a length that a ticket can bear.
func clip(s string) string {
	if s == "" {
		return "not known"
	}
	if runes := []rune(Clean(s)); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return s
}

func (t *ticket) changes() {
	var advised []finding.Recommendation
	for _, h := range t.all {
		for _, r := range h.recs {
			if len(r.Change) > 0 && !h.failed() {
				advised = append(advised, r)
			}
		}
	}
	if len(advised) == 0 {
		return
	}
	t.section("What to change")
	for i, r := range advised {
		if i > 0 {
			t.line()
		}
		t.line(escape(r.Host), ", ", escape(family(r.Family)), ":\n")
		for n, step := range r.Change {
			t.line(strconv.Itoa(n+1), ". ", escape(step))
		}
		t.snippets(r)
	}
	t.section("How to verify")
	t.verification(advised)
}

// snippets shows signing code for what is recommended.
func (t *ticket) snippets(r finding.Recommendation) {
	for i, s := range r.Snippets {
		if i == 0 {
			t.line("\nThe signer, with the cut address as text of the form ", escape(s.Form), ":")
		}
		t.line("\n", fenced(s.Lang, s.Code))
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
func (t *ticket) verification(advised []finding.Recommendation) {
	for _, r := range advised {
		if r.Prefix == nil {
			continue
		}
		at := prefix(*r.Prefix)
		t.line("- ", escape(r.Host), ", ", escape(family(r.Family)), ": sign one link at ", at, ", then request it from the address it was signed for and from another one in the same ", at,
			": both must answer 200; from outside that ", at, ": 403.")
	}
	t.line("- Run `ipdrift analyze` on a log from after the change: ip\\_mismatch must have fallen, and the calibration must still be verified.")
}

func (t *ticket) limits() {
	var list []string
	list = append(list, t.a.Warnings...)
	in := t.a.Input
	if in.Rejected > 0 {
		list = append(list, fmt.Sprintf("%s of %s could not be read.", count(in.Rejected), plural(in.Lines, "line", "lines")))
	}
	for _, r := range in.Rejects {
		list = append(list, "Not read: "+rejected(r)+".")
	}
	for _, s := range in.Sources {
		if s.Error != "" {
			list = append(list, "Damaged: "+s.Path+": "+s.Error+".")
		}
	}
	for _, h := range t.all {
		for _, r := range h.recs {
			if text := withLeftOut(r); text != "" {
				list = append(list, h.name+", "+family(r.Family)+": accepted would be "+text+".")
			}
		}
		if h.unverified() && h.cal != nil {
			list = append(list, h.name+": "+unchecked(h))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.a.Denials.Inferred)) {
		if n := t.a.Denials.Inferred[name]; n > 0 {
			list = append(list, fmt.Sprintf("%s of %s with the cause %s %s inferred from other requests, not from a hash.",
				count(n), plural(t.a.Denials.ByCause[name], "request", "requests"), name, are(n)))
		}
	}
	if n := t.a.Denials.Disagreements; n > 0 {
		list = append(list, "The log's own reason code differs from the recomputed verdict on "+plural(n, "request", "requests")+".")
	}
	if len(list) == 0 {
		return
	}
	t.section("What limits this")
	for _, text := range list {
		t.line("- ", escape(text))
	}
}

func (t *ticket) method() {
	m := t.a.Method
	in := t.a.Input
	t.section("Method")
	t.line("- ", escape(m.Version), ", report schema ", strconv.Itoa(t.a.Schema))
	t.line("- Input: ", plural(int64(len(in.Sources)), "file", "files"), ", ", plural(in.Lines, "line", "lines"), " = ", count(in.Parsed), " parsed + ", count(in.Rejected), " rejected")
	if m.Identity != "" {
		t.line("- One user: ", escape(m.Identity))
	}
	t.line("- Signing addresses: ", escape(searched(m.Search)))
	t.line("- Intervals are one-sided 95 % bounds on either side; shares are shares of affected users.")
	if len(m.Thresholds) > 0 {
		t.line("- Thresholds: ", escape(strings.Join(thresholds(m.Thresholds), ", ")))
	}
}

func (t *ticket) head(names ...string) {
	t.line("| ", strings.Join(names, " | "), " |")
	t.line("|", strings.Repeat("---|", len(names)))
}

func (t *ticket) cells(texts ...string) {
	for i, text := range texts {
		texts[i] = escape(text)
	}
	t.line("| ", strings.Join(texts, " | "), " |")
}
