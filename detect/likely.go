package detect

import "ipdrift/detect/identity"

// sequels are the pairs of uses that follow each other, and, by host, those that may.
type sequels struct {
	pairs  [][2]*used
	likely map[uint32]*likely
	failed error // of a read
}

// likely is the refusals of a host after which nothing but the time tells who went on.
type likely struct {
	lapses   []lapsedUse
	begins   []*used // who may have
	reopened []reopenedUse
	identity.Reopenings
	identity.Chance
}

// lapsedUse is a use that ended with a refusal.
type lapsedUse struct {
	use, on *used // on: the only one that began after it, where few began near; nil: there is none such
}

// reopenedUse is a use, and one that seems to go on with it.
type reopenedUse struct {
	use, on *used
	identity.Reopened
}

// take adds what was found among some uses.
func (l *likely) take(found *identity.Resumed, uses []used) {
	for _, f := range found.Lapses {
		of := lapsedUse{use: &uses[f.Turn]}
		if f.On >= 0 {
			of.on = &uses[f.On]
		}
		l.lapses = append(l.lapses, of)
	}
	for _, n := range found.Begins {
		l.begins = append(l.begins, &uses[n])
	}
	for _, o := range found.Reopened {
		l.reopened = append(l.reopened, reopenedUse{&uses[o.Turn], &uses[o.On], o})
	}
	l.Count(&found.Reopenings)
	l.Add(found.Chance)
}

// with adds those of others; l may be nil.
func (l *likely) with(o *likely) *likely {
	if l == nil {
		return o
	}
	l.lapses, l.begins, l.reopened = append(l.lapses, o.lapses...), append(l.begins, o.begins...), append(l.reopened, o.reopened...)
	l.Count(&o.Reopenings)
	l.Add(o.Chance)
	return l
}

// tell reports whether the viewers who began alone after a refusal are the ones who were refused.
func (l *likely) tell() bool {
	n := 0
	for i := range l.lapses {
		if l.lapses[i].on != nil {
			n++
		}
	}
	return identity.Seeming{Told: n, Mirrored: l.Mirrored}.Tells()
}

// joinLikely joins those on a host who went on, where the time tells who they are, and counts the others.
func (a *analysis) joinLikely(c *identity.Circles, h *host, l *likely) {
	for _, u := range l.begins {
		a.begins.Add(u.place)
	}
	tell := l.tell()
	h.unclear.Add(l.Unclear)
	for _, f := range l.lapses {
		if !tell || f.on == nil || !a.joinUses(c, [2]*used{f.use, f.on}) {
			h.unclear.Refusals++
			continue
		}
		a.begins.Remove(f.on.place)
		h.unclear.Excess--
	}
	a.joinReopened(c, h, l)
}

// joinReopened joins those who seem to go on where few can do so by chance, and counts the others.
func (a *analysis) joinReopened(c *identity.Circles, h *host, l *likely) {
	var untold [len(l.Reopenings)]int64
	for i := range l.reopened {
		o := &l.reopened[i]
		switch {
		case o.Alone && l.Reopenings[o.How].Tells() && a.joinUses(c, [2]*used{o.use, o.on}):
			a.begins.Remove(o.on.place)
		case o.Fell:
			a.begins.Add(o.on.place)
			untold[o.How]++
		}
	}
	for how, n := range untold {
		h.unclear.Sequels += l.Real(identity.Reopening(how), n)
	}
}
