package report

import (
	"bytes"
	"encoding/json"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/report/reporttest"
)

// evil is what no output may pass on as it is.
const evil = "\x1b[2J203.0.113.9|<script>\n# @all [x](javascript:1) 2001:db8::1"

// tickets are the fixtures of tickets by name, with one of hostile texts.
func tickets(t testing.TB) map[string]*finding.Ticket {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(fixtures, "ticket", "*.json"))
	if err != nil || len(paths) < 4 {
		t.Fatalf("%d tickets (%v)", len(paths), err)
	}
	all := map[string]*finding.Ticket{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		one := &finding.Ticket{}
		if err := json.Unmarshal(text, one); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = one
	}
	h := *all["moved"]
	viewer := *h.Viewer
	viewer.Host, viewer.UserAgent, viewer.ID = evil, evil, evil
	h.Viewer, h.Answer, h.Search = &viewer, evil, []string{evil}
	h.Common = &finding.Common{Host: evil, Cause: evil, Trait: finding.TraitMethod, Value: evil, Says: evil}
	h.Others = []finding.Candidate{{ID: evil, Host: evil, UserAgent: evil}}
	h.Timeline = []finding.Step{{Time: evil, IP: evil, Outcome: "refused", Path: "/" + evil, Last: evil, Detail: evil, Cause: evil, Requests: 2, Refusals: 1}}
	all["hostile"] = &h
	return all
}

