package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// replies are the texts to paste, by audience: to the customer in plain words, and
// to the CDN's support.
func replies(t *finding.Ticket) map[Audience][]string {
	customer := toCustomer(t)
	for i := range customer {
		customer[i] = unnamed(Clean(customer[i]))
	}
	return map[Audience][]string{ForCustomer: customer, ForSupport: toSupport(t)}
}

// recipient is whom the reply of a ticket is to: the customer, unless the ticket is
// for support.
func recipient(o Options) Audience {
	if o.Audience == ForSupport {
		return ForSupport
	}
	return ForCustomer
}

// toCustomer is a mail in paragraphs.
func toCustomer(t *finding.Ticket) []string {
	list := []string{"Hello,", "we looked into the playback that failed" + occasion(t) + ". " + whoever(t) + plainly(t) + others(t)}
	if c := t.Common; c != nil {
		list = append(list, "On this site, "+figure.Plural(c.Refused, "request", "requests")+" met the same. What helps is "+plainRemedy(*c)+".")
	}
	if next := consequence(t); next != "" {
		list = append(list, next)
	}
	if wanted := wishes(t); len(wanted) > 0 {
		list = append(list, "To be sure, please send us: "+strings.Join(wanted, "; ")+".")
	}
	return append(list, "Best regards")
}

// whoever says that this may be another viewer than the one who complained, where that is so.
func whoever(t *finding.Ticket) string {
	switch {
	case !t.Found:
		return ""
	case t.Neighbour:
		return "The internet address that we were given is not in our log near that time: what follows is of a viewer with one nearby, who may be somebody else. "
	case len(t.Others) > 0:
		return "More than one viewer in our log fits what we were given: what follows is of one " + figure.Either(t.Cause == "", "of them", "who was refused") + ". "
	}
	return ""
}

// others says what else the viewer was refused for.
func others(t *finding.Ticket) string {
	var list []string
	for _, r := range t.Refusals {
		if r.Cause != t.Cause {
			why, _ := plainCause(r.Cause)
			list = append(list, figure.Times(r.Refusals)+" ("+strings.ToLower(why[:1])+why[1:]+")")
		}
	}
	switch last := len(list) - 1; last {
	case -1:
		return ""
	case 0:
		return " The viewer was refused for another reason, too: " + list[0] + "."
	default:
		return " The viewer was refused for other reasons, too: " + strings.Join(list[:last], ", ") + " and " + list[last] + "."
	}
}

// refusedFor is how often the viewer was refused for the cause of the complaint, retries merged.
func refusedFor(t *finding.Ticket) int64 {
	for _, r := range t.Refusals {
		if r.Cause == t.Cause {
			return r.Refusals
		}
	}
	return t.Outcome.Refusals
}

// occasion says where and when, as far as is known.
func occasion(t *finding.Ticket) string {
	s := ""
	if t.Viewer != nil && t.Viewer.Host != "" && t.Viewer.Host != "-" {
		s += " on " + t.Viewer.Host
	}
	at := t.Asked.At
	for _, step := range t.Timeline {
		if refusedAt := instant(step.Time); !refusedAt.IsZero() && step.Outcome == "refused" && (step.Cause == t.Cause || t.Cause == "") {
			at = &refusedAt
			break
		}
	}
	if at != nil {
		s += " on " + at.UTC().Format("2 January 2006") + " around " + at.UTC().Format("15:04") + " UTC"
	}
	return s
}

// plainly is the cause in words that need no knowledge of the trade.
func plainly(t *finding.Ticket) string {
	times := figure.Times(refusedFor(t))
	switch {
	case !t.Found:
		return "We could not find this viewer in our log: the time, the time zone or the address may differ from what the CDN saw."
	case t.Mistake != "":
		return "The link was signed in a way that the CDN does not accept (" + t.Mistake + "): the code that signs your links has to be mended."
	case t.Cause == "ip_mismatch":
		return "It was refused " + times + ": " + otherAddress(t)
	case t.Cause == "expired" && t.Common != nil && t.Common.Trait == finding.TraitEdge:
		return "By the clock of the server that answered, the link had run out when it was used."
	case t.Cause == "expired":
		return "The link had run out when it was used. Loading the page again gives a new one; if this happens often, links should live longer, or be renewed while a film is playing."
	case t.Cause == "expired_ip_mismatch":
		return "The link had run out when it was used, and the viewer's internet address had changed as well. Loading the page again gives a new link."
	case t.Cause == "malformed":
		return "The link arrived incomplete or damaged, so the CDN could not accept it."
	case t.Cause == "wrong_path":
		return "The link was made for another file or folder than the one that was asked for."
	case t.Cause == "unsigned" && t.Detail == "token_not_forwarded":
		return "The player had a link with a security code, and asked for the rest of the film without it: the player, or a proxy on the way to the CDN, left it out."
	case t.Cause == "unsigned":
		return "The request came without the security code that protected links have: the player left it out, or the page gave out a link without one. If what was asked for needs none, another rule refused it."
	case t.Common != nil && t.Common.Trait == finding.TraitOldKey:
		return "The link was made with a key that the CDN did not take any more."
	case tokenDenied(t):
		return "The CDN's check of the link refused it, although its signature fits the key and the address that we know: what is checked, or the key, seems to have been changed on one side alone."
	case t.Cause == "refused_elsewhere":
		return "The link was valid; " + rule(t) + "."
	case t.Cause == "":
		return "For this viewer nothing was refused at that time: " + otherwise(t) + "."
	}
	return "It was refused " + times + ", and we cannot tell yet why: " + missing(t) + "."
}

