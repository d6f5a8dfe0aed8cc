package detect

import (
	"time"

	"ipdrift/token"
)

// counted adds requests to the figures of their host.
func (h *host) counted(v *visit, linked bool) {
	h.requests += v.n
	if linked {
		h.families[int(v.Family)] = true
	}
	if v.Matched && v.Stale {
		h.outlived(v)
	}
	if !v.Served() {
		return
	}
	h.served += v.n
	switch v.Shape {
	case token.BadShape:
		h.broken += v.n
	case token.Signed:
		h.signed += v.n
	}
}

// lasts adds a time at which the host was asked.
func (h *host) lasts(first, final int64) {
	if h.final == 0 {
		h.first, h.final = first, final
	}
	h.first, h.final = min(h.first, first), max(h.final, final)
	h.span = time.Duration(h.final-h.first) * time.Microsecond
}

// times returns the times of the first and the last request, in µs; ok reports whether there is one.
func (a *analysis) times() (first, last int64, ok bool) {
	for _, h := range a.ordered {
		if h.final == 0 {
			continue
		}
		if !ok {
			first, last, ok = h.first, h.final, true
		}
		first, last = min(first, h.first), max(last, h.final)
	}
	return first, last, ok
}

// census is what the visits of a link were, all of them, and by whether there was a key.
type census struct {
	served, matched, keyed bool
	by                     [2]struct{ some, taken, held, failed bool }
}

func (c *census) add(v *visit) {
	served, k := v.Served(), 0
	if v.Keyed {
		k = 1
	}
	c.served, c.matched, c.keyed = c.served || served, c.matched || v.Matched, c.keyed || v.Keyed
	by, counts := &c.by[k], served || v.Refused() && v.Method != "OPTIONS"
	by.some, by.taken, by.held, by.failed = by.some || counts, by.taken || served, by.held || counts && v.Matched, by.failed || served && !v.Matched
}

// calibrated counts a link for the calibration of its host: what was read
// without a key says nothing about it, nor does what was neither served nor refused,
// or a preflight. silent tells that it was only refused, and does not reproduce.
func (h *host) calibrated(c *census, deadline int64) (silent bool) {
	by := &c.by[0]
	if h.keyed {
		by = &c.by[1]
	}
	switch {
	case by.taken || by.held:
		h.tokens++
		if by.held && !by.failed {
			h.Verified++
		}
	case by.some:
		h.silent++
		silent = true
	}
	if !c.matched {
		return silent
	}
	h.links++
	switch {
	case deadline > token.Never:
		h.fine++
	case deadline < longAgo:
		h.brief++
	}
	return silent
}
