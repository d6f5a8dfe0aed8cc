package judge

import (
	"cmp"
	"net/netip"
	"slices"
)

// Sight is one request of a user, as far as the address goes.
type Sight struct {
	Time   int64 // µs
	Grain  int64 // µs: sights less than it apart have no order (rule 8)
	Client netip.Addr
	ASN    uint32 // 0: not known
}

// Sights appends one user's requests but for those of bots and hosting networks.
func (g *Group) Sights(to []Sight, u *User) []Sight {
	var before *Event
	for _, i := range u.idx {
		e := &g.Events[i]
		if e.Bot {
			continue
		}
		grain := e.Grain
		if before != nil {
			grain = resolved(before.Edge, e.Edge, grain)
		}
		before = e
		to = append(to, Sight{Time: e.Time, Grain: grain, Client: e.Client.Unmap(), ASN: e.ASN})
	}
	return to
}

// Path is how one user went from address to address.
type Path []visit

// visit is a run of requests from one address.
type visit struct {
	client      netip.Addr
	asn         uint32
	first, last int64
}

// until is how long the address of a visit was kept, or was seen.
func (p Path) until(i int) int64 {
	if i+1 == len(p) {
		return p[i].last - p[i].first
	}
	return p[i+1].first - p[i].first
}

// Follow follows one user's requests in the order of time from address to address,
// with as few changes as can be: of those that have no order, the address before comes
// first and the one after it last. It costs O(n log n), and does not keep the sights.
func Follow(sights []Sight) (path Path) {
	for from := 0; from < len(sights); {
		to := instant(sights, from)
		until := min(to+1, len(sights))
		if to < len(sights) {
			until = instant(sights, to)
		}
		for _, s := range arranged(sights[from:to], sights[to:until], path) {
			if n := len(path); n > 0 && path[n-1].client == s.Client {
				path[n-1].last = sights[to-1].Time
				continue
			}
			path = append(path, visit{s.Client, s.ASN, s.Time, s.Time})
		}
		path[len(path)-1].last = sights[to-1].Time
		from = to
	}
	return path
}

// instant is where the sights end that have no order among themselves.
func instant(sights []Sight, from int) int {
	to := from + 1
	for to < len(sights) && sights[to].Time-sights[to-1].Time < max(1, sights[to].Grain) {
		to++
	}
	return to
}

// arranged lists each address of an instant once.
func arranged(now, next []Sight, path Path) []Sight {
	if len(now) == 1 {
		return now
	}
	out := slices.Clone(now)
	slices.SortStableFunc(out, func(a, b Sight) int { return a.Client.Compare(b.Client) })
	out = slices.CompactFunc(out, func(a, b Sight) bool { return a.Client == b.Client })
	if len(out) == 1 {
		return out
	}
	last := slices.IndexFunc(out, func(s Sight) bool {
		came := len(path) > 0 && path[len(path)-1].client == s.Client
		return !came && slices.ContainsFunc(next, func(n Sight) bool { return n.Client == s.Client })
	})
	place := func(s Sight) int {
		switch {
		case len(path) > 0 && path[len(path)-1].client == s.Client:
			return 0
		case last >= 0 && s.Client == out[last].Client:
			return 2
		}
		return 1
	}
	ends := map[netip.Addr]int{}
	for _, s := range out {
		ends[s.Client] = place(s)
	}
	slices.SortStableFunc(out, func(a, b Sight) int { return cmp.Compare(ends[a.Client], ends[b.Client]) })
	return out
}
