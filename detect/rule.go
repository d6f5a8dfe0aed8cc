package detect

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// docket is one link, and what was ruled on its kinds.
type docket struct {
	visited
	quiet   bool // nothing needs thought: there are no kinds and no rulings
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
	b, err := a.openBook(ctx)
	if err != nil {
		return err
	}
	err = pass(ctx, a.Threads, a.film.cuts, a.ruleOn, func(l *leaf) error {
		for i := range l.dockets {
			if d := &l.dockets[i]; !d.quiet {
				b.count(d)
			}
		}
		l.vote()
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

// ruleOn rules on some links, and writes on each request what was ruled.
func (a *analysis) ruleOn(c *cut) (*leaf, error) {
	l := &leaf{analysis: a, cut: c}
	links, err := a.visits(c)
	if err != nil {
		return nil, err
	}
	ends := make([]int, len(links)) // of the dockets of each strip
	for i := range links {
		l.dockets = append(l.dockets, docketsOf(&links[i])...)
		ends[i] = len(l.dockets)
	}
	parsers := &parsers{}
	for i := range l.dockets {
		d := &l.dockets[i]
		if !d.quiet {
			if d.kinds, err = a.kinds(&d.visited); err != nil {
				return nil, err
			}
			a.decide(parsers, d)
		}
		l.write(d)
	}
	from := 0
	for i, to := range ends {
		if err := a.annotate(&c.strips[i], l.dockets[from:to]); err != nil {
			return nil, err
		}
		from = to
	}
	return l, nil
}

// docketsOf makes a docket of a link; requests without one stand alone.
func docketsOf(l *visited) []docket {
	if l.link > 0 {
		return []docket{{visited: *l, quiet: l.quiet()}}
	}
	out := make([]docket, len(l.visits))
	for i := range out {
		out[i].visits = l.visits[i : i+1]
	}
	return out
}

// annotate writes on the requests of a strip what was ruled on it.
func (a *analysis) annotate(s *strip, dockets []docket) error {
	if len(dockets) == 1 && dockets[0].quiet {
		return s.edit(func(frames []frame) {
			for i := range frames {
				frames[i].verdict = token.Valid
			}
		})
	}
	var x index
	var marks []frame // what is written, by number of the kind
	x.reset()
	for i := range dockets {
		for j := range dockets[i].kinds {
			k := &dockets[i].kinds[j]
			x.number(key{id: k.id, client: k.client, dir: k.dir, file: k.file})
			r := &dockets[i].rulings[j]
			marks = append(marks, frame{cause: a.causes[r.cause], verdict: r.verdict, inferred: r.basis == inferred, mistaken: strings.HasPrefix(string(r.detail), "signer:")})
		}
	}
	return s.edit(func(frames []frame) {
		for i := range frames {
			f := &frames[i]
			k := a.keyOf(f)
			k.agent, k.ident = 0, 0
			n, _ := x.number(k)
			m := &marks[n]
			f.cause, f.verdict, f.inferred, f.mistaken = m.cause, m.verdict, m.inferred, m.mistaken
		}
	})
}

// kinds are the visits of a link, those together that differ in the user alone.
func (a *analysis) kinds(l *visited) ([]kind, error) {
	if a.Pseudonyms != nil {
		a.byAddress(l.visits)
	}
	out := make([]kind, 0, len(l.visits))
	for i := range l.visits {
		v := &l.visits[i]
		if i > 0 && v.sameKind(&l.visits[i-1]) {
			out[len(out)-1].n += v.n
			continue
		}
		dir, err := a.texts.dirs.of(v.dir)
		if err != nil {
			return nil, err
		}
		file, err := a.texts.files.of(v.file)
		if err != nil {
			return nil, err
		}
		out = append(out, kind{
			id: v.id, link: l.link, client: v.client, dir: v.dir, file: v.file, n: v.n,
			ip: a.client(v.family, v.mapped, v.hi, v.lo), outcome: v.outcome, rawDir: dir, rawFile: file,
		})
	}
	return out, nil
}

// parsers holds one goroutine's parsers, by scheme.
type parsers struct {
	by  map[*token.Scheme]*token.Parser
	raw []byte // scratch
}

func (p *parsers) of(s *token.Scheme) *token.Parser {
	if p.by[s] == nil {
		if p.by == nil {
			p.by = map[*token.Scheme]*token.Parser{}
		}
		p.by[s] = token.NewParser(s)
	}
	return p.by[s]
}

// decode undoes the escaping of a path as the edge does.
func decode(parser *token.Parser, scratch *[]byte, dir, file string) []byte {
	*scratch = append(append((*scratch)[:0], dir...), file...)
	var l token.Link
	if parser.Parse(*scratch, &l); !l.PathOK {
		return nil
	}
	return bytes.Clone(l.Path)
}

// decide rules on the kinds of one link.
func (a *analysis) decide(parsers *parsers, d *docket) {
	parser := parsers.of(d.kinds[0].host.stated.Scheme)
	for i := range d.kinds {
		if k := &d.kinds[i]; k.shape == token.Signed {
			k.path = decode(parser, &parsers.raw, k.rawDir, k.rawFile)
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
