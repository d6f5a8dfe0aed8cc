package detect

import (
	"slices"

	"ipdrift/detect/judge"
	"ipdrift/token"
)

// fewLinks is the share of a host's accepted links below which a hypothesis
// is an exception of its directory, not a rule of the host.
const fewLinks = 0.05

// newPolicy begins with what the user states of a host.
func newPolicy(r token.Resource, scope token.Scope) policy {
	if r.Scope != token.ScopeAuto {
		scope = r.Scope
	}
	return policy{forced: scope, stated: [2]*token.Binding{r.Bind4, r.Bind6}, links: map[rule]int64{}, dirs: map[uint32]*folder{}}
}

func (p *policy) add(r rule, n int64) {
	p.total += n
	p.links[r] += n
}

// scope is the one that counts: what the user says, unless the log refutes it.
func (p *policy) scope() token.Scope {
	if p.refuted.scope {
		return token.ScopeAuto
	}
	return p.forced
}

// says is what the user states of a family, unless the log refutes it.
func (p *policy) says(family int) *token.Binding {
	if p.refuted.binding[at(family)] {
		return nil
	}
	return p.stated[at(family)]
}

// refute tells what the user states that is not so: the edge took enough links, and
// hardly any of them is signed like that. What is proven goes before what is said.
func (p *policy) refute(t *judge.Thresholds) (r refuted) {
	var all, fit [2]int64
	var links, scoped int64
	for rule, n := range p.links {
		f := at(rule.family)
		all[f], links = all[f]+n, links+n
		if b := p.stated[f]; b == nil || *b == rule.binding {
			fit[f] += n
		}
		if p.forced == token.ScopeAuto || rule.scope == p.forced {
			scoped += n
		}
	}
	wrong := func(fit, all int64) bool {
		return !p.guessed && all >= t.CalibrationTokens && float64(fit) <= (1-t.CalibrationShare)*float64(all)
	}
	return refuted{wrong(scoped, links), [2]bool{wrong(fit[0], all[0]), wrong(fit[1], all[1])}}
}

// settle derives what the other methods answer from.
func (p *policy) settle(t *judge.Thresholds) {
	p.settled = settled{refuted: p.refute(t)}
	for r, n := range p.links {
		p.taken[at(r.family)] += n
	}
	local := 2*p.astray > p.trees() // tokens for a tree hold in the folders where one was accepted
	for r, n := range p.links {
		f := at(r.family)
		current := p.shifts[f] != nil && p.shifts[f].to == r.binding
		if (float64(n) >= fewLinks*float64(p.taken[f]) || current) && p.allowed(r) && !(local && r.scope == token.ScopeAncestor) {
			p.common[f] = append(p.common[f], r)
		}
	}
	for dir, f := range p.dirs {
		if f.rules = slices.DeleteFunc(f.rules, func(r folderRule) bool { return !p.allowed(r.rule) }); len(f.rules) == 0 {
			delete(p.dirs, dir)
		}
	}
	p.binding, _ = p.most(func(rule) bool { return true })
	if s := p.shifts[0]; s != nil {
		p.binding = s.to
	}
	for _, family := range []int{4, 6} {
		if b, n := p.most(func(r rule) bool { return r.family == family }); n > 0 {
			p.own[at(family)] = &b
		}
		if s := p.shifts[at(family)]; s != nil {
			p.own[at(family)] = &s.to
		}
		p.second[at(family)] = p.besides(family)
		if b := p.says(family); b != nil {
			if p.own[at(family)] = b; family == 4 || p.stated[0] == nil {
				p.binding = *b
			}
		}
	}
}

// besides is the commonest binding of a family's rules that are common, but for what most links are bound to.
func (p *policy) besides(family int) *token.Binding {
	own := p.own[at(family)]
	if own == nil {
		return nil
	}
	b, n := p.most(func(r rule) bool {
		return r.family == family && r.binding != *own && r.binding.Kind != token.BindNone && slices.Contains(p.common[at(family)], r)
	})
	if n == 0 {
		return nil
	}
	return &b
}

// allowed tells whether the user did not rule this out.
func (p *policy) allowed(r rule) bool {
	scope, b := p.scope(), p.says(r.family)
	return (scope == token.ScopeAuto || r.scope == scope) && (b == nil || *b == r.binding)
}

// most returns the commonest binding of the rules that ok allows, and its
// links. Those that carry no address count only where hardly any other carries
// one: a host may leave it out on some paths, and a mask is about the others.
func (p *policy) most(ok func(rule) bool) (best token.Binding, links int64) {
	counts := map[token.Binding]int64{}
	var all int64
	for r, n := range p.links {
		if ok(r) {
			counts[r.binding] += n
			all += n
		}
	}
	if free := counts[token.Binding{Kind: token.BindNone}]; free < all && float64(all-free) >= fewLinks*float64(all) {
		delete(counts, token.Binding{Kind: token.BindNone})
	}
	for b, n := range counts {
		if n > links || n == links && bindingLess(b, best) {
			best, links = b, n
		}
	}
	return best, links
}

func bindingLess(x, y token.Binding) bool {
	return slices.Compare([]uint8{uint8(x.Kind), x.Prefix, uint8(x.Form)}, []uint8{uint8(y.Kind), y.Prefix, uint8(y.Form)}) < 0
}

func (a *analysis) settle() {
	for _, h := range a.hosts {
		h.policy.settle(&a.Thresholds)
	}
}

// showsScope notes it where a link was found over a scope that no link shows which its host served.
func (f *proof) showsScope() {
	if f == nil || f.mistake.Name != "" {
		return
	}
	if p, scope := &f.host.policy, f.how.scope; p.scope() == token.ScopeAuto && p.plain(scope) && !p.uses(scope) {
		p.other = max(p.other, scope) // both are possible where only directories above were taken
	}
}

// guess fills the policy of hosts that accepted nothing from the hashes that
// were reproduced on refused requests; and the scope of folders that accepted
// nothing, unless the signer takes that scope for observed addresses, too,
// and these are refused.
func (a *analysis) guess() {
	for _, p := range a.proofs {
		p.showsScope()
	}
	for _, h := range a.hosts {
		h.policy.guessed = h.policy.total == 0
		h.policy.told = a.survey.told
	}
	for w, t := range a.survey.denied {
		if p := &w.host.policy; p.guessed && t.links > a.survey.plainly[w].of() {
			if p.denied == nil {
				p.denied = map[rule]bool{}
			}
			p.denied[w.rule] = true
		}
	}
	for w, t := range a.survey.plainly {
		if p := &w.host.policy; w.scope == p.other {
			p.other = token.ScopeAuto
		}
		if w.host.policy.guessed && !w.host.policy.denied[w.rule] {
			w.host.policy.add(a.asText(w.rule), t.links)
		}
	}
	for _, p := range a.proofs {
		if p.host.policy.guessed && p.mistake.Name == "" {
			p.host.policy.add(rule{p.how, p.family}, 1)
		}
	}
	a.settle()
}
