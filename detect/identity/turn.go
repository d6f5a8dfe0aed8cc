package identity

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"ipdrift/detect/addr"
)

// A player that renews its token goes on with the next one where the last one
// ended. These are our own limits: players that refresh short tokens do so some
// 10 s before the end, and try again for as long as their buffer lasts
// (https://gcore.com/docs/cdn/video-cdn/secure-token-auto-refresh).
const (
	turnGap     = int64(2 * time.Minute / time.Microsecond)  // silence between two tokens of one player, µs
	turnOverlap = int64(15 * time.Second / time.Microsecond) // for how long both may be in use
)

// Turn is the time in which some links were used, one after the other, by one
// user agent in one directory.
type Turn struct {
	First, Final int64 // µs
	Signed       netip.Addr
	Vain         bool      // nobody was served, and it is not known who it was signed for: Signed is where it was refused
	File         uint32    // the only one that was asked for; 0: several
	Begun        [2]uint32 // the first two
	Reached      [2]uint32 // those of the last time that it was not refused because of the address, if there are no more
	Refused      uint32    // the one of the last refusal because of the address
	Fell         Fall
	Links        []uint32 // places of the links in a list, in order
}

// Fall is the last refusal because of the address.
type Fall struct {
	Client netip.Addr // zero: there was none
	Time   int64      // µs
}

// Pairs joins turns that follow each other: first those signed for one address,
// then those signed for one network (/24, IPv6 /64), then those that begin
// where another one was refused and are signed for that address, then those that
// begin with the file that another one was refused, then those that begin with
// the segment that comes next, which place tells. Turns that ran
// side by side are of several players, of whom nobody can tell which one goes
// on: they are left alone. Turns are sorted by first, and belong to one host,
// user agent and directory; each is of one link, whose place is that of the turn. unseen means that
// the log holds refusals only, so that it does not show when a link came into use.
func Pairs(turns []Turn, recovery int64, unseen bool, place Place) (out Resumed) {
	adopt(turns)
	joined := byNetwork(turns, netip.Addr.BitLen)
	joined = byNetwork(joined, addr.BlockBits)
	var consecutive [][2]uint32
	for _, t := range joined {
		for i := 1; i < len(t.Links); i++ {
			consecutive = append(consecutive, [2]uint32{t.Links[i-1], t.Links[i]})
		}
	}
	handed := handovers(joined, recovery)
	out = resume(turns, consecutive, handed, recovery, unseen, place)
	out.Pairs = slices.Concat(consecutive, handed, out.Pairs)
	return out
}

// adopt takes a turn in vain that began where another one had just been refused for one of
// the links that this one was given with: it is signed for the same address.
func adopt(turns []Turn) {
	if !slices.ContainsFunc(turns, func(t Turn) bool { return t.Vain }) {
		return
	}
	fell := map[netip.Addr]*Turn{} // the last one, by the address of its refusal
	for i := range turns {
		t := &turns[i]
		if !t.Fell.Client.IsValid() {
			continue
		}
		if by := fell[t.Fell.Client]; t.Vain && by != nil && t.First-by.Fell.Time <= turnGap {
			t.Signed, t.Vain = by.Signed, by.Vain
		}
		fell[t.Fell.Client] = t
	}
}

// handovers joins a turn that ended with a refusal with the only one that was
// signed for the refused address and begun within the recovery time; else with
// the only one within the silence between two tokens, as where a viewer reloads.
func handovers(turns []Turn, recovery int64) (out [][2]uint32) {
	if !slices.ContainsFunc(turns, func(t Turn) bool { return t.Fell.Client.IsValid() }) {
		return nil
	}
	begun := map[netip.Addr][]int{}
	for i := range turns {
		if at := turns[i].Signed.Unmap(); !turns[i].Vain {
			begun[at] = append(begun[at], i)
		}
	}
	from := map[int][]int{} // by the turn that takes over
	for i := range turns {
		if fell := turns[i].Fell; fell.Time+recovery < turns[i].Final {
			continue
		}
		to := takers(turns, i, begun[turns[i].Fell.Client.Unmap()], recovery)
		if len(to) == 0 {
			to = takers(turns, i, begun[turns[i].Fell.Client.Unmap()], turnGap)
		}
		if len(to) == 1 {
			from[to[0]] = append(from[to[0]], i)
		}
	}
	for i := range turns {
		if before := from[i]; len(before) == 1 {
			a := turns[before[0]].Links
			out = append(out, [2]uint32{a[len(a)-1], turns[i].Links[0]})
		}
	}
	return out
}

