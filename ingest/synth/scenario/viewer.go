package scenario

import (
	"net/netip"
	"strconv"
	"time"
)

// role is what a viewer is in the story.
type role string

const (
	watches   role = "viewer"
	late      role = "late"       // watches on after the link has expired
	lateMoved role = "late_moved" // the same, from another address
	misled    role = "misled"     // has a link of a broken signer
	bare      role = "bare"       // lost the token on the way to the segments
	blocked   role = "blocked"    // refused by another rule
	gapped    role = "gapped"     // the origin refuses some segments
	owner     role = "owner"      // whose link others try
	stranger  role = "stranger"
	neighbour role = "neighbour"
	preview   role = "preview"
	crawler   role = "crawler"
)

// viewer is one person with one player, or a robot.
type viewer struct {
	id      uint64
	due     int64 // of the next request, in ms
	role    role
	host    int
	carrier *Carrier
	net     network

	addr     netip.Addr // of the connection in use
	home     netip.Addr // of the first connection
	side     netip.Addr // of the second one, under arbitrary pooling
	site     netip.Addr // what the site always sees, if it is not the same
	proxied  bool       // the site always sees its own proxy
	restless bool
	within   Within
	changeAt int // request before which the address changes next

	link           link
	agent          []byte
	referer, dir   []byte
	film           uint64
	uid            []byte
	session        []byte // of TLS
	block          int    // the other rule that refuses: a place in rules
	edge           int
	conn, sideConn connection

	asked int // requests so far
	left  int // of the film, to come
	seq   int // next segment or range; 0 is the playlist
	tries int // refused tries to come before the player gives up

	story story
	group *group
}

// tempo is the time between two segments.
const tempo = 4 * time.Second

// margin keeps requests so many seconds away from a link's expiry, so that no
// truth hangs on a clock that counts whole seconds.
const margin = 5

// turn makes at most one request and says when the next one is due; false when
// there is none.
func (s *sim) turn(v *viewer) (bool, error) {
	if near := s.now/1000 - v.link.expires; near >= -margin && near <= margin {
		v.due = (v.link.expires + margin + 1) * 1000
		return true, nil
	}
	h := &s.w.Hosts[v.host]
	if h.Refresh && v.role == watches && v.link.expires-s.now/1000 < 10 {
		s.issue(v)
	}
	s.travel(v)
	o := s.judge(v)
	if err := s.write(v, &o); err != nil {
		return false, err
	}
	v.asked++
	v.left--
	if o.status < 400 {
		s.served(v)
	} else {
		s.refused(v, &o)
	}
	return v.left > 0, nil
}

// travel settles which address the next request comes from.
func (s *sim) travel(v *viewer) {
	c := v.carrier
	switch {
	case v.role == lateMoved && v.changeAt > 0 && s.now/1000 > v.link.expires:
		v.changeAt = 0
		s.move(v)
	case !v.restless:
	case v.arbitrary():
		if v.asked >= v.changeAt {
			v.side, v.sideConn = s.another(v, v.link.signed), s.newConnection()
			v.changeAt = v.asked + 8 + s.rng.IntN(15)
		}
		if v.addr = v.home; v.side.IsValid() && v.tries == 0 && s.rng.IntN(3) == 0 {
			v.addr = v.side
		}
	case v.asked >= v.changeAt && v.tries == 0:
		s.move(v)
		v.changeAt = v.asked + 3 + int(s.rng.ExpFloat64()*float64(c.Stay/tempo))
	}
}

func (s *sim) move(v *viewer) {
	v.home = s.another(v, v.link.signed)
	v.addr = v.home
	s.connect(v)
}

func (s *sim) connect(v *viewer) {
	v.conn = s.newConnection()
	v.edge = s.rng.IntN(s.w.Edges)
}

// connection is a TCP connection, as Gcore's log numbers it.
type connection struct {
	id       uint64
	requests int
}

func (s *sim) newConnection() connection {
	s.conns++
	return connection{id: s.conns}
}

// using is the connection that the next request goes by.
func (v *viewer) using() *connection {
	if v.addr == v.side {
		return &v.sideConn
	}
	return &v.conn
}

// another draws an address as far from the signing one as this subscriber's
// changes go.
func (s *sim) another(v *viewer, from netip.Addr) netip.Addr {
	switch v.within {
	case OtherFamily:
		return v.net.home(s.rng, from.Is4())
	case OtherCarrier:
		return s.foreign(v.net).home(s.rng, from.Is6())
	}
	return v.net.away(s.rng, from, v.within)
}

