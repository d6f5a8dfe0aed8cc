package source

import (
	"runtime"
	"slices"
	"sync"
)

// rack keeps the tapes that wait for the next file of their archives: as many as read at once, since each holds a file open, and the
// memory of a decoder.
type rack struct {
	mu    sync.Mutex
	tapes []*tape // the one that has waited longest first
}

func (r *rack) most() int { return max(8, runtime.GOMAXPROCS(0)) }

// take hands out the tape that has come closest to a file that it has not reached; nil: none.
func (r *rack) take(f *tarred) (best *tape) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := -1
	for i, t := range r.tapes {
		if t.ball == f.tarball && t.number < f.number && (best == nil || t.number > best.number) {
			at, best = i, t
		}
	}
	if best != nil {
		r.tapes = slices.Delete(r.tapes, at, at+1)
	}
	return best
}

// leave lets a tape wait, if there are files behind it.
func (r *rack) leave(t *tape) {
	if t.failed || t.number >= t.ball.last {
		t.Close()
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.tapes) == r.most() {
		r.tapes[0].Close()
		r.tapes = slices.Delete(r.tapes, 0, 1)
	}
	r.tapes = append(r.tapes, t)
}
