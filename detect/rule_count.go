package detect

import (
	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/token"
)

// count counts what was ruled on one link.
func (t *rulingTables) count(r *ruled) {
	if r.witness {
		t.out.Method.Search.Links++
		t.out.Method.Search.Witnessed++
	}
	t.blame(r)
	if r.named.IsValid() {
		t.note(r.ID, func(l *learned) { l.named = r.named })
	}
	for i := range r.kinds {
		t.deny(&r.kinds[i], &r.rulings[i])
	}
}

// blame counts a link by what its signer did wrong.
func (t *rulingTables) blame(of *ruled) {
	h, seen := of.kinds[0].host, map[string]bool{}
	doubted := false
	for i := range of.rulings {
		r := &of.rulings[i]
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

func (t *rulingTables) deny(k *kind, r *ruling) {
	if r.cause == "" {
		return
	}
	if r.mistake != "" && r.cause == token.UnresolvedSignature.String() {
		k.host.mistaken += k.n
	}
	if r.mistake == search.OldKeyName {
		k.host.oldKeyed += k.n
		if r.retired > 0 {
			k.host.retired[r.retired-1].requests += k.n
		}
	}
	if r.verdict == token.Valid && r.basis == recomputed && r.detail != detailOrigin && k.host.Policy.Guessed {
		k.host.assumed += k.n
	}
	if r.cause == token.UnresolvedSignature.String() && k.matched && k.host.Policy.Denied[policy.Rule{Hypothesis: k.how, Family: addr.Family(k.ip)}] {
		k.host.denied += k.n
	}
	at := blame{k.id, r.cause}
	if t.blamed[at] == nil {
		t.blamed[at] = &blamed{}
	}
	t.blamed[at].n += k.n
	t.blamed[at].Count(k.link)
	if r.cause == refusedElsewhere && k.link > 0 {
		if from := t.from(k.host, k.client); from != nil {
			from.refused += k.n
			from.links.Count(k.link)
		}
	}
	d := &t.out.Denials
	d.Total += k.n
	d.ByCause[r.cause] += k.n
	if d.ByHost[k.host.Name] == nil {
		d.ByHost[k.host.Name] = map[string]int64{}
	}
	d.ByHost[k.host.Name][r.cause] += k.n
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