// issue gives the viewer a link for the address that the signer sees.
func (s *sim) issue(v *viewer) {
	h := &s.w.Hosts[v.host]
	if h.Live {
		v.seq += v.seq % 2 // a new link begins with the playlist
	}
	s.links++
	v.link.id, v.link.signed = s.links, v.home
	if v.site.IsValid() {
		v.link.signed = v.site
	}
	if v.proxied {
		v.link.signed = netip.AddrFrom4([4]byte{10, 20, 30, byte(v.host) + 1})
	}
	v.link.expires = s.now/1000 + int64(h.Life.Seconds()) + s.rng.Int64N(1+int64(h.Life.Seconds()/24))
	s.sign(v)
	v.story.links++
}

func (s *sim) sign(v *viewer) {
	h := &s.w.Hosts[v.host]
	path := v.dir
	if h.Scope == "file" {
		s.scratch = s.appendFile(append(s.scratch[:0], v.dir...), v)
		path = s.scratch
	}
	s.signer.sign(&v.link, path, h.bound(v.link.signed))
}

// bound is the address as the edge hashes it, invalid if it does not.
func (h *Host) bound(a netip.Addr) netip.Addr {
	switch {
	case h.Bind == "none":
		return netip.Addr{}
	case h.Bind == "address":
		return a
	}
	bits := h.Prefix4
	if a.Is6() {
		bits = h.Prefix6
	}
	if p, err := a.Prefix(bits); err == nil && bits > 0 {
		return p.Addr()
	}
	return a
}

// served moves the player on: a few segments at once, then one at a time.
func (s *sim) served(v *viewer) {
	v.tries = 0
	v.seq++
	pace := int64(3600 + s.rng.IntN(800))
	switch live := s.w.Hosts[v.host].Live; {
	case live && v.seq%2 == 1, v.seq < 4 && !live:
		pace = int64(200 + s.rng.IntN(300))
	}
	v.due = s.now + pace
}

// refused lets the player try again once or twice; then it gets a new link,
// goes on without, or gives up. One with two connections asks again by the
// first.
func (s *sim) refused(v *viewer, o *outcome) {
	v.due = s.now + 400 + int64(s.rng.IntN(1600))
	if v.arbitrary() && o.verdict == mismatched {
		v.tries = 1
		return
	}
	if v.tries == 0 {
		v.tries = 1 + s.rng.IntN(3)
	}
	v.tries--
	switch {
	case v.tries > 0:
	case v.role == gapped || v.role == crawler:
		v.seq++
		v.due += tempo.Milliseconds()
	case s.renews(v, o):
		if again := v.carrier.Again; again > 0 && v.restless && s.rng.Float64() < again {
			s.move(v)
		}
		s.issue(v)
		v.due = s.now + 1000 + int64(s.rng.IntN(4000))
	default:
		v.left = 0
	}
}

func (v *viewer) arbitrary() bool { return v.restless && v.carrier.Pooling == "arbitrary" }

// renews reports whether a refused viewer fetches a new link.
func (s *sim) renews(v *viewer, o *outcome) bool {
	switch {
	case v.site.IsValid() && v.story.links > 1, v.group != nil:
		return false
	case o.verdict == mismatched && !v.proxied, o.verdict == expired, o.verdict == expiredMismatched:
		return s.rng.Float64() < s.w.Hosts[v.host].Renew
	}
	return false
}

// appendFile writes the name of what v asks for next.
func (s *sim) appendFile(b []byte, v *viewer) []byte {
	h, seq := &s.w.Hosts[v.host], int64(v.seq)
	switch {
	case h.Scope == "file":
		return append(strconv.AppendUint(append(b, "episode-"...), v.film, 36), ".mp4"...)
	case seq == 0, h.Live && seq%2 == 0:
		return append(b, "index.m3u8"...)
	case h.Live:
		seq = s.now / tempo.Milliseconds() % 1e6
	}
	return append(appendPadded(append(b, "segment-"...), seq, 6), ".ts"...)
}

func appendPadded(b []byte, n int64, width int) []byte {
	for p := int64(10); width > 1; width-- {
		if n < p {
			b = append(b, "0000000000"[:width-1]...)
			break
		}
		p *= 10
	}
	return strconv.AppendInt(b, n, 10)
}
