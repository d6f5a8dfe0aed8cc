package detect

import (
	"cmp"
	"context"
	"slices"

	"ipdrift/ingest"
)

// visit is like requests of one link by one user: a row of table visit. Where
// there is no link, all else is 0 but the outcome.
type visit struct {
	*outcome
	id, agent, ident, client, dir, file uint32 // file: 0 where the hash holds whatever it is
	n, first, final                     int64  // requests, and when, µs
	family, mapped                      uint8
	hi, lo                              uint64
}

// visited is a link with its visits, in the order of their addresses.
type visited struct {
	link     uint32 // 0: requests without one
	hash     uint64
	deadline int64
	visits   []visit
}

func (l *visited) host() *host { return l.visits[0].host }

// makeVisits makes the table visit, in the order of the links, so that whoever
// reads it meets each link once and whole. It takes one large table after the
// other, so that each step has all of the memory.
func (a *analysis) makeVisits(ctx context.Context) error {
	ident := `0::UINTEGER`
	if a.stated() {
		ident = `CASE WHEN h.link > 0 THEN h.ident ELSE 0 END`
	}
	for _, q := range []string{
		`CREATE TABLE work.grouped AS SELECT h.outcome, h.link,
		        CASE WHEN h.link > 0 THEN h.agent ELSE 0 END AS agent,
		        ` + ident + ` AS ident,
		        CASE WHEN h.link > 0 THEN h.client ELSE 0 END AS client,
		        CASE WHEN h.link > 0 THEN h.dir ELSE 0 END AS dir,
		        CASE WHEN h.link > 0 AND (NOT o.matched OR o.scope = 1) THEN h.file ELSE 0 END AS file,
		        count(*)::BIGINT AS n, min(h.start) AS first, max(h.start) AS final
		      FROM hit h JOIN outcome o ON o.id = h.outcome GROUP BY ALL`,
		`CREATE TABLE work.placed AS SELECT v.*, coalesce(c.family, 0)::UTINYINT AS family, coalesce(c.mapped, 0)::UTINYINT AS mapped,
		        coalesce(c.hi, 0)::UBIGINT AS hi, coalesce(c.lo, 0)::UBIGINT AS lo
		      FROM work.grouped v LEFT JOIN client c ON c.id = v.client`,
		`DROP TABLE work.grouped`,
		`CREATE TABLE work.visit AS SELECT v.*, coalesce(l.hash, 0)::UBIGINT AS hash, coalesce(l.deadline, 0)::BIGINT AS deadline
		      FROM work.placed v LEFT JOIN link l ON l.id = v.link ORDER BY v.link`,
		`DROP TABLE work.placed`,
	} {
		if _, err := a.conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// manyVisits is how many visits are handed on at once, about. A test has fewer.
var manyVisits = 1 << 16

// eachLink hands on all links with their visits, many at a time: f may keep them.
func (a *analysis) eachLink(ctx context.Context, f func([]visited) error) error {
	var links []visited
	var all []visit // of links, and of the one that is being read
	var now visited
	from := 0 // of the visits of now
	end := func() {
		if len(all) > from {
			now.visits = all[from:len(all):len(all)]
			slices.SortFunc(now.visits, inOrderOfAddress)
			links, from = append(links, now), len(all)
		}
	}
	hand := func() error {
		some := links
		links, all, from = nil, make([]visit, 0, manyVisits), 0
		if len(some) == 0 {
			return nil
		}
		return f(some)
	}
	err := ingest.Scan(ctx, a.conn, "work.visit", `outcome, link, agent, ident, client, dir, file, n, epoch_us(first), epoch_us(final), family, mapped, hi, lo, hash, deadline`, func(p ingest.Page) error {
		outcomes, ids, agents, idents, clients, dirs, files := p.U32(0), p.U32(1), p.U32(2), p.U32(3), p.U32(4), p.U32(5), p.U32(6)
		ns, firsts, finals, families, mapped, hi, lo := p.I64(7), p.I64(8), p.I64(9), p.U8(10), p.U8(11), p.U64(12), p.U64(13)
		hashes, deadlines := p.U64(14), p.I64(15)
		for i, link := range ids {
			if link != now.link || len(all) == from {
				if end(); len(all) >= manyVisits {
					if err := hand(); err != nil {
						return err
					}
				}
				now = visited{link: link, hash: hashes[i], deadline: deadlines[i]}
			}
			all = append(all, visit{
				outcome: a.outcomes[outcomes[i]], id: outcomes[i], agent: agents[i], ident: idents[i], client: clients[i], dir: dirs[i], file: files[i],
				n: ns[i], first: firsts[i], final: finals[i], family: families[i], mapped: mapped[i], hi: hi[i], lo: lo[i],
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	end()
	return hand()
}

// inOrderOfAddress keeps together what is one kind.
func inOrderOfAddress(x, y visit) int {
	return cmp.Or(cmp.Compare(x.hi, y.hi), cmp.Compare(x.lo, y.lo), cmp.Compare(x.id, y.id), cmp.Compare(x.dir, y.dir), cmp.Compare(x.file, y.file),
		cmp.Compare(x.client, y.client), cmp.Compare(x.agent, y.agent), cmp.Compare(x.ident, y.ident))
}

// sameKind tells whether two visits differ in the user alone.
func (v *visit) sameKind(w *visit) bool {
	return v.id == w.id && v.client == w.client && v.dir == w.dir && v.file == w.file
}
