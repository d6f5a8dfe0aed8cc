package judge

// Lapse follows the requests of a user, in the order of time, from the last refusal
// on (rule 12). It ends once the user is served in time: with a link that was never
// refused for its token, where the token was why, else with any. A request served at
// the very time of the refusal does not count: a viewer who goes on is seen later too.
type Lapse struct {
	Open  bool
	at    int64           // the last refusal
	token bool            // was why
	old   map[uint32]bool // links whose tokens were refused, ever
}

// take takes the next request.
func (l *Lapse) take(e *Event, t *Thresholds) {
	switch {
	case e.Refused:
		l.Refuse(e.Time, e.Link, cause(e) == "refused_elsewhere")
	case e.Served:
		l.Serve(e.Time, e.Link, t.Recovery.Microseconds())
	}
}

// Refuse takes a refusal; elsewhere tells that the token was not why.
func (l *Lapse) Refuse(at int64, link uint32, elsewhere bool) {
	l.token = !elsewhere || l.Open && l.token && at == l.at
	l.Open, l.at = true, at
	if elsewhere {
		return
	}
	if l.old == nil {
		l.old = map[uint32]bool{}
	}
	l.old[link] = true
}

// Serve takes a served request; within is the recovery time, µs.
func (l *Lapse) Serve(at int64, link uint32, within int64) {
	if l.Open && at > l.at && at-l.at <= within && !(l.token && l.old[link]) {
		l.Open = false
	}
}
