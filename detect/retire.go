package detect

import (
	"slices"
	"strconv"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// severalKeys are the hosts that served links of several keys, and refused some of one of them.
func (a *analysis) severalKeys() map[*host]bool {
	type use struct {
		host *host
		key  uint8
	}
	served, refused, keys := map[use]bool{}, map[use]bool{}, map[*host]int{}
	odd := map[*host]bool{} // that refused what no key given reproduces
	for _, o := range a.outcomes {
		if o == nil || !o.Keyed || o.Shield {
			continue
		}
		switch u := (use{o.host, o.KeyNumber}); {
		case !o.Matched:
			odd[o.host] = odd[o.host] || o.RefusesHash()
		case o.Served() && !served[u]:
			served[u] = true
			keys[o.host]++
		case o.RefusesHash():
			refused[u] = true
		}
	}
	out := map[*host]bool{}
	for u := range served {
		if h := u.host; keys[h] > 1 && (refused[u] || odd[h] && int(u.key) >= len(h.Keys)) {
			out[h] = true
		}
	}
	return out
}

// outdated is the requests whose link is signed with a key outside its stated validity.
type outdated struct{ served, refused int64 }

// outlived counts requests with a key outside its stated validity.
func (h *host) outlived(v *visit) {
	if h.outdated == nil {
		h.outdated = map[uint8]*outdated{}
	}
	o := h.outdated[v.KeyNumber]
	if o == nil {
		o = &outdated{}
		h.outdated[v.KeyNumber] = o
	}
	switch {
	case v.Served():
		o.served += v.n
	case v.RefusesHash():
		o.refused += v.n
	}
}

// takenAnyway is how many times as many requests are served as refused with a key outside its stated validity, where the
// edge takes it all the same.
const takenAnyway = 10

// disproved reports whether the edge takes the key.
func (o *outdated) disproved() bool { return o.served > takenAnyway*o.refused }

// disproveSpans drops what was stated of the validity of keys that the edge takes all the same.
func (a *analysis) disproveSpans() {
	for _, h := range a.hosts {
		for key, o := range h.outdated {
			if o.disproved() && int(key) < len(h.Spans) {
				h.Spans = slices.Clone(h.Spans)
				h.Spans[key] = token.Span{}
			}
		}
	}
	for _, o := range a.outcomes {
		if o == nil || !o.Stale {
			continue
		}
		if of := o.host.outdated[o.KeyNumber]; of != nil && of.disproved() {
			o.Stale = false
		}
	}
}

// sayOutdated says of which keys the log disproves the stated validity.
func (a *analysis) sayOutdated(h *host) {
	var served, all int64
	for _, o := range h.outdated {
		if all += o.served; o.disproved() {
			served += o.served
		}
	}
	const says = "%s: %d {request was|requests were} served whose link is signed with a key outside its stated validity: "
	switch {
	case served > 0:
		a.warnOf(says+"the edge takes it all the same, and the report goes by that; correct not_before and not_after in --config", h.Name, served)
	case all > 0:
		a.warnOf(says+"the edge still takes it, or the validity is wrong", h.Name, all)
	}
}

// retireKeys finds the keys that the edge has given up while it took another, although nobody stated it. Links of them
// are then those of an old key, also for the search, which tells keys in use from others.
func (h *host) retireKeys(uses map[uint8]*policy.Usage) {
	for key, use := range uses {
		until, step, ok := use.Ceased()
		if !ok || !othersTaken(uses, key, step) {
			continue
		}
		if h.edge.Retired == nil {
			h.edge.Retired, h.retiredFor = make([]int64, ingest.NoKey), make([]int64, ingest.NoKey)
			if h.Spans = slices.Clone(h.Spans); h.Spans == nil {
				h.Spans = make([]token.Span, len(h.Keys))
			}
		}
		h.edge.Retired[key] = until
		if int(key) >= len(h.Keys) {
			continue // of earlier runs alone
		}
		if span := &h.Spans[key]; span.Until == 0 {
			span.Until = until/1e6 + 1
		}
	}
}

// othersTaken reports whether links of other keys were served from a step on.
func othersTaken(uses map[uint8]*policy.Usage, key uint8, step int) bool {
	for k, use := range uses {
		if k != key && use.TakenFrom(step) {
			return true
		}
	}
	return false
}

// sayOldKeys says which keys a host has given up, and how many requests were refused for it.
func (a *analysis) sayOldKeys(h *host) {
	cause := token.UnresolvedSignature.String()
	of := a.out.Denials.ByHost[h.Name][cause]
	for key, until := range h.edge.Retired {
		if h.retiredFor[key] == 0 {
			continue
		}
		number, at := strconv.Itoa(key+1), time.UnixMicro(until).UTC()
		name, where := "key "+number, " of those given"
		if key >= len(h.Keys) {
			name, where = "a key that only earlier runs were given", ""
		}
		says := figure.Sentence("%d of the %d {request that was|requests that were} refused as %s {is|are} signed with %s, which the edge has not taken since %s UTC, while it takes another: links of before break; let it take both for as long as links live, and state not_after: %s of that key in --config",
			h.retiredFor[key], of, cause, name+where, inUTC(until), at.Truncate(time.Second).Add(time.Second).Format(time.RFC3339))
		a.warnOf("%s: %s", h.Name, says)
		if 2*h.retiredFor[key] > h.oldKeyed {
			h.remedy(judge.OldKey, name+" is not taken since "+at.Format("2006-01-02 15:04")+" UTC: let the edge take it for as long as its links live, and see to it that every signer has the new one")
		}
		if 2*h.retiredFor[key] > of {
			a.out.Denials.Common = append(a.out.Denials.Common, finding.Common{Host: h.Name, Cause: cause, Trait: finding.TraitOldKey, Value: number, Requests: h.retiredFor[key], Refused: of, Says: says})
		}
	}
}

// dropped is the links that do not reproduce and that somebody was served with before the edge refused them, in times that
// have an order: it had a key that is not given.
type dropped struct {
	links, served, refused int64 // how many; when the last was served, and the first refused, µs
}

func (d *dropped) add(l *visited) {
	var served, refused int64 // at one address
	for i := range l.visits {
		v := &l.visits[i]
		if i > 0 && (v.Hi != l.visits[i-1].Hi || v.Lo != l.visits[i-1].Lo) {
			served, refused = 0, 0
		}
		switch {
		case v.Shield || v.Shape != token.Signed:
			continue
		case v.Served():
			served = max(served, v.final)
		case v.RefusesHash() && (refused == 0 || v.first < refused):
			refused = v.first
		}
		if next := i + 1; next < len(l.visits) && v.Hi == l.visits[next].Hi && v.Lo == l.visits[next].Lo || served == 0 || refused < served+judge.EdgeClocks {
			continue
		}
		if d.links++; d.links == 1 {
			d.refused = refused
		}
		d.served, d.refused = max(d.served, served), min(d.refused, refused)
		return
	}
}

// says is the sentence about them; "" where there are too few, or no moment parts what was served from what was not.
func (d *dropped) says() string {
	if d.links < search.FewOdd || d.served > d.refused {
		return ""
	}
	return figure.Sentence("%d links that do not reproduce were served up to %s UTC and refused from %s on, at the same addresses: the edge had another key until then; give the old key, too, with not_after",
		d.links, inUTC(d.served), inUTC(d.refused))
}
