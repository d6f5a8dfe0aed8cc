package judge

import (
	"fmt"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// What to ask for next, most useful first.
const (
	askHAR     = "A HAR of the failing playback from the same phone on the same connection (it holds live links: to be sent privately)."
	askSite    = "The address that the site saw when it signed the link, with the time, from the site's own log."
	askKey     = "The key in force at the time, or this log's case, made with it by who may have it (ipdrift analyze --db)."
	askFamily  = "Whether the site and the CDN host both answer over IPv4 and IPv6 (dig A, dig AAAA)."
	askLink    = "One whole link as the player got it, and the code that signed it."
	askLife    = "How long links live, and the clock of the machine that signs them (it must be set by NTP)."
	askSetting = "What was changed around that time: the mask or the key of the CDN resource, and the code that signs the links."
	askRules   = "The reason code of the edge (gcdn_internal_status_code) in the log, and the access rules of the CDN resource."
	askRule    = "The rule that refused, as the CDN resource has it set."
	askOrigin  = "The origin's log for this path at this time."
	askWhen    = "The time with its zone, and the failing URL with its status."
	askServed  = "A log with the served requests too."
	askEdge    = "The keys, the settings and the clock of this edge, from the CDN."
	askOldKey  = "Since when the edge has its key of today, and how long links live."
)

// askAddress asks for the address that the CDN sees, or most likely sees.
func askAddress(scheme string) string {
	page, likely := finding.AddressPage(scheme), "most likely "
	if page == finding.DebugPage {
		likely = ""
	}
	return "From the same phone on the same connection: " + page + ", opened twice, a minute apart. It shows the address that the CDN " + likely + "sees."
}

// cannot lists what the log cannot tell, and why.
func (l *looked) cannot() []string {
	list := []string{}
	add := func(format string, args ...any) {
		list = append(list, "Cannot tell "+fmt.Sprintf(format, args...)+".")
	}
	if l.Near {
		add("whether this is the viewer who complained, because only a neighbour's address is in the log near that time")
	} else if !l.Alone {
		add("which of the viewers that fit complained, because they share what was given: the most telling one is shown")
	}
	switch cause := l.out.Cause; {
	case l.out.Mistake != "" || l.shares(finding.TraitOldKey):
	case cause == token.UnresolvedSignature.String() && !finding.HidesAddress(l.out.Scheme):
		add("whether the link was signed with another key or changed afterwards, because its hash fits none of the keys that were given; no address is left to search for, as these links name theirs or have none")
	case cause == token.UnresolvedSignature.String():
		add("whether the address changed, because the address that the link was signed for was not found: it may be far away (--recover full searches all of IPv4), an IPv6 one (which cannot be searched), or the link was signed with another key")
	case cause == token.Unchecked.String() && !l.Keyed:
		add("why, because no key of this host was given: with one, every link says which address it was signed for")
	case cause == token.Unchecked.String():
		add("why, because the hashes of links that this host served do not reproduce%s", figure.Either(l.Fault == "", "", " ("+l.Fault+")"))
	case cause == "refused_elsewhere" && l.key.Detail == "":
		add("which rule refused, because the log has no reason code: the country, referer, address, user agent, WAF and origin are left")
	case cause == token.IPMismatch.String() && l.key.Inferred:
		add("which address the link was signed for, because no key of this host was given: with one, it is proven")
	}
	if l.key != nil && l.key.Deadline != 0 && distance(l.key.Time, l.key.Deadline*1e6) <= clockSlack*1e6 {
		add("whether the link had expired, because the request came within 2 s of its expiry, and clocks differ by as much")
	}
	if l.RefusalsOnly {
		add("whether it was served before and after, because the log holds refusals only")
	}
	if l.out.Viewer != nil && l.out.Viewer.Class == finding.ManyNetworks {
		add("who used the link, because it was requested from several networks")
	}
	if v := l.out.Viewer; v != nil && v.Class == finding.Undetermined && l.out.Cause == token.IPMismatch.String() {
		add("whether the viewer's address changed or somebody else had the link (%s)", v.Reason)
	}
	if l.Gaps {
		add("how it went on, because more than a tenth of the requests is missing from the log")
	}
	if text := l.edges(); text != "" {
		add("%s", text)
	}
	return list
}

// edges says where the log ends within the time looked at.
func (l *looked) edges() string {
	if l.From == 0 || l.LogFirst > l.To || l.LogLast < l.From {
		return ""
	}
	begins, ends := l.LogFirst > l.From, l.LogLast < l.To
	switch {
	case begins && ends:
		return "what was before " + clock(l.LogFirst) + " and after " + clock(l.LogLast) + " UTC, because the log begins and ends there"
	case begins:
		return "what was before " + clock(l.LogFirst) + " UTC, because the log begins there"
	case ends:
		return "what came after " + clock(l.LogLast) + " UTC, because the log ends there"
	}
	return ""
}

// ask lists what would tell more.
func (l *looked) ask() []string {
	address := askAddress(l.out.Scheme)
	if l.key == nil {
		return []string{askWhen, address, askHAR}
	}
	switch {
	case l.out.Mistake != "":
		return []string{askLink}
	case l.shares(finding.TraitOldKey):
		return []string{askOldKey}
	case l.shares(finding.TraitEdge):
		return append([]string{askEdge}, l.askOf(address)...)
	}
	return l.askOf(address)
}

// askOf lists what tells more of a cause; address asks for the viewer's.
func (l *looked) askOf(address string) []string {
	switch l.out.Cause {
	case token.IPMismatch.String(), token.ExpiredIPMismatch.String():
		list := []string{address, askSite}
		if signed := l.signedFor(l.key.Link); signed.IsValid() && addr.CommonPrefix(signed, l.key.Client) < 0 {
			list = []string{askFamily, address, askSite}
		}
		if l.key.Inferred {
			list = append(list, askKey)
		}
		return append(list, askHAR)
	case token.Expired.String():
		return []string{askLife, askHAR}
	case token.Malformed.String(), token.WrongPath.String():
		return []string{askLink, askHAR}
	case token.UnresolvedSignature.String():
		if !finding.HidesAddress(l.out.Scheme) {
			return []string{askLink, askSetting}
		}
		return []string{askSite, address, askFamily, askLink}
	case token.Unsigned.String():
		return []string{askHAR, askLink}
	case "refused_elsewhere":
		switch l.key.Detail {
		case "origin":
			return []string{askOrigin, askHAR}
		case tokenDenied:
			return []string{askSetting, askLink}
		}
		if l.key.Detail != "" {
			return []string{askRule, askHAR}
		}
		return []string{askRules, askHAR}
	}
	if l.Keyed {
		return []string{askKey, askLink, address}
	}
	list := []string{askKey, address, askHAR}
	if l.RefusalsOnly {
		list = append(list, askServed)
	}
	return list
}

// Lost lists what to ask for where nobody was found.
func Lost(scheme string) []string { return []string{askWhen, askAddress(scheme), askHAR} }
