package detect

import (
	"cmp"
	"context"
	"net/netip"

	"ipdrift/detect/bitset"
	"ipdrift/detect/history"
	"ipdrift/detect/ruling"
	"ipdrift/detect/search"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/token"
)

// rulingTables is the tables that hold the rulings.
type rulingTables struct {
	*analysis
	judged, signed, foundRows *ingest.Rows
	signedFor                 *spill.Filler[uint32] // of the history
}

func (a *analysis) openRulingTables() (*rulingTables, error) {
	b := &rulingTables{analysis: a}
	err := a.openRows(map[string]**ingest.Rows{"judged": &b.judged, "signed": &b.signed, "found": &b.foundRows})
	if err != nil {
		return nil, err
	}
	a.doubted, a.proven = bitset.New(a.history.Links.Len()), bitset.New(a.history.Links.Len())
	a.history.Signed, err = spill.New[uint32](a.history.Links.Len(), a.Room/4)
	b.signedFor = a.history.Signed.Filler()
	return b, err
}

// openRows opens tables to be filled.
func (a *analysis) openRows(tables map[string]**ingest.Rows) (err error) {
	for name, rows := range tables {
		if *rows, err = a.store.Rows(name); err != nil {
			return err
		}
	}
	return nil
}

func (t *rulingTables) close(ctx context.Context) error {
	if err := t.signedFor.Done(); err != nil {
		return err
	}
	return ingest.FlushAll(ctx, t.judged, t.signed, t.foundRows)
}

func (t *rulingTables) enter(ctx context.Context, l *rulingBatch) error {
	for i, s := range l.signings {
		place := l.batch.Groups[i].Number
		if s.doubted {
			t.doubted.Add(place)
		}
		if s.client == 0 && s.address.IsValid() {
			s.client = foundBit | uint32(len(t.found))
			t.found = append(t.found, s.address)
		}
		if err := t.signedFor.Put(int(place), s.client); err != nil {
			return err
		}
		if s.voter != nil {
			t.proven.Add(place)
			s.voter.proxy.voted.add(s.address)
		}
	}
	if t.Unread {
		return nil
	}
	j, g, f := &l.judged, &l.signed, &l.found
	return cmp.Or(
		t.judged.Extend(ctx, j.outcome, j.link, j.client, j.dir, j.file, j.verdict, j.cause, j.basis, j.detail),
		t.signed.Extend(ctx, g.link, g.scope, g.basis, g.client),
		t.foundRows.Extend(ctx, f.link, f.address),
	)
}

// rulingBatch is the rulings on some links as rows, by column. After its rows were entered it is used
// again for others.
type rulingBatch struct {
	*analysis
	grouped
	plain    [2][]bool // see plainOutcomes
	batch    *history.Batch
	ruled    []ruled
	signings []signing // of the groups of batch
	judged   struct {
		outcome, link, client, dir, file []uint32
		verdict, cause, basis            []uint8
		detail                           ingest.Texts
	}
	signed struct {
		link, client []uint32
		scope, basis []uint8
	}
	found struct {
		link    []uint32
		address ingest.Texts
	}

	kinds   []ruling.Kind // of links, as rulings and paths are
	rulings []ruling.Ruling
	paths   []byte
	marks   []history.Mark // of kinds, by number
	parsers map[*token.Scheme]*token.Parser
	decoder search.Decoder
}

func newRulingBatch(a *analysis, plain [2][]bool) *rulingBatch {
	return &rulingBatch{analysis: a, plain: plain, parsers: map[*token.Scheme]*token.Parser{}}
}

// reset empties a batch.
func (b *rulingBatch) reset(c *history.Batch) {
	b.empty()
	b.batch = c
	b.ruled, b.signings, b.kinds, b.rulings, b.paths = b.ruled[:0], b.signings[:0], b.kinds[:0], b.rulings[:0], b.paths[:0]
	j, g := &b.judged, &b.signed
	j.outcome, j.link, j.client, j.dir, j.file = j.outcome[:0], j.link[:0], j.client[:0], j.dir[:0], j.file[:0]
	j.verdict, j.cause, j.basis, j.detail = j.verdict[:0], j.cause[:0], j.basis[:0], j.detail[:0]
	g.link, g.client, g.scope, g.basis = g.link[:0], g.client[:0], g.scope[:0], g.basis[:0]
	b.found.link, b.found.address = b.found.link[:0], b.found.address[:0]
}

