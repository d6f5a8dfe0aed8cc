package judge

import "slices"

// handedOn tells whether a refused request, of a user agent that its link
// never served, looks like a viewer whom the link was handed to (rule 9): it starts over
// although another user agent was served elsewhere. Where one alone does so as that
// one falls silent, a viewer may go on with another player; where several do, at
// several addresses, they are not all the one who was served.
func handedOn(v view) beginning {
	e := v.request()
	kind, _ := place(e.Name)
	window := v.t.RetryWindow.Microseconds()
	before := v.servedBefore()
	silent := e.Time-before.last > window
	runsOn := kind == whole && before.runsOn(e, v.t)
	several := v.severalInVain()
	switch {
	case v.echoes():
		return startsAnew
	case kind == whole && before.same == 0:
		return anew(v.onItsWay())
	case kind != whole && !before.again(e, window) && !startsOver(e.Name, before.reached, before.step):
		return goesOn
	case before.media < v.t.MediaRequests && (before.same == 0 || !silent && !runsOn && !several): // a link for each file tells by that file alone
		return goesOn
	case several:
		return startsAnew
	case kind == opening && before.same > 1 && e.Time-before.lastSame <= window: // the poll of a live manifest
		return anew(v.rhythm().out)
	case silent, runsOn, v.servedAfter():
		return startsAnew
	}
	return maybeAnew
}

// echoes reports, of a user agent that was never served, what copies reports of one that was. As the two are no one player, a
// file is on its way to either: what was asked for in vain need not have been served before, but no later as far as the
// log's time tells.
func (v view) echoes() bool {
	e := v.request()
	served, onward := map[fileID][]*Event{}, false
	asked := map[fileID]bool{}
	for _, i := range v.idx {
		if p := &v.events[i]; p.Client == e.Client && isMismatch(p) {
			asked[p.file()] = true
		}
	}
	for _, i := range v.idx {
		if p := &v.events[i]; p.Served && p.Client != e.Client {
			if id := p.file(); asked[id] {
				served[id] = append(served[id], p)
			}
			onward = onward || surelyBefore(e, p)
		}
	}
	for _, i := range v.idx {
		if p := &v.events[i]; p.Client == e.Client && isMismatch(p) {
			if got := served[p.file()]; len(got) != 1 || surelyBefore(p, got[0]) {
				return false
			}
		}
	}
	return onward
}

// others reports whether every link that was refused to a user who was served nothing was served to
// somebody else. Then the site saw the right address, that of another viewer, or of this one under an id
// that its player does not keep.
func (c *facts) others() bool {
	taken := c.group.taken()
	return c.everyMismatch(func(r *refusal) bool { return taken[r.link] })
}

// taken returns the links that were served.
func (g *Group) taken() map[uint32]bool {
	if g.serves == nil {
		g.serves = map[uint32]bool{}
		for i := range g.Events {
			if e := &g.Events[i]; e.Served {
				g.serves[e.Link] = true
			}
		}
	}
	return g.serves
}

// got returns the first request that was served of each file with each link.
func (g *Group) got() map[target]*Event {
	if g.firsts == nil {
		g.firsts = map[target]*Event{}
		for _, i := range g.order {
			e := &g.Events[i]
			at := target{link: e.Link, dir: e.Dir, file: e.File}
			if e.Served && g.firsts[at] == nil {
				g.firsts[at] = e
			}
		}
	}
	return g.firsts
}

// repeated reports whether all that a user asked for in vain had been served before with the same
// links, several files of it, and to nobody whom a cookie or TLS session shows to be this user.
func (c *facts) repeated() bool {
	if c.user.Mismatches < c.t.MediaRequests {
		return false
	}
	asked := map[fileID]bool{}
	for i := range c.refusals {
		r := &c.refusals[i]
		if !r.mismatch {
			continue
		}
		e := c.event(r)
		first := c.group.got()[target{link: e.Link, dir: e.Dir, file: e.File}]
		if first == nil || !surelyBefore(first, e) || e.Kin > 0 && e.Kin == first.Kin {
			return false
		}
		asked[e.file()] = true
	}
	return len(asked) >= c.t.MediaRequests
}

// severalInVain reports whether another user agent, which nothing was served to either, was
// refused at yet another address, in time or not.
func (v view) severalInVain() bool {
	e := v.request()
	served := map[uint32]bool{}
	for _, i := range v.idx {
		if v.events[i].Served {
			served[v.events[i].UA] = true
		}
	}
	return slices.ContainsFunc(v.idx, func(i int32) bool {
		o := &v.events[i]
		return (isMismatch(o) || isLateMismatch(o)) && !o.Bot && o.UA != e.UA && o.Client != e.Client && !served[o.UA] && !v.known(o)
	})
}
