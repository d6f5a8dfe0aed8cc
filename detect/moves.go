package detect

import (
	"context"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
)

// measureMoves follows the users who were seen at several addresses from one to
// the next, affected or not: an edge that binds to a mask refuses few of them.
// Hosts where users are not judged are left out, and a log with masked
// addresses, in which nobody moves within a /24.
func (a *analysis) measureMoves(ctx context.Context) error {
	if a.masked {
		return nil
	}
	atom := `link, agent`
	if a.stated() {
		atom = `link, agent, ident`
	}
	var usr uint64
	var name uint32
	var source uint16
	var sights []judge.Sight
	settle := func() {
		if len(sights) == 0 {
			return
		}
		a.follow(a.hosts[a.names[name]], sights)
		sights = sights[:0]
	}
	err := ingest.Pages(ctx, a.conn, `WITH mover AS (
			SELECT CASE WHEN p.salt > 0 THEN p.salt::UBIGINT | 9223372036854775808::UBIGINT ELSE p.link::UBIGINT << 32 | p.agent END AS usr
			FROM person p WHERE p.addresses > 1 AND p.class = 'unchanged' AND p.link NOT IN (SELECT link FROM work.flagged)),
		who AS (SELECT DISTINCT v.usr, `+atom+` FROM seen v SEMI JOIN mover USING (usr))
		SELECT w.usr, a.host, epoch_us(h.start), s.grain, h.source, h.agent, c.family, c.mapped, c.hi, c.lo, coalesce(c.asn, 0)::UINTEGER
		FROM hit h JOIN who w USING (`+atom+`) JOIN work.answer a ON a.outcome = h.outcome JOIN client c ON c.id = h.client JOIN source s ON s.id = h.source
		WHERE NOT a.shield AND a.host NOT IN (SELECT host FROM work.unbound) ORDER BY w.usr, h.start, h.source, h.line`, func(p ingest.Page) error {
		users, places, starts, grains, sources, agents := p.U64(0), p.U32(1), p.I64(2), p.I64(3), p.U16(4), p.U32(5)
		families, mapped, hi, lo, asns := p.U8(6), p.U8(7), p.U64(8), p.U64(9), p.U32(10)
		for i := range users {
			if users[i] != usr {
				settle()
				usr, name, source = users[i], places[i], sources[i]
			}
			grain := grains[i]
			if sources[i] != source {
				grain, source = max(grain, judge.EdgeClocks), sources[i]
			}
			if len(sights) < maxEvents && !a.bots[agents[i]] && !a.hosted[asns[i]] {
				sights = append(sights, judge.Sight{Time: starts[i], Grain: grain, Client: a.client(families[i], mapped[i], hi[i], lo[i]).Unmap(), ASN: asns[i]})
			}
		}
		return nil
	})
	settle()
	a.out.Moves = a.moves.Findings()
	return err
}

// follow adds the requests of one user to what is known of moves.
func (a *analysis) follow(h *host, sights []judge.Sight) {
	if h.moves == nil {
		h.moves = judge.NewMoves(a.Thresholds)
	}
	h.moves.Add(sights)
	a.moves.Add(sights)
}

// followFlagged does so for a user who was judged in Go.
func (a *analysis) followFlagged(r *reel, u *judge.User) {
	if u.Addresses > 1 && !a.masked && (u.Class == finding.Rotating || u.Class == finding.FirstRequest || u.Class == finding.Unchanged) {
		if a.sights = r.Sights(a.sights[:0], u); len(a.sights) > 0 {
			a.follow(r.host, a.sights)
		}
	}
}

// nameMoves names the operators of the carriers that users moved in.
func (a *analysis) nameMoves(ctx context.Context) (err error) {
	for i := range a.out.Moves {
		if m := &a.out.Moves[i]; m.ASN != nil {
			if m.Name, err = a.nameOf(ctx, *m.ASN); err != nil {
				return err
			}
		}
	}
	return nil
}
