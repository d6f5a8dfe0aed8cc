package detect

import (
	"context"
	"errors"
	"iter"
	"net/netip"

	"ipdrift/detect/judge"
)

// reel is the requests of one circle, and what was found of its users.
type reel struct {
	judge.Group
	host   *host
	places []uint32 // of the links in the film, by number
	who    []userKey
	users  []judge.User
	paths  []judge.Path // of the users
}

// nameIn is the key of a user: its own, unless it was taken for one with others.
func (a *analysis) nameIn(r *reel, u *judge.User) userKey {
	if u.Split {
		return userKey{link: a.linkOf(r, u.Link), agent: u.UA}
	}
	return r.who[u.Who]
}

// linkOf is the id of a link by its number in a reel.
func (a *analysis) linkOf(r *reel, number uint32) uint32 {
	return a.film.links.At(r.places[number]).link
}

// circles hands on the strips whose users are judged together, some at a time: one
// for each link that shares no user with others, one for each circle of those that
// do. A circle comes in the place of its first link, unless no viewer asked for any
// of its links.
func (a *analysis) circles(ctx context.Context, emit func(cut) error) error {
	if a.joint == nil {
		return a.film.cuts(ctx, emit)
	}
	next, stop := iter.Pull2(a.joint.all(ctx))
	defer stop()
	joined, err, some := next()
	if err != nil {
		return err
	}
	last := uint32(0) // circle whose turn has been
	if err := a.film.cuts(ctx, func(c cut) error {
		strips := make([]strip, 0, len(c.strips))
		for _, s := range c.strips {
			circle := a.circleAt[s.number]
			if circle == 0 {
				strips = append(strips, s)
			}
			if circle <= last {
				continue
			}
			last = circle
			if !some || joined.strips[0].number != circle {
				continue
			}
			strips, c.spools = append(strips, joined.strips[0]), append(c.spools, joined.spools...)
			if joined, err, some = next(); err != nil {
				return err
			}
		}
		c.strips = strips
		return emit(c)
	}); err != nil {
		return err
	}
	if some {
		return errors.New("a circle of links is missing")
	}
	return nil
}

// errEnough ends a pass over a film early.
var errEnough = errors.New("enough")

// all gives the strips one by one, each as a cut.
func (f *film) all(ctx context.Context) iter.Seq2[cut, error] {
	return func(yield func(cut, error) bool) {
		err := f.each(ctx, func(c *cut) error {
			for i := range c.strips {
				if !yield(c.one(i), nil) {
					return errEnough
				}
			}
			return nil
		})
		if err != nil && err != errEnough {
			yield(cut{}, err)
		}
	}
}

// take takes the requests of a circle, but for those of shields. Of a long one it
// takes the first.
func (s *scene) take(r *reel, circle *strip) error {
	s.frames = s.frames[:0]
	err := circle.parts(func(frames []frame) error {
		for i := range frames {
			switch {
			case s.outcomes[frames[i].outcome].shield:
			case len(s.frames) == maxEvents:
				r.Truncated = true
				return errEnough
			default:
				s.frames = append(s.frames, frames[i])
			}
		}
		return nil
	})
	if err != nil && err != errEnough {
		return err
	}
	h := s.outcomes[s.frames[0].outcome].host
	r.host = h
	r.Host, r.Stated = h.name, s.stated()
	r.Gaps = s.gaps || h.gaps
	r.RefusalsOnly = h.refusalsOnly()
	r.CurrentPrefix4, r.CurrentPrefix6 = h.policy.prefix(4), h.policy.prefix(6)
	return nil
}