// takers are the turns that begin within a time of the refusal of turn i, two at most,
// among those signed for the refused address.
func takers(turns []Turn, i int, there []int, within int64) (to []int) {
	fell := turns[i].Fell
	at, _ := slices.BinarySearchFunc(there, fell.Time, func(n int, t int64) int { return cmp.Compare(turns[n].First, t) })
	for ; at < len(there) && turns[there[at]].First-fell.Time <= within && len(to) < 2; at++ {
		if there[at] != i {
			to = append(to, there[at])
		}
	}
	return to
}

func byNetwork(turns []Turn, length func(netip.Addr) int) (out []Turn) {
	sorted := make([]netTurn, len(turns))
	for i, t := range turns {
		a := t.Signed.Unmap()
		p, _ := a.Prefix(length(a)) // a length of the address itself never fails
		sorted[i] = netTurn{p.Addr(), t.Vain, int32(i)}
	}
	slices.SortFunc(sorted, netTurn.compare)
	var of []Turn
	for i, n := range sorted {
		of = append(of, turns[n.at])
		if i+1 == len(sorted) || sorted[i+1].net != n.net || sorted[i+1].vain != n.vain {
			out = append(out, consecutive(of)...)
			of = of[:0]
		}
	}
	slices.SortFunc(out, func(a, b Turn) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Links[0], b.Links[0]))
	})
	return out
}

// netTurn is the network of a turn, and its place.
type netTurn struct {
	net  netip.Addr
	vain bool
	at   int32
}

func (n netTurn) compare(o netTurn) int {
	switch {
	case n.net != o.net:
		return n.net.Compare(o.net)
	case n.vain != o.vain:
		if n.vain {
			return 1
		}
		return -1
	}
	return cmp.Compare(n.at, o.at)
}

// consecutive joins the turns of one network. Where they ask for one file, only
// those are joined that renewed a refused link.
func consecutive(turns []Turn) []Turn {
	if len(turns) == 1 {
		return turns
	}
	out, apart := slices.Clone(turns[:1]), sameFile(turns)
	before := int64(-1 << 62) // when the last of all but the turn before had ended
	for i, t := range turns[1:] {
		a := &turns[i] // the one before t
		if follows(turns[i:], before) && (!apart || renews(a, &t)) {
			last := &out[len(out)-1]
			if last.File != t.File {
				last.File = 0
			}
			last.Final, last.Fell = max(last.Final, t.Final), t.Fell
			last.Links = append(slices.Clip(last.Links), t.Links...)
		} else {
			out = append(out, t)
		}
		before = max(before, a.Final)
	}
	return out
}

// sameFile reports whether two turns asked for one file alone: where each file
// has a token of its own, a player asks for it with one of them.
func sameFile(turns []Turn) bool {
	seen := map[uint32]bool{}
	for _, t := range turns {
		if t.File != 0 && seen[t.File] {
			return true
		}
		seen[t.File] = true
	}
	return false
}

// renews reports whether b is a viewer's next try: refused at the same address
// after a was.
func renews(a, b *Turn) bool {
	return a.Fell.Client.IsValid() && a.Fell.Client == b.Fell.Client && b.First >= a.Fell.Time
}

// follows reports whether the second turn can only be what the first one went on
// with. before is when those had ended that began earlier.
func follows(turns []Turn, before int64) bool {
	a, b := &turns[0], &turns[1]
	switch {
	case before > a.Final, before > a.First+turnOverlap && before+turnGap >= b.First:
		return false // another one ran beside a
	case b.First < a.Final-turnOverlap, b.First-a.Final > turnGap:
		return false
	case len(turns) == 2:
		return true
	}
	next := &turns[2]
	return next.First >= b.Final-turnOverlap || next.First-a.Final > turnGap
}
