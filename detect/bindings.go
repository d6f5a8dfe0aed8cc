package detect

import (
	"slices"
	"strconv"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/token"
)

// severalBindings tells whether links of one family that the edge accepted are bound in several ways, more than a few
// each. Under masked addresses nobody knows.
func (a *analysis) severalBindings(h *host) bool {
	if a.masked {
		return false
	}
	links, several := map[policy.BoundAs]int64{}, [2]int{}
	for r, n := range h.policy.Links {
		b := policy.BoundAs{Binding: r.Binding, Family: r.Family}
		if links[b] < fewOdd && links[b]+n >= fewOdd {
			several[policy.Index(r.Family)]++
		}
		links[b] += n
	}
	return slices.Max(several[:]) > 1
}

// outOfForce tells a link that the edge did not take when it was asked for, for what it is bound to.
func (h *host) outOfForce(k *kind, p *proof) bool {
	family := addr.Family(k.ip)
	if p.addr.IsValid() {
		family = addr.Family(p.addr)
	}
	return h.policy.Shifts[policy.Index(family)].Rejects(p.how.Binding, k.first)
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
	const judged = ": each link is judged by its own, and the decision is about the former"
	p := &h.policy
	for i, family := range []string{"IPv4", "IPv6"} {
		own, second := p.Own[i], p.Second[i]
		switch s := p.Shifts[i]; {
		case s != nil:
			a.warnOf("%s: links are bound to %s on %s since %s UTC, and were bound to %s before"+judged,
				h.name, inWords(s.To), family, inUTC(s.At), inWords(s.From))
		case own != nil && second != nil && p.Stated[i] == nil && !p.Guessed:
			a.warnOf("%s: links are bound to %s%s and to %s%s on %s"+judged, h.name, inWords(*own), p.Where(policy.BoundAs{Binding: *own, Family: 4 + 2*i}), inWords(*second), p.Where(policy.BoundAs{Binding: *second, Family: 4 + 2*i}), family)
		}
	}
}
