package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// Ticket writes what a log tells of one viewer as text, json, markdown or html. JSON
// is for every audience the same. Beside the errors of w there is one for a
// format that there is not.
func Ticket(w io.Writer, t *finding.Ticket, format string, o Options) error {
	out := &stickyWriter{w: w}
	switch format {
	case "text":
		ticketText(out, t, o)
	case "json":
		return ticketJSON(w, t)
	case "markdown":
		ticketMarkdown(out, t, o)
	case "html":
		return ticketHTML(w, t, o)
	default:
		return fmt.Errorf("no format %q of a ticket", format)
	}
	return out.err
}

// answered is a ticket as its JSON form has it.
type answered struct {
	*finding.Ticket
	Replies map[Audience]string `json:"replies"` // texts to paste, by audience
}

func ticketJSON(w io.Writer, t *finding.Ticket) error {
	texts := map[Audience]string{}
	for who, list := range replies(t) {
		texts[who] = strings.Join(list, "\n\n")
	}
	return writeJSON(w, answered{t, texts})
}

// notice is one ticket as text in the making.
type notice struct {
	*screen
	t *finding.Ticket
	o Options
}

func ticketText(out *stickyWriter, t *finding.Ticket, o Options) {
	n := &notice{newScreen(out, o), t, o}
	if o.Audience == ForCustomer {
		n.reply(ForCustomer)
		return
	}
	spans := []span{as(strong, "ipdrift ticket")}
	for _, part := range sought(t, n.mark("±", "+-")) {
		spans = append(spans, say("  "), unbroken(part))
	}
	n.para(0, spans...)
	n.blank()
	n.head(where(t), "", n.mark("─", "-"), diagnosis(t))
	n.para(indent, say(t.Answer))
	for _, text := range besides(t) {
		n.para(indent, say(text))
	}
	n.viewer()
	n.timeline()
	n.others()
	n.list("cannot", t.Cannot, "Cannot ")
	n.list("ask for", t.Ask, "")
	n.blank()
	who := recipient(o)
	n.head("Reply to paste", "", n.mark("─", "-"), verdict{"to " + string(who), plain})
	n.reply(who)
}

// besides is what follows the answer: what a mask would have done, and what the host's
// refusals have in common.
func besides(t *finding.Ticket) (list []string) {
	if t.Mask != "" {
		list = append(list, t.Mask)
	}
	if t.Common != nil {
		list = append(list, "On this host, "+t.Common.Says+".")
	}
	return list
}

// sought says what was looked for.
func sought(t *finding.Ticket, about string) []string {
	a := t.Asked
	var list []string
	for _, part := range []struct{ name, value string }{{"", a.IP}, {"token ", goesOn(a.Token)}, {"user ", a.UserID}} {
		if part.value != "" {
			list = append(list, part.name+part.value)
		}
	}
	if a.Trace {
		list = append(list, "a trace id")
	}
	if a.Session {
		list = append(list, "a TLS session")
	}
	if a.At != nil {
		list = append(list, a.At.UTC().Format(time.DateTime+" UTC")+" "+about+figure.Lasting(time.Duration(a.Window)*time.Second))
	}
	return list
}

// goesOn shows that a token goes on.
func goesOn(token string) string {
	if token == "" {
		return ""
	}
	return token + "…"
}

func where(t *finding.Ticket) string {
	if t.Viewer == nil {
		return "nobody"
	}
	return titled(t.Viewer.Host)
}

// diagnosis is the cause as it is read aloud.
func diagnosis(t *finding.Ticket) verdict {
	if !t.Found {
		return verdict{"NOT FOUND", unsure}
	}
	v, ok := map[string]verdict{
		"": {"NOTHING REFUSED", good}, "ip_mismatch": {"ADDRESS CHANGED", act}, "expired": {"LINK EXPIRED", bad}, "expired_ip_mismatch": {"EXPIRED, ADDRESS CHANGED", bad},
		"malformed": {"TOKEN DAMAGED", bad}, "wrong_path": {"WRONG PATH", bad}, "unsigned": {"NO TOKEN", bad}, "refused_elsewhere": {"ANOTHER RULE", bad},
	}[t.Cause]
	switch {
	case t.Mistake != "":
		return verdict{"SIGNED WRONGLY", bad}
	case t.Common != nil && t.Common.Trait == finding.TraitOldKey:
		return verdict{"OLD KEY", bad}
	case tokenDenied(t):
		return verdict{"EDGE AND KEY DISAGREE", bad}
	case !ok:
		return verdict{"CANNOT TELL", unsure}
	case t.Cause == "ip_mismatch" && (t.Viewer.Class == finding.Undetermined || t.Viewer.Class == finding.ManyNetworks):
		v.text = "ANOTHER ADDRESS"
	}
	if t.Basis == "inferred" {
		v.text += " (INFERRED)"
	}
	return v
}

