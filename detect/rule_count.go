package detect

import "ipdrift/token"

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
	if r.mistake == oldKeyName {
		k.host.oldKeyed += k.n
		if r.retired > 0 {
			k.host.retired[r.retired-1].requests += k.n
		}
	}
	if r.verdict == token.Valid && r.basis == recomputed && r.detail != detailOrigin && k.host.policy.guessed {
		k.host.assumed += k.n
	}
	if r.cause == token.UnresolvedSignature.String() && k.matched && k.host.policy.denied[rule{k.how, familyOf(k.ip)}] {
		k.host.denied += k.n
	}
	at := blame{k.id, r.cause}
	if b.blamed[at] == nil {
		b.blamed[at] = &blamed{}
	}
	b.blamed[at].n += k.n
	b.blamed[at].count(k.link)
	if r.cause == refusedElsewhere && k.link > 0 {
		if from := b.from(k.host, k.client); from != nil {
			from.refused += k.n
			from.links.count(k.link)
		}
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
