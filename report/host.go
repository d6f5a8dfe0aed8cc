package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"ipdrift/detect/finding"
)

// host gathers what an analysis says about one host.
type host struct {
	name     string
	cal      *finding.Calibration
	recs     []finding.Recommendation // IPv4 before IPv6
	causes   []cause                  // most frequent first
	refused  int64
	requests int64 // refused or not
	affected int64 // users, both families
	networks []finding.Network
	users    []finding.User // most telling first
	signer   []finding.Signer
	common   map[string]finding.Common // by cause
	method   finding.Method
}

// titled is a host as a heading names it: it stands as "-" where the log does not.
func titled(host string) string {
	if host == "-" {
		return "Requests without a host name"
	}
	return host
}

// cause is one reason for refusals with its requests. The analysis knows
// details and inference for all hosts together, so a host has them only where
// it holds all requests of the cause.
type cause struct {
	name     string
	requests int64
	detail   string // the most frequent one
	detailed int64  // requests with that detail
	inferred bool
}

// hosts lists every host the analysis names, by affected users, then refused
// requests, then name.
func hosts(a *finding.Analysis) []*host {
	index := map[string]*host{}
	of := func(name string) *host {
		if index[name] == nil {
			index[name] = &host{name: name, method: a.Method}
		}
		return index[name]
	}
	for i, c := range a.Calibration {
		of(c.Host).cal = &a.Calibration[i]
	}
	for _, r := range a.Recommendations {
		h := of(r.Host)
		h.recs = append(h.recs, r)
		h.affected += r.AffectedUsers
	}
	for name, byCause := range a.Denials.ByHost {
		h := of(name)
		h.causes = causes(a, byCause)
		for _, c := range h.causes {
			h.refused += c.requests
		}
		h.requests = a.Denials.Requests[name]
	}
	for _, n := range a.Denials.Networks {
		h := of(n.Host)
		h.networks = append(h.networks, n)
	}
	for _, s := range a.Signer {
		h := of(s.Host)
		h.signer = append(h.signer, s)
	}
	for _, c := range a.Denials.Common {
		h := of(c.Host)
		if h.common == nil {
			h.common = map[string]finding.Common{}
		}
		h.common[c.Cause] = c
	}
	for _, u := range a.Users.Flagged {
		h := of(u.Host)
		h.users = append(h.users, u)
	}
	return ordered(index)
}

// Headline is the decision about one host, as it stands at the right of the
// host's line in a report.
type Headline struct{ Host, Decision string }

// Headlines lists every host of an analysis in the order of the reports.
func Headlines(a *finding.Analysis) []Headline {
	var list []Headline
	for _, h := range hosts(a) {
		list = append(list, Headline{h.name, h.verdict().text})
	}
	return list
}

func ordered(index map[string]*host) []*host {
	all := slices.Collect(maps.Values(index))
	for _, h := range all {
		slices.SortStableFunc(h.recs, func(a, b finding.Recommendation) int { return cmp.Compare(a.Family, b.Family) })
		slices.SortStableFunc(h.users, telling)
		slices.SortStableFunc(h.networks, func(a, b finding.Network) int { return cmp.Compare(b.Refusals, a.Refusals) })
	}
	slices.SortFunc(all, func(a, b *host) int {
		return cmp.Or(cmp.Compare(b.affected, a.affected), cmp.Compare(b.refused, a.refused), strings.Compare(a.name, b.name))
	})
	return all
}

// unexplained reports whether nothing explains the hashes of some refused links.
func (h *host) unexplained() bool {
	return slices.ContainsFunc(h.causes, func(c cause) bool { return c.name == "unresolved_signature" })
}

// causes lists the requests of a host by cause, most frequent first.
func causes(a *finding.Analysis, byCause map[string]int64) []cause {
	var list []cause
	for name, n := range byCause {
		if n == 0 {
			continue
		}
		c := cause{name: name, requests: n}
		if n == a.Denials.ByCause[name] {
			c.detail = mostFrequent(a.Denials.ByDetail[name])
			c.detailed = a.Denials.ByDetail[name][c.detail]
			c.inferred = a.Denials.Inferred[name] == n
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b cause) int {
		return cmp.Or(cmp.Compare(b.requests, a.requests), strings.Compare(a.name, b.name))
	})
	return list
}

func mostFrequent(details map[string]int64) string {
	best := ""
	for _, name := range slices.Sorted(maps.Keys(details)) {
		if best == "" || details[name] > details[best] {
			best = name
		}
	}
	return best
}

// telling orders users by how much their timeline shows: one who was served and
// refused in turn before one who was only refused, more changes first.
func telling(a, b finding.User) int {
	shown := func(u finding.User) int { return min(1, len(u.Timeline)) }
	return cmp.Or(cmp.Compare(shown(b), shown(a)), a.Class.Rank()-b.Class.Rank(), cmp.Compare(b.Switches, a.Switches),
		cmp.Compare(b.Refusals, a.Refusals), strings.Compare(a.ID, b.ID))
}

// failed reports whether the key, the path rule or the address field does not fit.
func (h *host) failed() bool { return h.cal != nil && h.cal.Status == finding.Failed }

// unverified reports whether no calibration stands behind the figures.
func (h *host) unverified() bool { return h.cal == nil || h.cal.Status == finding.NotChecked }

// unchecked reports whether no calibration stands behind the figures, and nothing was decided without one.
func (h *host) unchecked() bool {
	return h.unverified() && !slices.ContainsFunc(h.recs, func(r finding.Recommendation) bool {
		return r.Decision != finding.InsufficientEvidence
	})
}

// quiet reports whether there is nothing to say beyond the decision.
func (h *host) quiet() bool {
	return !h.failed() && h.refused == 0 && h.affected == 0 && len(h.users) == 0
}

// policy is what was learned of how this host's edge checks links; h may be nil.
func (h *host) policy() (p finding.Policy) {
	if h != nil && h.cal != nil {
		p = h.cal.Policy
	}
	return p
}

// rated reports whether shares of all requests mean something: not in a log of
// refusals only.
func (h *host) rated() bool {
	return !slices.ContainsFunc(h.recs, func(r finding.Recommendation) bool { return r.BoundUsers == nil })
}
