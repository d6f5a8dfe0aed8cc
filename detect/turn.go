package detect

import (
	"cmp"
	"ipdrift/detect/addr"
	"net/netip"
	"slices"
	"time"
)

// A player that renews its token goes on with the next one where the last one
// ended. These are our own limits: players that refresh short tokens do so some
// 10 s before the end, and try again for as long as their buffer lasts
// (https://gcore.com/docs/cdn/video-cdn/secure-token-auto-refresh).
const (
	turnGap     = int64(2 * time.Minute / time.Microsecond)  // silence between two tokens of one player, µs
	turnOverlap = int64(15 * time.Second / time.Microsecond) // for how long both may be in use
)

// turn is the time in which some links were used, one after the other, by one
// user agent in one directory.
type turn struct {
	first, final int64 // µs
	signed       netip.Addr
	file         uint32    // the only one that was asked for; 0: several
	begun        [2]uint32 // the first two
	refused      uint32    // the one of the last refusal because of the address
	fell         fall
	links        []uint32 // places of the links in a list, in order
}

// fall is the last refusal because of the address.
type fall struct {
	client netip.Addr // zero: there was none
	time   int64      // µs
}

// pairs joins turns that follow each other: first those signed for one address,
// then those signed for one network (/24, IPv6 /64), then those that begin
// where another one was refused and are signed for that address, then those that
// begin with the file that another one was refused. Turns that ran
// side by side are of several players, of whom nobody can tell which one goes
// on: they are left alone. Turns are sorted by first, and belong to one host,
// user agent and directory; each is of one link, whose place is that of the turn.
func pairs(turns []turn, recovery int64) (out resumed) {
	joined := byNetwork(turns, netip.Addr.BitLen)
	joined = byNetwork(joined, addr.BlockBits)
	var consecutive [][2]uint32
	for _, t := range joined {
		for i := 1; i < len(t.links); i++ {
			consecutive = append(consecutive, [2]uint32{t.links[i-1], t.links[i]})
		}
	}
	handed := handovers(joined, recovery)
	out = resume(turns, consecutive, handed, recovery)
	out.pairs = slices.Concat(consecutive, handed, out.pairs)
	return out
}

// handovers joins a turn that ended with a refusal with the only one that was
// signed for the refused address and begun within the recovery time; else with
// the only one within the silence between two tokens, as where a viewer reloads.
func handovers(turns []turn, recovery int64) (out [][2]uint32) {
	if !slices.ContainsFunc(turns, func(t turn) bool { return t.fell.client.IsValid() }) {
		return nil
	}
	begun := map[netip.Addr][]int{}
	for i := range turns {
		begun[turns[i].signed.Unmap()] = append(begun[turns[i].signed.Unmap()], i)
	}
	from := map[int][]int{} // by the turn that takes over
	for i := range turns {
		if fell := turns[i].fell; fell.time+recovery < turns[i].final {
			continue
		}
		to := takers(turns, i, begun[turns[i].fell.client.Unmap()], recovery)
		if len(to) == 0 {
			to = takers(turns, i, begun[turns[i].fell.client.Unmap()], turnGap)
		}
		if len(to) == 1 {
			from[to[0]] = append(from[to[0]], i)
		}
	}
	for i := range turns {
		if before := from[i]; len(before) == 1 {
			a := turns[before[0]].links
			out = append(out, [2]uint32{a[len(a)-1], turns[i].links[0]})
		}
	}
	return out
}

// takers are the turns that begin within a time of the refusal of turn i, two at most,
// among those signed for the refused address.
func takers(turns []turn, i int, there []int, within int64) (to []int) {
	fell := turns[i].fell
	at, _ := slices.BinarySearchFunc(there, fell.time, func(n int, t int64) int { return cmp.Compare(turns[n].first, t) })
	for ; at < len(there) && turns[there[at]].first-fell.time <= within && len(to) < 2; at++ {
		if there[at] != i {
			to = append(to, there[at])
		}
	}
	return to
}

func byNetwork(turns []turn, length func(netip.Addr) int) (out []turn) {
	sorted := make([]netTurn, len(turns))
	for i, t := range turns {
		a := t.signed.Unmap()
		p, _ := a.Prefix(length(a)) // a length of the address itself never fails
		sorted[i] = netTurn{p.Addr(), int32(i)}
	}
	slices.SortFunc(sorted, func(a, b netTurn) int { return cmp.Or(a.net.Compare(b.net), cmp.Compare(a.at, b.at)) })
	var of []turn
	for i, n := range sorted {
		of = append(of, turns[n.at])
		if i+1 == len(sorted) || sorted[i+1].net != n.net {
			out = append(out, consecutive(of)...)
			of = of[:0]
		}
	}
	slices.SortFunc(out, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.links[0], b.links[0]))
	})
	return out
}

// netTurn is the network of a turn, and its place.
type netTurn struct {
	net netip.Addr
	at  int32
}

// consecutive joins the turns of one network. Where they ask for one file, only
// those are joined that renewed a refused link.
func consecutive(turns []turn) []turn {
	if len(turns) == 1 {
		return turns
	}
	out, apart := slices.Clone(turns[:1]), sameFile(turns)
	before := int64(-1 << 62) // when the last of all but the turn before had ended
	for i, t := range turns[1:] {
		a := &turns[i] // the one before t
		if follows(turns[i:], before) && (!apart || renews(a, &t)) {
			last := &out[len(out)-1]
			if last.file != t.file {
				last.file = 0
			}
			last.final, last.fell = max(last.final, t.final), t.fell
			last.links = append(slices.Clip(last.links), t.links...)
		} else {
			out = append(out, t)
		}
		before = max(before, a.final)
	}
	return out
}

// sameFile tells whether two turns asked for one file alone: where each file
// has a token of its own, a player asks for it with one of them.
func sameFile(turns []turn) bool {
	seen := map[uint32]bool{}
	for _, t := range turns {
		if t.file != 0 && seen[t.file] {
			return true
		}
		seen[t.file] = true
	}
	return false
}

// renews tells whether b is a viewer's next try: refused at the same address
// after a was.
func renews(a, b *turn) bool {
	return a.fell.client.IsValid() && a.fell.client == b.fell.client && b.first >= a.fell.time
}

// follows tells whether the second turn can only be what the first one went on
// with. before is when those had ended that began earlier.
func follows(turns []turn, before int64) bool {
	a, b := &turns[0], &turns[1]
	switch {
	case before > a.final, before > a.first+turnOverlap && before+turnGap >= b.first:
		return false // another one ran beside a
	case b.first < a.final-turnOverlap, b.first-a.final > turnGap:
		return false
	case len(turns) == 2:
		return true
	}
	next := &turns[2]
	return next.first >= b.final-turnOverlap || next.first-a.final > turnGap
}
