package detect

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/token"
)

// linkBatch is how many links are handed over at once.
const linkBatch = 256

// docket is the kinds of one link, and what was ruled on them.
type docket struct {
	kinds   []kind
	proof   *proof
	rulings []ruling
	witness bool         // the proof is another request with the same token
	named   netip.Prefix // what the link names itself, where there is no key
}

// rule gives every kind its verdict and cause, and counts the denials.
func (a *analysis) rule(ctx context.Context) (err error) {
	a.out.Denials = finding.Denials{
		ByCause: map[string]int64{}, ByHost: map[string]map[string]int64{}, ByDetail: map[string]map[string]int64{},
		Inferred: map[string]int64{}, Networks: []finding.Network{},
	}
	if err := a.ruleQuiet(ctx); err != nil {
		return err
	}
	b := &book{analysis: a, causes: ingest.Causes(), bases: ingest.Bases()}
	if b.judged, err = a.store.Rows("judged"); err != nil {
		return err
	}
	if b.signed, err = a.store.Rows("signed"); err != nil {
		return err
	}
	err = inOrder(ctx, a.Threads, func(emit func([]docket) error) error { return a.dockets(ctx, emit) },
		func(links []docket) []docket {
			parsers := parsers{}
			for i := range links {
				a.decide(parsers, &links[i])
			}
			return links
		},
		func(links []docket) error {
			for i := range links {
				if err := b.enter(ctx, &links[i]); err != nil {
					return err
				}
			}
			return nil
		})
	if err != nil {
		return err
	}
	if err := b.signed.Flush(ctx); err != nil {
		return err
	}
	if err := b.judged.Flush(ctx); err != nil {
		return err
	}
	_, err = a.conn.ExecContext(ctx, `CREATE TABLE work.refusal AS SELECT h.outcome, h.client, j.cause, h.start FROM hit h JOIN outcome o ON o.id = h.outcome
		JOIN judged j ON j.outcome = h.outcome AND j.link = h.link
			AND j.client = CASE WHEN h.link > 0 THEN h.client ELSE 0 END
			AND j.dir = CASE WHEN h.link > 0 THEN h.dir ELSE 0 END
			AND j.file = CASE WHEN h.link > 0 AND (NOT o.matched OR o.scope = 1) THEN h.file ELSE 0 END
		WHERE o.refused AND NOT o.shield AND j.cause > 0`)
	return err
}

