package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// letter is the report in plain words: why viewers were refused, what helps, and
// what is wanted. It names no address, whatever a log holds.
type letter struct {
	head
	Period string
	Lead   string // where there is no host to speak of
	Sites  []plainSite
	Wanted []string
}

// plainSite is what is said of one host.
type plainSite struct {
	Name    string
	Answers []string
	Causes  []plainRow
	Viewers []plainViewer
	Steps   []string // of the change, where one is advised
}

// plainRow is a cause in words that need no knowledge of the trade.
type plainRow struct{ Why, Requests, Share, Helps string }

// plainViewer is what one viewer went through.
type plainViewer struct{ Name, Moves, Course string }

func letterOf(a *finding.Analysis) *letter {
	all := hosts(a)
	l := &letter{Period: Period(a.Input.Period())}
	l.Title = "Refused links, " + l.Period
	if len(all) == 0 {
		l.Lead = nameless(nothing(a))
	}
	for _, h := range all {
		l.Sites = append(l.Sites, plainSite{Name: nameless(titled(h.name)), Answers: each(summarised(h), nameless), Causes: plainCauses(h), Viewers: plainViewers(h), Steps: plainSteps(h)})
	}
	l.Wanted = each(wantedOfCustomer(all), nameless)
	return l
}

// nameless makes text from a log fit for a customer.
func nameless(text string) string { return unnamed(Clean(text)) }

func each(texts []string, change func(string) string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = change(text)
	}
	return out
}

// letterHTML writes the letter as one page; see writePage.
func letterHTML(w io.Writer, a *finding.Analysis, o Options) error {
	l := letterOf(a)
	return writePage(w, "letter.tmpl", l, &l.head, "", o)
}

// forCustomer writes the letter as Markdown.
func (md *markdown) forCustomer() {
	l := letterOf(md.a)
	md.line("# ", l.Title)
	if l.Lead != "" {
		md.line("\n", escape(l.Lead))
	}
	for _, s := range l.Sites {
		md.section(escape(s.Name))
		md.line(strings.Join(each(s.Answers, escape), "\n\n"))
		if len(s.Causes) > 0 {
			md.line()
			md.head("Why", "Requests", "Share", "What helps")
		}
		for _, c := range s.Causes {
			md.cells(c.Why, c.Requests, c.Share, c.Helps)
		}
		if len(s.Viewers) > 0 {
			md.line("\nWhat some viewers went through (s served, R refused, \\| another address):\n")
		}
		for _, v := range s.Viewers {
			md.line("- ", escape(v.Name), ": ", v.Moves)
			if v.Course != "" {
				md.line("  `", v.Course, "`")
			}
		}
		for i, text := range s.Steps {
			md.line(figure.Either(i == 0, "\nWhat the change means:\n\n", ""), strconv.Itoa(i+1), ". ", escape(text))
		}
	}
	if len(l.Wanted) > 0 {
		md.section("What we ask you for")
		for _, text := range l.Wanted {
			md.line("- ", prose(text))
		}
	}
}

// summarised is the answer for a host in plain words, a paragraph for each family
// of addresses.
func summarised(h *host) []string {
	switch {
	case h.failed():
		return []string{"We cannot tell yet why requests were refused: the key that we have, or the rules that we know, do not fit what was served."}
	case len(h.recs) == 0 && h.refused == 0:
		return []string{"Nothing was refused."}
	case len(h.recs) == 0:
		return []string{figure.Plural(h.refused, "request was", "requests were") + " refused, none of them for a link that is tied to an address."}
	}
	var list []string
	for _, r := range h.recs {
		list = append(list, advice(r.Setting(h.policy(), h.method), h.unexplained()))
	}
	if list = slices.Compact(list); len(list) > 1 {
		for i, r := range h.recs {
			list[i] = whose(r.Family, len(h.recs), ": ") + list[i]
		}
	}
	var shared int64
	for _, r := range h.recs {
		shared += r.ManyNetworksUsers
	}
	if shared > 0 {
		list = append(list, "Left out are "+figure.Plural(shared, "viewer whose link was", "viewers whose links were")+" requested from several networks.")
	}
	return list
}

