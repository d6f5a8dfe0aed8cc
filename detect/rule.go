package detect

import (
	"context"
	"iter"
	"sync"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/ruling"
	"ipdrift/detect/search"
	"ipdrift/token"
)

// ruled is one link, and the rulings on its kinds.
type ruled struct {
	visited
	quiet   bool            // nothing needs thought: there are no visits, no kinds and no rulings
	first   history.Request // of a quiet one
	kinds   []ruling.Kind
	proof   *search.Proof
	rulings []ruling.Ruling
	witness bool         // the proof is another request with the same token
	named   ruling.Named // where there is no proof
}

// all yields the visits, each with its ruling.
func (r *ruled) all() iter.Seq2[*visit, *ruling.Ruling] {
	return func(yield func(*visit, *ruling.Ruling) bool) {
		n := -1
		for i := range r.visits {
			if i == 0 || !r.visits[i].sameKind(&r.visits[i-1]) {
				n++
			}
			if !yield(&r.visits[i], &r.rulings[n]) {
				return
			}
		}
	}
}

// firstServed returns the visit that was served first; nil if none was.
func (r *ruled) firstServed() (first *visit) {
	for i := range r.visits {
		if v := &r.visits[i]; v.Served() && !v.Shield && (first == nil || v.first < first.first) {
			first = v
		}
	}
	return first
}

// rule gives every kind its verdict and cause, and counts the denials.
func (a *analysis) rule(ctx context.Context) error {
	a.out.Denials = finding.Denials{
		ByCause: map[string]int64{}, ByHost: map[string]map[string]int64{}, ByDetail: map[string]map[string]int64{},
		Inferred: map[string]int64{}, Networks: []finding.Network{},
	}
	t, err := a.openRulingTables()
	if err != nil {
		return err
	}
	for _, h := range a.hosts {
		h.edge.Policy, h.edge.Failed = &h.Policy, h.status == finding.Failed
	}
	plain := a.plainOutcomes()
	spare := sync.Pool{New: func() any { return newRulingBatch(a, plain) }}
	err = history.Pass(ctx, a.Threads, a.history.Batches, func(c *history.Batch) (*rulingBatch, error) {
		b := spare.Get().(*rulingBatch)
		return b, b.rule(c)
	}, func(b *rulingBatch) error {
		defer spare.Put(b)
		for i := range b.ruled {
			if r := &b.ruled[i]; !r.quiet {
				t.count(r)
				t.collectors.see(a, r)
				t.eased.see(a, r)
			}
		}
		if err := t.enter(ctx, b); err != nil {
			return err
		}
		return b.batch.PutBack()
	})
	if err != nil {
		return err
	}
	a.loaded.Unproven.Release()
	return t.close(ctx)
}

// rule rules on some links, and marks each request with the outcome.
func (b *rulingBatch) rule(c *history.Batch) error {
	b.reset(c)
	b.clients.Fetch(c)
	for i := range c.Groups {
		from := len(b.ruled)
		if err := b.open(&c.Groups[i]); err != nil {
			return err
		}
		for j := from; j < len(b.ruled); j++ {
			if err := b.decide(&b.ruled[j]); err != nil {
				return err
			}
		}
		if err := b.annotate(&c.Groups[i], b.ruled[from:]); err != nil {
			return err
		}
	}
	return nil
}

// open begins with a link; requests without one stand alone.
func (b *rulingBatch) open(s *history.Group) error {
	first, quiet, err := b.quiet(s)
	if err != nil {
		return err
	}
	if quiet {
		b.ruled = append(b.ruled, ruled{visited: visited{Link: *s.Link}, quiet: true, first: first})
		return nil
	}
	if err := b.add(b.analysis, s); err != nil {
		return err
	}
	of := &b.links[len(b.links)-1]
	if of.ID > 0 {
		b.ruled = append(b.ruled, ruled{visited: *of})
		return nil
	}
	for i := range of.visits {
		b.ruled = append(b.ruled, ruled{visited: visited{visits: of.visits[i : i+1]}})
	}
	return nil
}

// annotate marks the requests of a group with the rulings on it; those of a quiet one are valid as they
// are.
func (b *rulingBatch) annotate(g *history.Group, of []ruled) error {
	if len(of) == 1 && of[0].quiet {
		return nil
	}
	b.index.reset()
	b.marks = b.marks[:0]
	for i := range of {
		for j := range of[i].kinds {
			k := &of[i].kinds[j]
			b.index.number(key{id: k.ID, client: k.Client, dir: k.Dir, file: k.File})
			r := &of[i].rulings[j]
			b.marks = append(b.marks, history.Mark{Cause: b.causes[r.Cause], Verdict: r.Verdict, Grounds: r.Grounds()})
		}
	}
	return g.Edit(func(requests []history.Request) {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			k := b.keyOf(&t[0])
			k.agent, k.ident = 0, 0
			n, _ := b.index.number(k)
			for i := range t {
				t[i].Mark = b.marks[n]
			}
		}
	})
}

// decide rules on one link, and adds the rows.
func (b *rulingBatch) decide(r *ruled) error {
	if r.quiet {
		b.write(r)
		return nil
	}
	if err := b.listKinds(r); err != nil {
		return err
	}
	h := r.host()
	parser := b.parser(h.Stated.Scheme)
	for i := range r.kinds {
		if k := &r.kinds[i]; k.Shape == token.Signed {
			k.Path = b.keepPath(b.decoder.Path(parser, k.DirText, k.FileText))
		}
	}
	r.proof, r.witness = b.proof(h, r.kinds)
	served := servedTo(r.kinds)
	if r.proof == nil {
		r.named = b.naming(parser, h, &r.kinds[0])
	}
	from := len(b.rulings)
	for i := range r.kinds {
		k := &r.kinds[i]
		b.rulings = append(b.rulings, h.edge.Rule(k, r.proof, served, r.named))
	}
	r.rulings = b.rulings[from:len(b.rulings):len(b.rulings)]
	b.write(r)
	return nil
}
