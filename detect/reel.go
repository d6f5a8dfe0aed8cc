package detect

import (
	"context"
	"database/sql"
	"net/netip"
	"strconv"
	"strings"

	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/token"
)

// reel is the requests of one circle, as they stream by.
type reel struct {
	judge.Group
	links []uint32 // ids, by number
	who   []userKey
	host  *host
	users []judge.User
}

// name is the key of a user: its own, unless it was taken for one with others.
func (r *reel) name(u *judge.User) userKey {
	if u.Split {
		return userKey{link: r.links[u.Link], agent: u.UA}
	}
	return r.who[u.Who]
}

// ruled is the key of table judged.
type ruled struct{ link, outcome, client, dir, file uint32 }

// judgeFlagged streams the flagged links, each with its requests in order.
func (a *analysis) judgeFlagged(ctx context.Context) error {
	persons, err := a.store.Rows("person")
	if err != nil {
		return err
	}
	err = inOrder(ctx, a.Threads, func(emit func([]reel) error) error { return a.reels(ctx, emit) },
		func(links []reel) []reel {
			for i := range links {
				links[i].users = judge.Users(&links[i].Group, a.Thresholds)
			}
			return links
		},
		func(links []reel) error {
			for i := range links {
				if err := a.keep(ctx, persons, &links[i]); err != nil {
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

// reels reads the flagged links. What is sorted is narrow: what was ruled about
// them, and what their files are called, is looked up beside it, for some
// thousand links at a time.
func (a *analysis) reels(ctx context.Context, emit func([]reel) error) error {
	aside, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer aside.Close()
	grains, err := a.grains(ctx)
	if err != nil {
		return err
	}
	var batch []reel
	var known known
	at := uint32(0) // the place of the last reel
	cast := casting{}
	var last memo
	err = ingest.Pages(ctx, a.conn, `SELECT f.place, h.outcome, h.client, h.dir, h.file, epoch_us(h.start), h.agent, h.source, h.link, h.ident
		FROM hit h JOIN work.flagged f USING (link) ORDER BY f.place, h.start, h.source, h.line`, func(p ingest.Page) error {
		places, outcomes, clients, dirs, files := p.U32(0), p.U32(1), p.U32(2), p.U32(3), p.U32(4)
		starts, agents, sources := p.I64(5), p.U32(6), p.U16(7)
		links, idents := p.U32(8), p.U32(9)
		for i, place := range places {
			o := a.outcomes[outcomes[i]]
			if o.shield {
				continue
			}
			if place != at {
				if len(batch) == linkBatch {
					if err := emit(batch); err != nil {
						return err
					}
					batch = nil
				}
				if at = place; at > known.last {
					if known, err = a.lookUp(ctx, aside, at, at+knownLinks-1); err != nil {
						return err
					}
				}
				batch = append(batch, a.newReel(o.host))
				clear(cast)
				last = memo{}
			}
			now := &batch[len(batch)-1]
			if len(now.Events) == maxEvents {
				now.Truncated = true
				continue
			}
			v := known.places[place]
			r := ruled{link: links[i], outcome: outcomes[i], client: clients[i], dir: dirs[i], file: files[i]}
			if o.matched && o.how.scope != token.ScopeFile {
				r.file = 0
			}
			if who := (atom{links[i], agents[i], idents[i]}); r != last.r || who != last.atom {
				last = memo{r, who, v.rulings[r]}
				last.e.Bot = last.e.Bot || a.bots[who.agent]
				last.e.Link, last.e.Who = now.link(links[i], v.signed), now.user(cast, known.user(who))
			}
			e := last.e
			e.Time, e.Grain, e.Edge = starts[i], grains[sources[i]], sources[i]
			e.UA, e.Dir, e.File, e.Name = agents[i], dirs[i], files[i], known.names[files[i]]
			now.Events = append(now.Events, e)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return emit(batch)
}

// memo is the last request of a reel: a player repeats itself.
type memo struct {
	r    ruled
	atom atom
	e    judge.Event // what the next one has in common with it
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

// knownLinks is for how many circles something is looked up at once.
const knownLinks = 1 << 13

// known is what was looked up for some circles.
type known struct {
	last   uint32               // place of the last one
	places map[uint32]*verdicts // by place
	names  map[uint32]string    // of files, by id
	users  map[atom]userKey     // of those who are not one link under one user agent
}

func (k *known) user(a atom) userKey {
	if u, ok := k.users[a]; ok {
		return u
	}
	return userKey{link: a.link, agent: a.agent}
}

// verdicts is what was ruled about the links of a circle.
type verdicts struct {
	signed  map[uint32]netip.Addr // by link
	rulings map[ruled]judge.Event // what all requests of a kind have in common
}

func (a *analysis) lookUp(ctx context.Context, conn *sql.Conn, first, last uint32) (known, error) {
	k := known{last, map[uint32]*verdicts{}, map[uint32]string{}, map[atom]userKey{}}
	err := ingest.Pages(ctx, conn, `SELECT f.place, j.link, j.outcome, j.client, j.dir, j.file, s.signed_ip, coalesce(c.asn, 0)::UINTEGER, c.country,
			j.verdict, j.cause, j.basis, c.family, c.mapped, c.hi, c.lo, starts_with(coalesce(j.detail, ''), 'signer:')
		FROM judged j JOIN work.flagged f USING (link) JOIN client c ON c.id = j.client LEFT JOIN signed s ON s.link = j.link
		WHERE f.place BETWEEN `+number(first)+` AND `+number(last), func(p ingest.Page) error {
		places, links, outcomes, clients, dirs, files := p.U32(0), p.U32(1), p.U32(2), p.U32(3), p.U32(4), p.U32(5)
		signed, asns, countries, verdictOf, causes, bases := p.Texts(6), p.U32(7), p.Texts(8), p.U8(9), p.U8(10), p.U8(11)
		families, mapped, hi, lo, mistaken := p.U8(12), p.U8(13), p.U64(14), p.U64(15), p.Bools(16)
		for i, place := range places {
			v := k.places[place]
			if v == nil {
				v = &verdicts{map[uint32]netip.Addr{}, map[ruled]judge.Event{}}
				k.places[place] = v
			}
			if _, ok := v.signed[links[i]]; !ok {
				v.signed[links[i]], _ = a.real(signed(i)) // NULL: none
			}
			o := a.outcomes[outcomes[i]]
			v.rulings[ruled{links[i], outcomes[i], clients[i], dirs[i], files[i]}] = judge.Event{
				Client: a.client(families[i], mapped[i], hi[i], lo[i]), ASN: asns[i], Country: strings.Clone(countries(i)),
				Served: o.served(), Refused: o.refused(), Status: o.status, Verdict: token.Verdict(verdictOf[i]),
				Bot: a.hosted[asns[i]], Elsewhere: causes[i] == a.elsewhere, Inferred: bases[i] == a.inferred, Mistaken: mistaken(i),
			}
		}
		return nil
	})
	if err != nil {
		return k, err
	}
	if a.joined {
		if err := k.enroll(ctx, conn, first); err != nil {
			return k, err
		}
	}
	return k, ingest.Pages(ctx, conn, `SELECT id, text FROM file WHERE id IN
		(SELECT h.file FROM hit h JOIN work.flagged f USING (link) WHERE f.place BETWEEN `+number(first)+` AND `+number(last)+`)`, func(p ingest.Page) error {
		texts := p.Texts(1)
		for i, id := range p.U32(0) {
			k.names[id] = strings.Clone(texts(i))
		}
		return nil
	})
}

// enroll reads the members of the circles from a first place on.
func (k *known) enroll(ctx context.Context, conn *sql.Conn, first uint32) error {
	return ingest.Pages(ctx, conn, `SELECT m.link, m.agent, m.ident, m.first_link, m.first_agent, m.salt FROM member m JOIN work.flagged f USING (link)
		WHERE f.place BETWEEN `+number(first)+` AND `+number(k.last), func(p ingest.Page) error {
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

func (a *analysis) newReel(h *host) reel {
	r := reel{host: h}
	r.Host, r.Stated = h.name, a.stated()
	r.Gaps, r.Bound = a.gaps || h.gaps, h.policy.bound()
	r.RefusalsOnly = h.refusalsOnly()
	r.CurrentPrefix4, r.CurrentPrefix6 = h.policy.prefix(4), h.policy.prefix(6)
	return r
}