// advice is the answer to the mask question in plain words; unexplained: nothing
// explains the hashes of refused links of the host.
func advice(s finding.Setting, unexplained bool) string {
	met := fmt.Sprintf("%s%s met refusals in the log that we looked at because %s internet address had changed. ",
		figure.Plural(s.AffectedUsers, "viewer", "viewers"), outOf(&s), figure.Either(s.AffectedUsers == 1, "the", "their"))
	switch {
	case s.Decision == finding.Widen && s.Prefix != nil:
		return met + fmt.Sprintf("Tying links to the viewer's network (%s) instead of %s would have let %s of them through, and we recommend it%s. %s",
			prefix(*s.Prefix), figure.Either(s.Binding == "mask" && s.CurrentPrefix != nil, "the "+boundNow(s)+" of today", "the single address"), figure.Percent(s.Accepted.Share), provided(s), plainPrice(s))
	case s.Decision == finding.HelpsPartly && s.Prefix != nil:
		return met + fmt.Sprintf("Tying links to the viewer's network (%s) would have helped %s of them; the others need a new link when one is refused.", prefix(*s.Prefix), figure.Percent(s.Accepted.Share))
	case s.Remedy == finding.MendSigner:
		return fmt.Sprintf("%s%s met refusals in the log that we looked at, most of them because the code that makes the links sees the internet address of its own proxy in the place of theirs. No setting of the CDN mends that: the code has to take the viewer's address from the header that the proxy sets (X-Forwarded-For), and trust that proxy only.",
			figure.Plural(s.AffectedUsers, "viewer", "viewers"), outOf(&s))
	case s.Remedy == finding.AlignSigner:
		return fmt.Sprintf("%s%s met refusals in the log that we looked at, most of them because the code that makes the links ties them to the viewer's network, while the CDN ties them to the single address: both have to do the same.",
			figure.Plural(s.AffectedUsers, "viewer", "viewers"), outOf(&s))
	case s.Remedy == finding.AlignEdge:
		return fmt.Sprintf("%s met refusals in the log that we looked at, most of them also at the internet address that their links were made for, and no link was accepted: the code that makes the links and the CDN seem to disagree on what is signed, which has to be settled before anything can be said about changed addresses.",
			figure.Plural(s.AffectedUsers, "viewer", "viewers"))
	case s.Remedy == finding.SameFamilies:
		return met + "Many of them changed between IPv4 and IPv6, which no network has in common: the site and the CDN should be reached over the same of the two."
	case s.Remedy == finding.UnbindLinks:
		return met + "The site sees most of them under another internet address than the CDN does, so tying links to a network instead would not be enough: links should be short-lived and not tied to an address."
	case s.Decision == finding.MaskNotEnough:
		return met + "Their networks change addresses so widely that tying links to a network instead would not be enough: the player should fetch a new link when one is refused."
	case s.AffectedUsers == 0 && s.Decision == finding.KeepCurrent:
		return nobodyAffected(s, unexplained)
	case s.Decision == finding.KeepCurrent && s.Strangers != nil && s.Strangers.Low > 0:
		return met + "Tying links to viewers less tightly would also let in " + figure.Percent(s.Strangers.Share) + " of those who tried links that were passed on, so that should stay as it is: loading the page again gives a link that works."
	case s.Decision == finding.KeepCurrent:
		return met + "That is too few to change how links are tied to viewers: loading the page again gives a link that works."
	case s.AffectedUsers == 0:
		return "We cannot tell from this log whether changed internet addresses are to blame."
	}
	if !moreWouldTell(s.AffectedUsers, s.Reason) {
		return met + "This log does not tell whether links should be tied to viewers less tightly."
	}
	return met + "That is too few to decide whether links should be tied to viewers less tightly: a longer log would tell."
}

