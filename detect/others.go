package detect

import (
	"maps"
	"net/netip"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
)

// other is a user of links that nothing was flagged on.
type other struct {
	key                               identity.Key
	place                             uint32 // of its first link
	host                              *host  // of its first request
	requests, refusals, first, final  int64  // refusals: retries merged (rules of evidence, 8)
	addresses, prefixes24, prefixes16 int64
	four                              bool // every address is IPv4
	switches                          int64
	resumed                           bool // recovered from the last refusal (rules of evidence, 12)
	doubted                           bool
	path                              judge.Path // nil: it tells nothing
	bound                             netip.Addr // what its first link was signed for; see boundTo

	lapse   judge.Lapse
	retries map[attempt]int64 // when the first was refused of those that count as one
	most    int               // of these, before they are looked through
	clients judge.Numbers[uint32]
	last    uint32         // client
	edge    uint32         // of the request or sight before
	grain   int64          // of the request before
	changes *judge.Changes // of one with several clients
	sights  []judge.Sight
}

// attempt is what a player asks for again.
type attempt struct{ place, client, dir, file uint32 }

// addOthers counts the users of a group.
func (a *analysis) addOthers(s *history.Group, to []other) (all []other, err error) {
	if len(s.Requests) == 1 {
		if f := &s.Requests[0]; a.byViewer(f) {
			u := a.once(f)
			u.bound = a.boundTo(&u)
			to = append(to, u)
		}
		return to, nil
	}
	var who judge.Numbers[identity.Key]
	users := to[len(to):]
	err = a.eachUser(s, func(f *history.Request, k identity.Key) int {
		n, fresh := who.Of(k)
		if fresh {
			users = append(users, other{key: k, host: a.outcomes[f.Outcome].host, place: f.Place, first: f.Start, four: true})
		}
		return n
	}, func(n int, t []history.Request) { a.watch(&users[n], t) })
	moved := false
	for i := range users {
		u := &users[i]
		a.settleOther(u)
		u.bound = a.boundTo(u)
		moved = moved || u.addresses > 1
	}
	if err != nil || !moved || a.masked {
		return append(to, users...), err
	}
	number := func(_ *history.Request, k identity.Key) int {
		n, _ := who.Of(k)
		return n
	}
	err = a.eachUser(s, number, func(n int, t []history.Request) {
		u := &users[n]
		if class, _ := a.classOf(u); u.addresses == 1 || class != finding.Unchanged || a.outcomes[t[0].Outcome].host.unbound() {
			return
		}
		for i := range t {
			a.sight(u, &t[i])
		}
	})
	for i := range users {
		if u := &users[i]; len(u.sights) > 0 {
			u.path, u.sights = judge.Follow(u.sights), nil
		}
	}
	return append(to, users...), err
}

// sight notes the address of a user who moved.
func (a *analysis) sight(u *other, f *history.Request) {
	grain := a.grains[f.Source()]
	edge := a.edgeOf(f)
	if len(u.sights) > 0 && edge != u.edge {
		grain = max(grain, judge.EdgeClocks)
	}
	u.edge = edge
	if asn := a.clients.ASN(f.Client); len(u.sights) < maxEvents && !a.bots[f.Agent] && !a.hosted[asn] {
		u.sights = append(u.sights, judge.Sight{Time: f.Start, Grain: grain, Client: a.client(a.clients.Of(f.Client)).Unmap(), ASN: asn})
	}
}

// once makes a user of one request.
func (a *analysis) once(f *history.Request) other {
	o := a.outcomes[f.Outcome]
	u := other{
		key: a.userOf(f), place: f.Place, host: o.host, requests: 1, first: f.Start, final: f.Start,
		addresses: 1, prefixes24: 1, prefixes16: 1, four: a.clients.Of(f.Client).Family == 4, doubted: a.doubted.Has(f.Place), last: f.Client,
	}
	if o.Refused() {
		u.refusals = 1
	}
	return u
}

// eachUser tells of every stretch but those of shields whose it is. number gives a user
// its number.
func (a *analysis) eachUser(s *history.Group, number func(*history.Request, identity.Key) int, of func(int, []history.Request)) error {
	var last history.Request
	n := -1
	return a.eachStretch(s, func(t []history.Request) {
		if f := &t[0]; n < 0 || f.Place != last.Place || f.Agent != last.Agent || f.Ident != last.Ident {
			n, last = number(f, a.userOf(f)), *f
		}
		of(n, t)
	})
}

// byViewer reports whether a request is a viewer's, not a shield's.
func (a *analysis) byViewer(f *history.Request) bool { return !a.outcomes[f.Outcome].Shield }

// eachStretch tells of every stretch but those of shields.
func (a *analysis) eachStretch(s *history.Group, of func([]history.Request)) error {
	return s.Parts(func(requests []history.Request) error {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			if !a.outcomes[t[0].Outcome].Shield {
				of(t)
			}
		}
		return nil
	})
}

