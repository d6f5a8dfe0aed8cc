package policy

import (
	"slices"

	"ipdrift/detect/judge"
	"ipdrift/token"
)

// FewLinks is the share of a host's accepted links below which a hypothesis
// is an exception of its directory, not a rule of the host.
const FewLinks = 0.05

// New begins with what the user states of a host.
func New(r token.Resource, scope token.Scope) Policy {
	if r.Scope != token.ScopeAuto {
		scope = r.Scope
	}
	return Policy{Forced: scope, Stated: [2]*token.Binding{r.Bind4, r.Bind6}, Links: map[Rule]int64{}, Dirs: map[uint32]*Folder{}}
}

// Add adds n accepted links.
func (p *Policy) Add(r Rule, n int64) {
	p.Total += n
	p.Links[r] += n
}

// Scope is the one that counts: what the user says, unless the log refutes it.
func (p *Policy) Scope() token.Scope {
	if p.Refuted.Scope {
		return token.ScopeAuto
	}
	return p.Forced
}

// says is what the user states of a family, unless the log refutes it, or shows since when it is so.
func (p *Policy) says(family int) *token.Binding {
	if p.Refuted.Binding[Index(family)] || p.shift(family) != nil {
		return nil
	}
	return p.Stated[Index(family)]
}

// refute finds what the user states that is not so: the edge took enough links, and hardly any of them is
// signed like that. What is proven goes before what is stated.
func (p *Policy) refute(t *judge.Thresholds) (r Refuted) {
	var all, fit [2]int64
	var links, scoped int64
	for rule, n := range p.Links {
		f := Index(rule.Family)
		all[f], links = all[f]+n, links+n
		if b := p.Stated[f]; b == nil || *b == rule.Binding {
			fit[f] += n
		}
		if p.Forced == token.ScopeAuto || rule.Scope == p.Forced {
			scoped += n
		}
	}
	wrong := func(fit, all int64) bool {
		return !p.Guessed && all >= t.CalibrationTokens && float64(fit) <= (1-t.CalibrationShare)*float64(all)
	}
	outdated := func(family int) bool {
		s, b := p.shift(family), p.Stated[Index(family)]
		return s != nil && b != nil && s.To != *b
	}
	return Refuted{wrong(scoped, links), [2]bool{outdated(4) || wrong(fit[0], all[0]), outdated(6) || wrong(fit[1], all[1])}}
}

// Settle derives what the other methods answer from.
func (p *Policy) Settle(t *judge.Thresholds) {
	p.settled = settled{Refuted: p.refute(t)}
	for r, n := range p.Links {
		p.taken[Index(r.Family)] += n
	}
	local := 2*p.Astray > p.Trees() // tokens for a tree hold in the folders where one was accepted
	for r, n := range p.Links {
		f := Index(r.Family)
		s := p.shift(r.Family)
		current := s != nil && s.To == r.Binding
		if (float64(n) >= FewLinks*float64(p.taken[f]) || current) && p.allowed(r) && !(local && r.Scope == token.ScopeAncestor) {
			p.Common[f] = append(p.Common[f], r)
		}
	}
	for _, f := range p.Dirs {
		f.settle(p)
	}
	p.binding, _ = p.most(func(Rule) bool { return true })
	if s := p.shift(4); s != nil {
		p.binding = s.To
	}
	for _, family := range []int{4, 6} {
		if b, n := p.most(func(r Rule) bool { return r.Family == family }); n > 0 {
			p.Own[Index(family)] = &b
		}
		if s := p.shift(family); s != nil {
			p.Own[Index(family)] = &s.To
		}
		p.Second[Index(family)] = p.besides(family)
		if b := p.says(family); b != nil {
			if p.Own[Index(family)] = b; family == 4 || p.Stated[0] == nil {
				p.binding = *b
			}
		}
	}
}

// besides is the commonest binding of a family's rules that are common, but for what most links are bound to.
func (p *Policy) besides(family int) *token.Binding {
	own := p.Own[Index(family)]
	if own == nil {
		return nil
	}
	b, n := p.most(func(r Rule) bool {
		return r.Family == family && r.Binding != *own && r.Binding.Kind != token.BindNone && slices.Contains(p.Common[Index(family)], r)
	})
	if n == 0 {
		return nil
	}
	return &b
}

// allowed reports whether the user did not rule this out.
func (p *Policy) allowed(r Rule) bool {
	scope, b := p.Scope(), p.says(r.Family)
	return (scope == token.ScopeAuto || r.Scope == scope) && (b == nil || *b == r.Binding)
}

// most returns the commonest binding of the rules that ok allows, and its links. Rules that hash no
// address count only where hardly any other rule hashes one: a host may leave it out on some paths, and a
// mask is about the others.
func (p *Policy) most(ok func(Rule) bool) (best token.Binding, links int64) {
	counts := map[token.Binding]int64{}
	var all int64
	for r, n := range p.Links {
		if ok(r) {
			counts[r.Binding] += n
			all += n
		}
	}
	if free := counts[token.Binding{Kind: token.BindNone}]; free < all && float64(all-free) >= FewLinks*float64(all) {
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