// nobodyAffected is the advice to keep what is, where nobody is proven to be refused for a changed address.
func nobodyAffected(s finding.Setting, unexplained bool) string {
	switch {
	case s.MendedUsers > 0:
		return "Nobody was refused because of a changed internet address as links are tied to viewers now; " + figure.Plural(s.MendedUsers, "viewer was", "viewers were") + " before that was changed."
	case s.RelayedUsers > 0:
		return "Only " + figure.Plural(s.RelayedUsers, "viewer", "viewers") + " behind relays, VPNs or data centres, for whom links are not tied less tightly, " + figure.Either(s.RelayedUsers == 1, "was", "were") + " refused because of a changed internet address."
	case s.UntoldUsers > 0:
		return "No viewer could be followed from one internet address to another, so how links are tied to viewers can stay as it is. " + figure.Plural(s.UntoldUsers, "viewer was", "viewers were") + " refused at another one, where somebody else may have had the link."
	case unexplained:
		return "No refusal is proven to come from a changed internet address, so how links are tied to viewers can stay as it is."
	}
	return "Nobody was refused because of a changed internet address, so how links are tied to viewers can stay as it is."
}

// provided is what has to be known before a change is made that may help too few.
func provided(s finding.Setting) string {
	if !s.Unsettled {
		return ""
	}
	return " as soon as one thing is known: " + figure.Plural(s.Unresolved+s.Unchecked, "more viewer was", "more viewers were") +
		" refused for a reason that we cannot tell yet, and if it is one that the change does not mend, it helps too few"
}

func plainPrice(s finding.Setting) string {
	if s.Exposure == 0 {
		return "No two viewers were seen to share such a network."
	}
	return "Its price: two viewers taken at random share such a network in " + figure.Percent(s.Exposure) + " of cases, and one could use a link that the other passes on."
}

// plainCauses lists why requests were refused, and what helps.
func plainCauses(h *host) (rows []plainRow) {
	for _, c := range h.causes {
		why, helps := plainCause(c.name)
		if common, ok := h.common[c.name]; ok {
			helps = plainRemedy(common)
		}
		rows = append(rows, plainRow{why, figure.Count(c.requests), figure.Share(c.requests, h.refused), helps})
	}
	return rows
}

// plainRemedy says what helps where refusals have something in common.
func plainRemedy(c finding.Common) string {
	switch c.Trait {
	case finding.TraitEdge:
		return "a look at one of our servers, which refused nearly all of them: that is for us to do"
	case finding.TraitMethod:
		return "a look at what is allowed beside fetching: nearly all of them are " + nameless(c.Value) + " requests"
	case finding.TraitCountry:
		return "a look at the rules for countries: nearly all of them came from one (" + nameless(c.Value) + ")"
	}
	return "taking the old key for as long as its links live: most of them were made with it"
}

// plainCause says a cause in words that need no knowledge of the trade.
func plainCause(name string) (why, helps string) {
	switch name {
	case "ip_mismatch":
		return "The link was made for another internet address than the viewer's", "see what is said above"
	case "expired":
		return "The link had run out", "links that live longer, or are renewed while they are in use"
	case "expired_ip_mismatch":
		return "The link had run out, and the address had changed as well", "links that live longer, or are renewed while they are in use"
	case "malformed":
		return "The link arrived damaged or incomplete", "a look at the code that makes links, and at players and proxies that change them"
	case "wrong_path":
		return "The link was made for another file or folder", "a look at the code that makes links"
	case "unsigned":
		return "The request had no security code at all", "a look at the player, if viewers complain; robots do this, too"
	case "refused_elsewhere":
		return "The link was valid, another rule refused it", "a look at the rules for countries, sites and devices, and at the origin"
	case "unresolved_signature":
		return "The link's signature fits nothing that we tried", "one such link, and the code that made it"
	}
	return "It could not be checked", "the key that signs your links, or a report that you make with it"
}

