package detect

import (
	"cmp"
	"context"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// enter stores the users of some circles, and replays the masks over them.
func (a *analysis) enter(ctx context.Context, to *userTables, s *judging) error {
	p, v := &to.person, &to.visitor
	p.reset()
	v.reset()
	for _, r := range s.circles {
		a.keep(p, r)
	}
	for i := range s.others {
		a.keepOther(to, &s.others[i])
	}
	return cmp.Or(
		to.persons.Extend(ctx, p.link, p.agent, p.salt, p.class, p.reason, p.requests, p.refusals, p.mismatches, p.addresses, p.prefixes24, p.prefixes16,
			p.switches, p.interrupted, p.first, p.last),
		to.visitors.Extend(ctx, v.link, v.agent, v.four, v.at),
	)
}

// userTables is the tables that keep the users, and the next rows of each.
type userTables struct {
	persons, visitors *ingest.Rows
	person            personRows
	visitor           visitorRows
}

// visitorRows are rows of table visitor, by column.
type visitorRows struct {
	link, agent []uint32
	four        []bool
	at          []fetch.Micros
}

func (v *visitorRows) reset() {
	v.link, v.agent, v.four, v.at = v.link[:0], v.agent[:0], v.four[:0], v.at[:0]
}

// personRows are rows of table person, by column.
type personRows struct {
	link, agent                               []uint32
	salt                                      []int64
	class, reason                             []string
	requests, refusals, mismatches, addresses []int64
	prefixes24, prefixes16                    ingest.Counts
	switches                                  []int64
	interrupted                               []bool
	first, last                               []fetch.Micros
}

// reset leaves no row, and memory for as many.
func (p *personRows) reset() {
	p.link, p.agent, p.salt, p.class, p.reason = p.link[:0], p.agent[:0], p.salt[:0], p.class[:0], p.reason[:0]
	p.requests, p.refusals, p.mismatches, p.addresses = p.requests[:0], p.refusals[:0], p.mismatches[:0], p.addresses[:0]
	p.prefixes24, p.prefixes16, p.switches, p.interrupted = p.prefixes24[:0], p.prefixes16[:0], p.switches[:0], p.interrupted[:0]
	p.first, p.last = p.first[:0], p.last[:0]
}

// personRow is one user.
type personRow struct {
	key                                       identity.Key
	class                                     finding.Class
	reason                                    string
	requests, refusals, mismatches, addresses int64
	four                                      bool  // all addresses are of IPv4
	prefixes24, prefixes16                    int64 // of IPv4 addresses alone
	switches                                  int64
	interrupted                               bool
	first, last                               int64 // µs
}

func (p *personRows) add(u personRow) {
	if !u.four {
		u.prefixes24, u.prefixes16 = -1, -1
	}
	p.link, p.agent, p.salt = append(p.link, u.key.Link), append(p.agent, u.key.Agent), append(p.salt, u.key.Salt)
	p.class, p.reason = append(p.class, string(u.class)), append(p.reason, u.reason)
	p.requests, p.refusals, p.mismatches = append(p.requests, u.requests), append(p.refusals, u.refusals), append(p.mismatches, u.mismatches)
	p.addresses, p.prefixes24, p.prefixes16 = append(p.addresses, u.addresses), append(p.prefixes24, u.prefixes24), append(p.prefixes16, u.prefixes16)
	p.switches, p.interrupted = append(p.switches, u.switches), append(p.interrupted, u.interrupted)
	p.first, p.last = append(p.first, fetch.Micros(u.first)), append(p.last, fetch.Micros(u.last))
}

func (a *analysis) counted(class finding.Class) {
	a.out.Users.ByClass[class]++
	a.out.Users.Total++
}

// keepOther stores a user who was not judged.
func (a *analysis) keepOther(to *userTables, u *other) {
	class, reason := a.classOf(u)
	a.counted(class)
	switch {
	case a.Unread && u.requests == 1: // see sessions
	case u.requests == 1 && u.refusals == 0 && u.key.Salt == 0:
		v := &to.visitor
		v.link, v.agent, v.four, v.at = append(v.link, u.key.Link), append(v.agent, u.key.Agent), append(v.four, u.four), append(v.at, fetch.Micros(u.first))
	default:
		to.person.add(personRow{
			key: u.key, class: class, reason: reason, requests: u.requests, refusals: u.refusals, addresses: u.addresses,
			four: u.four, prefixes24: u.prefixes24, prefixes16: u.prefixes16,
			switches: u.switches, interrupted: u.refusals > 0 && !u.resumed && !a.recovered[u.key] && !u.host.refusalsOnly(), first: u.first, last: u.final,
		})
	}
	switch ip := u.bound; {
	case !ip.IsValid():
	case class == finding.Undetermined:
		a.replay(u.host, addr.Family(ip)).AddUnchecked(ip)
	default:
		a.replay(u.host, addr.Family(ip)).AddBound(ip, 1)
	}
	if u.path != nil {
		a.follow(u.host, u.path)
	}
}

// keep stores the users of one circle who were judged.
func (a *analysis) keep(p *personRows, c *circle) {
	strangers, crowd := map[uint32][]uint8{}, map[uint32]int{}
	for i := range c.users {
		if u := &c.users[i]; u.Class == finding.ManyNetworks {
			crowd[u.Link]++
		}
	}
	for i := range c.users {
		u := &c.users[i]
		name := a.nameIn(c, u)
		if u.Split && c.who[u.Who] != (identity.Key{Link: name.Link, Agent: name.Agent}) {
			a.split = append(a.split, c.who[u.Who])
		}
		u.Again = a.begins.Has(c.places[u.Link])
		u.Named = a.stated() && name.Salt != 0 || a.keepsCookie(c.places[u.Link])
		u.Unseen = u.Begins && (c.host.refusalsOnly() || c.host.predates(a.history.Links.At(c.places[u.Link]), u.First))
		u.Interrupted = u.Interrupted && !a.recovered[name]
		collects := a.collects(u)
		if collects {
			a.collected++
			u.Class, u.Reason = finding.Undetermined, "refused at an address that tries the links of many viewers in vain, as who checks links or collects them does: left out"
		}
		a.counted(u.Class)
		p.add(personRow{
			key: name, class: u.Class, reason: u.Reason, requests: int64(u.Requests), refusals: int64(u.Refusals), mismatches: int64(u.Mismatches), addresses: int64(u.Addresses),
			four: u.Family4, prefixes24: int64(u.Prefixes24), prefixes16: int64(u.Prefixes16),
			switches: int64(u.Switches), interrupted: u.Interrupted, first: u.First, last: u.Last,
		})
		switch family := c.replayFamily(u); {
		case collects && u.Served > 0:
			a.replay(c.host, family).AddBound(u.Signed, 1)
		case collects:
		case c.host.Policy.Mended(u, family):
			a.replay(c.host, family).AddMended(u.Signed)
		default:
			a.replay(c.host, family).Add(u, u.Signed, uint64(a.linkOf(c, u.Link)))
		}
		if u.Class == finding.ManyNetworks {
			strangers[u.Link] = append(strangers[u.Link], u.Attempts...)
		}
		if c.paths[i] != nil {
			a.follow(c.host, c.paths[i])
		}
		a.flag(c, u, name, crowd[u.Link])
	}
	for link, lens := range strangers {
		if signed := c.Signed[link]; signed.IsValid() {
			a.replay(c.host, addr.Family(signed)).AddStranger(uint64(a.linkOf(c, link)), lens)
		}
	}
}

// replayFamily is the family whose mask question a user belongs to: that of
// the signing address.
func (c *circle) replayFamily(u *judge.User) int {
	switch {
	case u.Family != 0:
		return u.Family
	case u.Signed.IsValid():
		return addr.Family(u.Signed)
	}
	return addr.Family(c.Events[0].Client)
}

func (a *analysis) replay(h *host, family int) *judge.Replay {
	if h.replays[family] == nil {
		h.replays[family] = judge.NewReplay(h.Name, family, a.Thresholds)
	}
	return h.replays[family]
}