// otherwise is how the requests were answered that nothing refused.
func otherwise(t *finding.Ticket) string {
	served := figure.Plural(t.Outcome.Served, "request was", "requests were") + " answered as should be"
	if t.Outcome.Other == 0 {
		return served
	}
	var with []string
	for _, step := range t.Timeline {
		if status := strconv.Itoa(step.Status); step.Outcome == "other" && !slices.Contains(with, status) {
			with = append(with, status)
		}
	}
	slices.Sort(with)
	status := " with status " + strings.Join(with, ", ")
	if t.Outcome.Served == 0 {
		return figure.Plural(t.Outcome.Other, "request was", "requests were") + " answered" + status
	}
	return served + ", and " + figure.Plural(t.Outcome.Other, "request", "requests") + status
}

// otherAddress says of a refused link how it came to another address than it was made for.
func otherAddress(t *finding.Ticket) string {
	switch {
	case t.Viewer.Class == finding.ManyNetworks:
		return "the link was requested from several networks, and it works only from the address that it was made for. Who used it there, our log cannot tell; a link that your site makes for each viewer works for that viewer."
	case t.Viewer.Class == finding.Undetermined:
		return "a link works only from the internet address that it was made for, and these requests came from another one. Whether the viewer's address had changed, or somebody else had the link, our log cannot tell; a link that your site makes for each viewer works for that viewer." + unproven(t)
	case t.Outcome.Served > 0 || t.Viewer.Class == finding.Rotating:
		return "while it was playing, the viewer's network gave the device another internet address, and a link works only from the address that it was made for. Neither the device nor the account is at fault." + unproven(t)
	}
	return "your site and the CDN saw the viewer at different internet addresses, and a link works only from the address that it was made for. Neither the device nor the account is at fault." + unproven(t)
}

func unproven(t *finding.Ticket) string {
	if t.Basis != "inferred" {
		return ""
	}
	return " (We infer this from how requests followed each other; the key that signs your links would prove it.)"
}

func missing(t *finding.Ticket) string {
	if t.Cause == "unchecked" {
		return "this needs the key that signs your links, or a report that you make with it"
	}
	return "the link's signature fits none of the keys and addresses that we tried"
}

// tokenDenied tells a complaint about valid links of which the edge's own code says that they are not.
func tokenDenied(t *finding.Ticket) bool {
	return t.Cause == "refused_elsewhere" && t.Detail == "token_denied"
}

// rule says what refused, where the log does.
func rule(t *finding.Ticket) string {
	const another = "another rule refused it"
	if said, ok := map[string]string{
		"country": another + ", the one for countries", "referer": another + ", the one for sites that link to it",
		"address": another + ", the one for internet addresses", "user_agent": another + ", the one for players and browsers",
		"bot": another + ", the one for robots", "waf": "a firewall refused it", "origin": "the server that the CDN fetches the file from refused it",
	}[t.Detail]; ok {
		return said
	}
	return another
}

// consequence is what follows for all viewers of the host.
func consequence(t *finding.Ticket) string {
	if t.Host == nil || t.Cause != "ip_mismatch" || t.Viewer.Class == finding.ManyNetworks && t.Host.AffectedUsers == 0 {
		return "" // who shares a link is none of those whom a mask is for
	}
	said := advice(*t.Host, false)
	text := "For all viewers of this site" + figure.Either(t.Host.BothFamilies, " with an "+family(t.Host.Family)+" address", "") + ": " + strings.ToLower(said[:1]) + said[1:]
	if h := t.Host; h.Prefix != nil && (t.Prefix == nil || *t.Prefix < *h.Prefix) {
		text += " It would not have been enough for this viewer, whose addresses lie further apart; a player that fetches a new link when one is refused would go on."
	}
	return text
}