// signing is what later steps need to know of a link's signature.
type signing struct {
	address netip.Addr // that it was signed for; zero: not known
	client  uint32     // of its own that has this address; 0: none
	doubted bool       // some request was refused, and nobody can tell why
	voter   *host      // of the link, if a hash was reproduced with the address; else nil
}

// write adds the rows of one link.
func (b *rulingBatch) write(r *ruled) {
	known, scope := b.signature(r)
	if !b.Unread {
		b.addRulings(r)
	}
	s := signing{address: known.Signed}
	switch {
	case r.ID == 0 && len(b.signings) > 0: // requests without a link are one group
		return
	case r.ID == 0:
	case r.quiet:
		s.client = r.first.Client
	default:
		for i := range r.kinds {
			k := &r.kinds[i]
			if s.address.IsValid() && k.IP == s.address {
				s.client = k.Client
			}
			s.doubted = s.doubted || !k.Shield && b.doubts(b.causes[r.rulings[i].Cause])
		}
	}
	if known.Basis != "" && !b.Unread {
		b.sign(r.ID, scope, known, s.client)
	}
	if known.Signed.IsValid() && known.Basis == ruling.Recomputed {
		s.voter = b.hostOf(r)
	}
	b.signings = append(b.signings, s)
}

func (b *rulingBatch) hostOf(r *ruled) *host {
	if r.quiet {
		return b.outcomes[r.first.Outcome].host
	}
	return r.host()
}

// doubts reports whether a cause leaves the viewer of a refusal without a class: where users are told
// apart by address, a refused address tells nothing (rules of evidence, 11).
func (a *analysis) doubts(cause uint8) bool {
	return cause == a.unchecked ||
		a.loaded.Identity.Kind == ingest.ByAddress && (a.ofAddress(cause) || cause == a.unresolved)
}

// signature returns what the link was signed over; without a basis where that is not known.
func (b *rulingBatch) signature(of *ruled) (known ruling.Ruling, scope token.Scope) {
	if of.quiet {
		return ruling.Ruling{Basis: ruling.Recomputed, Signed: b.client(b.clients.Of(of.first.Client))}, b.outcomes[of.first.Outcome].How.Scope
	}
	found := false
	for i := range of.rulings {
		if r := &of.rulings[i]; r.Signed.IsValid() || of.proof != nil && r.Basis == ruling.Recomputed {
			known, found = *r, true
		}
	}
	switch {
	case !found && of.ID > 0 && of.named.Network.IsValid() && !of.kinds[0].Keyed:
		return ruling.Ruling{Basis: ruling.Inferred, Signed: of.named.Network.Masked().Addr()}, scope
	case !found:
		return ruling.Ruling{}, scope
	case of.proof == nil:
		known.Basis = ruling.Inferred
	default:
		known.Basis, scope = ruling.Recomputed, of.proof.How.Scope
	}
	return known, scope
}

// sign adds what a link was signed over.
func (b *rulingBatch) sign(link uint32, scope token.Scope, known ruling.Ruling, client uint32) {
	g, f := &b.signed, &b.found
	g.link, g.client, g.scope, g.basis = append(g.link, link), append(g.client, client), append(g.scope, uint8(scope)), append(g.basis, b.bases[known.Basis])
	if address, _ := b.address(known.Signed).(string); client == 0 && address != "" {
		f.link, f.address = append(f.link, link), append(f.address, address)
	}
}

// addRulings adds what was ruled on each kind.
func (b *rulingBatch) addRulings(of *ruled) {
	j := &b.judged
	for i := range of.rulings {
		k, r := &of.kinds[i], &of.rulings[i]
		j.outcome, j.link, j.client = append(j.outcome, k.ID), append(j.link, k.Link), append(j.client, k.Client)
		j.dir, j.file = append(j.dir, k.Dir), append(j.file, k.File)
		cause := b.causes[r.Cause]
		j.verdict, j.cause, j.basis = append(j.verdict, uint8(r.Verdict)), append(j.cause, cause), append(j.basis, b.bases[r.Basis])
		j.detail = append(j.detail, string(r.Detail))
	}
}
