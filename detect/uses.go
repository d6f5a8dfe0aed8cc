package detect

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/detect/parallel"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/token"
)

// used is the time in which one user agent used a link, in one directory.
type used struct {
	first, final, fellAt          int64     // µs; fellAt: when it was refused last because of its address
	taken                         int64     // µs, when it was not refused for that last; 0: never
	host, place, agent, dir, file uint32    // host by its place; file: the only one that was asked for; 0: several
	begun                         [2]uint32 // the files that it begins with, such as a playlist and a segment; 0: there is none
	fell, refused                 uint32    // the client that was refused then, and the file; 0: none
	home                          uint32    // the first client that the link was served to, where it is not known whom it was signed for; 0: none
}

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
		a.joinLikely(c, a.hosts[a.names[host]], byHost[host])
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

// endBeside returns the end of the run of uses, from n on, that stand beside the one before n.
func endBeside(uses []used, n int) int {
	for n < len(uses) && uses[n].beside(&uses[n-1]) {
		n++
	}
	return n
}

// mostShares is the number of shares from which on a share that is still too large is cut to the first
// uses of each user agent in each directory: no others are looked at anyway.
const mostShares = 64

// beside reports whether two uses have the same host, user agent and directory.
func (u *used) beside(o *used) bool { return u.host == o.host && u.agent == o.agent && u.dir == o.dir }

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
		turns[i] = identity.Turn{First: u.first, Final: cmp.Or(u.taken, u.final), Signed: signed, Vain: vain, File: u.file, Begun: u.begun, Refused: u.refused, Fell: a.fallOf(u), Links: links[i : i+1 : i+1]}
	}
	found := identity.Pairs(turns, a.Thresholds.Recovery.Microseconds())
	for _, p := range found.Pairs {
		to.pairs = append(to.pairs, [2]*used{&uses[p[0]], &uses[p[1]]})
	}
	if len(found.Lapses) == 0 && found.Chance == (identity.Chance{}) {
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

// uses lists the uses by some user agents that some accepts, ordered by host, user agent, directory and
// time. Where there are too many, ok is false, unless they may be cut.
func (a *analysis) uses(ctx context.Context, agents func(agent uint32) bool, some func(*used) bool, may bool) (all []used, ok bool, err error) {
	most := a.limits.uses
	unkeyed := a.anyUnkeyed()
	err = history.Pass(ctx, a.Threads, a.history.Batches,
		func(c *history.Batch) (uses []used, err error) {
			o := opening{texts: a.texts}
			for i := range c.Groups {
				if s := &c.Groups[i]; !s.Unlinked() && (unkeyed || *a.history.Signed.At(s.Number) > 0) {
					if uses, err = a.usesOf(s, agents, &o, uses); err != nil {
						return nil, err
					}
				}
			}
			return slices.DeleteFunc(uses, func(u used) bool { return !some(&u) }), nil
		},
		func(uses []used) error {
			if all = append(all, uses...); len(all) <= most {
				return nil
			}
			if !may {
				return errEnough
			}
			all = firstUses(all)
			most = max(most, 2*len(all)) // what is left is of too many directories to be cut
			return nil
		})
	if err == errEnough {
		return nil, false, nil
	}
	slices.SortFunc(all, used.inOrder)
	return all, true, err
}

func (u used) inOrder(o used) int {
	return cmp.Or(cmp.Compare(u.host, o.host), cmp.Compare(u.agent, o.agent), cmp.Compare(u.dir, o.dir), cmp.Compare(u.first, o.first), cmp.Compare(u.place, o.place))
}

// firstUses keeps the first uses of each user agent in each directory: no others are looked at.
func firstUses(all []used) []used {
	slices.SortFunc(all, used.inOrder)
	n := 0
	var before used
	return slices.DeleteFunc(all, func(u used) bool {
		if n++; !u.beside(&before) {
			n = 1
		}
		before = u
		return n > identity.MaxTurns
	})
}

// anyUnkeyed reports whether some host binds links to addresses that no key tells.
func (a *analysis) anyUnkeyed() bool {
	for _, h := range a.hosts {
		if h.hides() {
			return true
		}
	}
	return false
}

// signedOver returns the address that the link of a use was signed for, or is taken to be signed for. vain
// means that it is the address at which the use was refused, as nobody was served.
func (a *analysis) signedOver(u *used) (signed netip.Addr, vain bool) {
	if ip := a.signedFor(u.place); ip.IsValid() {
		return ip, false
	}
	return a.client(a.clients.Of(cmp.Or(u.home, u.fell))), u.home == 0
}

// usesOf adds the uses of one link by some user agents.
func (a *analysis) usesOf(s *history.Group, agents func(agent uint32) bool, o *opening, to []used) ([]used, error) {
	from, n := len(to), -1 // n: of the request before
	known := *a.history.Signed.At(s.Number) > 0
	var served uint32 // the first client that was
	var who judge.Numbers[uint32]
	var before history.Request
	o.second = o.second[:0]
	err := a.eachTake(s, func(t []history.Request) {
		f, start := &t[0], t[len(t)-1].Start
		answer := a.outcomes[f.Outcome]
		if !known && !answer.host.hides() {
			return
		}
		if served == 0 && answer.Served() {
			served = f.Client
		}
		if n < 0 || f.Agent != before.Agent {
			if !agents(f.Agent) {
				return
			}
			var fresh bool
			if n, fresh = who.Of(f.Agent); fresh {
				to = append(to, used{host: answer.host.Place, place: s.Number, agent: f.Agent, dir: f.Dir, first: f.Start, file: a.fileOf(f), begun: [2]uint32{f.File}})
				o.second = append(o.second, 0)
			}
		}
		before = *f
		u := &to[from+n]
		u.final = start
		if f.Dir != u.dir {
			u.dir = 0
		}
		if u.file > 0 && a.fileOf(f) != u.file {
			u.file = 0
		}
		o.take(u, &o.second[n], t)
		vain := !known && served == 0 && f.Cause == a.unchecked
		if f.Cause != a.words.mismatch && f.Cause != a.expiredMismatch && !vain {
			u.taken = start
			return
		}
		last := 1
		if u.fell > 0 && start == u.fellAt {
			last = bytes.Compare(a.text(f.Client), a.text(u.fell))
		}
		switch {
		case last > 0:
			u.fell, u.fellAt, u.refused = f.Client, start, f.File
		case last == 0 && f.File != u.refused && o.less(f.File, u.refused):
			u.refused = f.File
		}
	})
	err = cmp.Or(err, o.failed)
	for i := range to[from:] {
		to[from+i].home = served
	}
	of := slices.DeleteFunc(to[from:], func(u used) bool { return u.dir == 0 || !known && u.home == 0 && u.fell == 0 })
	return to[:from+len(of)], err
}

// opening finds the files that uses of a link begin with. Those of one time have no order
// (rules of evidence, 8): the least names come first.
type opening struct {
	texts  *spill.Texts
	second []int64 // when the second file of each use was asked for first
	failed error
}

// take looks at the next requests of a use.
func (o *opening) take(u *used, second *int64, t []history.Request) {
	of := &u.begun
	for i := 0; i < len(t) && (of[1] == 0 || t[i].Start == *second); i++ {
		if file := t[i].File; file != of[0] && (of[1] == 0 || file != of[1] && o.less(file, of[1])) {
			of[1], *second = file, t[i].Start
		}
		if *second == u.first && of[1] > 0 && o.less(of[1], of[0]) {
			of[0], of[1] = of[1], of[0]
		}
	}
}

func (o *opening) less(file, other uint32) bool {
	x, err := o.texts.Files.Text(file)
	y, bad := o.texts.Files.Text(other)
	o.failed = cmp.Or(o.failed, err, bad)
	return x < y
}

// fallOf is the last refusal in a use, of the address that the next link is signed
// for.
func (a *analysis) fallOf(u *used) identity.Fall {
	if u.fell == 0 {
		return identity.Fall{}
	}
	client := a.client(a.clients.Of(u.fell))
	if b, ok := a.hosts[a.names[u.host]].Policy.Mask(addr.Family(client)); ok {
		client = addr.Cut(client, int(b.Prefix))
	}
	return identity.Fall{Client: client, Time: u.fellAt}
}

// text is an address as the case has it.
func (a *analysis) text(client uint32) []byte {
	return token.AppendAddr(nil, a.clients.Addr(client))
}
