package detect

import (
	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/detect/policy"
	"ipdrift/detect/ruling"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/token"
)

// count counts the rulings on one link.
func (t *rulingTables) count(r *ruled) {
	if r.witness {
		t.out.Method.Search.Links++
		t.out.Method.Search.Witnessed++
	}
	t.blame(r)
	if r.named != (ruling.Named{}) && r.host().Stated.Scheme.Tells {
		t.note(r.ID, func(l *learned) { l.named = r.named })
	}
	for i := range r.kinds {
		t.deny(r.host(), &r.kinds[i], &r.rulings[i])
	}
}

// blame counts a link by its signer's mistake.
func (t *rulingTables) blame(of *ruled) {
	h, seen := of.host(), map[string]bool{}
	doubted := false
	for i := range of.rulings {
		r := &of.rulings[i]
		doubted = doubted || r.Mistake != "" || r.Verdict == token.UnresolvedSignature || r.Verdict == token.WrongPath
		if r.Mistake == "" || seen[r.Mistake] {
			continue
		}
		seen[r.Mistake] = true
		if h.mistakes == nil {
			h.mistakes = map[string]int64{}
		}
		h.mistakes[r.Mistake]++
	}
	if doubted {
		h.doubted++
	}
}

// deny counts the refused requests of one kind: by what is behind them, by what they may have in common, and as the
// report lists them.
func (t *rulingTables) deny(h *host, k *ruling.Kind, r *ruling.Ruling) {
	if r.Cause == "" {
		return
	}
	h.refuse(k, r)
	t.traits(h, k, r)
	addDenials(&t.out.Denials, h.Name, k.N, r)
}

// refuse counts what is behind refused requests.
func (h *host) refuse(k *ruling.Kind, r *ruling.Ruling) {
	unresolved := r.Cause == token.UnresolvedSignature.String()
	if r.Mistake != "" && unresolved {
		h.mistaken += k.N
	}
	if r.Mistake == search.OldKeyName {
		h.oldKeyed += k.N
		if r.Retired > 0 {
			h.retiredFor[r.Retired-1] += k.N
		}
	}
	if r.Verdict == token.Valid && r.Basis == ruling.Recomputed && r.Detail != ruling.DetailOrigin && h.Policy.Guessed {
		h.assumed += k.N
	}
	if unresolved && k.Matched && h.Policy.Denied[policy.Rule{Hypothesis: k.How, Family: addr.Family(k.IP)}] {
		h.denied += k.N
	}
}

// traits counts refused requests by what they may have in common.
func (t *rulingTables) traits(h *host, k *ruling.Kind, r *ruling.Ruling) {
	at := blame{k.ID, r.Cause}
	if t.blamed[at] == nil {
		t.blamed[at] = &blamed{}
	}
	t.blamed[at].n += k.N
	t.blamed[at].Count(k.Link)
	if r.Cause == ingest.RefusedElsewhere && k.Link > 0 {
		if from := t.from(h, k.Client); from != nil {
			from.refused += k.N
			from.links.Count(k.Link)
		}
	}
}

// addDenials adds n refused requests of a host to what the report lists.
func addDenials(d *finding.Denials, host string, n int64, r *ruling.Ruling) {
	d.Total += n
	d.ByCause[r.Cause] += n
	if d.ByHost[host] == nil {
		d.ByHost[host] = map[string]int64{}
	}
	d.ByHost[host][r.Cause] += n
	if r.Detail != "" {
		if d.ByDetail[r.Cause] == nil {
			d.ByDetail[r.Cause] = map[string]int64{}
		}
		d.ByDetail[r.Cause][string(r.Detail)] += n
	}
	if r.Basis == ruling.Inferred {
		d.Inferred[r.Cause] += n
	}
	if r.Clash {
		d.Disagreements += n
	}
}
