package detect

import (
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/token"
)

// quiet reports whether no request of a link needs a closer look: the hash held for the one address that
// asked, signed in the one way that the host takes, in time, and nothing was refused. In most logs,
// hostile ones above all, most links are like that. Their requests are valid, and table judged says
// nothing about them.
func (b *rulingBatch) quiet(s *history.Group) (first history.Request, quiet bool, err error) {
	var plain []bool
	var how policy.Hypothesis
	err = s.Parts(func(requests []history.Request) error {
		if plain == nil {
			first = requests[0]
			plain, how = b.plain[policy.Index(int(b.clients.Of(first.Client).Family))], b.outcomes[first.Outcome].How
		}
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			f := &t[0]
			if f.Client != first.Client || !plain[f.Outcome] {
				return errEnough
			}
			if o := b.outcomes[f.Outcome]; o.How.Scope != how.Scope || o.How.Up != how.Up {
				return errEnough
			}
		}
		return nil
	})
	if err == errEnough {
		return first, false, nil
	}
	return first, err == nil, err
}

// plainOutcomes tells by family and outcome which outcomes are plain.
func (a *analysis) plainOutcomes() (plain [2][]bool) {
	for _, family := range []int{4, 6} {
		of := make([]bool, len(a.outcomes))
		for id, o := range a.outcomes {
			of[id] = o != nil && o.plain(family)
		}
		plain[policy.Index(family)] = of
	}
	return plain
}

// plain reports whether requests of an outcome from a family's addresses are valid
// whatever else is known of their link, as long as all of it is plain.
func (o *outcome) plain(family int) bool {
	p := &o.host.Policy
	return o.Matched && o.Keyed && !o.Stale && !o.Shield && !o.Denied && o.Shape == token.Signed && o.Late <= ingest.NearExpiry && o.How.Binding.Kind == token.BindAddress &&
		o.host.status != finding.Failed && len(p.Dirs) == 0 && slices.ContainsFunc(p.Common[policy.Index(family)], func(r policy.Rule) bool { return r.Hypothesis == o.How })
}
