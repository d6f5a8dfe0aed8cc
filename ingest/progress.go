package ingest

import "sync/atomic"

// progress is what all workers of a load have done.
type progress struct{ lines, served, proven atomic.Int64 }

// tokens counts the tokens of served requests that a key could reproduce, and those that one did.
type tokens struct{ served, proven int64 }

// tell adds what a worker has done, and says how far the load has come.
func (l *load) tell(lines int64, t tokens) {
	p := &l.progress
	now := Progress{Lines: p.lines.Add(lines), Served: p.served.Add(t.served), Proven: p.proven.Add(t.proven)}
	if l.Progress != nil {
		now.Read = l.read.Load()
		l.Progress(now)
	}
}