// wishes are what to ask a customer for.
func wishes(t *finding.Ticket) []string {
	address := "what " + finding.AddressPage(t.Scheme) + " shows on the same phone and the same connection, opened twice, a minute apart"
	har := "a HAR file of the failing playback from the same phone, if one can be made (it holds working links, so please send it privately)"
	site := "the address that your own site saw for this viewer, with the time"
	if t.Mistake != "" {
		return []string{"the code that signs your links, without the key"}
	}
	if c := t.Common; c != nil && (c.Trait == finding.TraitEdge || c.Trait == finding.TraitOldKey) {
		return nil // the customer has no hand in it
	}
	switch t.Cause {
	case "ip_mismatch", "expired_ip_mismatch":
		return []string{address, site}
	case "expired":
		return []string{"how long your links live", "whether the clock of the machine that makes them is right"}
	case "malformed", "wrong_path":
		return []string{"one whole link as your site gave it out, privately", "the code that makes it"}
	case "unsigned":
		return []string{har}
	case "refused_elsewhere":
		if tokenDenied(t) {
			return []string{"what was changed around that time in the code that signs your links, or in its key", "one whole link as your site gave it out, privately"}
		}
		return []string{har, "which rules (countries, sites, devices) you have set"}
	case "unresolved_signature", "unchecked":
		if t.Cause == "unresolved_signature" && !finding.HidesAddress(t.Scheme) {
			return []string{"one whole link as your site gave it out, privately", "what was changed around that time in the code that signs your links, or in its key"}
		}
		return []string{address, site, "one whole link as your site gave it out, privately"}
	}
	return []string{"the time of the failure with its time zone", "the exact message or status that the player showed", address}
}

// toSupport asks the CDN's support for the change, or says why none is asked
// for.
func toSupport(t *finding.Ticket) []string {
	if !t.Found {
		return []string{t.Answer + " " + strings.Join(t.Search, " ")}
	}
	var list []string
	if t.Host != nil && t.Cause == "ip_mismatch" {
		list = append(list, request(t.Viewer.Host, *t.Host)...)
	}
	list = append(list, "This ticket: user "+idOf(t.Viewer.ID)+" on "+t.Viewer.Host+". "+strings.Join(append([]string{t.Answer}, besides(t)...), " "))
	return append(list, t.Cannot...)
}

// idOf is a viewer's id as it is shown; requests without a token have none.
func idOf(id string) string {
	if id == "" {
		return "(no token)"
	}
	return id
}

// request is the request to bind links to a network, with the numbers that it
// needs.
func request(host string, s finding.Setting) []string {
	if s.Decision != finding.Widen && s.Decision != finding.HelpsPartly || s.Prefix == nil {
		return []string{"No change of the binding is asked for on " + host + ": " + s.Reason}
	}
	who := figure.Plural(s.AffectedUsers, "user", "users")
	if s.BoundUsers != nil && *s.BoundUsers > 0 {
		who = figure.Count(s.AffectedUsers) + " of " + figure.Plural(*s.BoundUsers, "user", "users") + " with address-bound links (" + figure.Share(s.AffectedUsers, *s.BoundUsers) + ")"
	}
	strangers := "not measured"
	if s.Strangers != nil {
		strangers = estimate(s.Strangers.Share, s.Strangers.Low, s.Strangers.High) + " of the refused attempts on shared links"
	}
	against := ""
	if s.IfUnresolved != nil {
		against = ", " + countedAgainst(*s.IfUnresolved, s.Unresolved, s.Unchecked)
	}
	byLink := finding.NetworksOf(s.Scheme) == finding.ByLink
	setting := fmt.Sprintf("bind the links of %s to %s (%s)", host, prefix(*s.Prefix), family(s.Family))
	if !byLink { // else each link tells what it is bound to
		setting += " instead of " + boundNow(s)
	}
	ask := "Please " + setting + "."
	switch {
	case byLink && s.Unsettled:
		ask = "It is not settled yet whether our signer shall " + setting + "; no setting of the CDN has to change for it."
	case byLink:
		ask = "Our signer is to " + setting + "; no setting of the CDN has to change for it."
	case s.Unsettled:
		ask = "It is not settled yet whether we shall ask you to " + setting + "."
	}
	list := []string{
		ask,
		fmt.Sprintf("Evidence: %s were refused because their address changed; %s would have let %s of them through (one-sided 95 %% bounds)%s. Price: %s of other viewers share the network (today %s); strangers let in: %s.",
			who, prefix(*s.Prefix), estimate(s.Accepted.Share, s.Accepted.Low, s.Accepted.High), against, figure.Percent(s.Exposure), figure.Percent(s.ExposureNow), strangers),
	}
	if byLink {
		return list
	}
	return append(list, "Please tell us: "+strings.Join(questions(s), "; ")+".")
}

// boundNow is what links are bound to today.
func boundNow(s finding.Setting) string {
	if s.Binding == "none" {
		return "no address"
	}
	if s.CurrentPrefix != nil && s.Binding == "mask" {
		return prefix(*s.CurrentPrefix)
	}
	return "the whole address"
}

// questions are what has to be settled with the CDN before the switch.
func questions(s finding.Setting) []string {
	form := "which text of a cut address goes into the hash (198.51.100.0, 198.51.100.0/24 or 198.51.100)"
	if s.Form != "" {
		form = "whether the text of a cut address in the hash stays as it is (" + s.Form + ")"
	}
	six := "how IPv6 addresses are cut, and to which prefix"
	if s.Family == "ipv6" {
		six = "whether IPv4 addresses keep their own prefix"
	}
	list := []string{form, six, "whether the plan of this account includes it", "whether the edge can accept old and new links side by side during the switch"}
	if finding.NetworksOf(s.Scheme) == finding.Undocumented {
		return append([]string{"whether links can be bound to a network at all"}, list...)
	}
	return list
}
