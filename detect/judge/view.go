package judge

import "slices"

// view is a request among those that it is looked at with: its user's, or those that came with its link.
type view struct {
	events []Event
	idx    []int32 // which of them, in order
	at     int     // place of the request in idx
	t      *Thresholds
}

func (v view) request() *Event { return &v.events[v.idx[v.at]] }

// after are the others after the request.
func (v view) after() []int32 { return v.idx[v.at+1:] }

// besideLooked bounds how many events of a link are looked at before one and after it, of those that were served and of the
// others: a link that was handed around is refused far more often than it is served.
const besideLooked = 500

// uses are the events of a link by their places in the order of the group: those that were served, and the others.
type uses struct{ served, others []int32 }

// around gives the events of one's link around it, in order, and which of them it is.
func (g *Group) around(event int32) (among []int32, at int) {
	if g.links == nil {
		g.places, g.links = make([]int32, len(g.order)), map[uint32]*uses{}
		for n, i := range g.order {
			g.places[i] = int32(n)
			u := g.links[g.Events[i].Link]
			if u == nil {
				u = &uses{}
				g.links[g.Events[i].Link] = u
			}
			if g.Events[i].Served {
				u.served = append(u.served, int32(n))
			} else {
				u.others = append(u.others, int32(n))
			}
		}
	}
	place, u := g.places[event], g.links[g.Events[event].Link]
	among = append(nearest(u.served, place), nearest(u.others, place)...)
	slices.Sort(among)
	at, _ = slices.BinarySearch(among, place)
	for n, place := range among {
		among[n] = g.order[place]
	}
	return among, at
}

// nearest copies those of some places, in order, that are next to one.
func nearest(places []int32, to int32) []int32 {
	n, _ := slices.BinarySearch(places, to)
	return slices.Clone(places[max(0, n-besideLooked):min(len(places), n+besideLooked)])
}

// known reports whether a cookie or TLS session shows who made a request to be one who was served elsewhere.
func (v view) known(e *Event) bool {
	return e.Kin > 0 && slices.ContainsFunc(v.idx, func(i int32) bool {
		o := &v.events[i]
		return o.Served && o.Kin == e.Kin && o.Client != e.Client
	})
}

// onlyFile reports whether the link of the request is for its file alone, as far as the log shows.
func (v view) onlyFile() bool {
	e := v.request()
	return !slices.ContainsFunc(v.idx, func(i int32) bool {
		p := &v.events[i]
		return p.Link == e.Link && p.file() != e.file()
	})
}

// elsewhere is what was served at other addresses than that of a request.
type elsewhere struct {
	media, same    int   // requests: of no manifest, and of the very file
	reached        int64 // the highest segment of its track, or else of its directory; -1: none
	step           int64 // between the numbers of two segments of its track: of some they are times
	last, lastSame int64 // when the last of all ended, and of the same, µs
	pause          int64 // the longest between two of the same, µs
}

// runsOn reports whether what was served elsewhere went on after a request, for longer than a server waits for a viewer
// who is not there any more.
func (s *elsewhere) runsOn(e *Event, t *Thresholds) bool {
	return s.last-e.Time > t.Linger.Microseconds()
}

// onItsWay reports whether a file of its own, which nobody else had been served before a request, may have been on its way
// elsewhere: it was logged there afterwards, in a log that does not tell when that began, and later than a server gives up
// a viewer who is gone.
func (v view) onItsWay() bool {
	e := v.request()
	for _, i := range v.after() {
		if p := &v.events[i]; p.Served && p.Client != e.Client && p.file() == e.file() {
			return !p.Began && p.Time-e.Time > v.t.Linger.Microseconds()
		}
	}
	return false
}

// again reports whether a request is for a file that was served too long ago to be tried again.
func (s *elsewhere) again(e *Event, window int64) bool {
	return s.same > 0 && e.Time-s.lastSame > window
}

// servedBefore is what was served elsewhere before the request.
func (v view) servedBefore() elsewhere {
	e := v.request()
	out := elsewhere{reached: -1, step: 1}
	own := frontOf(e)
	for _, i := range v.idx[:v.at] {
		p := &v.events[i]
		if !p.Served || p.Client == e.Client {
			continue
		}
		out.last = max(out.last, p.End)
		if p.file() == e.file() {
			if out.same > 0 {
				out.pause = max(out.pause, p.Time-out.lastSame)
			}
			out.same, out.lastSame = out.same+1, max(out.lastSame, p.End)
		}
		kind, n := place(p.Name)
		if kind != opening {
			out.media++
		}
		if kind == segment && p.Dir == e.Dir {
			out.reached = max(out.reached, n)
			own.take(p.Name, n)
		}
	}
	if own.reached >= 0 {
		out.reached, out.step = own.reached, max(1, own.step)
	}
	return out
}

// trackFront is how far the segments of one track have come.
type trackFront struct {
	track
	reached int64 // -1: there are none
	step    int64 // the least between two that follow each other upwards; 0: there are none
}

func frontOf(e *Event) *trackFront {
	f := &trackFront{reached: -1}
	if kind, _ := place(e.Name); kind == segment {
		f.track = trackOf(e.Name)
	}
	return f
}

func (f *trackFront) take(name string, n int64) {
	if !f.holds(name) {
		return
	}
	if f.reached >= 0 && n > f.reached && (f.step == 0 || n-f.reached < f.step) {
		f.step = n - f.reached
	}
	f.reached = max(f.reached, n)
}

// unneeded reports whether a file that was refused is not asked for again where others are served in the time after: whoever
// is served there did not want it.
func (v view) unneeded() (elsewhere bool) {
	e := v.request()
	for _, i := range v.after() {
		if p := &v.events[i]; p.Served && p.Client != e.Client && p.Time > e.Time {
			if p.file() == e.file() {
				return false
			}
			elsewhere = true
		}
	}
	return elsewhere
}

// servedAfter reports whether anything was served elsewhere after the request.
func (v view) servedAfter() bool {
	e := v.request()
	return slices.ContainsFunc(v.after(), func(i int32) bool {
		p := &v.events[i]
		return p.Served && p.Client != e.Client && p.Time > e.Time
	})
}
