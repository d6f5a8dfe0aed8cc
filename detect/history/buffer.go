package history

import "sync/atomic"

// buffer is what the requests of a part of a section are in, or the groups of a batch. It is
// lent to batches; once they are all done, others are in it.
type buffer struct {
	history  *History
	requests []Request
	groups   []Group
	lent     atomic.Int32
}

// buffer gives an empty one, lent once.
func (h *History) buffer() *buffer {
	s, ok := h.buffers.Get().(*buffer)
	if !ok {
		s = &buffer{history: h}
	}
	s.groups = s.groups[:0]
	s.lent.Store(1)
	return s
}

// room is for some requests.
func (b *buffer) room(n int) []Request {
	if cap(b.requests) < n {
		b.requests = make([]Request, n+n/8)
	}
	return b.requests[:n]
}

func (b *buffer) done() {
	if b.lent.Add(-1) > 0 {
		return
	}
	if b.history.sizes.Spoil {
		clear(b.requests)
		clear(b.groups)
	}
	b.history.buffers.Put(b)
}
