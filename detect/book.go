package detect

import (
	"cmp"
	"context"
	"net/netip"

	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/token"
)

// book is the tables that keep what was ruled.
type book struct {
	*analysis
	judged, signed, foundRows *ingest.Rows
	signedFor                 *spill.Filler[uint32] // of the film
}

func (a *analysis) openBook() (*book, error) {
	b := &book{analysis: a}
	for table, to := range map[string]**ingest.Rows{"judged": &b.judged, "signed": &b.signed, "found": &b.foundRows} {
		var err error
		if *to, err = a.store.Rows(table); err != nil {
			return nil, err
		}
	}
	a.doubted, a.proven = newBits(a.film.links.Len()), newBits(a.film.links.Len())
	var err error
	a.film.signed, err = spill.New[uint32](a.film.links.Len(), a.Room/4)
	b.signedFor = a.film.signed.Filler()
	return b, err
}

func (b *book) close(ctx context.Context) error {
	if err := b.signedFor.Done(); err != nil {
		return err
	}
	return ingest.FlushAll(ctx, b.judged, b.signed, b.foundRows)
}

func (b *book) enter(ctx context.Context, l *leaf) error {
	for i, s := range l.seals {
		place := l.cut.strips[i].number
		if s.doubted {
			b.doubted.set(place)
		}
		if s.client == 0 && s.address.IsValid() {
			s.client = foundBit | uint32(len(b.found))
			b.found = append(b.found, s.address)
		}
		if err := b.signedFor.Put(int(place), s.client); err != nil {
			return err
		}
		if s.voter != nil {
			b.proven.set(place)
			s.voter.voted.add(s.address)
		}
	}
	if b.Unread {
		return nil
	}
	j, g, f := &l.judged, &l.signed, &l.found
	return cmp.Or(
		b.judged.Extend(ctx, j.outcome, j.link, j.client, j.dir, j.file, j.verdict, j.cause, j.basis, j.detail),
		b.signed.Extend(ctx, g.link, g.scope, g.basis, g.client),
		b.foundRows.Extend(ctx, f.link, f.address),
	)
}

// leaf is what was ruled on some links: rows, by column. One that has been entered
// serves for others.
type leaf struct {
	*analysis
	grouped
	plain   [2][]bool // see plainOutcomes
	cut     *cut
	dockets []docket
	seals   []seal // of the strips of cut
	judged  struct {
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

	kinds   []kind // of dockets, as rulings and paths are
	rulings []ruling
	paths   []byte
	marks   []mark // of kinds, by number
	parsers map[*token.Scheme]*token.Parser
	decoder decoder
}

func newLeaf(a *analysis, plain [2][]bool) *leaf {
	return &leaf{analysis: a, plain: plain, parsers: map[*token.Scheme]*token.Parser{}}
}

// reset empties a leaf.
func (l *leaf) reset(c *cut) {
	l.empty()
	l.cut = c
	l.dockets, l.seals, l.kinds, l.rulings, l.paths = l.dockets[:0], l.seals[:0], l.kinds[:0], l.rulings[:0], l.paths[:0]
	j, g := &l.judged, &l.signed
	j.outcome, j.link, j.client, j.dir, j.file = j.outcome[:0], j.link[:0], j.client[:0], j.dir[:0], j.file[:0]
	j.verdict, j.cause, j.basis, j.detail = j.verdict[:0], j.cause[:0], j.basis[:0], j.detail[:0]
	g.link, g.client, g.scope, g.basis = g.link[:0], g.client[:0], g.scope[:0], g.basis[:0]
	l.found.link, l.found.address = l.found.link[:0], l.found.address[:0]
}

// seal is what later steps ask of a link.
type seal struct {
	address netip.Addr // that it was signed for; zero: not known
	client  uint32     // of its own that has this address; 0: none
	doubted bool       // some request was refused, and nobody can tell why
	voter   *host      // of the link, if a hash was reproduced with the address; else nil
}

// write adds the rows of one link.
func (l *leaf) write(d *docket) {
	known, scope := l.signature(d)
	if !l.Unread {
		l.addRulings(d)
	}
	s := seal{address: known.signed}
	switch {
	case d.link == 0 && len(l.seals) > 0: // requests without a link are one strip
		return
	case d.link == 0:
	case d.quiet:
		s.client = d.first.client
	default:
		for i := range d.kinds {
			k := &d.kinds[i]
			if s.address.IsValid() && k.ip == s.address {
				s.client = k.client
			}
			s.doubted = s.doubted || !k.shield && l.doubts(l.causes[d.rulings[i].cause])
		}
	}
	if known.basis != "" && !l.Unread {
		l.sign(d.link, scope, known, s.client)
	}
	if known.signed.IsValid() && known.basis == recomputed {
		s.voter = l.hostOf(d)
	}
	l.seals = append(l.seals, s)
}

func (l *leaf) hostOf(d *docket) *host {
	if d.quiet {
		return l.outcomes[d.first.outcome].host
	}
	return d.host()
}

// doubts tells the causes of refusals whose viewer nobody can class: where users are
// told apart by address, a refused address tells nothing (rules of evidence, 11).
func (a *analysis) doubts(cause uint8) bool {
	return cause == a.unchecked ||
		a.loaded.Identity.Kind == ingest.ByAddress && (cause == a.words.mismatch || cause == a.expiredMismatch || cause == a.unresolved)
}

// signature is what the link was signed over; without a basis where that is not known.
func (l *leaf) signature(d *docket) (known ruling, scope token.Scope) {
	if d.quiet {
		return ruling{basis: recomputed, signed: l.client(l.clients.of(d.first.client))}, l.outcomes[d.first.outcome].how.scope
	}
	found := false
	for i := range d.rulings {
		if r := &d.rulings[i]; r.signed.IsValid() || d.proof != nil && r.basis == recomputed {
			known, found = *r, true
		}
	}
	switch {
	case !found:
		return ruling{}, scope
	case d.proof == nil:
		known.basis = inferred
	default:
		known.basis, scope = recomputed, d.proof.how.scope
	}
	return known, scope
}

// sign adds what a link was signed over.
func (l *leaf) sign(link uint32, scope token.Scope, known ruling, client uint32) {
	g, f := &l.signed, &l.found
	g.link, g.client, g.scope, g.basis = append(g.link, link), append(g.client, client), append(g.scope, uint8(scope)), append(g.basis, l.bases[known.basis])
	if address, _ := l.address(known.signed).(string); client == 0 && address != "" {
		f.link, f.address = append(f.link, link), append(f.address, address)
	}
}

// addRulings adds what was ruled on each kind.
func (l *leaf) addRulings(d *docket) {
	j := &l.judged
	for i := range d.rulings {
		k, r := &d.kinds[i], &d.rulings[i]
		j.outcome, j.link, j.client = append(j.outcome, k.id), append(j.link, k.link), append(j.client, k.client)
		j.dir, j.file = append(j.dir, k.dir), append(j.file, k.file)
		cause := l.causes[r.cause]
		j.verdict, j.cause, j.basis = append(j.verdict, uint8(r.verdict)), append(j.cause, cause), append(j.basis, l.bases[r.basis])
		j.detail = append(j.detail, string(r.detail))
	}
}
