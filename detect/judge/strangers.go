package judge

import "ipdrift/detect/finding"

// within counts the refusals a mask would have accepted.
func within(lens []uint8, prefix int) (n int64) {
	for _, l := range lens {
		if l != acrossFamilies && int(l) >= prefix {
			n++
		}
	}
	return n
}

// strangers is the share of shared links that a mask would have opened to at
// least one refused attempt; nil where too few links tell (rule 17). The unit
// is the link, since attempts on one link are not independent.
func (r *Replay) strangers(prefix int) *finding.Share {
	links, opened := r.opened(prefix)
	share, low, high := Wilson(opened, links)
	if links == 0 || links < r.t.StrangerLinks && low <= r.t.StrangersVeto {
		return nil
	}
	var in int64
	for _, lens := range r.shared {
		in += within(lens, prefix)
	}
	return &finding.Share{Share: share, Low: low, High: high, Requests: in, Links: links}
}

// strangersInFull adds the share of attempts, bounded by link.
func (r *Replay) strangersInFull(prefix int) *finding.Share {
	in := r.strangers(prefix)
	if in == nil {
		return nil
	}
	var pairs tally
	for _, lens := range r.shared {
		if len(lens) > 0 {
			pairs.add(within(lens, prefix), int64(len(lens)))
		}
	}
	in.RequestShare = pairs.interval(&r.t)
	return in
}

// vetoed tells whether strangers forbid a mask (rule 17).
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
