package detect

import (
	"context"

	"ipdrift/detect/policy"
	"ipdrift/token"
)

// observed is what is followed on a host: its links by key, and by binding and family.
type observed struct {
	host        *host
	keys, bound bool // whether they are followed
	byKey       map[uint8]*policy.Usage
	byBinding   map[policy.BoundAs]*policy.Usage
}

// changes finds which keys a host has given up, and whether it has changed how it binds links.
func (a *analysis) changes(ctx context.Context) error {
	keys := a.severalKeys()
	var hosts []*host
	for _, h := range a.ordered {
		if keys[h] || a.severalBindings(h) {
			hosts = append(hosts, h)
		}
	}
	for _, some := range batches(hosts, a.limits.usages, func(*host) int64 { return 4 }) {
		follow := map[*host]*observed{}
		for _, h := range some {
			follow[h] = &observed{host: h, keys: keys[h], bound: a.severalBindings(h), byKey: map[uint8]*policy.Usage{}, byBinding: map[policy.BoundAs]*policy.Usage{}}
		}
		if err := a.eachLink(ctx, func(l *visited) {
			if o := follow[l.host()]; o != nil && l.ID > 0 {
				o.add(a, l)
			}
		}); err != nil {
			return err
		}
		for h, o := range follow {
			h.retireKeys(o.byKey)
			h.Policy.FindShifts(o.byBinding, &a.Thresholds)
			h.Policy.Settle(&a.Thresholds)
		}
	}
	return nil
}

// add follows a link by what most of its requests that hold are signed with: the first of them.
func (o *observed) add(a *analysis, l *visited) {
	var of [2]*policy.Usage
	var first, last, refused int64
	var held map[spot]bool
	for i := range l.visits {
		v := &l.visits[i]
		if !v.Keyed || v.Shield || v.Shape != token.Signed {
			continue
		}
		if o.keys && v.Matched && of[0] == nil {
			of[0] = usageOf(o.byKey, v.KeyNumber, o.host)
		}
		if o.bound && v.Matched && of[1] == nil && !a.ambiguous(v) {
			of[1] = usageOf(o.byBinding, policy.BoundAs{Binding: v.How.Binding, Family: int(v.Family)}, o.host)
		}
		switch {
		case v.Matched && v.Served():
			if first == 0 || v.first < first {
				first = v.first
			}
			last = max(last, v.final)
		case v.RefusesHash() && (refused == 0 || v.first < refused):
			if held == nil {
				held = l.held()
			}
			if at := v.spot(); held[at] || held[spot{at.hi, at.lo, at.dir, 0}] {
				refused = v.first
			}
		}
	}
	for _, u := range of {
		if u != nil {
			u.Add(first, last, refused)
		}
	}
}

// spot is the address and the path of a visit.
type spot struct {
	hi, lo    uint64
	dir, file uint32
}

func (v *visit) spot() spot { return spot{v.Hi, v.Lo, v.dir, v.file} }

// held lists the spots where a link's hash holds. Refusals there may not show it: those by a mask over
// single files, and those of keys that only earlier runs were given.
func (l *visited) held() map[spot]bool {
	out := map[spot]bool{}
	for i := range l.visits {
		if v := &l.visits[i]; v.Matched {
			out[v.spot()] = true
		}
	}
	return out
}

func usageOf[K comparable](in map[K]*policy.Usage, k K, of *host) *policy.Usage {
	if in[k] == nil {
		in[k] = policy.NewUsage(of.first, of.final)
	}
	return in[k]
}
