package detect

import (
	"slices"
	"strconv"

	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/token"
)

// severalBindings reports whether links of one family that the edge accepted are bound in several ways, more than a few
// each. Under masked addresses nobody knows.
func (a *analysis) severalBindings(h *host) bool {
	if a.masked {
		return false
	}
	links, several := map[policy.BoundAs]int64{}, [2]int{}
	for r, n := range h.Policy.Links {
		b := policy.BoundAs{Binding: r.Binding, Family: r.Family}
		if links[b] < search.FewOdd && links[b]+n >= search.FewOdd {
			several[policy.Index(r.Family)]++
		}
		links[b] += n
	}
	return slices.Max(several[:]) > 1
}

// inWords says what links are bound to.
func inWords(b token.Binding) string {
	switch b.Kind {
	case token.BindNone:
		return "no address"
	case token.BindMask:
		return "a /" + strconv.Itoa(int(b.Prefix)) + " (form " + b.Form.String() + ")"
	}
	return "the whole address"
}

// sayBindings says which bindings a host takes, if it takes several: since when, or where.
func (a *analysis) sayBindings(h *host) {
	const judged = ": each link is judged by its own, and the decision is about "
	p := &h.Policy
	for i, family := range []string{"IPv4", "IPv6"} {
		own, second := p.Own[i], p.Second[i]
		switch shifts := p.Shifts[i]; {
		case len(shifts) > 0:
			last := shifts[len(shifts)-1]
			between := ""
			for n := len(shifts) - 2; n >= 0; n-- {
				between += ", to " + inWords(shifts[n].To) + " since " + inUTC(shifts[n].At) + " UTC"
			}
			a.warnOf("%s: links are bound to %s on %s since %s UTC%s, and were bound to %s before"+judged+"the present one",
				h.Name, inWords(last.To), family, inUTC(last.At), between, inWords(shifts[0].From))
		case own != nil && second != nil && p.Stated[i] == nil && !p.Guessed:
			a.warnOf("%s: links are bound to %s%s and to %s%s on %s"+judged+"the former", h.Name, inWords(*own), p.Where(policy.BoundAs{Binding: *own, Family: 4 + 2*i}), inWords(*second), p.Where(policy.BoundAs{Binding: *second, Family: 4 + 2*i}), family)
		}
	}
}
