package detect

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// docket is one link, and what was ruled on its kinds.
type docket struct {
	visited
	quiet   bool  // nothing needs thought: there are no visits, no kinds and no rulings
	first   frame // of a quiet one
	kinds   []kind
	proof   *proof
	rulings []ruling
	witness bool         // the proof is another request with the same token
	named   netip.Prefix // what the link names itself, where there is no key
}

// rule gives every kind its verdict and cause, and counts the denials.
func (a *analysis) rule(ctx context.Context) error {
	a.out.Denials = finding.Denials{
		ByCause: map[string]int64{}, ByHost: map[string]map[string]int64{}, ByDetail: map[string]map[string]int64{},
		Inferred: map[string]int64{}, Networks: []finding.Network{},
	}
	b, err := a.openBook()
	if err != nil {
		return err
	}
	plain := a.plainOutcomes()
	spare := sync.Pool{New: func() any { return newLeaf(a, plain) }}
	err = pass(ctx, a.Threads, a.film.cuts, func(c *cut) (*leaf, error) {
		l := spare.Get().(*leaf)
		return l, l.rule(c)
	}, func(l *leaf) error {
		defer spare.Put(l)
		for i := range l.dockets {
			if d := &l.dockets[i]; !d.quiet {
				b.count(d)
			}
		}
		if err := b.enter(ctx, l); err != nil {
			return err
		}
		return l.cut.putBack()
	})
	if err != nil {
		return err
	}
	a.loaded.Unproven.Release()
	return b.close(ctx)
}

// rule rules on some links, and writes on each request what was ruled.
func (l *leaf) rule(c *cut) error {
	l.reset(c)
	l.clients.fetch(c)
	for i := range c.strips {
		from := len(l.dockets)
		if err := l.open(&c.strips[i]); err != nil {
			return err
		}
		for j := from; j < len(l.dockets); j++ {
			if err := l.decide(&l.dockets[j]); err != nil {
				return err
			}
		}
		if err := l.annotate(&c.strips[i], l.dockets[from:]); err != nil {
			return err
		}
	}
	return nil
}

// open opens a docket for a link; requests without one stand alone.
func (l *leaf) open(s *strip) error {
	first, quiet, err := l.quiet(s)
	if err != nil {
		return err
	}
	if quiet {
		l.dockets = append(l.dockets, docket{visited: visited{reference: *s.reference}, quiet: true, first: first})
		return nil
	}
	if err := l.add(l.analysis, s); err != nil {
		return err
	}
	of := &l.links[len(l.links)-1]
	if of.link > 0 {
		l.dockets = append(l.dockets, docket{visited: *of})
		return nil
	}
	for i := range of.visits {
		l.dockets = append(l.dockets, docket{visited: visited{visits: of.visits[i : i+1]}})
	}
	return nil
}

// annotate writes on the requests of a strip what was ruled on it.
func (l *leaf) annotate(s *strip, dockets []docket) error {
	if len(dockets) == 1 && dockets[0].quiet {
		return s.edit(func(frames []frame) {
			for i := range frames {
				frames[i].verdict = token.Valid
			}
		})
	}
	l.index.reset()
	l.marks = l.marks[:0]
	for i := range dockets {
		for j := range dockets[i].kinds {
			k := &dockets[i].kinds[j]
			l.index.number(key{id: k.id, client: k.client, dir: k.dir, file: k.file})
			r := &dockets[i].rulings[j]
			l.marks = append(l.marks, mark{l.causes[r.cause], r.verdict, r.basis == inferred, strings.HasPrefix(string(r.detail), "signer:")})
		}
	}
	return s.edit(func(frames []frame) {
		for i := range frames {
			f := &frames[i]
			k := l.keyOf(f)
			k.agent, k.ident = 0, 0
			n, _ := l.index.number(k)
			f.mark = l.marks[n]
		}
	})
}

// decide rules on one link, and writes that down.
func (l *leaf) decide(d *docket) error {
	if d.quiet {
		l.write(d)
		return nil
	}
	if err := l.listKinds(d); err != nil {
		return err
	}
	parser := l.parser(d.kinds[0].host.stated.Scheme)
	for i := range d.kinds {
		if k := &d.kinds[i]; k.shape == token.Signed {
			k.path = l.keepPath(l.decoder.path(parser, k.rawDir, k.rawFile))
		}
	}
	d.proof, d.witness = l.proof(d.kinds)
	served := servedTo(d.kinds)
	if d.named = l.naming(parser, &d.kinds[0]); !d.named.IsValid() {
		d.named = l.before[d.kinds[0].link].named
	}
	from := len(l.rulings)
	for i := range d.kinds {
		k := &d.kinds[i]
		l.rulings = append(l.rulings, k.host.rule(k, d.proof, served, d.named))
	}
	d.rulings = l.rulings[from:len(l.rulings):len(l.rulings)]
	l.write(d)
	return nil
}

// listKinds lists the visits of a link, those together that differ in the user alone.
func (l *leaf) listKinds(d *docket) error {
	if l.Pseudonyms != nil {
		l.byAddress(d.visits)
	}
	from := len(l.kinds)
	for i := range d.visits {
		v := &d.visits[i]
		if i > 0 && v.sameKind(&d.visits[i-1]) {
			l.kinds[len(l.kinds)-1].n += v.n
			continue
		}
		dir, err := l.texts.dirs.of(v.dir)
		if err != nil {
			return err
		}
		file, err := l.texts.files.of(v.file)
		if err != nil {
			return err
		}
		l.kinds = append(l.kinds, kind{
			id: v.id, link: d.link, client: v.client, dir: v.dir, file: v.file, n: v.n,
			ip: l.client(v.family, v.mapped, v.hi, v.lo), outcome: v.outcome, rawDir: dir, rawFile: file,
		})
	}
	d.kinds = l.kinds[from:len(l.kinds):len(l.kinds)]
	return nil
}

// parser is the one of a scheme.
func (l *leaf) parser(s *token.Scheme) *token.Parser {
	if l.parsers[s] == nil {
		l.parsers[s] = token.NewParser(s)
	}
	return l.parsers[s]
}

// decoder undoes the escaping of paths as the edge does.
type decoder struct {
	raw  []byte
	link token.Link
}

// path is valid until the next one; nil where there is none.
func (d *decoder) path(parser *token.Parser, dir, file string) []byte {
	d.raw = append(append(d.raw[:0], dir...), file...)
	if parser.Parse(d.raw, &d.link); !d.link.PathOK {
		return nil
	}
	return d.link.Path
}

// keepPath copies a path for as long as the dockets last.
func (l *leaf) keepPath(path []byte) []byte {
	if path == nil {
		return nil
	}
	from := len(l.paths)
	l.paths = append(l.paths, path...)
	return l.paths[from:len(l.paths):len(l.paths)]
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

// count counts what was ruled on one link.
func (b *book) count(d *docket) {
	if d.witness {
		b.out.Method.Search.Links++
		b.out.Method.Search.Witnessed++
	}
	b.blame(d)
	if d.named.IsValid() {
		b.note(d.link, func(l *learned) { l.named = d.named })
	}
	for i := range d.kinds {
		b.deny(&d.kinds[i], &d.rulings[i])
	}
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

func (b *book) deny(k *kind, r *ruling) {
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