// plainViewers shows what three viewers went through.
func plainViewers(h *host) (list []plainViewer) {
	if h.failed() {
		return nil
	}
	for i, u := range h.users[:min(3, len(h.users))] {
		v := plainViewer{Name: "Viewer " + strconv.Itoa(i+1) + ", " + nameless(clip(playerAlone(u.UserAgent))), Moves: moves(u)}
		if len(u.Timeline) > 0 {
			v.Course = strings.Join(timeline(u.Timeline, h.policy().Expired, 40), " ")
		}
		list = append(list, v)
	}
	return list
}

// playerAlone names a player, without its version where that looks like an
// address.
func playerAlone(agent string) string {
	name := player(agent)
	if unnamed(name) != name {
		name, _, _ = strings.Cut(name, "/")
	}
	return name
}

// plainSteps says what a change means for the site: one change, whichever families
// of addresses it is for.
func plainSteps(h *host) []string {
	var cuts []string
	for _, r := range picked([]*host{h}, asksFor) {
		cuts = append(cuts, family(r.Family)+" address to its first "+strconv.Itoa(*r.Prefix)+" bits")
	}
	if len(cuts) == 0 {
		return nil
	}
	if !h.bySetting() {
		return []string{
			"The code that makes your links cuts the viewer's " + strings.Join(cuts, " and an ") + " and names that network in the link in the place of the address; nothing is set at the CDN.",
			"Links that are out already go on working as they are.",
			"We test one link from three places, and compare the refusals before and after.",
		}
	}
	return []string{
		"We settle with the CDN how it cuts addresses, and at which hour the setting changes.",
		"At that hour, the code that makes your links cuts the viewer's " + strings.Join(cuts, " and an ") + " before signing, and changes nothing else.",
		"Links that are out already stop working then, so a quiet hour is best; viewers get new ones by loading the page again.",
		"We test one link from three places, and compare the refusals before and after.",
	}
}

// wantedOfCustomer is what would tell more, or is needed for the change.
func wantedOfCustomer(all []*host) []string {
	var list []string
	var keyless, advised, unsettled, proxied bool
	var pages []string // where viewers who moved see their address
	for _, h := range all {
		keyless = keyless || h.failed() || noKey(h)
		if page := finding.AddressPage(h.policy().Scheme); h.affected > 0 && !slices.Contains(pages, page) {
			pages = append(pages, page)
		}
		for _, r := range h.recs {
			proxied = proxied || r.Remedy == finding.MendSigner
			unsettled = unsettled || r.Unsettled(h.method)
			advised = advised || asksFor(r) && !r.Unsettled(h.method)
		}
	}
	if keyless {
		list = append(list, "The key that signs your links; or, if it must stay with you, the report that you make with it: ipdrift analyze --db case.duckdb --key-file KEY LOG.")
	}
	if unsettled {
		list = append(list, "From your own site's log: the internet address that it saw for viewers who were refused, with the time.")
	}
	if advised {
		list = append(list, "Your consent to the change, and an hour that suits you.", "How long your links live, and where the code that makes them runs.")
	}
	if proxied {
		list = append(list, "Where the code that makes your links runs, and which proxy or load balancer stands before it.")
	}
	for _, page := range pages {
		list = append(list, "From a viewer who is refused: what "+page+" shows on the same phone and connection, opened twice, a minute apart.")
	}
	if slices.ContainsFunc(all, asksForRules) {
		list = append(list, "Which rules (countries, sites, devices) you have set for these files.")
	}
	return list
}

// asksForRules reports whether valid links of a host were refused by a rule that the customer may have
// set.
func asksForRules(h *host) bool {
	common := h.common["refused_elsewhere"]
	return slices.ContainsFunc(h.causes, func(c cause) bool { return c.name == "refused_elsewhere" }) && common.Trait != finding.TraitEdge
}
