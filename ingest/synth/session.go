package synth

import (
	"net/netip"
	"strconv"
)

type verdict int

const (
	valid verdict = iota
	expired
	malformed
	mismatch
	unresolved
	verdicts
)

var verdictWords = [verdicts]string{"valid", "expired", "malformed", "ip_mismatch", "unresolved_signature"}

type class int

const (
	rotating class = iota
	firstRequest
	unchanged
	classes
)

var classWords = [classes]string{"rotating", "first_request", "unchanged"}

// kind is what befalls a viewer.
type kind int

const (
	stable   kind = iota
	moving        // the address changes now and then
	expiring      // the link runs out before the film does
	misigned      // the signer saw another address of the same /24
)

// odds of one line or one viewer, chosen so that the share of refused lines
// comes out as asked for: 6/10 mismatches, 2/10 expired, 1/10 each malformed
// and tampered.
type odds struct {
	broken, tampered, move, late float64
}

const (
	movingShare   = 0.20
	expiringShare = 0.05
	misignedShare = 0.01
	meanRefusals  = 2 // per change of address: one to three
)

func oddsOf(refused float64) odds {
	mismatches := 0.6 * refused / movingShare
	return odds{
		broken:   0.1 * refused,
		tampered: 0.1 * refused,
		move:     mismatches / (meanRefusals * (1 - mismatches)),
		late:     min(1, 0.2*refused/expiringShare),
	}
}

// session is one viewer watching one film with one link at a time.
type session struct {
	kind          kind
	host, dir     int
	title         int
	agent, ref    int
	version       int
	serial        uint64
	file          bool // a token per file, else one for the directory
	addr, signed  netip.Addr
	addrText      []byte
	wide          bool // moves beyond its /24
	token         [22]byte
	expires       int64
	seq           int  // next segment; 0 is the manifest
	left          int  // requests to come
	refusals      int  // of the current request, to come
	settled       bool // served since the last change of address
	seen          bool // has written a line
	served, moved outcome
}

// rangesPerFile is how many requests fetch one file: players of whole files ask
// for byte ranges, all with the same link.
const rangesPerFile = 20

// outcome remembers something of the current link and of the viewer.
type outcome struct{ link, user bool }

func (o *outcome) note() { o.link, o.user = true, true }

func (g *generator) open(s *session) {
	g.serial++
	mean := max(2, g.o.Lines/g.o.Sessions)
	*s = session{
		host: g.rng.IntN(len(g.o.Hosts)), title: g.rng.IntN(1 + g.rng.IntN(5000)), dir: g.rng.IntN(len(renditions)),
		agent: g.rng.IntN(len(agents)), version: 90 + g.rng.IntN(60), ref: g.rng.IntN(len(referers)),
		serial: g.serial, file: g.o.Hostile || g.rng.Float64() < 0.05,
		wide: g.rng.IntN(2) == 0, left: mean/2 + g.rng.IntN(mean+1), addrText: s.addrText[:0],
	}
	s.addr = g.address()
	s.signed = s.addr
	s.kind = g.kindOf(s)
	if s.kind == misigned {
		s.signed = g.neighbour(s.addr, false)
		s.left = min(s.left, 4)
	}
	s.addrText = s.addr.AppendTo(s.addrText)
	g.issue(s)
}

func (g *generator) kindOf(s *session) kind {
	roll := g.rng.Float64()
	if g.o.Hostile {
		return g.hostileKind(s, roll)
	}
	switch {
	case g.o.Refused == 0:
		return stable
	case roll < movingShare && s.addr.Is4():
		return moving
	case roll < movingShare || s.file:
		return stable
	case roll < movingShare+expiringShare:
		return expiring
	case roll < movingShare+expiringShare+misignedShare && s.addr.Is4():
		return misigned
	}
	return stable
}

func (g *generator) hostileKind(s *session, roll float64) kind {
	switch {
	case roll < 0.2*g.o.Refused:
		return expiring
	case roll < 0.8*g.o.Refused && s.addr.Is4():
		return misigned
	}
	return stable
}

