package detect

import (
	"context"
	"errors"
	"iter"
	"net/netip"

	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
)

// circle is the requests of links that share users, and what was found of these.
type circle struct {
	judge.Group
	host   *host
	places []uint32 // of the links in the history, by number
	who    []identity.Key
	users  []judge.User
	paths  []judge.Path // of the users
}

// nameIn returns the key of a user in a circle: the one it was identified by or, for a part of a user whose
// links were joined wrongly, that of its own link and user agent.
func (a *analysis) nameIn(c *circle, u *judge.User) identity.Key {
	if u.Split {
		return identity.Key{Link: a.linkOf(c, u.Link), Agent: u.UA}
	}
	return c.who[u.Who]
}

// linkOf is the id of a link by its number in a circle.
func (a *analysis) linkOf(c *circle, number uint32) uint32 {
	return a.history.Links.At(c.places[number]).ID
}

// circles hands on the groups whose users are judged together, some at a time: one
// for each link that shares no user with others, one for each circle of those that
// do. A circle comes in the place of its first link, unless no viewer asked for any
// of its links.
func (a *analysis) circles(ctx context.Context, emit func(history.Batch) error) error {
	if a.joint == nil {
		return a.history.Batches(ctx, emit)
	}
	next, stop := iter.Pull2(a.joint.All(ctx))
	defer stop()
	joined, err, some := next()
	if err != nil {
		return err
	}
	last := uint32(0) // circle whose turn has been
	if err := a.history.Batches(ctx, func(c history.Batch) error {
		groups := make([]history.Group, 0, len(c.Groups))
		for _, s := range c.Groups {
			circle := a.circleAt[s.Number]
			if circle == 0 {
				groups = append(groups, s)
			}
			if circle <= last {
				continue
			}
			last = circle
			if !some || joined.Groups[0].Number != circle {
				continue
			}
			groups = append(groups, joined.Groups[0])
			c.Adopt(&joined)
			if joined, err, some = next(); err != nil {
				return err
			}
		}
		c.Groups = groups
		return emit(c)
	}); err != nil {
		return err
	}
	if some {
		return errors.New("a circle of links is missing")
	}
	return nil
}

// errEnough ends a pass over requests early.
var errEnough = errors.New("enough")

// take takes the requests of a circle, except those of shields; of a long circle only the first.
func (j *judging) take(c *circle, group *history.Group) error {
	j.requests = j.requests[:0]
	err := group.Parts(func(requests []history.Request) error {
		for i := range requests {
			switch {
			case j.outcomes[requests[i].Outcome].Shield:
			case len(j.requests) == maxEvents:
				c.Truncated = true
				return errEnough
			default:
				j.requests = append(j.requests, requests[i])
			}
		}
		return nil
	})
	if err != nil && err != errEnough {
		return err
	}
	h := j.outcomes[j.requests[0].Outcome].host
	c.host = h
	c.Stated, c.Gaps = j.stated(), j.gaps || h.gaps
	c.RefusalsOnly = h.refusalsOnly()
	return nil
}

// addEvents makes the events of a circle, of the requests that were taken.
func (j *judging) addEvents(c *circle) (err error) {
	from := len(j.events)
	var users judge.Numbers[identity.Key]
	for i := range j.requests {
		f := &j.requests[i]
		var e judge.Event
		if i > 0 && f.Alike(&j.requests[i-1]) {
			e = j.events[len(j.events)-1] // a player repeats itself
		} else {
			e = j.eventOf(f)
			n, _ := users.Of(j.userOf(f))
			e.Link, e.Who, e.Kin, e.Cookie = j.numberLink(c, f.Place), uint32(n), j.kinOf(f), j.cookieOf(f)
		}
		e.Time, e.Grain, e.Edge = f.Start, j.grains[f.Source()], j.edgeOf(f)
		e.End, e.Began = ingest.EndOf(f.Start, f.Took)
		e.UA, e.Dir, e.File = f.Agent, f.Dir, f.File
		if i == 0 || f.File != j.requests[i-1].File {
			if e.Name, err = j.texts.Files.Text(f.File); err != nil {
				return err
			}
		} else {
			e.Name = j.events[len(j.events)-1].Name
		}
		j.events = append(j.events, e)
	}
	c.Events, c.who = j.events[from:len(j.events):len(j.events)], users.Keys
	return nil
}

// edgeOf returns the edge that logged a request: the one that its line names, in whatever log it stands;
// where lines name none, each log is an edge of its own.
func (a *analysis) edgeOf(f *history.Request) uint32 {
	if edge := a.outcomes[f.Outcome].Edge; edge > 0 {
		return uint32(edge) << 16
	}
	return uint32(f.Source())
}

// eventOf is what requests that are alike have in common.
func (a *analysis) eventOf(f *history.Request) judge.Event {
	o, c := a.outcomes[f.Outcome], &a.clients
	asn := c.ASN(f.Client)
	return judge.Event{
		Client: a.client(c.Of(f.Client)), ASN: asn, Country: c.Countries[c.Country(f.Client)], Bot: a.hosted[asn] || a.bots[f.Agent],
		Served: o.Served(), Refused: o.Refused(), Status: o.Status,
		Verdict: f.Verdict, Elsewhere: f.Cause == a.causes[ingest.RefusedElsewhere], Inferred: f.Grounds&history.ByInference != 0, Mistaken: f.Grounds&history.ByMistake != 0, Admitted: f.Grounds&history.ByLink != 0,
	}
}

// numberLink numbers the links of a circle: few, most often one.
func (a *analysis) numberLink(c *circle, place uint32) uint32 {
	for n := len(c.places) - 1; n >= 0; n-- {
		if c.places[n] == place {
			return uint32(n)
		}
	}
	c.places, c.Signed = append(c.places, place), append(c.Signed, a.signedFor(place))
	return uint32(len(c.places) - 1)
}

// userOf returns the user that made a request.
func (a *analysis) userOf(f *history.Request) identity.Key {
	who := identity.Atom{Link: a.history.Links.At(f.Place).ID, Agent: f.Agent}
	switch {
	case int(f.Ident) < len(a.firsts): // a shield's may be the last
		return a.firsts[f.Ident]
	case a.stated():
		who.Ident = f.Ident
	}
	if a.joined.Has(f.Place) {
		if k, ok := a.members[who]; ok {
			return k
		}
	}
	return identity.Key{Link: who.Link, Agent: who.Agent}
}

// foundBit marks a number in history.Signed that counts addresses in analysis.found, where no client of
// the link has the address, instead of clients.
const foundBit = 1 << 31

// signedFor is the address that a link was signed for; zero where it is not known.
func (a *analysis) signedFor(place uint32) netip.Addr {
	switch n := *a.history.Signed.At(place); {
	case n == 0:
		return netip.Addr{}
	case n&foundBit != 0:
		return a.found[n&^foundBit]
	default:
		return a.client(a.clients.Of(n))
	}
}
