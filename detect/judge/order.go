package judge

import (
	"cmp"
	"slices"
	"strings"
)

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