func ticketAs(t testing.TB, one *finding.Ticket, format string, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Ticket(&b, one, format, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTicketGoldens(t *testing.T) {
	for name, one := range tickets(t) {
		for format, ending := range map[string]string{"text": ".txt", "markdown": ".md", "html": ".html"} {
			reporttest.Golden(t, fixtures, "ticket_"+name+ending, ticketAs(t, one, format, Options{}))
		}
		for _, who := range []Audience{ForSupport, ForCustomer} {
			reporttest.Golden(t, fixtures, "ticket_"+name+"."+string(who)+".md", ticketAs(t, one, "markdown", Options{Audience: who}))
		}
		reporttest.Golden(t, fixtures, "ticket_"+name+".customer.html", ticketAs(t, one, "html", Options{Audience: ForCustomer}))
	}
}

// anyAddress finds what reads as an IPv4 or an IPv6 address.
var anyAddress = regexp.MustCompile(`\d+\.\d+\.\d+\.\d+|[0-9a-fA-F]{1,4}:[0-9a-fA-F:]*:[0-9a-fA-F]*`)

// TestTicketForCustomersHasNoAddress: neither in text nor in Markdown, and not in
// the reply that others get to paste.
func TestTicketForCustomersHasNoAddress(t *testing.T) {
	for name, one := range tickets(t) {
		for _, format := range []string{"text", "markdown", "html"} {
			if text := unstyled(ticketAs(t, one, format, Options{Audience: ForCustomer})); anyAddress.MatchString(text) || len(text) < 200 {
				t.Errorf("%s as %s: address %q in\n%s", name, format, anyAddress.FindString(text), text)
			}
		}
	}
}

// TestTicketIsHarmless: whatever a log says, no line is wider than the screen and
// no control character, markup or mention comes out.
func TestTicketIsHarmless(t *testing.T) {
	for name, one := range tickets(t) {
		for _, width := range []int{60, 80, 200} {
			for line := range strings.Lines(ticketAs(t, one, "text", Options{Width: width, Verbose: true})) {
				line = strings.TrimSuffix(line, "\n")
				if lipgloss.Width(line) > width || Clean(line) != line || strings.TrimRight(line, " ") != line {
					t.Fatalf("%s at %d: %q is %d wide", name, width, line, lipgloss.Width(line))
				}
			}
		}
		for _, bad := range []string{"\x1b", "|<script", "[x](javascript", " @all"} {
			if text := ticketAs(t, one, "markdown", Options{}); strings.Contains(text, bad) {
				t.Errorf("%s: %q in\n%s", name, bad, text)
			}
		}
	}
}

// unstyled is a page without its style, whose selectors can look like addresses.
func unstyled(text string) string {
	before, rest, _ := strings.Cut(text, "<style>")
	_, after, _ := strings.Cut(rest, "</style>")
	return before + after
}

// TestPagesAreWhole: each tag of a ticket's page and of a comparison's is closed, nothing
// in it runs or asks for anything, and what a log brought is text, to be seen as it is.
func TestPagesAreWhole(t *testing.T) {
	hostile := comparison(t)
	hostile.Hosts[0].Host = evil
	hostile.Hosts[0].NotComparable = []string{evil}
	hostile.Hosts[0].Causes[0].Cause = evil
	hostile.Hosts[0].Families[0].Answer, hostile.NotComparable = evil, []string{evil}
	hostile.Before.Case = evil
	pages := map[string]string{}
	for _, who := range []Audience{ForEngineer, ForSupport, ForCustomer} {
		for name, one := range tickets(t) {
			pages[name+" to "+string(who)] = ticketAs(t, one, "html", Options{Audience: who})
		}
		pages["compare to "+string(who)] = compareAs(t, comparison(t), "html", Options{Audience: who})
		pages["hostile compare to "+string(who)] = compareAs(t, hostile, "html", Options{Audience: who})
		pages["nothing to compare to "+string(who)] = compareAs(t, &finding.Comparison{}, "html", Options{Audience: who})
	}
	for name, text := range pages {
		for _, fault := range faultsOf(text) {
			t.Errorf("%s: %s", name, fault)
		}
		style, _, _ := strings.Cut(strings.SplitN(text, "<style>", 2)[1], "</style>")
		policy := html.EscapeString("default-src 'none'; style-src " + fingerprint(style) + "; base-uri 'none'; form-action 'none'")
		if !strings.Contains(text, strings.ReplaceAll(policy, "+", "&#43;")) || strings.Count(text, "<h1") != 1 {
			t.Errorf("%s: the policy is not %q, or there are %d first headings", name, policy, strings.Count(text, "<h1"))
		}
		if visible(text, "\n\t") != text || strings.Contains(text, "<script") {
			t.Errorf("%s: what is hidden or runs stands in the page", name)
		}
		if strings.HasPrefix(name, "hostile") && !strings.HasSuffix(name, "customer") && (!strings.Contains(text, "&lt;script&gt;") || !strings.Contains(text, `\x1b[2J203.0.113.9`)) {
			t.Errorf("%s: the hostile text is not to be seen", name)
		}
	}
}

// TestTicketTimelineIsTenLines keeps the refusal that the complaint is about.
func TestTicketTimelineIsTenLines(t *testing.T) {
	one := *tickets(t)["moved"]
	one.Timeline = nil
	for i := range 50 {
		s := finding.Step{Time: "2026-11-01T02:00:00Z", IP: "192.0.2.1", Outcome: "served", Path: "/a.ts", Last: "a.ts", Requests: 2}
		if i == 30 {
			s.Outcome, s.Cause, s.Path, s.Requests, s.Refusals, s.Time = "refused", "ip_mismatch", "/this.ts", 1, 1, "2026-11-01T02:55:00Z"
		}
		one.Timeline = append(one.Timeline, s)
	}
	lines := excerpt(&one, false)
	var kept bool
	var left string
	for _, l := range lines {
		kept = kept || l.Path == "/this.ts"
		left += l.left + "; "
	}
	// 50 steps: 8 are shown, 26 before and 16 behind them are not.
	if len(lines) != timelineLines || !kept || left != "26 steps more: 52 served, 0 refused; ; ; ; ; ; ; ; ; 16 steps more: 32 served, 0 refused; " {
		t.Errorf("%d lines, kept %v: %s", len(lines), kept, left)
	}
	if n := len(excerpt(&one, true)); n != 50 {
		t.Errorf("%d lines of all", n)
	}
}

func TestTicketJSON(t *testing.T) {
	var got struct {
		Schema  int               `json:"schema"`
		Found   bool              `json:"found"`
		Replies map[string]string `json:"replies"`
	}
	text := ticketAs(t, tickets(t)["moved"], "json", Options{})
	if err := json.Unmarshal([]byte(text), &got); err != nil || got.Schema != 1 || !got.Found || !strings.HasPrefix(got.Replies["customer"], "Hello,\n\n") || got.Replies["support"] == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := Ticket(&bytes.Buffer{}, tickets(t)["moved"], "csv", Options{}); err == nil {
		t.Error("a ticket as CSV")
	}
}

func TestUnnamed(t *testing.T) {
	for text, want := range map[string]string{
		"from 203.0.113.9 to 2001:db8::1.":           "from (address) to (address).",
		"203.0.113.0/24 and ::ffff:192.0.2.1":        "(address)/24 and (address)",
		"at 14:03:12 on 2026-11-01, version 1.2.3":   "at 14:03:12 on 2026-11-01, version 1.2.3",
		"host a203.0.113.9.example.com":              "host a(address).example.com",
		"https://gcore.com/.well-known/cdn-debug":    "https://gcore.com/.well-known/cdn-debug",
		"9.203.0.113.9":                              "(address).9",
		"x1.2.3.4y 1.2.3.456":                        "x(address)y (address)6",
		"fe80::1%eth0, 64:ff9b::c000:201, 1:2:3 abc": "(address)%eth0, (address), 1:2:3 abc",
	} {
		if got := unnamed(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestASharedLinkIsNoChangedAddress in the reply to a customer.
func TestASharedLinkIsNoChangedAddress(t *testing.T) {
	one := tickets(t)["moved"]
	one.Viewer.Class, one.Cause, one.Host.AffectedUsers, one.Host.Decision, one.Host.Prefix = finding.ManyNetworks, "ip_mismatch", 0, finding.KeepCurrent, nil
	reply := strings.Join(toCustomer(one), "\n")
	if !strings.Contains(reply, "requested from several networks") || strings.Contains(reply, "at fault") || strings.Contains(reply, "Nobody was refused") {
		t.Error(reply)
	}
}

// TestOneWhoMayBeAnotherViewerIsToldSo: where the class is no answer, the ticket blames no network.
func TestOneWhoMayBeAnotherViewerIsToldSo(t *testing.T) {
	one := tickets(t)["moved"]
	one.Viewer.Class, one.Cause, one.Host.AffectedUsers, one.Host.UntoldUsers, one.Host.Decision, one.Host.Prefix = finding.Undetermined, "ip_mismatch", 0, 30, finding.KeepCurrent, nil
	reply := strings.Join(toCustomer(one), "\n")
	if !strings.Contains(reply, "or somebody else had the link, our log cannot tell") || strings.Contains(reply, "at fault") || strings.Contains(reply, "Nobody was refused") {
		t.Error(reply)
	}
	if v := diagnosis(one); v.text != "ANOTHER ADDRESS" {
		t.Errorf("called %s", v.text)
	}
}

// TestUnsettledAdviceIsNoRequest: what the report heads (UNSETTLED) is neither asked for nor recommended in a ticket.
func TestUnsettledAdviceIsNoRequest(t *testing.T) {
	one := tickets(t)["moved"]
	one.Cause, one.Host.Decision, one.Host.Prefix, one.Host.Binding = "ip_mismatch", finding.Widen, new(16), "address"
	one.Host.Unresolved, one.Host.IfUnresolved, one.Host.Unsettled = 27, &finding.Bound{Share: 0.822, Low: 0.7651}, true
	for want, text := range map[string]string{
		"WIDEN TO /16 (UNSETTLED);":                                           ticketAs(t, one, "text", Options{Width: 200}),
		"we recommend it as soon as one thing is known: 27 more viewers":      strings.Join(toCustomer(one), " "),
		"It is not settled yet whether we shall ask you to bind the links of": strings.Join(toSupport(one), " "),
		"82 % (at least 76.5) if 27 unresolved users count against it":        strings.Join(toSupport(one), "  "),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q:\n%s", want, text)
		}
	}
	one.Host.Unsettled = false
	if text := strings.Join(toSupport(one), " "); !strings.HasPrefix(text, "Please bind the links of") {
		t.Error(text)
	}
}

// TestARequestWithoutATokenMayNeedNone: that links of the site need one is said only where the viewer had one.
func TestARequestWithoutATokenMayNeedNone(t *testing.T) {
	one := tickets(t)["moved"]
	one.Cause, one.Detail = "unsigned", ""
	if reply := strings.Join(toCustomer(one), " "); !strings.Contains(reply, "If what was asked for needs none, another rule refused it.") {
		t.Error(reply)
	}
	one.Detail = "token_not_forwarded"
	if reply := strings.Join(toCustomer(one), " "); !strings.Contains(reply, "had a link with a security code") || strings.Contains(reply, "needs none") {
		t.Error(reply)
	}
}

// TestReplyCountsWhatItSpeaksOf: a viewer who was refused four times, twice for the cause that the reply names, and first
// for another. A reply to one who may be another viewer, or whose host has viewers of two families, says so.
func TestReplyCountsWhatItSpeaksOf(t *testing.T) {
	one := tickets(t)["moved"]
	one.Cause, one.Outcome.Refusals, one.Others, one.More = "ip_mismatch", 4, nil, 0
	one.Refusals = []finding.Refused{{Cause: "ip_mismatch", Refusals: 2, Requests: 5}, {Cause: "expired", Refusals: 1, Requests: 1}, {Cause: "malformed", Refusals: 1, Requests: 1}}
	one.Timeline = []finding.Step{
		{Time: "2026-11-01T02:40:00Z", Outcome: "refused", Cause: "expired"}, {Time: "2026-11-01T02:55:00Z", Outcome: "refused", Cause: "ip_mismatch"},
	}
	const maybe, family = "More than one viewer in our log fits", "with an IPv6 address"
	holds := func(want ...string) {
		t.Helper()
		reply := strings.Join(toCustomer(one), "\n")
		for _, text := range append(want, "around 02:55 UTC", "It was refused twice: ", "for other reasons, too: once (the link had run out) and once (the link arrived damaged or incomplete).") {
			if !strings.Contains(reply, text) {
				t.Errorf("%q is not in %s", text, reply)
			}
		}
		if len(want) == 0 && (strings.Contains(reply, maybe) || strings.Contains(reply, "nearby") || strings.Contains(reply, family)) {
			t.Error(reply)
		}
	}
	holds()
	one.Others = []finding.Candidate{{ID: "1"}}
	holds(maybe)
	one.Neighbour = true
	holds("is not in our log near that time: what follows is of a viewer with one nearby, who may be somebody else.")
	one.Host.Family, one.Host.BothFamilies = "ipv6", true
	holds("For all viewers of this site " + family + ": ")
}

// TestReplyNamesOtherAnswers: a file that is not there may be what the viewer complains of.
func TestReplyNamesOtherAnswers(t *testing.T) {
	one := tickets(t)["moved"]
	one.Cause, one.Refusals = "", nil
	one.Outcome = finding.Outcome{Served: 1, Other: 3}
	one.Timeline = []finding.Step{{Outcome: "other", Status: 499}, {Outcome: "served", Status: 200}, {Outcome: "other", Status: 404}, {Outcome: "other", Status: 404}}
	if reply := strings.Join(toCustomer(one), " "); !strings.Contains(reply, "nothing was refused at that time: 1 request was answered as should be, and 3 requests with status 404, 499.") {
		t.Error(reply)
	}
	one.Outcome = finding.Outcome{Other: 1}
	if reply := strings.Join(toCustomer(one), " "); !strings.Contains(reply, "at that time: 1 request was answered with status 404, 499.") {
		t.Error(reply)
	}
}

// TestNoAddressIsAskedFor where links of the scheme name it themselves.
func TestNoAddressIsAskedFor(t *testing.T) {
	one := tickets(t)["moved"]
	one.Cause, one.Detail = "unresolved_signature", ""
	for scheme, asked := range map[string]bool{"gcore": true, "akamai": false, "cdn77": false} {
		one.Scheme = scheme
		if reply := strings.Join(toCustomer(one), "\n"); strings.Contains(reply, "own site saw") != asked || !strings.Contains(reply, "one whole link") {
			t.Errorf("%s: %s", scheme, reply)
		}
	}
}

// TestAnEdgeThatDisagreesIsNoOtherRule: its own code says that it refused the token.
func TestAnEdgeThatDisagreesIsNoOtherRule(t *testing.T) {
	one := tickets(t)["moved"]
	one.Cause, one.Detail = "refused_elsewhere", "token_denied"
	one.Timeline = []finding.Step{
		{Time: "2026-11-01T02:55:00Z", Outcome: "refused", Cause: "refused_elsewhere", Detail: "token_denied"}, {Time: "2026-11-01T02:56:00Z", Outcome: "refused", Cause: "refused_elsewhere", Detail: "country"},
	}
	reply := strings.Join(toCustomer(one), "\n")
	if !strings.Contains(reply, "The CDN's check of the link refused it") || strings.Contains(reply, "another rule") || strings.Contains(reply, "which rules") {
		t.Error(reply)
	}
	if v := diagnosis(one); v.text != "EDGE AND KEY DISAGREE" {
		t.Errorf("called %s", v.text)
	}
	one.Detail = "country" // the answer is about that one
	reply = strings.Join(toCustomer(one), "\n")
	if v := diagnosis(one); v.text == "EDGE AND KEY DISAGREE" || !strings.Contains(reply, "the one for countries") {
		t.Errorf("called %s: %s", v.text, reply)
	}
}
