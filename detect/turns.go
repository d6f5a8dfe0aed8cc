package detect

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/detect/parallel"
	"ipdrift/ingest"
)

// takeTurns joins the links that one player used in turn. Links over several
// directories, and those whose signing address is not known, stay as they are. Without a key
// a link is taken for signed for the address that it was served to first.
func (a *analysis) takeTurns(ctx context.Context, c *identity.Circles) error {
	return inShares(func(share, shares uint32) (ok bool, err error) {
		if share == 0 {
			a.begins = nil
			for _, h := range a.hosts {
				h.unclear = judge.Unclear{}
			}
		}
		return a.takeShare(ctx, c, share, shares)
	})
}

// takeShare does this for one share of the uses; ok reports whether that is small enough. What was joined
// before may be joined again.
func (a *analysis) takeShare(ctx context.Context, c *identity.Circles, share, shares uint32) (ok bool, err error) {
	all, ok, err := a.uses(ctx, func(agent uint32) bool { return a.survey.several.Has(agent) },
		func(u *used) bool { return (u.agent*0x9e3779b1^u.dir*0x85ebca6b)>>8%shares == share }, shares >= mostShares)
	if !ok || err != nil {
		return false, err
	}
	byHost := map[uint32]*likely{}
	if err := parallel.Ordered(ctx, a.Threads,
		func(emit func([]used) error) error {
			for len(all) > 0 {
				n := endBeside(all, min(usesEach, len(all)))
				if err := emit(all[:n]); err != nil {
					return err
				}
				all = all[n:]
			}
			return nil
		},
		a.pairAll,
		func(found *sequels) error {
			if found.failed != nil {
				return found.failed
			}
			for _, p := range found.pairs {
				a.joinUses(c, p)
			}
			for host, g := range found.likely {
				byHost[host] = byHost[host].with(g)
			}
			return nil
		}); err != nil {
		return false, err
	}
	for _, host := range slices.Sorted(maps.Keys(byHost)) {
		a.joinLikely(c, a.ordered[host], byHost[host])
	}
	return true, nil
}

// joinUses makes two uses one user's, unless their id cookies tell that they are not.
func (a *analysis) joinUses(c *identity.Circles, p [2]*used) bool {
	x, y := a.numberIn(c, p[0]), a.numberIn(c, p[1])
	apart := c.Strangers(x, y)
	if !apart {
		c.Join(x, y, ingest.TieTurn)
	}
	return !apart
}

// usesEach is the least number of uses that are paired at a time.
const usesEach = 1 << 11

// mostShares is the number of shares from which on a share that is still too large is cut to the first
// uses of each user agent in each directory: no others are looked at anyway.
const mostShares = 64

// pairAll pairs the uses that follow each other with the same host, user agent and directory.
func (a *analysis) pairAll(uses []used) *sequels {
	all := &sequels{likely: map[uint32]*likely{}}
	for len(uses) > 0 {
		n := endBeside(uses, 1)
		a.pair(uses[:min(n, identity.MaxTurns)], all)
		uses = uses[n:]
	}
	return all
}

// pair adds the pairs among uses that stand beside each other, in the order of time.
func (a *analysis) pair(uses []used, to *sequels) {
	if len(uses) < 2 {
		return
	}
	turns, links := make([]identity.Turn, len(uses)), make([]uint32, len(uses))
	for i := range uses {
		u := &uses[i]
		links[i] = uint32(i)
		signed, vain := a.signedOver(u)
		turns[i] = identity.Turn{First: u.first, Final: cmp.Or(u.taken, u.final), Signed: signed, Vain: vain, File: u.file, Begun: u.begun, Reached: u.reached, Refused: u.refused, Fell: a.fallOf(u), Links: links[i : i+1 : i+1]}
	}
	found := identity.Pairs(turns, a.Thresholds.Recovery.Microseconds(), a.ordered[uses[0].host].refusalsOnly(), func(file uint32) (int64, bool) {
		name, err := a.texts.Files.Text(file)
		to.failed = cmp.Or(to.failed, err)
		return judge.Segment(name)
	})
	for _, p := range found.Pairs {
		to.pairs = append(to.pairs, [2]*used{&uses[p[0]], &uses[p[1]]})
	}
	if len(found.Lapses) == 0 && len(found.Begins) == 0 && len(found.Reopened) == 0 && found.Reopenings == (identity.Reopenings{}) && found.Chance == (identity.Chance{}) {
		return
	}
	g := to.likely[uses[0].host]
	if g == nil {
		g = &likely{}
		to.likely[uses[0].host] = g
	}
	g.take(&found, uses)
}

// numberIn returns the number of a use's atom.
func (a *analysis) numberIn(c *identity.Circles, u *used) int32 {
	l := a.history.Links.At(u.place)
	n := c.Add(identity.Atom{Link: l.ID, Agent: u.agent}, l.Hash, 0)
	c.Knows(n, a.cookieIn(u))
	return n
}
