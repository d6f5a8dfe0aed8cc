package detect

import "sync/atomic"

// spool is what the frames of a part of a roll are in, or the strips of a cut. It is
// lent to cuts; once they are all done, others are in it.
type spool struct {
	film   *film
	frames []frame
	strips []strip
	lent   atomic.Int32
}

// spool gives an empty one, lent once.
func (f *film) spool() *spool {
	s, ok := f.spools.Get().(*spool)
	if !ok {
		s = &spool{film: f}
	}
	s.strips = s.strips[:0]
	s.lent.Store(1)
	return s
}

// room is for some frames.
func (s *spool) room(n int) []frame {
	if cap(s.frames) < n {
		s.frames = make([]frame, n+n/8)
	}
	return s.frames[:n]
}

// spoil lets what is in a spool be lost at once when it is done. A test does.
var spoil bool

func (s *spool) done() {
	if s.lent.Add(-1) > 0 {
		return
	}
	if spoil {
		clear(s.frames)
		clear(s.strips)
	}
	s.film.spools.Put(s)
}
