package detect

import (
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/judge"
	"ipdrift/ingest/format"
	"ipdrift/token"
)

// boundAs is what links of a family's addresses are bound to.
type boundAs struct {
	token.Binding
	family int
}

// shift is a change of what links of a family are bound to.
type shift struct {
	from, to token.Binding
	at       int64 // µs, when links of the new one took over
	until    int64 // µs, when the last of the old one was served, where the edge refuses them since; 0: it does not
	since    int64 // µs, when the first of the new one was served, where the edge refused them before; 0: it did not
}

// rejects tells whether the edge did not take links that are bound so at a time, µs.
func (s *shift) rejects(b token.Binding, at int64) bool {
	return s != nil && (b == s.from && s.until != 0 && at > s.until || b == s.to && s.since != 0 && at < s.since)
}

// severalBindings tells whether links of one family that the edge accepted are bound in several ways, more than a few
// each. Under masked addresses nobody knows.
func (a *analysis) severalBindings(h *host) bool {
	if a.masked {
		return false
	}
	links, several := map[boundAs]int64{}, [2]int{}
	for r, n := range h.policy.links {
		b := boundAs{r.binding, r.family}
		if links[b] < fewOdd && links[b]+n >= fewOdd {
			several[at(r.family)]++
		}
		links[b] += n
	}
	return slices.Max(several[:]) > 1
}

// shift finds out whether the edge binds links otherwise since some time: from then on hardly any link begins that is
// bound as before. Where one part of the tree ends while another begins, which are bound differently all the time, it
// does not: either a folder took both, or refusals show the change. A test of a few links is none.
func (p *policy) shift(uses map[boundAs]*usage, t *judge.Thresholds) {
	for from, before := range uses {
		for to, after := range uses {
			if from.family != to.family || from == to || p.stated[at(from.family)] != nil {
				continue
			}
			step, ok := judge.Ceased(before.begun[:], after.begun[:])
			if !ok || sum(after.begun[step:]) < t.CalibrationTokens {
				continue
			}
			s := &shift{from: from.Binding, to: to.Binding, at: after.firstFrom(step)}
			if until, _, ok := before.ceased(); ok {
				s.until = until
			}
			if since, ok := after.started(); ok {
				s.since = since
			}
			if s.until == 0 && s.since == 0 && !p.together[[2]boundAs{from, to}] {
				continue
			}
			if known := &p.shifts[at(from.family)]; *known == nil || (*known).before(s) {
				*known = s
			}
		}
	}
}

// before orders changes by time.
func (s *shift) before(o *shift) bool {
	return s.at < o.at || s.at == o.at && (bindingLess(o.from, s.from) || o.from == s.from && bindingLess(o.to, s.to))
}

// outOfForce tells a link that the edge did not take when it was asked for, for what it is bound to.
func (h *host) outOfForce(k *kind, p *proof) bool {
	family := familyOf(k.ip)
	if p.addr.IsValid() {
		family = familyOf(p.addr)
	}
	return h.policy.shifts[at(family)].rejects(p.how.binding, k.first)
}

// mended tells whether what links are bound to now, and were not always, takes all that a user was refused with.
func (p *policy) mended(u *judge.User, family int) bool {
	return p.shifts[at(family)] != nil && judge.Affected(u) && u.MinCommon >= p.prefix(family)
}

// bindingAt is what links were bound to at a time, µs.
func (p *policy) bindingAt(family int, when int64) token.Binding {
	if s := p.shifts[at(family)]; s != nil && when < s.at {
		return s.from
	}
	return p.bindingOf(family)
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
		own, second := p.own[i], p.second[i]
		switch s := p.shifts[i]; {
		case s != nil:
			a.warnOf("%s: links are bound to %s on %s since %s UTC, and were bound to %s before"+judged,
				h.name, inWords(s.to), family, inUTC(s.at), inWords(s.from))
		case own != nil && second != nil && p.stated[i] == nil && !p.guessed:
			a.warnOf("%s: links are bound to %s%s and to %s%s on %s"+judged, h.name, inWords(*own), p.where(boundAs{*own, 4 + 2*i}), inWords(*second), p.where(boundAs{*second, 4 + 2*i}), family)
		}
	}
}

// where says below which folders links are bound so, and no others are; "" where that is not so.
func (p *policy) where(b boundAs) string {
	var pure []string
	for path, f := range p.tops {
		var links, all int64
		for i := range f.rules {
			r := &f.rules[i]
			if r.family != b.family {
				continue
			}
			if all += r.links; r.binding == b.Binding {
				links += r.links
			}
		}
		switch {
		case links < folderLinks:
		case float64(links) < (1-fewLinks)*float64(all):
			return ""
		default:
			pure = append(pure, path)
		}
	}
	slices.Sort(pure)
	switch n := len(pure); {
	case n == 0:
		return ""
	case n > shownFolders:
		return format.Sentence(" below %s and %d other folders", strings.Join(pure[:shownFolders], ", "), n-shownFolders)
	}
	return " below " + strings.Join(pure, ", ")
}

// shownFolders is how many folders are named.
const shownFolders = 3
