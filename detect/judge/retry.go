package judge

import "net/netip"

// refusal is one refusal after merging retries (rule 8).
type refusal struct {
	first    int64 // µs
	client   netip.Addr
	link     uint32
	mismatch bool // proven or inferred, not expired, no other policy's doing
	proven   bool // by a reproduced hash
	pos      int  // of its first mismatch, or else its first event, in the user's events
	start    int  // of its first event
	measured bool // a mismatch whose common is known:
	common   int  // bits in common with the signing address; -1: it is of the other family
	arrives  bool // it is the first one at an address that the user came to with the link
}

type target struct {
	client          netip.Addr
	link, dir, file uint32
}

// merge makes the refusals of one user for one path from one address within
// the window of the first of them one refusal. It is a mismatch if any of them
// was.
func merge(events []Event, idx []int32, window int64) []refusal {
	var merged []refusal
	open := map[target]int{}
	for pos, i := range idx {
		e := &events[i]
		if !e.Refused {
			continue
		}
		key := target{e.Client, e.Link, e.Dir, e.File}
		at, ok := open[key]
		if !ok || e.Time-merged[at].first > window {
			at = len(merged)
			open[key] = at
			merged = append(merged, refusal{first: e.Time, client: e.Client, link: e.Link, pos: pos, start: pos})
		}
		merged[at].take(e, pos)
	}
	return merged
}

func (r *refusal) take(e *Event, pos int) {
	if !isMismatch(e) {
		return
	}
	if !r.mismatch {
		r.mismatch, r.pos = true, pos
	}
	r.proven = r.proven || !e.Inferred
}
