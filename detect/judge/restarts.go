package judge

import "net/netip"

// beginning says whose a refused request seems to be.
type beginning uint8

const (
	goesOn     beginning = iota // the viewer's own, who goes on with what was served elsewhere
	maybeAnew                   // it starts over as the old address falls silent: a player that reloads, unless others start over, too
	startsAnew                  // another viewer's
)

// anew is the beginning of a request that is told without doubt.
func anew(another bool) beginning {
	if another {
		return startsAnew
	}
	return goesOn
}

// restarts tells whether a refused request looks like another
// viewer rather than like this one going on (rule 9): it starts over, or asks again for
// what was served elsewhere, although media had been served there, and it is neither the poll
// of a live manifest in its turn nor a player reloading where the old address falls silent. A
// file of its own has no sequence to go on with: there it is a longer pause than any
// before, as whoever is cut off asks again at once, or a download elsewhere that goes on.
func restarts(v view) beginning {
	e := v.request()
	kind, _ := place(e.Name)
	before := v.servedBefore()
	window := v.t.RetryWindow.Microseconds()
	again := before.again(e, window)
	switch {
	case kind == whole && before.same == 0:
		return anew(v.onItsWay())
	case before.same > 0 && (v.repeats() || v.copies()):
		return startsAnew
	case kind == whole && !again:
		return anew(before.runsOn(e, v.t) || before.same > 1 && v.rhythm().out)
	case kind == whole:
		return anew(e.Time-before.lastSame > before.pause)
	case !again && !startsOver(e.Name, before.reached, before.step):
		return goesOn
	case !again && before.media < v.t.MediaRequests && (kind != opening || before.same < 2):
		return goesOn // a file with a link of its own tells by that file alone
	case before.same > 1 && e.Time-before.lastSame <= window:
		return anew(v.rhythm().out)
	case e.Time-before.last > window, v.servedAfter():
		return startsAnew
	}
	return maybeAnew
}

// repeats reports whether all that was asked for in vain at the address of a request had been
// served elsewhere before, as far as the log's time tells, several files of it: whoever moves asks for what it did not get.
func (v view) repeats() bool {
	e := v.request()
	served, asked := map[fileID]*Event{}, map[fileID]bool{}
	for _, i := range v.idx {
		p := &v.events[i]
		id := p.file()
		switch {
		case p.Served && p.Client != e.Client && served[id] == nil:
			served[id] = p
		case p.Client == e.Client && isMismatch(p):
			if first := served[id]; first == nil || !surelyBefore(first, p) {
				return false
			}
			asked[id] = true
		}
	}
	return len(asked) >= v.t.MediaRequests
}

// copies reports whether a refused request, and all in vain at its address, is for files that had been
// served elsewhere, each once, and whoever was served there goes on to others of that link or folder and needs none of
// these again: so does a scanner of the network that asks for some of what passes. Whose address changes while a file is
// on its way asks for it again wherever it is served next, be it within the resolution of the log.
func (v view) copies() bool {
	e := v.request()
	served, asked := map[fileID][]*Event{}, map[fileID]bool{}
	onward := false
	home := map[netip.Addr]bool{} // where anything was served
	for n, i := range v.idx {
		p := &v.events[i]
		id := p.file()
		home[p.Client] = home[p.Client] || p.Served
		switch {
		case p.Client == e.Client && isMismatch(p):
			if len(served[id]) != 1 || !surelyBefore(served[id][0], p) {
				return false
			}
			asked[id] = true
		case p.Client == e.Client:
		case asked[id] && home[p.Client]:
			return false
		case p.Served:
			served[id] = append(served[id], p)
			onward = onward || n > v.at && (p.Link == e.Link || p.Dir == e.Dir)
		}
	}
	return onward
}

// surelyBefore reports whether the clocks leave no doubt that one of two events came first.
func surelyBefore(a, b *Event) bool {
	return b.Time-a.Time >= max(1, resolved(a.Edge, b.Edge, max(a.Grain, b.Grain)))
}
