package ingest

import (
	"bytes"
	"sync"

	"ipdrift/ingest/format"
)

// Watch looks for ids that no case holds, as the lines are read: of a request,
// or of a TLS session. They are compared at the door and go no further.
type Watch struct {
	Trace   string // whole, or one of the parts that dashes separate, as in a traceparent; "" none
	Session string // "" none

	mu    sync.Mutex
	lines []Position
}

// Position is where a request stands: the id of its source, and its line.
type Position struct {
	Source uint32
	Line   int64
}

// maxWatched bounds how many lines are noted.
const maxWatched = 10_000

// Lines are the positions of the requests that have what was looked for, in no
// order; of very many the first ones noted. It is read after [Load].
func (w *Watch) Lines() []Position { return w.lines }

func (w *Watch) look(v *format.Viewer, source int, line int64) {
	if w == nil || !w.holds(v) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lines) < maxWatched {
		w.lines = append(w.lines, Position{uint32(source), line})
	}
}

func (w *Watch) holds(v *format.Viewer) bool {
	if w.Session != "" && !bytes.EqualFold(v.Session, []byte(w.Session)) {
		return false
	}
	return w.Trace == "" || traced(v.Trace, w.Trace)
}

// traced reports whether an id is the wanted one, or has it for a part
// (traceparent: version-trace-parent-flags, W3C Trace Context, 3.2).
func traced(id []byte, wanted string) bool {
	if bytes.EqualFold(id, []byte(wanted)) {
		return true
	}
	for part := range bytes.SplitSeq(id, []byte("-")) {
		if len(part) >= shortestID && bytes.EqualFold(part, []byte(wanted)) {
			return true
		}
	}
	return false
}
