package judge

import (
	"cmp"
	"net/netip"
	"slices"
)

// origin is where a request came from, as far as strangers go: operator and
// country where the operator is known, else the /16 (IPv6: /32).
type origin struct {
	asn     uint32
	country string
	block   netip.Prefix
}

func originOf(e *Event) origin {
	a := e.Client.Unmap()
	switch {
	case e.ASN != 0:
		return origin{asn: e.ASN, country: e.Country}
	case a.Is4():
		return origin{country: e.Country, block: cut(a, 16)}
	}
	return origin{country: e.Country, block: cut(a, 32)}
}

type fileID struct{ dir, file uint32 }

func (e *Event) file() fileID { return fileID{e.Dir, e.File} }

// network is what one origin did with a link.
type network struct {
	first, last int64
	served      int
	media       int // served media requests
	denied      int // media files first asked for in vain, with a proven mismatch
	needless    int // of these, those that somebody had been served before
	refused     int // with a proven mismatch, expired or not
	opened      bool
	stranger    bool // entered by a user agent not seen before
	files       map[fileID]struct{}
	goesOn      int  // network whose segment sequence it continues; -1 none
	retries     int  // network whose refused or polled file it asked for again; -1 none
	copies      bool // that file had been served before
}

// sharing is the verdict of rule 10 over a link.
type sharing struct {
	many      bool
	players   int // unrelated networks that each played on their own, overlapping in time
	attempted int // unrelated networks that were only ever refused
}

// or is the sharing that shows more.
func (s sharing) or(o sharing) sharing {
	if o.many && !s.many || o.many == s.many && o.players+o.attempted > s.players+s.attempted {
		return o
	}
	return s
}

// manyNetworks judges a whole link, or all that was taken for one user, bots left out: at least t.Networks
// unrelated networks that each started on their own, asked for several media
// files which others asked for too, and overlapped in time; or that many which
// started on their own and were all refused. Networks joined by one continuing sequence, a
// cookie or a TLS session are one.
// Different user agents do not make strangers where the log states who the viewer
// is, nor where one goes on with the sequence of another (a browser that casts to a
// television). Where links are bound to whole addresses one network at most is served, so
// media refused with a proven mismatch count for a user agent of its own.
func (g *Group) manyNetworks(order []int32, t *Thresholds) sharing {
	events := g.Events
	if origins(events, order, t.Networks) < t.Networks {
		return sharing{}
	}
	s := newSpread(t.RetryWindow.Microseconds())
	s.stated = g.Stated
	for _, i := range order {
		if e := &events[i]; !e.Bot {
			s.see(e)
		}
	}
	joined := s.join()
	var out sharing
	out.players = overlapping(players(joined, t))
	for _, n := range joined {
		if n.opened && n.served == 0 && n.refused > 0 {
			out.attempted++
		}
	}
	out.many = out.players >= t.Networks || out.attempted >= t.Networks
	return out
}

// origins counts distinct origins up to limit: most links have one or two.
func origins(events []Event, order []int32, limit int) int {
	var seen []origin
	for _, i := range order {
		if o := originOf(&events[i]); !events[i].Bot && !slices.Contains(seen, o) {
			if seen = append(seen, o); len(seen) >= limit {
				break
			}
		}
	}
	return len(seen)
}

// spread follows a link over its networks in the order of time.
type spread struct {
	window int64
	stated bool // who the viewer is is known, whatever the user agent
	at     map[origin]int
	nets   []*network
	last   map[asker]trace
	asked  map[fileID]trace
	got    map[fileID]int64 // when files were served last
	served int64            // when the last one was
	front  map[uint32]front // by directory
}

// front is the highest segment asked for, and who asked first.
type front struct {
	segment, time int64
	net           int
}

// asker is who asks, as far as it can be told.
type asker struct{ kin, id uint32 }

func (s *spread) asker(e *Event) asker {
	switch {
	case s.stated:
		return asker{id: e.Who}
	case e.Kin > 0:
		return asker{kin: e.Kin}
	}
	return asker{id: e.UA}
}

// trace is who did something last, and when.
type trace struct {
	time  int64
	asker asker
	net   int
	part  part
}

func newSpread(window int64) *spread {
	return &spread{
		window: window, at: map[origin]int{}, last: map[asker]trace{},
		asked: map[fileID]trace{}, got: map[fileID]int64{}, front: map[uint32]front{},
	}
}

func (s *spread) see(e *Event) {
	id := e.file()
	kind, n := place(e.Name)
	at, known := s.at[originOf(e)]
	if !known {
		at = len(s.nets)
		s.at[originOf(e)] = at
		s.nets = append(s.nets, s.enter(e, id, kind, n))
	}
	_, got := s.got[id]
	s.nets[at].take(e, id, kind, got)
	if e.Served {
		s.got[id], s.served = e.Time, e.Time
	}
	who := s.asker(e)
	s.last[who] = trace{e.Time, who, at, kind}
	s.asked[id] = trace{e.Time, who, at, kind}
	if before, ok := s.front[e.Dir]; kind == segment && (!ok || n > before.segment) {
		s.front[e.Dir] = front{n, e.Time, at}
	}
}

