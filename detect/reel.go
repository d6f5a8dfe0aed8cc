package detect

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/token"
)

// reel is the requests of one circle, and what was found of its users.
type reel struct {
	judge.Group
	frames []oldFrame
	links  []uint32 // ids, by number
	who    []userKey
	host   *host
	users  []judge.User
}

// oldFrame is a request as it comes out of the case.
type oldFrame struct {
	start, line                                           int64
	place, outcome, link, client, dir, file, agent, ident uint32
	source                                                uint16
}

// inOrderOfTime compares frames of one circle.
func inOrderOfTime(x, y oldFrame) int {
	return cmp.Or(cmp.Compare(x.start, y.start), cmp.Compare(x.source, y.source), cmp.Compare(x.line, y.line))
}

// name is the key of a user: its own, unless it was taken for one with others.
func (r *reel) name(u *judge.User) userKey {
	if u.Split {
		return userKey{link: r.links[u.Link], agent: u.UA}
	}
	return r.who[u.Who]
}

// judgeFlagged judges the users of the flagged links.
func (a *analysis) judgeFlagged(ctx context.Context) error {
	persons, err := a.store.Rows("person")
	if err != nil {
		return err
	}
	grains, err := a.grains(ctx)
	if err != nil {
		return err
	}
	err = inOrder(ctx, a.Threads, func(emit func(shot) error) error { return a.shoot(ctx, emit) },
		func(s shot) []reel {
			for i := range s.reels {
				a.develop(&s.reels[i], s.known, grains)
				s.reels[i].users = judge.Users(&s.reels[i].Group, a.Thresholds)
			}
			return s.reels
		},
		func(reels []reel) error {
			for i := range reels {
				if err := a.keep(ctx, persons, &reels[i]); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		return err
	}
	return persons.Flush(ctx)
}

// shot is some reels with what is known of them.
type shot struct {
	reels []reel
	known *known
}

var ( // a test has fewer
	fewFrames  int64 = 1 << 19 // requests that DuckDB need not put in order
	shotFrames       = 1 << 17 // that are judged at once, about, where there are more
)

// shoot reads the requests of the flagged links, circle by circle.
func (a *analysis) shoot(ctx context.Context, emit func(shot) error) error {
	aside, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer aside.Close()
	var requests int64
	if err := a.conn.QueryRowContext(ctx, `SELECT coalesce(sum(m.n), 0)::BIGINT FROM work.atom m JOIN work.flagged USING (link)`).Scan(&requests); err != nil {
		return err
	}
	if requests > fewFrames {
		return a.shootMany(ctx, aside, emit)
	}
	var known *known
	var look errgroup.Group // while the requests are read
	look.Go(func() (err error) {
		known, err = a.lookUp(ctx, aside, 0, math.MaxUint32)
		return err
	})
	var frames []oldFrame
	err = ingest.Few(ctx, a.conn, requested, func(p ingest.Page) error {
		frames = appendFrames(frames, p)
		return nil
	})
	if err := cmp.Or(err, look.Wait()); err != nil {
		return err
	}
	return a.cut(ctx, aside, frames, known, emit)
}

// requested are the requests of the flagged links.
const requested = `SELECT f.place, h.outcome, h.link, h.client, h.dir, h.file, h.agent, h.ident, epoch_us(h.start), h.source, h.line
	FROM hit h JOIN work.flagged f USING (link) JOIN work.answer a ON a.outcome = h.outcome WHERE NOT a.shield`

func appendFrames(frames []oldFrame, p ingest.Page) []oldFrame {
	places, outcomes, links, clients, dirs, files, agents, idents := p.U32(0), p.U32(1), p.U32(2), p.U32(3), p.U32(4), p.U32(5), p.U32(6), p.U32(7)
	starts, sources, lines := p.I64(8), p.U16(9), p.I64(10)
	for i := range places {
		frames = append(frames, oldFrame{
			place: places[i], outcome: outcomes[i], link: links[i], client: clients[i], dir: dirs[i], file: files[i], agent: agents[i], ident: idents[i],
			start: starts[i], source: sources[i], line: lines[i],
		})
	}
	return frames
}

// shootMany lets DuckDB put the requests in the order of their circles, on disk
// where need be, and hands on some at a time.
func (a *analysis) shootMany(ctx context.Context, aside *sql.Conn, emit func(shot) error) error {
	var frames []oldFrame // of whole circles up to last, where the one begins that is being read
	last := 0
	hand := func(end int) error {
		some := frames[:end]
		frames, last = slices.Clone(frames[end:]), 0
		known, err := a.lookUp(ctx, aside, some[0].place, some[end-1].place)
		if err != nil {
			return err
		}
		return a.cut(ctx, aside, some, known, emit)
	}
	err := ingest.Pages(ctx, a.conn, requested+` ORDER BY f.place`, func(p ingest.Page) error {
		old := len(frames)
		frames = appendFrames(frames, p)
		for i := len(frames) - 1; i > max(last, old-1); i-- {
			if frames[i].place != frames[i-1].place {
				last = i
				break
			}
		}
		if last >= shotFrames {
			return hand(last)
		}
		if of := frames[last:]; len(of) > 4*maxEvents { // those that are judged are the first
			slices.SortFunc(of, inOrderOfTime)
			frames = frames[:last+maxEvents+1] // one more tells that there are others
		}
		return nil
	})
	if err != nil || len(frames) == 0 {
		return err
	}
	return hand(len(frames))
}

// cut hands on the circles of some frames, in the order of their places.
func (a *analysis) cut(ctx context.Context, conn *sql.Conn, frames []oldFrame, known *known, emit func(shot) error) error {
	if len(frames) == 0 {
		return nil
	}
	first, last := frames[0].place, frames[0].place
	for i := range frames {
		first, last = min(first, frames[i].place), max(last, frames[i].place)
	}
	if err := known.read(ctx, conn, frames); err != nil {
		return err
	}
	ends := make([]int, last-first+2) // of each circle, behind the one before
	for i := range frames {
		ends[frames[i].place-first+1]++
	}
	for i := range ends[1:] {
		ends[i+1] += ends[i]
	}
	sorted, next := make([]oldFrame, len(frames)), slices.Clone(ends)
	for _, f := range frames {
		sorted[next[f.place-first]] = f
		next[f.place-first]++
	}
	var reels []reel
	for i := range ends[1:] {
		if of := sorted[ends[i]:ends[i+1]]; len(of) > 0 {
			reels = append(reels, a.newReel(of))
		}
	}
	for some := range slices.Chunk(reels, reelBatch) {
		if err := emit(shot{some, known}); err != nil {
			return err
		}
	}
	return nil
}

// reelBatch is how many circles are handed over at once.
const reelBatch = 64

// develop makes the events of a circle.
func (a *analysis) develop(r *reel, known *known, grains map[uint16]int64) {
	slices.SortFunc(r.frames, inOrderOfTime)
	if len(r.frames) > maxEvents {
		r.frames, r.Truncated = r.frames[:maxEvents], true
	}
	r.Events = make([]judge.Event, len(r.frames))
	users := casting{}
	var last memo
	for i := range r.frames {
		f := &r.frames[i]
		o := a.outcomes[f.outcome]
		k := ruled{link: f.link, outcome: f.outcome, client: f.client, dir: f.dir, file: f.file}
		if o.matched && o.how.scope != token.ScopeFile {
			k.file = 0
		}
		if who := (atom{f.link, f.agent, f.ident}); k != last.k || who != last.atom || i == 0 {
			last = memo{k, who, a.eventOf(o, known.clients[f.client], known.rulings, k)}
			last.e.Bot = last.e.Bot || a.bots[f.agent]
			last.e.Link, last.e.Who = r.link(f.link, known.signed), r.user(users, known.user(who))
		}
		e := &r.Events[i]
		*e = last.e
		e.Time, e.Grain, e.Edge = f.start, grains[f.source], f.source
		e.UA, e.Dir, e.File, e.Name = f.agent, f.dir, f.file, known.names[f.file]
	}
	r.frames = nil
}

// memo is the last request of a reel: a player repeats itself.
type memo struct {
	k    ruled
	atom atom
	e    judge.Event // what the next one has in common with it
}

// eventOf is what all requests of a kind have in common. One that was not ruled
// on is valid.
func (a *analysis) eventOf(o *outcome, c client, rulings map[ruled]verdict, k ruled) judge.Event {
	v, ok := rulings[k]
	if !ok {
		v = verdict{of: token.Valid}
	}
	return judge.Event{
		Client: c.ip, ASN: c.asn, Country: c.country, Bot: a.hosted[c.asn], Served: o.served(), Refused: o.refused(), Status: o.status,
		Verdict: v.of, Elsewhere: v.elsewhere, Inferred: v.inferred, Mistaken: v.mistaken,
	}
}

// casting numbers the users of a reel.
type casting map[userKey]uint32

func (r *reel) user(c casting, k userKey) uint32 {
	n, ok := c[k]
	if !ok {
		n = uint32(len(r.who))
		c[k] = n
		r.who = append(r.who, k)
	}
	return n
}

// link numbers the links of a reel: few, most often one.
func (r *reel) link(id uint32, signed map[uint32]netip.Addr) uint32 {
	for n := len(r.links) - 1; n >= 0; n-- {
		if r.links[n] == id {
			return uint32(n)
		}
	}
	r.links, r.Signed = append(r.links, id), append(r.Signed, signed[id])
	return uint32(len(r.links) - 1)
}

// ruled is the key of table judged.
type ruled struct{ link, outcome, client, dir, file uint32 }

// verdict is a row of table judged.
type verdict struct {
	of                            token.Verdict
	elsewhere, inferred, mistaken bool
}

// client is a row of table client.
type client struct {
	ip      netip.Addr
	asn     uint32
	country string
}

// known is what was looked up for some circles.
type known struct {
	signed  map[uint32]netip.Addr // by link
	rulings map[ruled]verdict
	clients map[uint32]client
	names   map[uint32]string // of files
	users   map[atom]userKey  // who are not one link under one user agent
}

func (k *known) user(a atom) userKey {
	if u, ok := k.users[a]; ok {
		return u
	}
	return userKey{link: a.link, agent: a.agent}
}

// lookUp reads what is known of the circles from one place to another.
func (a *analysis) lookUp(ctx context.Context, conn *sql.Conn, first, last uint32) (*known, error) {
	k := &known{signed: map[uint32]netip.Addr{}, rulings: map[ruled]verdict{}, clients: map[uint32]client{}, names: map[uint32]string{}, users: map[atom]userKey{}}
	if _, err := conn.ExecContext(ctx, `CREATE OR REPLACE TEMP TABLE shown AS SELECT link FROM work.flagged WHERE place BETWEEN `+number(first)+` AND `+number(last)); err != nil {
		return nil, err
	}
	for _, look := range []struct {
		query string
		at    func(ingest.Page) error
	}{
		{`SELECT link, signed_family, signed_mapped, signed_hi, signed_lo FROM work.told SEMI JOIN shown USING (link) WHERE signed_family > 0`, func(p ingest.Page) error {
			signed := addressesOf(p, 1)
			for i, link := range p.U32(0) {
				k.signed[link] = a.at(signed, i)
			}
			return nil
		}},
		{`SELECT link, outcome, client, dir, file, verdict, cause, basis, starts_with(coalesce(detail, ''), 'signer:') FROM judged SEMI JOIN shown USING (link)`, func(p ingest.Page) error {
			links, outcomes, clients, dirs, files := p.U32(0), p.U32(1), p.U32(2), p.U32(3), p.U32(4)
			verdicts, causes, bases, mistaken := p.U8(5), p.U8(6), p.U8(7), p.Bools(8)
			for i := range links {
				k.rulings[ruled{links[i], outcomes[i], clients[i], dirs[i], files[i]}] = verdict{
					token.Verdict(verdicts[i]), causes[i] == a.causes[refusedElsewhere], bases[i] == a.bases[inferred], mistaken(i),
				}
			}
			return nil
		}},
		{`SELECT id, family, mapped, hi, lo, coalesce(asn, 0)::UINTEGER, country FROM client WHERE id IN (SELECT v.client FROM work.visit v SEMI JOIN shown USING (link))`, func(p ingest.Page) error {
			ips, asns, countries := addressesOf(p, 1), p.U32(5), p.Texts(6)
			for i, id := range p.U32(0) {
				k.clients[id] = client{a.at(ips, i), asns[i], strings.Clone(countries(i))}
			}
			return nil
		}},
	} {
		if err := ingest.Few(ctx, conn, look.query, look.at); err != nil {
			return nil, err
		}
	}
	if a.joined {
		return k, k.enroll(ctx, conn)
	}
	return k, nil
}

// read reads what the files are called that were asked for.
func (k *known) read(ctx context.Context, conn *sql.Conn, frames []oldFrame) error {
	var ids []uint32
	for i := range frames {
		id := frames[i].file
		if _, ok := k.names[id]; !ok {
			k.names[id] = ""
			ids = append(ids, id)
		}
	}
	const most = 1 << 15 // ids in one query
	for some := range slices.Chunk(ids, most) {
		query := []byte(`SELECT id, text FROM file WHERE id IN (SELECT unnest([`)
		for _, id := range some {
			query = append(strconv.AppendUint(query, uint64(id), 10), ',')
		}
		query = append(query[:len(query)-1], `]::UINTEGER[]))`...)
		if err := ingest.Few(ctx, conn, string(query), func(p ingest.Page) error {
			texts := p.Texts(1)
			for i, id := range p.U32(0) {
				k.names[id] = strings.Clone(texts(i))
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// enroll reads who has several links.
func (k *known) enroll(ctx context.Context, conn *sql.Conn) error {
	return ingest.Pages(ctx, conn, `SELECT link, agent, ident, first_link, first_agent, salt FROM member SEMI JOIN shown USING (link)`, func(p ingest.Page) error {
		links, agents, idents, firstLinks, firstAgents, salts := p.U32(0), p.U32(1), p.U32(2), p.U32(3), p.U32(4), p.I64(5)
		for i := range links {
			k.users[atom{links[i], agents[i], idents[i]}] = userKey{firstLinks[i], firstAgents[i], salts[i]}
		}
		return nil
	})
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// grains tells how exactly each source knows the time.
func (a *analysis) grains(ctx context.Context) (map[uint16]int64, error) {
	out := map[uint16]int64{}
	return out, each(ctx, a.conn, `SELECT id, grain FROM source`, func(scan scanner) error {
		var id uint16
		var grain int64
		err := scan(&id, &grain)
		out[id] = grain
		return err
	})
}

func (a *analysis) newReel(frames []oldFrame) reel {
	h := a.outcomes[frames[0].outcome].host
	r := reel{host: h, frames: frames}
	r.Host, r.Stated = h.name, a.stated()
	r.Gaps, r.Bound = a.gaps || h.gaps, h.policy.bound()
	r.RefusalsOnly = h.refusalsOnly()
	r.CurrentPrefix4, r.CurrentPrefix6 = h.policy.prefix(4), h.policy.prefix(6)
	return r
}
