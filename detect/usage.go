package detect

import (
	"context"
	"slices"

	"ipdrift/detect/judge"
	"ipdrift/token"
)

// usageSteps is how many steps of time tell when an edge took links of one kind for the first or the last time.
const usageSteps = 256

// usage is links of one kind, those of a key or bound alike, by step: when they were served for the first and
// for the last time, and refused for the first time.
type usage struct {
	begun, taken, refused [usageSteps]int64
	first, last           [usageSteps]int64 // µs, of those that were begun or taken then; 0: there are none
}

// ceased tells when the edge gave them up, µs: they were taken until then.
func (u *usage) ceased() (until int64, step int, ok bool) {
	if step, ok = judge.Ceased(u.taken[:], u.refused[:]); !ok {
		return 0, 0, false
	}
	return slices.Max(u.last[:step]), step, true
}

// started tells when the edge began to take them, µs, if it refused them before.
func (u *usage) started() (since int64, ok bool) {
	begun, refused := slices.Clone(u.begun[:]), slices.Clone(u.refused[:])
	slices.Reverse(begun)
	slices.Reverse(refused)
	step, ok := judge.Ceased(begun, refused)
	if !ok {
		return 0, false
	}
	return u.firstFrom(usageSteps - step), true
}

// firstFrom is when one was served for the first time from a step on; 0: none was.
func (u *usage) firstFrom(step int) (first int64) {
	for _, at := range u.first[step:] {
		if first == 0 || at != 0 && at < first {
			first = at
		}
	}
	return first
}

// observed is what is followed of a host: its links by key, and by binding and family.
type observed struct {
	from, step  int64 // µs
	keys, bound bool  // whether they are followed
	byKey       map[uint8]*usage
	byBinding   map[boundAs]*usage
}

// usagesAtOnce is how many keys and bindings are followed at once, about, in 10 KiB each. A test has fewer.
var usagesAtOnce int64 = 4096

// changes finds which keys a host has given up, and whether it binds links otherwise than before.
func (a *analysis) changes(ctx context.Context) error {
	keys := a.severalKeys()
	var hosts []*host
	for _, name := range a.names {
		if h := a.hosts[name]; keys[h] || a.severalBindings(h) {
			hosts = append(hosts, h)
		}
	}
	for _, some := range batches(hosts, usagesAtOnce, func(*host) int64 { return 4 }) {
		follow := map[*host]*observed{}
		for _, h := range some {
			follow[h] = &observed{from: h.first, step: (h.final-h.first)/usageSteps + 1, keys: keys[h], bound: a.severalBindings(h), byKey: map[uint8]*usage{}, byBinding: map[boundAs]*usage{}}
		}
		if err := a.eachLink(ctx, func(links []visited) error {
			for i := range links {
				if o := follow[links[i].host()]; o != nil && links[i].ID > 0 {
					o.add(a, &links[i])
				}
			}
			return nil
		}); err != nil {
			return err
		}
		for h, o := range follow {
			h.retireKeys(o.byKey)
			h.policy.shift(o.byBinding, &a.Thresholds)
			h.policy.settle(&a.Thresholds)
		}
	}
	return nil
}

// add follows a link by what most of its requests that hold are signed with: the first of them.
func (o *observed) add(a *analysis, l *visited) {
	var of [2]*usage
	var first, last, refused int64
	var held map[spot]bool
	for i := range l.visits {
		v := &l.visits[i]
		if !v.keyed || v.shield || v.shape != token.Signed {
			continue
		}
		if o.keys && v.matched && of[0] == nil {
			of[0] = usageOf(o.byKey, v.keyNumber)
		}
		if o.bound && v.matched && of[1] == nil && !a.ambiguous(v) {
			of[1] = usageOf(o.byBinding, boundAs{v.how.binding, int(v.family)})
		}
		switch {
		case v.matched && v.served():
			if first == 0 || v.first < first {
				first = v.first
			}
			last = max(last, v.final)
		case v.refusesHash() && (refused == 0 || v.first < refused):
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
			u.add(o, first, last, refused)
		}
	}
}

// spot is the address and the path of a visit.
type spot struct {
	hi, lo    uint64
	dir, file uint32
}

func (v *visit) spot() spot { return spot{v.hi, v.lo, v.dir, v.file} }

// held are the spots where a link's hash holds: refusals there may not show it, those of masks over single files and of
// keys that only earlier runs were given.
func (l *visited) held() map[spot]bool {
	out := map[spot]bool{}
	for i := range l.visits {
		if v := &l.visits[i]; v.matched {
			out[v.spot()] = true
		}
	}
	return out
}

func usageOf[K comparable](in map[K]*usage, k K) *usage {
	if in[k] == nil {
		in[k] = &usage{}
	}
	return in[k]
}

// add adds a link by when it was served and refused, µs; 0: it never was.
func (u *usage) add(o *observed, first, last, refused int64) {
	if first != 0 {
		at := (first - o.from) / o.step
		if u.begun[at]++; u.first[at] == 0 || first < u.first[at] {
			u.first[at] = first
		}
		at = (last - o.from) / o.step
		u.taken[at]++
		u.last[at] = max(u.last[at], last)
	}
	if refused != 0 {
		u.refused[(refused-o.from)/o.step]++
	}
}