// enter judges a network by its first request: does it start over, or does it
// go on where the same viewer was? One not seen before starts, unless it asks for
// what comes next in the sequence.
func (s *spread) enter(e *Event, id fileID, kind part, n int64) *network {
	net := &network{first: e.Time, files: map[fileID]struct{}{}, goesOn: -1, retries: -1}
	reached, known := s.front[e.Dir]
	if !known {
		reached.segment = -1
	}
	net.opened = kind == whole || startsOver(e.Name, reached.segment, 1)
	who := s.asker(e)
	before, ok := s.last[who]
	same, asked := s.asked[id]
	if !ok {
		net.opened, net.stranger = true, true
		next := n > reached.segment && n <= reached.segment+seekBack && n > 1
		if kind == segment && known && !asked && next && e.Time-reached.time <= s.window {
			net.goesOn, net.opened, net.stranger = reached.net, false, false
		}
		return net
	}
	recent := e.Time-before.time <= s.window
	switch {
	case who.kin > 0:
		net.goesOn, net.opened = before.net, false
	case kind == segment && recent && before.part == opening,
		kind == segment && !asked && known && n+seekBack >= reached.segment && n > 1,
		kind == segment && recent && !net.opened:
		net.goesOn, net.opened = before.net, false
	case asked && same.asker == who && e.Time-same.time <= s.window:
		net.retries = same.net
		_, net.copies = s.got[id]
	}
	return net
}

func (n *network) take(e *Event, id fileID, kind part, got bool) {
	n.last = e.Time
	_, again := n.files[id]
	n.files[id] = struct{}{}
	if e.Served {
		n.served++
		if kind != opening {
			n.media++
		}
	}
	if isMismatch(e) || isLateMismatch(e) {
		n.refused++
		if kind != opening && !again {
			if n.denied++; got {
				n.needless++
			}
		}
	}
}

// join makes networks that carry on one sequence one network. Asking again for
// a file joins only a network that asked for nothing else, and not where who was served it is served on elsewhere without
// asking for it again. A network refers only to earlier ones, so one pass from the end settles all.
func (s *spread) join() []*network {
	var roots []*network
	for i := len(s.nets) - 1; i >= 0; i-- {
		n := s.nets[i]
		into := n.goesOn
		if into < 0 && len(n.files) == 1 && !s.unneeded(n) {
			into = n.retries
		}
		if into < 0 {
			roots = append(roots, n)
			continue
		}
		s.nets[into].absorb(n)
	}
	return roots
}

// unneeded reports whether the file that a network asked for again had been served, and others are since, but that one is not.
func (s *spread) unneeded(n *network) bool {
	if !n.copies || n.served > 0 || s.served <= n.first {
		return false
	}
	for id := range n.files {
		if s.got[id] >= n.first {
			return false
		}
	}
	return true
}

func (n *network) absorb(o *network) {
	n.last = max(n.last, o.last)
	n.served, n.refused = n.served+o.served, n.refused+o.refused
	n.media, n.denied, n.needless = n.media+o.media, n.denied+o.denied, n.needless+o.needless
	for f := range o.files {
		n.files[f] = struct{}{}
	}
}

// players are the networks with a start of their own and several media
// requests, most of whose files others asked for as well.
func players(joined []*network, t *Thresholds) []*network {
	askers := map[fileID]int{}
	for _, n := range joined {
		for f := range n.files {
			askers[f]++
		}
	}
	return slices.DeleteFunc(slices.Clone(joined), func(n *network) bool {
		again := 0
		for f := range n.files {
			if askers[f] > 1 {
				again++
			}
		}
		return !n.opened || n.asked() < t.MediaRequests || 2*again < len(n.files)
	})
}

// asked counts the media requests that tell of a player. Refused ones do so for a
// stranger only, or where they ask for what was served: one viewer asks for much in
// vain while changing networks, but for nothing twice.
func (n *network) asked() int {
	if n.stranger {
		return n.media + n.denied
	}
	return n.media + n.needless
}

// overlapping is the largest number of networks active at one time.
func overlapping(nets []*network) int {
	type edge struct {
		time  int64
		enter int
	}
	var edges []edge
	for _, n := range nets {
		edges = append(edges, edge{n.first, 1}, edge{n.last, -1})
	}
	slices.SortFunc(edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(b.enter, a.enter))
	})
	most, now := 0, 0
	for _, e := range edges {
		now += e.enter
		most = max(most, now)
	}
	return most
}