// dockets reads the kinds, link by link; what has no link stands alone.
func (a *analysis) dockets(ctx context.Context, emit func([]docket) error) error {
	aside, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer aside.Close()
	var batch []docket
	var dirs, files map[uint32]string
	until := uint32(0) // the last link whose texts are known
	err = ingest.Pages(ctx, a.conn, `SELECT k.outcome, k.link, k.client, k.dir, k.file, k.n, k.family, k.mapped, k.hi, k.lo
		FROM work.loud k ORDER BY k.link, k.hi, k.lo, k.outcome, k.dir, k.file`, func(p ingest.Page) error {
		outcomes, links, clients, dirIDs, fileIDs, ns := p.U32(0), p.U32(1), p.U32(2), p.U32(3), p.U32(4), p.I64(5)
		families, mapped, hi, lo := p.U8(6), p.U8(7), p.U64(8), p.U64(9)
		for i, link := range links {
			if link > until {
				if until, err = lastOf(ctx, aside, link); err == nil {
					dirs, err = a.texts(ctx, aside, "dir", link, until)
				}
				if err == nil {
					files, err = a.texts(ctx, aside, "file", link, until)
				}
				if err != nil {
					return err
				}
			}
			k := kind{
				id: outcomes[i], link: link, client: clients[i], dir: dirIDs[i], file: fileIDs[i], n: ns[i],
				ip: a.client(families[i], mapped[i], hi[i], lo[i]), outcome: a.outcomes[outcomes[i]],
				rawDir: dirs[dirIDs[i]], rawFile: files[fileIDs[i]],
			}
			if n := len(batch); n > 0 && k.link != 0 && batch[n-1].kinds[0].link == k.link {
				batch[n-1].kinds = append(batch[n-1].kinds, k)
				continue
			}
			if len(batch) == linkBatch {
				if err := emit(batch); err != nil {
					return err
				}
				batch = nil
			}
			batch = append(batch, docket{kinds: []kind{k}})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return emit(batch)
}

// textKinds is for how many kinds the texts of paths are looked up at once.
const textKinds = 1 << 16

// lastOf is the last of the links from one on that have so many kinds.
func lastOf(ctx context.Context, conn *sql.Conn, first uint32) (last uint32, err error) {
	return last, conn.QueryRowContext(ctx, fmt.Sprintf(`SELECT max(link) FROM (SELECT link FROM work.loud WHERE link >= %d ORDER BY link LIMIT %d)`, first, textKinds)).Scan(&last)
}

// texts looks up the directories or files that some links were asked for with,
// by their ids.
func (a *analysis) texts(ctx context.Context, conn *sql.Conn, table string, first, last uint32) (map[uint32]string, error) {
	out := map[uint32]string{}
	return out, ingest.Pages(ctx, conn, fmt.Sprintf(`SELECT id, text FROM %[1]s WHERE id IN (SELECT %[1]s FROM work.loud WHERE link BETWEEN %[2]d AND %[3]d)`, table, first, last), func(p ingest.Page) error {
		text := p.Texts(1)
		for i, id := range p.U32(0) {
			out[id] = strings.Clone(text(i))
		}
		return nil
	})
}

// parsers holds one goroutine's parsers, by scheme.
type parsers map[*token.Scheme]*token.Parser

func (p parsers) of(s *token.Scheme) *token.Parser {
	if p[s] == nil {
		p[s] = token.NewParser(s)
	}
	return p[s]
}

// decode undoes the escaping of a path as the edge does.
func decode(parser *token.Parser, dir, file string) []byte {
	raw := append(append(make([]byte, 0, len(dir)+len(file)), dir...), file...)
	var l token.Link
	if parser.Parse(raw, &l); !l.PathOK {
		return nil
	}
	return bytes.Clone(l.Path)
}

// decide rules on the kinds of one link.
func (a *analysis) decide(parsers parsers, d *docket) {
	if a.Pseudonyms != nil {
		byAddress(d.kinds)
	}
	parser := parsers.of(d.kinds[0].host.stated.Scheme)
	for i := range d.kinds {
		if k := &d.kinds[i]; k.shape == token.Signed {
			k.path = decode(parser, k.rawDir, k.rawFile)
		}
	}
	d.proof, d.witness = a.proof(d.kinds)
	served := servedTo(d.kinds)
	if d.named = a.naming(parser, &d.kinds[0]); !d.named.IsValid() {
		d.named = a.before[d.kinds[0].link].named
	}
	d.rulings = make([]ruling, len(d.kinds))
	for i := range d.kinds {
		k := &d.kinds[i]
		d.rulings[i] = k.host.rule(k, d.proof, served, d.named)
	}
}

// proof tells what a link was signed with: by a request of its own that
// verifies, else by what the search found. witness says that the former
// explains a request that failed.
func (a *analysis) proof(kinds []kind) (best *proof, witness bool) {
	failed := false
	for i := range kinds {
		k := &kinds[i]
		if !k.matched {
			failed = failed || k.shape == token.Signed
			continue
		}
		if best != nil && !k.host.policy.accepts(k, k.how) {
			continue
		}
		best = &proof{host: k.host, how: k.how, path: string(token.ScopePath(k.path, k.how.scope, int(k.how.up)))}
		switch k.how.binding.Kind {
		case token.BindAddress:
			best.addr = k.ip
		case token.BindMask:
			best.addr = cutTo(k.ip, int(k.how.binding.Prefix))
		}
	}
	if best == nil {
		return a.proofs[kinds[0].link], false
	}
	return best, failed
}

// servedTo lists the addresses a link was served to.
func servedTo(kinds []kind) []netip.Addr {
	var out []netip.Addr
	for i := range kinds {
		if k := &kinds[i]; k.served() && !slices.Contains(out, k.ip) && len(out) < 64 {
			out = append(out, k.ip)
		}
	}
	return out
}

// book keeps the rulings.
type book struct {
	*analysis
	judged, signed *ingest.Rows
	causes, bases  []string
}

// enter stores and counts what was ruled on one link.
func (b *book) enter(ctx context.Context, d *docket) error {
	if d.witness {
		b.out.Method.Search.Links++
		b.out.Method.Search.Witnessed++
	}
	var known *ruling
	b.blame(d)
	if d.named.IsValid() {
		b.note(d.kinds[0].link, func(l *learned) { l.named = d.named })
	}
	for i := range d.kinds {
		k, r := &d.kinds[i], &d.rulings[i]
		if r.signed.IsValid() || d.proof != nil && r.basis == recomputed {
			known = r
		}
		b.count(k, r)
		if err := b.judged.Append(ctx, k.id, k.link, k.client, k.dir, k.file, uint8(r.verdict),
			ingest.Place(b.causes, r.cause), ingest.Place(b.bases, string(r.basis)), orNull(string(r.detail))); err != nil {
			return err
		}
	}
	if known == nil {
		return nil
	}
	scope := ""
	if d.proof != nil {
		scope = d.proof.how.scope.String()
	}
	on := inferred
	if d.proof != nil {
		on = recomputed
	}
	return b.signed.Append(ctx, d.kinds[0].link, scope, b.address(known.signed), string(on))
}

// blame counts a link by what its signer did wrong.
func (b *book) blame(d *docket) {
	h, seen := d.kinds[0].host, map[string]bool{}
	doubted := false
	for i := range d.rulings {
		r := &d.rulings[i]
		doubted = doubted || r.mistake != "" || r.verdict == token.UnresolvedSignature || r.verdict == token.WrongPath
		if r.mistake == "" || seen[r.mistake] {
			continue
		}
		seen[r.mistake] = true
		if h.mistakes == nil {
			h.mistakes = map[string]int64{}
		}
		h.mistakes[r.mistake]++
	}
	if doubted {
		h.doubted++
	}
}

func (b *book) count(k *kind, r *ruling) {
	if r.cause == "" {
		return
	}
	if r.mistake != "" && r.cause == token.UnresolvedSignature.String() {
		k.host.mistaken += k.n
	}
	d := &b.out.Denials
	d.Total += k.n
	d.ByCause[r.cause] += k.n
	if d.ByHost[k.host.name] == nil {
		d.ByHost[k.host.name] = map[string]int64{}
	}
	d.ByHost[k.host.name][r.cause] += k.n
	if r.detail != "" {
		if d.ByDetail[r.cause] == nil {
			d.ByDetail[r.cause] = map[string]int64{}
		}
		d.ByDetail[r.cause][string(r.detail)] += k.n
	}
	if r.basis == inferred {
		d.Inferred[r.cause] += k.n
	}
	if r.clash {
		d.Disagreements += k.n
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