// develop makes the events of a reel, of the frames that were taken.
func (s *scene) develop(r *reel) (err error) {
	from := len(s.events)
	var users judge.Numbers[userKey]
	for i := range s.frames {
		f := &s.frames[i]
		var e judge.Event
		if i > 0 && f.alike(&s.frames[i-1]) {
			e = s.events[len(s.events)-1] // a player repeats itself
		} else {
			e = s.eventOf(f)
			n, _ := users.Of(s.userOf(f))
			e.Link, e.Who, e.Kin, e.Cookie = s.numberLink(r, f.place), uint32(n), s.kinOf(f), s.cookieOf(f)
		}
		e.Time, e.Grain, e.Edge = f.start, s.grains[f.source()], s.edgeOf(f)
		e.UA, e.Dir, e.File = f.agent, f.dir, f.file
		if i == 0 || f.file != s.frames[i-1].file {
			if e.Name, err = s.texts.Files.Text(f.file); err != nil {
				return err
			}
		} else {
			e.Name = s.events[len(s.events)-1].Name
		}
		s.events = append(s.events, e)
	}
	r.Events, r.who = s.events[from:len(s.events):len(s.events)], users.Keys
	return nil
}

// edgeOf is the edge that logged a request: who its line names, in whatever log it stands;
// else each log is an edge's own.
func (a *analysis) edgeOf(f *frame) uint32 {
	if edge := a.outcomes[f.outcome].edge; edge > 0 {
		return uint32(edge) << 16
	}
	return uint32(f.source())
}

// alike tells whether two requests differ in the time and the path alone.
func (f *frame) alike(o *frame) bool {
	return f.place == o.place && f.outcome == o.outcome && f.client == o.client && f.agent == o.agent && f.ident == o.ident &&
		f.mark == o.mark
}

// eventOf is what requests that are alike have in common.
func (a *analysis) eventOf(f *frame) judge.Event {
	o, c := a.outcomes[f.outcome], &a.clients
	asn := c.asn(f.client)
	return judge.Event{
		Client: a.client(c.of(f.client)), ASN: asn, Country: c.names[c.country(f.client)], Bot: a.hosted[asn] || a.bots[f.agent],
		Served: o.served(), Refused: o.refused(), Status: o.status,
		Verdict: f.verdict, Elsewhere: f.cause == a.causes[refusedElsewhere], Inferred: f.grounds&byInference != 0, Mistaken: f.grounds&byMistake != 0,
	}
}

// numberLink numbers the links of a reel: few, most often one.
func (a *analysis) numberLink(r *reel, place uint32) uint32 {
	for n := len(r.places) - 1; n >= 0; n-- {
		if r.places[n] == place {
			return uint32(n)
		}
	}
	r.places, r.Signed = append(r.places, place), append(r.Signed, a.signedFor(place))
	return uint32(len(r.places) - 1)
}

// userOf is whose request it is.
func (a *analysis) userOf(f *frame) userKey {
	who := atom{link: a.film.links.At(f.place).link, agent: f.agent}
	switch {
	case int(f.ident) < len(a.firsts): // a shield's may be the last
		return a.firsts[f.ident]
	case a.stated():
		who.ident = f.ident
	}
	if a.joined != nil && a.joined.has(f.place) {
		if k, ok := a.members[who]; ok {
			return k
		}
	}
	return userKey{link: who.link, agent: who.agent}
}

// foundBit is that of an address that no client of its link has.
const foundBit = 1 << 31

// signedFor is the address that a link was signed for; zero where it is not known.
func (a *analysis) signedFor(place uint32) netip.Addr {
	switch n := *a.film.signed.At(place); {
	case n == 0:
		return netip.Addr{}
	case n&foundBit != 0:
		return a.found[n&^foundBit]
	default:
		return a.client(a.clients.of(n))
	}
}

// readGrains reads how exactly each source knows the time.
func (a *analysis) readGrains(ctx context.Context) error {
	a.grains = make([]int64, 1<<16)
	return each(ctx, a.conn, `SELECT id, grain FROM source`, func(scan scanner) error {
		var id uint16
		var grain int64
		err := scan(&id, &grain)
		a.grains[id] = grain
		return err
	})
}
