package judge

import "ipdrift/detect/finding"

// attempts are the mismatches of a user of many networks that may be others' (rule 17): not at the addresses where whoever was
// served goes on. Of more addresses than are looked at, all of the rest.
func (c *facts) attempts() (lens []uint8) {
	if c.user.Served == 0 {
		return c.user.MismatchLens
	}
	own := map[spot]bool{}
	for i := range c.refusals {
		r := &c.refusals[i]
		if !r.mismatch || !r.measured {
			continue
		}
		at := spot{r.link, r.client}
		if _, known := own[at]; !known {
			own[at] = len(own) < restartsLooked && c.goesOn(r.pos)
		}
		if !own[at] {
			lens = append(lens, r.common)
		}
	}
	return lens
}

// goesOn reports whether the refused request at pos is of the viewer who was served.
func (c *facts) goesOn(pos int) bool {
	return known(c.group.Events, c.idx, &c.group.Events[c.idx[pos]]) || restarts(c.group.Events, c.idx, pos, c.t) == goesOn
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
	for _, lens := range r.shared {
		if len(lens) == 0 {
			continue
		}
		links++
		if within(lens, prefix) > 0 {
			opened++
		}
	}
	return links, opened
}
