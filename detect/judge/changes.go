package judge

import (
	"net/netip"
	"slices"
)

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
