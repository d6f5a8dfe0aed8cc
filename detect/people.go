package detect

import (
	"cmp"
	"context"
	"sync"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
)

// maxEvents is how many requests of one circle are judged; of a longer one the first.
const maxEvents = 100_000

// people classifies the users: those of links with a telling refusal, or seen from
// many networks, in full, the others by counting.
func (a *analysis) people(ctx context.Context) error {
	a.out.Users = finding.Users{ByClass: map[finding.Class]int64{}, Flagged: []finding.User{}}
	to := audience{}
	for table, rows := range map[string]**ingest.Rows{"person": &to.persons, "visitor": &to.visitors} {
		var err error
		if *rows, err = a.store.Rows(table); err != nil {
			return err
		}
		(*rows).Begin()
	}
	circles := a.circles
	if a.loaded.Identity.Kind == ingest.ByAddress {
		joint, err := a.filmByAddress(ctx)
		if err != nil {
			return err
		}
		defer joint.close()
		circles = joint.cuts
	}
	if err := a.findRecovered(ctx, circles); err != nil {
		return err
	}
	if err := a.watchAll(ctx, &to, circles); err != nil {
		return err
	}
	if err := a.dropSplit(ctx); err != nil {
		return err
	}
	a.sayIdentity()
	return a.store.SettleAside(ctx, to.persons, to.visitors)
}

// watchAll goes over all circles.
func (a *analysis) watchAll(ctx context.Context, to *audience, circles feed) error {
	spare := sync.Pool{New: func() any { return &scene{analysis: a} }}
	return pass(ctx, a.Threads, circles,
		func(c *cut) (*scene, error) {
			s := spare.Get().(*scene)
			return s, s.show(c)
		},
		func(s *scene) error {
			defer spare.Put(s)
			return a.enter(ctx, to, s)
		})
}

// filmByAddress keeps together what an address asked for under one user agent, with
// whatever link.
func (a *analysis) filmByAddress(ctx context.Context) (*film, error) {
	return a.film.regroup(ctx, a.requests(), len(a.firsts), a.Room/2, func(_, ident uint32) uint32 { return ident },
		func(s *strip) bool { return s.number > 0 }, a.viewers)
}

// scene is the users of some circles. It serves for others later.
type scene struct {
	*analysis
	reels  []*reel
	others []other
	events []judge.Event // of reels
	frames []frame       // scratch, as sights are
	sights []judge.Sight
}

// longScene is how many events a scene keeps memory for.
const longScene = 1 << 15