func (n *notice) viewer() {
	v := n.t.Viewer
	row := n.rows(figure.Either(v == nil, "the log", "found"))
	for _, text := range n.t.Search {
		row(say(strings.TrimPrefix(text, "Found ")))
	}
	if v == nil {
		return
	}
	spans := []span{as(strong, idOf(v.ID)), say("  "), unbroken(n.cut(Clean(player(v.UserAgent)), 24)), say("  "), unbroken(network(v.ASN))}
	if v.Class != "" {
		spans = append(spans, say("  "), say(string(v.Class)))
	}
	n.row("viewer", spans...)
	n.row("went", say(course(n.t)))
	if h := n.t.Host; h != nil && aboutAddress(n.t) {
		n.row("host", say(setting(h)+"; "), say(figure.Plural(h.AffectedUsers, "user", "users")+" affected"+outOf(h)))
	}
}

// aboutAddress reports whether the cause is an address, or may be one.
func aboutAddress(t *finding.Ticket) bool {
	return t.Mistake == "" && slices.Contains([]string{"ip_mismatch", "expired_ip_mismatch", "unresolved_signature", "unchecked"}, t.Cause)
}

// course says how it went for the viewer.
func course(t *finding.Ticket) string {
	o := t.Outcome
	s := fmt.Sprintf("%s served, %s refused", figure.Count(o.Served), figure.Count(o.Refusals))
	if o.Other > 0 {
		s += ", " + figure.Plural(o.Other, "other answer", "other answers")
	}
	s += "; " + figure.Plural(o.Addresses, "address", "addresses")
	if o.Switches > 0 {
		s += ", at least " + figure.Plural(o.Switches, "change", "changes")
	}
	switch {
	case o.Interrupted == nil:
	case o.Resumed > 0:
		if s += "; "; *o.Interrupted {
			s += "interrupted (no new link in time); "
		}
		s += "served again " + figure.Lasting(time.Duration(o.Resumed*float64(time.Second))) + " after the last refusal"
	default:
		s += "; interrupted: nothing was served later than the last refusal"
	}
	if len(t.Refusals) > 1 {
		var list []string
		for _, r := range t.Refusals {
			list = append(list, figure.Count(r.Refusals)+" "+r.Cause)
		}
		s += "; refused: " + strings.Join(list, ", ")
	}
	return s
}

// setting is the decision for all viewers of the host.
func setting(h *finding.Setting) string {
	v := recommended(finding.Recommendation{Decision: h.Decision, Prefix: h.Prefix})
	return "for all viewers " + family(h.Family) + " " + hanging(v, h.Unsettled).text
}

func outOf(h *finding.Setting) string {
	if h.BoundUsers == nil || *h.BoundUsers == 0 {
		return ""
	}
	return " of " + figure.Count(*h.BoundUsers) + " (" + figure.Share(h.AffectedUsers, *h.BoundUsers) + ")"
}

func (n *notice) others() {
	if len(n.t.Others) == 0 {
		return
	}
	row := n.rows("or")
	for _, c := range n.t.Others {
		row(say(candidate(c)))
	}
	if n.t.More > 0 {
		row(as(faint, "and "+figure.Plural(n.t.More, "more viewer", "more viewers")))
	}
}

func candidate(c finding.Candidate) string {
	parts := []string{idOf(c.ID), player(c.UserAgent), string(c.Class), figure.Count(c.Refused) + " of " + figure.Plural(c.Requests, "request", "requests") + " refused"}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

// list shows sentences as points.
func (n *notice) list(label string, texts []string, without string) {
	row := n.rows(label)
	for _, text := range texts {
		row(say("- " + strings.TrimPrefix(text, without)))
	}
}

func (n *notice) reply(who Audience) {
	for i, text := range replies(n.t)[who] {
		if i > 0 {
			n.blank()
		}
		n.para(0, say(text))
	}
}