// watch takes the next requests of a user into account.
func (a *analysis) watch(u *other, t []history.Request) {
	f := &t[0]
	o := a.outcomes[f.Outcome]
	if u.key.Link == a.history.Links.At(f.Place).ID {
		u.place = f.Place
	}
	if len(u.clients.Keys) > 0 && (u.changes != nil || f.Client != u.last) {
		a.move(u, t)
	}
	u.requests += int64(len(t))
	u.doubted = u.doubted || a.doubted.Has(f.Place)
	if f.Client != u.last || len(u.clients.Keys) == 0 {
		u.clients.Of(f.Client)
	}
	end := &t[len(t)-1]
	u.last, u.final, u.edge, u.grain = f.Client, end.Start, a.edgeOf(end), a.grains[end.Source()]
	switch {
	case o.Refused():
		for i := range t {
			a.refuse(u, &t[i])
		}
	case o.Served():
		for i := 0; i < len(t) && u.lapse.Open; i++ {
			u.lapse.Serve(t[i].Start, f.Place, a.Thresholds.Recovery.Microseconds())
		}
	}
}

// move takes the next requests of a user who was seen as several clients, with the last
// one before these were.
func (a *analysis) move(u *other, t []history.Request) {
	if u.changes == nil {
		u.changes = &judge.Changes{}
		u.changes.See(judge.Sight{Time: u.final, Grain: u.grain, Client: a.client(a.clients.Of(u.last)).Unmap()}, u.edge)
	}
	at := a.client(a.clients.Of(t[0].Client)).Unmap()
	for i := range t {
		u.changes.See(judge.Sight{Time: t[i].Start, Grain: a.grains[t[i].Source()], Client: at}, a.edgeOf(&t[i]))
	}
}

// refuse takes one refusal of a user into account.
func (a *analysis) refuse(u *other, f *history.Request) {
	u.lapse.Refuse(f.Start, f.Place, f.Cause == a.causes[ingest.RefusedElsewhere])
	if u.retries == nil {
		u.retries = map[attempt]int64{}
	}
	if first, ok := u.retries[attempt{f.Place, f.Client, f.Dir, f.File}]; !ok || f.Start-first > a.Thresholds.RetryWindow.Microseconds() {
		u.retries[attempt{f.Place, f.Client, f.Dir, f.File}] = f.Start
		u.refusals++
		u.forget(f.Start - a.Thresholds.RetryWindow.Microseconds())
	}
}

// forget drops attempts from before a time, once they are many: they count as new.
func (u *other) forget(before int64) {
	if len(u.retries) < max(u.most, 1<<10) {
		return
	}
	maps.DeleteFunc(u.retries, func(_ attempt, first int64) bool { return first < before })
	u.most = 2 * len(u.retries)
}

func (a *analysis) settleOther(u *other) {
	type place struct{ hi, lo uint64 }
	var all []place
	for _, id := range u.clients.Keys {
		s := a.clients.Of(id)
		u.four = u.four && s.Family == 4
		all = append(all, place{s.Hi, s.Lo})
	}
	count := func(cut func(place) place) int64 {
		set := map[place]bool{}
		for _, p := range all {
			set[cut(p)] = true
		}
		return int64(len(set))
	}
	u.addresses, u.prefixes24, u.prefixes16 = 1, 1, 1
	if len(all) > 1 {
		u.addresses = count(func(p place) place { return p })
		u.prefixes24 = count(func(p place) place { return place{0, p.lo >> 8} })
		u.prefixes16 = count(func(p place) place { return place{0, p.lo >> 16} })
	}
	if u.changes != nil {
		u.switches = int64(u.changes.Count())
	}
	u.resumed = u.refusals > 0 && !u.lapse.Open
	u.lapse, u.retries, u.clients, u.changes = judge.Lapse{}, nil, judge.Numbers[uint32]{}, nil
}

// boundTo is the address that the first link of a user was signed for; zero if it is
// not known to be bound. Without a key a link is taken for bound to the address that it
// was asked for from last, where the scheme binds links and does not show how.
func (a *analysis) boundTo(u *other) netip.Addr {
	if ip := a.signedFor(u.place); ip.IsValid() {
		if a.history.Links.At(u.place).ID != u.key.Link {
			return netip.Addr{}
		}
		return ip
	}
	if !u.host.hides() {
		return netip.Addr{}
	}
	return a.client(a.clients.Of(u.last))
}

// classOf is what a user is who was not judged, and why.
func (a *analysis) classOf(u *other) (finding.Class, string) {
	switch {
	case !u.doubted || u.refusals == 0:
		return finding.Unchanged, ingest.NoRefusal
	case a.loaded.Identity.Kind == ingest.ByAddress:
		return finding.Undetermined, "users are told apart by address here, so a change of address cannot be seen" // rule 11
	}
	return finding.Undetermined, "refused, and the token could not be checked"
}
