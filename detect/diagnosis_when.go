package detect

import (
	"math"
	"time"

	"ipdrift/ingest/figure"
)

// spell is how many links began, and when the first and the last of them did, µs.
type spell struct{ links, first, last int64 }

func (s *spell) add(at int64) {
	if s.links++; s.links == 1 {
		s.first, s.last = at, at
	}
	s.first, s.last = min(s.first, at), max(s.last, at)
}

// split counts links that hold, links that fail, and links that do both.
func (f *failure) split(l *visited) {
	held, failed, strange, begun := false, false, false, int64(math.MaxInt64)
	heldHere, failedHere := false, false // for the address of a visit
	for i := range l.visits {
		v := &l.visits[i]
		if i > 0 && !v.Alike(l.visits[i-1].Stored) {
			strange = strange || failedHere && !heldHere
			heldHere, failedHere = false, false
		}
		if begun = min(begun, v.first); v.Served() {
			held, failed = held || v.Matched, failed || !v.Matched
			heldHere, failedHere = heldHere || v.Matched, failedHere || !v.Matched
		}
	}
	strange = strange || failedHere && !heldHere
	switch {
	case held && strange:
		f.lent++
	case held && failed: // for the same address: by the path
	case held:
		f.begun[0].add(begun)
	case failed:
		f.begun[1].add(begun)
	}
}

// unenforced finds links that were served to the address that they were signed for, and
// to others, too.
func (a *analysis) unenforced(h *host) string {
	n := h.failure.lent
	if n*2 <= h.tokens-h.Verified {
		return ""
	}
	return figure.Sentence("%d {link was|links were} served to the address that {it was|they were} signed for, and to others, too: the edge does not check the address, or answers from its cache without a check", n)
}

// keyChanged finds a moment before which all links hold, and after which none does, or the
// other way round.
func (a *analysis) keyChanged(h *host) string {
	hold, fail := &h.failure.begun[0], &h.failure.begun[1]
	switch few := a.Thresholds.ListedBelow; {
	case hold.links < few:
		return "" // nothing shows that the edge has the key at any time
	case fail.links < few:
	case hold.first > fail.last:
		return "all links from " + inUTC(hold.first) + " UTC on reproduce, and none before does: the key, or what is signed, was changed then; give the old key, too, or --since that time"
	case hold.last < fail.first:
		return "all links up to " + inUTC(hold.last) + " UTC reproduce, and none from " + inUTC(fail.first) + " on does: the key, or what is signed, was changed then; give the new key, too"
	}
	return h.dropped.says()
}

func inUTC(us int64) string { return time.UnixMicro(us).UTC().Format("2006-01-02 15:04:05") }
