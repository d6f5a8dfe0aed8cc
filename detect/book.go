package detect

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"net/netip"

	"ipdrift/ingest"
	"ipdrift/token"
)

//go:embed work.sql
var workSQL string

// book is the tables that keep what was ruled.
type book struct {
	*analysis
	judged, signed, told, atoms, falls *ingest.Rows
}

func (a *analysis) openBook(ctx context.Context) (*book, error) {
	b := &book{analysis: a}
	for table, to := range map[string]**ingest.Rows{
		"judged": &b.judged, "signed": &b.signed, "work.told": &b.told, "work.atom": &b.atoms, "work.fall": &b.falls,
	} {
		var err error
		if *to, err = a.store.Rows(table); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *book) close(ctx context.Context) error {
	return ingest.FlushAll(ctx, b.judged, b.signed, b.told, b.atoms, b.falls)
}

func (b *book) enter(ctx context.Context, l *leaf) error {
	j, g, t, m, f := &l.judged, &l.signed, &l.told, &l.atoms, &l.falls
	for _, err := range []error{
		b.judged.Extend(ctx, j.outcome, j.link, j.client, j.dir, j.file, j.verdict, j.cause, j.basis, j.detail),
		b.signed.Extend(ctx, g.link, g.scope, g.address, g.basis),
		b.told.Extend(ctx, t.link, t.hash, t.host, t.loud, t.telling, t.refused, t.doubted, t.moved, t.hi, t.lo, t.proven, t.signed.family, t.signed.mapped, t.signed.hi, t.signed.lo),
		b.atoms.Extend(ctx, m.link, m.agent, m.ident, m.n, m.first, m.final, m.dir, m.file, m.moved, m.family, m.hi, m.lo, m.refusals, m.refusedAt, m.refusedClient),
		b.falls.Extend(ctx, f.link, f.agent, f.at, f.client.family, f.client.mapped, f.client.hi, f.client.lo),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf is the rows of some links, by column.
type leaf struct {
	*analysis
	cut     *cut
	err     error
	dockets []docket
	judged  struct {
		outcome, link, client, dir, file []uint32
		verdict, cause, basis            []uint8
		detail                           ingest.Texts
	}
	signed struct {
		link    []uint32
		scope   []string
		address ingest.Texts
		basis   []string
		host    []*host // of the link; no column
	}
	told struct {
		link, host                             []uint32
		hash, hi, lo                           []uint64
		loud, telling, refused, doubted, moved []bool
		proven                                 []bool
		signed                                 addresses
	}
	atoms struct {
		link, agent, ident, dir, file, refusedClient []uint32
		n, first, final, refusals, refusedAt         []int64
		moved                                        []bool
		family                                       []uint8
		hi, lo                                       []uint64
	}
	falls struct {
		link, agent []uint32
		at          []int64
		client      addresses
	}
	sums []atomSum    // scratch: the users of a link,
	at   map[atom]int // and where in it they are, of a link with many
}

// addresses are the columns of an address, as table client has them; family 0 is
// none.
type addresses struct {
	family, mapped []uint8
	hi, lo         []uint64
}

func (a *addresses) add(ip netip.Addr) {
	var raw [16]byte
	family, mapped := uint8(0), uint8(0)
	if ip.IsValid() {
		raw, family = ip.As16(), uint8(familyOf(ip))
		if ip.Is4In6() {
			mapped = 1
		}
	}
	a.family, a.mapped = append(a.family, family), append(a.mapped, mapped)
	a.hi, a.lo = append(a.hi, binary.BigEndian.Uint64(raw[:8])), append(a.lo, binary.BigEndian.Uint64(raw[8:]))
}

// addressesOf are four columns of a page.
func addressesOf(p ingest.Page, from int) addresses {
	return addresses{p.U8(from), p.U8(from + 1), p.U64(from + 2), p.U64(from + 3)}
}

// at is one of some addresses of the case.
func (a *analysis) at(list addresses, i int) netip.Addr {
	return a.client(list.family[i], list.mapped[i], list.hi[i], list.lo[i])
}

// atomSum is a row of table atom.
type atomSum struct {
	agent, ident        uint32
	n, first, final     int64
	dir, file           uint32
	dirs, files         bool // several
	client              *visit
	moved               bool
	refusals, refusedAt int64
	refusedClient       uint32
	fell                *visit // the last that was refused because of the address
}

// write adds the rows of one link.
func (l *leaf) write(d *docket) {
	known := l.signature(d)
	l.rulings(d)
	if d.link == 0 {
		return
	}
	var telling, refused, doubted, moved bool
	var first *visit
	l.sums, l.at = l.sums[:0], nil
	kind := -1
	for i := range d.visits {
		v := &d.visits[i]
		cause := uint8(0)
		if !d.quiet {
			if i == 0 || !v.sameKind(&d.visits[i-1]) {
				kind++
			}
			cause = l.causes[d.rulings[kind].cause]
		}
		if v.shield {
			continue
		}
		mismatch := cause == l.mismatch || cause == l.expiredMismatch
		telling = telling || mismatch || cause == l.unresolved
		refused, doubted = refused || cause > 0, doubted || cause == l.unchecked
		if first == nil {
			first = v
		}
		moved = moved || v.hi != first.hi || v.lo != first.lo
		l.sum(v).add(v, mismatch)
	}
	if first == nil {
		return
	}
	t := &l.told
	t.link, t.hash, t.host = append(t.link, d.link), append(t.hash, d.hash), append(t.host, d.host().place)
	t.loud, t.telling, t.refused = append(t.loud, !d.quiet), append(t.telling, telling), append(t.refused, refused)
	t.doubted, t.moved, t.hi, t.lo = append(t.doubted, doubted), append(t.moved, moved), append(t.hi, first.hi), append(t.lo, first.lo)
	t.proven = append(t.proven, known.basis == recomputed)
	t.signed.add(l.Pseudonyms.Of(known.signed))
	for i := range l.sums {
		l.atom(d.link, &l.sums[i])
	}
}

// signature adds what the link was signed over, if that is known, and returns it.
func (l *leaf) signature(d *docket) (known ruling) {
	scope, found := "", false
	if d.quiet {
		v := &d.visits[0]
		known, found, scope = ruling{basis: recomputed, signed: l.client(v.family, v.mapped, v.hi, v.lo)}, true, v.how.scope.String()
	} else {
		for i := range d.rulings {
			if r := &d.rulings[i]; r.signed.IsValid() || d.proof != nil && r.basis == recomputed {
				known, found = *r, true
			}
		}
		known.basis = inferred
		if d.proof != nil {
			known.basis, scope = recomputed, d.proof.how.scope.String()
		}
	}
	if !found {
		return ruling{}
	}
	g := &l.signed
	address, _ := l.address(known.signed).(string)
	g.link, g.scope, g.address, g.basis = append(g.link, d.link), append(g.scope, scope), append(g.address, address), append(g.basis, string(known.basis))
	g.host = append(g.host, d.host())
	return known
}

// rulings adds what was ruled on each kind.
func (l *leaf) rulings(d *docket) {
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

// sum is the row of the user of a visit.
func (l *leaf) sum(v *visit) *atomSum {
	const few = 8 // that are looked through one by one
	who := atom{agent: v.agent, ident: v.ident}
	for i := 0; i < len(l.sums) && i < few; i++ {
		if s := &l.sums[i]; s.agent == v.agent && s.ident == v.ident {
			return s
		}
	}
	if i, ok := l.at[who]; ok {
		return &l.sums[i]
	}
	if len(l.sums) >= few {
		if l.at == nil {
			l.at = map[atom]int{}
		}
		l.at[who] = len(l.sums)
	}
	l.sums = append(l.sums, atomSum{agent: v.agent, ident: v.ident, first: v.first, final: v.final, dir: v.dir, file: v.file, client: v})
	return &l.sums[len(l.sums)-1]
}

func (s *atomSum) add(v *visit, mismatch bool) {
	s.n += v.n
	s.first, s.final = min(s.first, v.first), max(s.final, v.final)
	s.dirs, s.files = s.dirs || v.dir != s.dir, s.files || v.file != s.file
	s.moved = s.moved || v.hi != s.client.hi || v.lo != s.client.lo
	if v.refused() {
		if s.refusals == 0 || v.final > s.refusedAt || v.final == s.refusedAt && v.client > s.refusedClient {
			s.refusedAt, s.refusedClient = v.final, v.client
		}
		s.refusals += v.n
	}
	if mismatch && (s.fell == nil || v.final > s.fell.final || v.final == s.fell.final && bytes.Compare(v.text(), s.fell.text()) > 0) {
		s.fell = v
	}
}

// text is the address as the case has it.
func (v *visit) text() []byte {
	return token.AppendAddr(nil, ingest.Address(v.family, v.mapped, v.hi, v.lo))
}

func (l *leaf) atom(link uint32, s *atomSum) {
	m := &l.atoms
	if s.dirs {
		s.dir = 0
	}
	if s.files {
		s.file = 0
	}
	m.link, m.agent, m.ident, m.n = append(m.link, link), append(m.agent, s.agent), append(m.ident, s.ident), append(m.n, s.n)
	m.first, m.final, m.dir, m.file = append(m.first, s.first), append(m.final, s.final), append(m.dir, s.dir), append(m.file, s.file)
	m.moved, m.family, m.hi, m.lo = append(m.moved, s.moved), append(m.family, s.client.family), append(m.hi, s.client.hi), append(m.lo, s.client.lo)
	m.refusals, m.refusedAt, m.refusedClient = append(m.refusals, s.refusals), append(m.refusedAt, s.refusedAt), append(m.refusedClient, s.refusedClient)
	if s.fell != nil {
		f := &l.falls
		f.link, f.agent, f.at = append(f.link, link), append(f.agent, s.agent), append(f.at, s.fell.final)
		f.client.add(ingest.Address(s.fell.family, s.fell.mapped, s.fell.hi, s.fell.lo))
	}
}