// show looks at some circles.
func (s *scene) show(c *cut) error {
	s.clients.fetch(c)
	s.reels, s.others, s.events = s.reels[:0], s.others[:0], s.events[:0]
	if cap(s.events) > longScene {
		s.events, s.frames, s.sights = nil, nil, nil
	}
	for i := range c.strips {
		circle := &c.strips[i]
		if circle.unlinked() {
			continue
		}
		flagged, err := s.tells(circle)
		if err != nil {
			return err
		}
		if flagged {
			err = s.judge(circle)
		} else {
			s.others, err = s.addOthers(circle, s.others)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// judge judges the users of a circle.
func (s *scene) judge(circle *strip) error {
	r := &reel{}
	if err := s.take(r, circle); err != nil {
		return err
	}
	if err := s.develop(r); err != nil {
		return err
	}
	r.users = judge.Users(&r.Group, s.Thresholds)
	r.paths = make([]judge.Path, len(r.users))
	for i := range r.users {
		r.paths[i] = s.pathOf(r, &r.users[i])
	}
	s.reels = append(s.reels, r)
	return nil
}

// tells tells whether the users of a circle have to be judged: one of its links has
// a telling refusal, or it was asked for from several addresses and refused, or from
// many networks. On hosts where an address cannot be the cause of a refusal, nobody
// is.
func (a *analysis) tells(circle *strip) (bool, error) {
	if a.loaded.Identity.Kind == ingest.ByAddress {
		return false, nil // nobody can be seen to rotate (rules of evidence, 11)
	}
	var telling, refused, moved bool
	var first uint32
	var networks map[network]bool
	err := circle.parts(func(frames []frame) error {
		var last frame
		for i := range frames {
			f := &frames[i]
			if f.client == last.client && f.cause == last.cause && f.outcome == last.outcome {
				continue
			}
			last = *f
			if o := a.outcomes[f.outcome]; o.shield || o.host.unbound() {
				continue
			}
			telling = telling || f.cause == a.words.mismatch || f.cause == a.expiredMismatch || f.cause == a.unresolved
			refused = refused || f.cause > 0
			if first == 0 {
				first = f.client
			}
			if f.client == first && !moved {
				continue
			}
			moved = moved || a.clients.elsewhere(first, f.client)
			if moved && networks == nil {
				networks = map[network]bool{}
			}
			if moved && len(networks) < a.Thresholds.Networks {
				networks[a.clients.network(first)] = true
				networks[a.clients.network(f.client)] = true
			}
		}
		return nil
	})
	return telling || refused && moved || moved && len(networks) >= a.Thresholds.Networks, err
}

// enter stores the users of some circles, and replays the masks over them.
func (a *analysis) enter(ctx context.Context, to *audience, s *scene) error {
	p, v := &to.person, &to.visitor
	p.reset()
	v.reset()
	for _, r := range s.reels {
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

// audience is the tables that keep the users, and the next rows of each.
type audience struct {
	persons, visitors *ingest.Rows
	person            personRows
	visitor           visitorRows
}

// visitorRows are rows of table visitor, by column.
type visitorRows struct {
	link, agent []uint32
	four        []bool
	at          []ingest.Micros
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
	first, last                               []ingest.Micros
}

// reset leaves no row, and memory for as many.
func (p *personRows) reset() {
	p.link, p.agent, p.salt, p.class, p.reason = p.link[:0], p.agent[:0], p.salt[:0], p.class[:0], p.reason[:0]
	p.requests, p.refusals, p.mismatches, p.addresses = p.requests[:0], p.refusals[:0], p.mismatches[:0], p.addresses[:0]
	p.prefixes24, p.prefixes16, p.switches, p.interrupted = p.prefixes24[:0], p.prefixes16[:0], p.switches[:0], p.interrupted[:0]
	p.first, p.last = p.first[:0], p.last[:0]
}

func (p *personRows) add(k userKey, class finding.Class, reason string, requests, refusals, mismatches, switches int64, interrupted bool, first, last int64) {
	p.link, p.agent, p.salt = append(p.link, k.link), append(p.agent, k.agent), append(p.salt, k.salt)
	p.class, p.reason = append(p.class, string(class)), append(p.reason, reason)
	p.requests, p.refusals, p.mismatches = append(p.requests, requests), append(p.refusals, refusals), append(p.mismatches, mismatches)
	p.switches, p.interrupted = append(p.switches, switches), append(p.interrupted, interrupted)
	p.first, p.last = append(p.first, ingest.Micros(first)), append(p.last, ingest.Micros(last))
}

// spread adds the addresses of the same user; networks of IPv4 addresses alone.
func (p *personRows) spread(four bool, addresses, prefixes24, prefixes16 int64) {
	if !four {
		prefixes24, prefixes16 = -1, -1
	}
	p.addresses, p.prefixes24, p.prefixes16 = append(p.addresses, addresses), append(p.prefixes24, prefixes24), append(p.prefixes16, prefixes16)
}

func (a *analysis) counted(class finding.Class) {
	a.out.Users.ByClass[class]++
	a.out.Users.Total++
}

// keepOther stores a user who was not judged.
func (a *analysis) keepOther(to *audience, u *other) {
	class, reason := a.classOf(u)
	a.counted(class)
	switch {
	case a.Unread && u.requests == 1: // see sessions
	case u.requests == 1 && u.refusals == 0 && u.key.salt == 0:
		v := &to.visitor
		v.link, v.agent, v.four, v.at = append(v.link, u.key.link), append(v.agent, u.key.agent), append(v.four, u.four), append(v.at, ingest.Micros(u.first))
	default:
		p := &to.person
		p.add(u.key, class, reason, u.requests, u.refusals, 0, u.switches, u.refusals > 0 && !u.resumed && !a.recovered[u.key], u.first, u.final)
		p.spread(u.four, u.addresses, u.prefixes24, u.prefixes16)
	}
	if ip := a.boundTo(u); ip.IsValid() {
		a.replay(u.host, familyOf(ip)).AddBound(ip, 1)
	}
	if u.path != nil {
		a.follow(u.host, u.path)
	}
}

// dropSplit takes the users apart in table member who were taken for one
// wrongly.
func (a *analysis) dropSplit(ctx context.Context) error {
	for _, k := range a.split {
		if _, err := a.conn.ExecContext(ctx, `DELETE FROM member WHERE first_link = ? AND first_agent = ? AND salt = ?`, k.link, k.agent, k.salt); err != nil {
			return err
		}
	}
	return nil
}

// userKey names a user: a link and a user agent, the first of several, and
// what tells those apart whose first are the same.
type userKey struct {
	link, agent uint32
	salt        int64
}

// keep stores the users of one circle who were judged.
func (a *analysis) keep(p *personRows, r *reel) {
	strangers, crowd := map[uint32][]uint8{}, map[uint32]int{}
	for i := range r.users {
		if u := &r.users[i]; u.Class == finding.ManyNetworks {
			crowd[u.Link]++
		}
	}
	for i := range r.users {
		u := &r.users[i]
		name := a.nameIn(r, u)
		if u.Split && r.who[u.Who] != (userKey{link: name.link, agent: name.agent}) {
			a.split = append(a.split, r.who[u.Who])
		}
		u.Interrupted = u.Interrupted && !a.recovered[name]
		a.counted(u.Class)
		p.add(name, u.Class, u.Reason, int64(u.Requests), int64(u.Refusals), int64(u.Mismatches), int64(u.Switches), u.Interrupted, u.First, u.Last)
		p.spread(u.Family4, int64(u.Addresses), int64(u.Prefixes24), int64(u.Prefixes16))
		a.replay(r.host, r.replayFamily(u)).Add(u, u.Signed, uint64(a.linkOf(r, u.Link)))
		if u.Class == finding.ManyNetworks {
			strangers[u.Link] = append(strangers[u.Link], u.MismatchLens...)
		}
		if r.paths[i] != nil {
			a.follow(r.host, r.paths[i])
		}
		a.flag(r, u, name, crowd[u.Link])
	}
	for link, lens := range strangers {
		if signed := r.Signed[link]; signed.IsValid() {
			a.replay(r.host, familyOf(signed)).AddStranger(uint64(a.linkOf(r, link)), lens)
		}
	}
}

// replayFamily is the family whose mask question a user belongs to: that of
// the signing address.
func (r *reel) replayFamily(u *judge.User) int {
	switch {
	case u.Family != 0:
		return u.Family
	case u.Signed.IsValid():
		return familyOf(u.Signed)
	}
	return familyOf(r.Events[0].Client)
}

func (a *analysis) replay(h *host, family int) *judge.Replay {
	if h.replays[family] == nil {
		h.replays[family] = judge.NewReplay(h.name, family, a.Thresholds)
	}
	return h.replays[family]
}

func stamp(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }
