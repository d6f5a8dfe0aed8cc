package report

import (
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// forSupport is the request to bind links to a network, with the numbers that the
// CDN's support needs, or the reason why none is made.
func (md *markdown) forSupport() {
	in, advised, asked := md.a.Input, picked(md.all, asksFor), md.asked()
	title := "Refused signed links: no change of the binding is asked for"
	switch {
	case len(md.settled()) > 0 && len(asked) > 0:
		title = "Request: bind links to a network instead of an address"
	case len(md.settled()) > 0:
		title = "Refused signed links: the signer is to bind them to a network, no setting of the CDN"
	case len(advised) > 0:
		title = "Refused signed links: whether to bind links to a network is not settled"
	}
	md.line("# ", title, ", ", Period(in.Period()), "\n")
	if len(md.all) == 0 {
		md.line(escape(nothing(md.a)))
	}
	for i, h := range md.all {
		md.decision(i, h)
	}
	md.numbers()
	if len(asked) > 0 {
		md.points("Please tell us", questions(asked[0]))
	}
	md.causes()
	md.examples()
	if len(advised) > 0 {
		md.section("How to verify")
		md.verification(advised)
	}
	md.limits()
}

// asked are the settings that the CDN is asked for.
func (md *markdown) asked() (list []finding.Setting) {
	for _, h := range md.all {
		for _, r := range picked([]*host{h}, asksFor) {
			if h.bySetting() {
				list = append(list, r.Setting(finding.Policy{Scheme: h.policy().Scheme}, md.a.Method))
			}
		}
	}
	return list
}

// bySetting reports whether the CDN has a part in binding the host's links to a network.
func (h *host) bySetting() bool { return finding.NetworksOf(h.policy().Scheme) != finding.ByLink }

func asksFor(r finding.Recommendation) bool {
	return r.Prefix != nil && (r.Decision == finding.Widen || r.Decision == finding.HelpsPartly)
}

// settled are the settings that are asked for and do not hang on what nobody knows yet.
func (md *markdown) settled() (list []finding.Recommendation) {
	for _, h := range md.all {
		list = append(list, picked([]*host{h}, func(r finding.Recommendation) bool { return asksFor(r) && !r.Unsettled(h.method) })...)
	}
	return list
}

// picked are some of the recommendations of hosts whose calibration has not failed.
func picked(all []*host, some func(finding.Recommendation) bool) (list []finding.Recommendation) {
	for _, h := range all {
		for _, r := range h.recs {
			if some(r) && !h.failed() {
				list = append(list, r)
			}
		}
	}
	return list
}

// numbers is what a decision about the setting rests on.
func (md *markdown) numbers() {
	md.section("The numbers")
	md.head("Host", "Family", "Bound to", "Asked for", "Affected users", "Interrupted", "Accepted with it", "Unresolved counted", "Share the network, today and with it", "Strangers let in", "Text form", "Key")
	for _, h := range md.all {
		for _, r := range h.recs {
			s := r.Setting(h.policy(), h.method)
			ask, form, shared := "no change", s.Form, figure.Percent(r.ExposureNow)
			if asksFor(r) {
				ask, shared = prefix(*r.Prefix)+figure.Either(s.Unsettled, " (not settled)", ""), shared+", "+figure.Percent(r.Exposure)
				if form == "" && h.bySetting() {
					form = "to be told"
				}
			}
			md.cells(h.name, family(r.Family), boundNow(s), ask, affected(r)+portion(r), figure.Count(r.Interrupted), acceptance(r), against(r),
				shared, strangers(md.a, r), form, keyed(h))
		}
	}
	md.line("\nIntervals are one-sided 95 % bounds on either side.", figure.Either(len(md.all) > 0 && !slices.ContainsFunc(md.all, (*host).bySetting), "", " The plan that subnet binding needs, and the prefix of IPv6, are to be told by the CDN."))
}