// address draws from ranges that no network uses: 240.0.0.0/4 and the
// documentation prefix of IPv6.
func (g *generator) address() netip.Addr {
	r := g.rng.Uint64()
	if g.rng.Float64() < g.o.IPv6 {
		return netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, byte(r), byte(r >> 8), 0, byte(r >> 16),
			byte(r >> 24), byte(r >> 32), byte(r >> 40), 0xff, 0xfe, byte(r >> 48), byte(r >> 56), 1})
	}
	block := byte(r >> 24 & 63)
	if g.o.Hostile {
		block = byte(r >> 24)
	}
	return netip.AddrFrom4([4]byte{240 + byte(r>>32&7), block, byte(r >> 8), byte(r)})
}

// neighbour is another address of the same /24, or of another /24 of the same /16.
func (g *generator) neighbour(a netip.Addr, wide bool) netip.Addr {
	b := a.As4()
	if wide {
		b[2] += byte(1 + g.rng.IntN(255))
	}
	b[3] += byte(1 + g.rng.IntN(255))
	return netip.AddrFrom4(b)
}

// issue gives the viewer a link for the address the signer sees.
func (g *generator) issue(s *session) {
	s.expires = g.now.Unix() + int64(g.rng.IntN(3600)) + 86400
	if s.kind == expiring {
		part := float64(s.left) * (1 - g.perLine.late)
		s.expires = g.now.Unix() + int64(part*tempo.Seconds())
	}
	if s.kind == expiring && g.o.Hostile {
		s.expires = g.now.Unix() - 10 - int64(g.rng.IntN(3600))
	}
	g.renew(s)
}

func (g *generator) renew(s *session) {
	g.sign.message = strconv.AppendInt(g.sign.message[:0], s.expires, 10)
	g.sign.message = g.appendDir(g.sign.message, s)
	if s.file {
		g.sign.message = appendFile(g.sign.message, s)
	}
	g.sign.into(&s.token, s.signed)
}

// request writes the viewer's next request and moves it on.
func (g *generator) request(s *session) {
	s.left--
	roll := g.rng.Float64()
	switch {
	case s.refusals > 0 || s.kind == misigned:
		g.refuse(s)
	case roll < g.perLine.broken:
		g.write(s, 403, malformed)
	case roll < g.perLine.broken+g.perLine.tampered:
		g.write(s, 403, unresolved)
	case g.now.Unix() > s.expires:
		g.write(s, 410, expired)
		s.seq++
	case s.kind == moving && s.settled && s.left > 3 && g.rng.Float64() < g.perLine.move:
		g.move(s)
		g.refuse(s)
	default:
		g.serve(s)
	}
}

func (g *generator) serve(s *session) {
	g.write(s, 200, valid)
	s.served.note()
	s.settled = true
	s.seq++
	if s.file && s.seq%rangesPerFile == 0 {
		g.closeLink(s)
		g.renew(s)
	}
}

func (g *generator) move(s *session) {
	s.addr = g.neighbour(s.addr, s.wide)
	s.addrText = s.addr.AppendTo(s.addrText[:0])
	s.refusals = 1 + g.rng.IntN(2*meanRefusals-1)
}

// refuse writes one more try of a request refused for its address. After the
// last one viewers fetch a new link, or leave if the film is nearly over.
func (g *generator) refuse(s *session) {
	g.write(s, 403, mismatch)
	s.moved.note()
	if s.refusals--; s.refusals > 0 || s.kind == misigned {
		return
	}
	if s.left < 20 && g.rng.IntN(2) == 0 {
		s.left = 0
		return
	}
	g.closeLink(s)
	s.signed, s.settled = s.addr, false
	g.issue(s)
}

func (g *generator) closeLink(s *session) {
	if !s.served.link && !s.moved.link {
		return
	}
	g.links[classOf(s.served.link, s.moved.link)]++
	if s.moved.link {
		g.reach[reach(s.addr, s.signed)]++
	}
	s.served.link, s.moved.link = false, false
}

func (g *generator) close(s *session) {
	g.closeLink(s)
	if !s.seen {
		return
	}
	g.users[classOf(s.served.user, s.moved.user)]++
}

func classOf(served, moved bool) class {
	switch {
	case served && moved:
		return rotating
	case moved:
		return firstRequest
	}
	return unchanged
}

func reach(a, b netip.Addr) int {
	if p, err := a.Prefix(24); err == nil && p.Contains(b) {
		return 24
	}
	return 16
}
