package judge

import (
	"net/netip"
	"slices"

	"ipdrift/detect/finding"
)

// attempts are the mismatches of a user of many networks that may be others' (rule 17): not at the addresses where whoever was
// served goes on. Of more addresses than are looked at, all of the rest.
func (c *facts) attempts() (lens []uint8) {
	if c.user.Served == 0 {
		return c.user.MismatchLens
	}
	whose := c.beginnings()
	for i := range c.refusals {
		if r := &c.refusals[i]; r.measured {
			if of, known := whose[spot{r.link, r.client}]; !known || of != goesOn {
				lens = append(lens, kept(r.common))
			}
		}
	}
	return lens
}

// withoutOthers leaves out what others were refused, for certain, who tried the link of one who moves while it was served on and
// needed nothing of theirs: no mask is for them. Whoever starts over later may be the viewer, who loads the page again, or another
// one, if nobody asked for anything for a while: both is kept.
func (c *facts) withoutOthers(u *User) {
	whose := c.beginnings()
	at := map[netip.Addr]bool{}
	for _, s := range c.served {
		at[s.client] = true
	}
	another, told, later := map[spot]bool{}, map[spot]bool{}, map[spot]bool{}
	for i := range c.refusals {
		r := &c.refusals[i]
		if there := (spot{r.link, r.client}); r.measured && whose[there] == startsAnew && !at[r.client] {
			another[there] = another[there] || c.own(r.pos).unneeded()
			if !told[there] && c.silentBefore(r.pos) {
				later[there] = true
			}
			told[there] = true
		}
	}
	own := func(r *refusal) bool { return r.measured && !another[spot{r.link, r.client}] }
	if slices.ContainsFunc(c.refusals, func(r refusal) bool { return own(&r) }) {
		u.measureAll(c.refusals, own)
	}
	before := func(r *refusal) bool { return own(r) && !later[spot{r.link, r.client}] }
	if len(later) > 0 && slices.ContainsFunc(c.refusals, func(r refusal) bool { return before(&r) }) {
		sure := User{}
		sure.measureAll(c.refusals, before)
		u.Later, u.Before = sure.MinCommon != u.MinCommon, sure.MinCommon
	}
}

// silentBefore reports whether the user had asked for nothing for longer than one tries again before an event.
func (c *facts) silentBefore(pos int) bool {
	return pos > 0 && c.group.Events[c.idx[pos]].Time-c.group.Events[c.idx[pos-1]].End > c.t.RetryWindow.Microseconds()
}

// beginnings tells, by link and address, whose a mismatch there seems to be. Of more addresses than are looked at, the rest is
// not known.
func (c *facts) beginnings() map[spot]beginning {
	whose, ahead := map[spot]beginning{}, c.ahead()
	looked := 0
	for i := range c.refusals {
		r := &c.refusals[i]
		at := spot{r.link, r.client}
		_, told := whose[at]
		switch {
		case !r.measured || told && !ahead[r.pos]:
		case ahead[r.pos]:
			whose[at] = goesOn
		case looked < restartsLooked:
			looked++
			v := c.own(r.pos)
			if whose[at] = restarts(v); v.known(v.request()) {
				whose[at] = goesOn
			}
		}
	}
	return whose
}

// ahead tells which mismatches of a user, by place, are for a segment beyond all that was served until then: restarts would
// say so, too, of each in the time that this takes for all.
func (c *facts) ahead() []bool {
	out, reached := make([]bool, len(c.idx)), map[uint32]int64{} // by directory
	for pos, i := range c.idx {
		e := &c.group.Events[i]
		if !e.Served && !isMismatch(e) {
			continue
		}
		kind, n := place(e.Name)
		if kind != segment {
			continue
		}
		if e.Served {
			reached[e.Dir] = max(reached[e.Dir], n)
		} else {
			out[pos] = n > max(1, reached[e.Dir])
		}
	}
	return out
}

// within counts the refusals a mask would have accepted.
func within(lens []uint8, prefix int) (n int64) {
	for _, l := range lens {
		if l != acrossFamilies && int(l) >= prefix {
			n++
		}
	}
	return n
}

// attempts is what a mask would have accepted of the refused attempts on shared links, link by
// link.
func (r *Replay) attempts(prefix int) *tally {
	t := &tally{}
	for _, lens := range r.shared {
		if len(lens) > 0 {
			t.add(within(lens, prefix), int64(len(lens)))
		}
	}
	return t
}

// strangers is the share of the refused attempts on shared links that a mask would have
// accepted; nil where too few links tell (rule 17). Its bounds have the link as the unit, since
// attempts on one link are not independent.
func (r *Replay) strangers(prefix int) *finding.Share {
	if in, ok := r.letIn[prefix]; ok {
		return in
	}
	t := r.attempts(prefix)
	var in *finding.Share
	if x := t.interval(&r.t); x != nil && (t.units >= r.t.StrangerLinks || x.Low > r.t.StrangersVeto) {
		in = &finding.Share{Share: x.Share, Low: x.Low, High: x.High, Requests: t.accepted, Links: t.units}
	}
	if r.letIn == nil {
		r.letIn = map[int]*finding.Share{}
	}
	r.letIn[prefix] = in
	return in
}

// strangersShare is the share alone, for a curve; nil where it is not measured.
func (r *Replay) strangersShare(prefix int) *float64 {
	if t := r.attempts(prefix); t.units >= r.t.StrangerLinks {
		share := float64(t.accepted) / float64(t.total)
		return &share
	}
	if in := r.strangers(prefix); in != nil {
		return &in.Share
	}
	return nil
}

// vetoed reports whether strangers forbid a mask (rule 17).
func (r *Replay) vetoed(prefix int) bool {
	in := r.strangers(prefix)
	return in != nil && in.Low > r.t.StrangersVeto
}

// opened counts the shared links with refused attempts, and those of them that
// a mask would have opened to at least one.
func (r *Replay) opened(prefix int) (links, opened int64) {
	t := r.attempts(prefix)
	for pair, n := range t.pairs {
		if pair[0] > 0 {
			opened += n
		}
	}
	return t.units, opened
}
