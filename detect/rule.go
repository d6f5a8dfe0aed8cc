package detect

import (
	"context"
	"net/netip"
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

// annotate writes on the requests of a strip what was ruled on it; those of a quiet one
// are valid as they are.
func (l *leaf) annotate(s *strip, dockets []docket) error {
	if len(dockets) == 1 && dockets[0].quiet {
		return nil
	}
	l.index.reset()
	l.marks = l.marks[:0]
	for i := range dockets {
		for j := range dockets[i].kinds {
			k := &dockets[i].kinds[j]
			l.index.number(key{id: k.id, client: k.client, dir: k.dir, file: k.file})
			r := &dockets[i].rulings[j]
			l.marks = append(l.marks, mark{l.causes[r.cause], r.verdict, r.grounds()})
		}
	}
	return s.edit(func(frames []frame) {
		for t, rest := nextTake(frames); len(t) > 0; t, rest = nextTake(rest) {
			k := l.keyOf(&t[0])
			k.agent, k.ident = 0, 0
			n, _ := l.index.number(k)
			for i := range t {
				t[i].mark = l.marks[n]
			}
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
