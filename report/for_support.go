package report

import (
	"fmt"

	"ipdrift/detect/finding"
)

// forSupport is the request to bind links to a network, with the numbers that the
// CDN's support needs, or the reason why none is made.
func (t *ticket) forSupport() {
	in := t.a.Input
	t.line("# ", supportTitle(t.all), ", ", period(in.Period()), "\n")
	if len(t.all) == 0 {
		t.line(escape(nothing(t.a)))
	}
	for i, h := range t.all {
		if i > 0 {
			t.line()
		}
		t.line("**", escape(h.name), ": ", escape(h.verdict().text), ".** ", escape(t.because(h)))
	}
	t.numbers()
	var advised []finding.Recommendation
	for _, h := range t.all {
		for _, r := range h.recs {
			if asksFor(r) && !h.failed() {
				advised = append(advised, r)
			}
		}
	}
	if len(advised) > 0 {
		t.points("Please tell us", questions(settingOf(advised[0], nil)))
	}
	t.causes()
	t.examples()
	if len(advised) > 0 {
		t.section("How to verify")
		t.verification(advised)
	}
	t.limits()
}

func asksFor(r finding.Recommendation) bool {
	return r.Prefix != nil && (r.Decision == finding.Widen || r.Decision == finding.HelpsPartly)
}

func supportTitle(all []*host) string {
	for _, h := range all {
		for _, r := range h.recs {
			if asksFor(r) && !h.failed() {
				return "Request: bind links to a network instead of an address"
			}
		}
	}
	return "Refused signed links: no change of the binding is asked for"
}

// numbers is what a decision about the setting rests on.
func (t *ticket) numbers() {
	t.section("The numbers")
	t.head("Host", "Family", "Bound to", "Asked for", "Affected users", "Interrupted", "Accepted with it", "Unresolved counted", "Share the network, now and then", "Strangers let in", "Text form", "Key")
	for _, h := range t.all {
		for _, r := range h.recs {
			s := settingOf(r, h.cal)
			ask, form := "no change", s.Form
			if asksFor(r) {
				ask = prefix(*r.Prefix)
			}
			if form == "" {
				form = "to be told"
			}
			t.cells(h.name, family(r.Family), boundNow(s), ask, affected(r)+inBrackets(percentOf(r)), count(r.Interrupted), acceptance(r), against(r),
				fmt.Sprintf("%s, %s", percent(r.ExposureNow), percent(r.Exposure)), strangers(t.a, r), form, keyed(h))
		}
	}
	t.line("\nIntervals are one-sided 95 % bounds on either side. The plan that subnet binding needs, and the prefix of IPv6, are to be told by the CDN.")
}

func percentOf(r finding.Recommendation) string {
	if r.BoundUsers == nil || *r.BoundUsers == 0 {
		return ""
	}
	return share(r.AffectedUsers, *r.BoundUsers)
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
