package detect

import (
	"slices"

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
	return policy{forced: scope, stated: [2]*token.Binding{r.Bind4, r.Bind6}, links: map[rule]int64{}, dirs: map[uint32][]rule{}}
}

func (p *policy) add(r rule, n int64) {
	p.total += n
	p.links[r] += n
}

// settle derives what the other methods answer from.
func (p *policy) settle() {
	p.settled = settled{}
	var total [2]int64
	for r, n := range p.links {
		total[at(r.family)] += n
	}
	for r, n := range p.links {
		if f := at(r.family); float64(n) >= fewLinks*float64(total[f]) && p.allowed(r) {
			p.common[f] = append(p.common[f], r)
		}
	}
	for dir := range p.dirs {
		p.dirs[dir] = slices.DeleteFunc(p.dirs[dir], func(r rule) bool { return !p.allowed(r) })
	}
	p.binding, _ = p.most(func(rule) bool { return true })
	for _, family := range []int{4, 6} {
		if b, n := p.most(func(r rule) bool { return r.family == family }); n > 0 {
			p.own[at(family)] = &b
		}
		if b := p.stated[at(family)]; b != nil {
			if p.own[at(family)] = b; family == 4 || p.stated[0] == nil {
				p.binding = *b
			}
		}
	}
}

// allowed tells whether the user did not rule this out.
func (p *policy) allowed(r rule) bool {
	b := p.stated[at(r.family)]
	return (p.forced == token.ScopeAuto || r.scope == p.forced) && (b == nil || *b == r.binding)
}

// most returns the commonest binding of the rules that ok allows, and its
// links.
func (p *policy) most(ok func(rule) bool) (best token.Binding, links int64) {
	counts := map[token.Binding]int64{}
	for r, n := range p.links {
		if ok(r) {
			counts[r.binding] += n
		}
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
		h.policy.settle()
	}
}

// showsScope notes it where a link was found over a scope that no link shows which its host served.
func (f *proof) showsScope() {
	if f == nil || f.mistake.Name != "" {
		return
	}
	if p, scope := &f.host.policy, f.how.scope; p.forced == token.ScopeAuto && p.plain(scope) && !p.uses(scope) {
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
	for w, t := range a.survey.plainly {
		if p := &w.host.policy; w.scope == p.other {
			p.other = token.ScopeAuto
		}
		if w.host.policy.guessed {
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
