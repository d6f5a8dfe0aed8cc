package judge

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// besideLooked bounds how many events of a link are looked at before one and after it, of those that were served and of the
// others: a link that was handed around is refused far more often than it is served.
const besideLooked = 500

// uses are the events of a link by their places in the order of the group: those that were served, and the others.
type uses struct{ served, others []int32 }

// around gives the events of one's link around it, in order, and which of them it is.
func (g *Group) around(event int32) (among []int32, at int) {
	if g.links == nil {
		g.places, g.links = make([]int32, len(g.order)), map[uint32]*uses{}
		for n, i := range g.order {
			g.places[i] = int32(n)
			u := g.links[g.Events[i].Link]
			if u == nil {
				u = &uses{}
				g.links[g.Events[i].Link] = u
			}
			if g.Events[i].Served {
				u.served = append(u.served, int32(n))
			} else {
				u.others = append(u.others, int32(n))
			}
		}
	}
	place, u := g.places[event], g.links[g.Events[event].Link]
	among = append(nearest(u.served, place), nearest(u.others, place)...)
	slices.Sort(among)
	at, _ = slices.BinarySearch(among, place)
	for n, place := range among {
		among[n] = g.order[place]
	}
	return among, at
}

// nearest copies those of some places, in order, that are next to one.
func nearest(places []int32, to int32) []int32 {
	n, _ := slices.BinarySearch(places, to)
	return slices.Clone(places[max(0, n-besideLooked):min(len(places), n+besideLooked)])
}

// ordered gives the positions of the events such that events of one time stand
// in an order of their own content: the order of the log does not matter.
func ordered(events []Event) []int32 {
	order := make([]int32, len(events))
	for i := range order {
		order[i] = int32(i)
	}
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && events[to].Time == events[from].Time {
			to++
		}
		if to-from > 1 {
			slices.SortStableFunc(order[from:to], func(a, b int32) int { return compare(&events[a], &events[b]) })
		}
		from = to
	}
	return order
}

func compare(a, b *Event) int {
	return cmp.Or(
		a.Client.Compare(b.Client), strings.Compare(a.Name, b.Name), cmp.Compare(a.UA, b.UA),
		cmp.Compare(a.Link, b.Link), cmp.Compare(a.Who, b.Who),
		cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.File, b.File),
		cmp.Compare(a.Status, b.Status), cmp.Compare(a.Verdict, b.Verdict),
		order(a.Served, b.Served), order(a.Refused, b.Refused), order(a.Elsewhere, b.Elsewhere),
		order(a.Inferred, b.Inferred), order(a.Bot, b.Bot), cmp.Compare(a.Edge, b.Edge), order(a.Began, b.Began), cmp.Compare(a.End, b.End),
		cmp.Compare(a.ASN, b.ASN), strings.Compare(a.Country, b.Country),
	)
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// split groups positions by what a key tells, groups ordered by their first
// event's time, then by user agent, link and user. One group costs nothing.
func split(events []Event, order []int32, key func(*Event) uint64) [][]int32 {
	if alike(events, order, key) {
		return [][]int32{order}
	}
	at := map[uint64]int{}
	var groups [][]int32
	for _, i := range order {
		k := key(&events[i])
		g, ok := at[k]
		if !ok {
			g = len(groups)
			at[k] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	slices.SortFunc(groups, func(a, b []int32) int {
		x, y := &events[a[0]], &events[b[0]]
		return cmp.Or(cmp.Compare(x.Time, y.Time), cmp.Compare(x.UA, y.UA), cmp.Compare(x.Link, y.Link), cmp.Compare(x.Who, y.Who))
	})
	return groups
}

func byUser(e *Event) uint64 { return uint64(e.Who) }
func byLink(e *Event) uint64 { return uint64(e.Link) }
func byPart(e *Event) uint64 { return uint64(e.Link)<<32 | uint64(e.UA) }

// countOf counts what a key tells apart.
func countOf(events []Event, idx []int32, key func(*Event) uint64) int {
	if alike(events, idx, key) {
		return 1
	}
	seen := map[uint64]bool{}
	for _, i := range idx {
		seen[key(&events[i])] = true
	}
	return len(seen)
}

func alike(events []Event, order []int32, key func(*Event) uint64) bool {
	first := key(&events[order[0]])
	return !slices.ContainsFunc(order, func(i int32) bool { return key(&events[i]) != first })
}

// switches counts the changes of address that must have happened, whatever the
// order of events that lie less than grain apart (rule 8).
func switches(events []Event, idx []int32, grain int64) int {
	var c Changes
	for _, i := range idx {
		e := &events[i]
		c.See(Sight{Time: e.Time, Grain: grain, Client: e.Client.Unmap()}, e.Edge)
	}
	return c.Count()
}

// Changes counts the changes of address of one user that must have happened, whatever
// the order of requests that lie less than their grain apart, or of two edges less than
// what their clocks may differ (rule 8).
type Changes struct {
	walk  walk
	group []netip.Addr // that have no order so far
	known int          // of these when they were sorted last
	seen  bool
	last  int64
	grain int64 // the coarsest
	edge  uint32
}

// See takes the next request in the order of time.
func (c *Changes) See(s Sight, edge uint32) {
	c.grain = max(c.grain, s.Grain)
	if gap := s.Time - c.last; c.seen && gap > 0 && gap >= resolved(c.edge, edge, c.grain) {
		c.close()
	}
	c.seen, c.last, c.edge = true, s.Time, edge
	if n := len(c.group); n > 0 && c.group[n-1] == s.Client {
		return
	}
	if c.group = append(c.group, s.Client); len(c.group) >= 2*c.known+64 {
		c.group = distinct(c.group)
		c.known = len(c.group)
	}
}

// close visits the addresses that have no order.
func (c *Changes) close() {
	c.walk.visit(distinct(c.group))
	c.group, c.known = c.group[:0], 0
}

// Count is how many there were; nothing is seen afterwards.
func (c *Changes) Count() int {
	c.close()
	return c.walk.changes
}

// EdgeClocks is how far the clocks of two edges may differ, µs (rule 8).
const EdgeClocks = 2 * 1e6

// resolved is how far events of two edges must lie apart to have an order.
func resolved(a, b uint32, grain int64) int64 {
	if a != b {
		return max(grain, EdgeClocks)
	}
	return grain
}

// distinct sorts addresses in place and drops repeated ones.
func distinct(all []netip.Addr) []netip.Addr {
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}

func contains(sorted []netip.Addr, a netip.Addr) bool {
	_, ok := slices.BinarySearchFunc(sorted, a, netip.Addr.Compare)
	return ok
}

// walk visits sorted sets of addresses in turn, each address of a set once, with as
// few changes as can be. ends are the addresses it can stand at after that
// many; any other address of the last set costs one change more, which is what
// it would cost to come from an end.
type walk struct {
	changes int
	ends    []netip.Addr
}

func (w *walk) visit(set []netip.Addr) {
	var shared []netip.Addr
	for _, a := range set {
		if contains(w.ends, a) {
			shared = append(shared, a)
		}
	}
	if len(shared) == 0 && len(w.ends) > 0 {
		w.changes++
	}
	w.changes += max(len(set)-1, 0)
	w.ends = append(w.ends[:0], set...)
	if len(shared) == 1 && len(set) > 1 {
		w.ends = slices.DeleteFunc(w.ends, func(a netip.Addr) bool { return a == shared[0] })
	}
}
