package detect

import (
	"bytes"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// hypothesis is one way in which a link can be signed.
type hypothesis struct {
	scope   token.Scope
	up      uint8
	binding token.Binding
}

// rule is what was accepted from the addresses of one family: an edge may cut
// IPv6 addresses and take IPv4 ones whole, or the other way round.
type rule struct {
	hypothesis
	family int
}

// policy is how an edge checks the links of one host, as learned from what it
// accepted: served requests, and expired links, which nginx tells from wrong
// ones only when their hash holds.
type policy struct {
	forced  token.Scope       // set by the user; ScopeAuto: learned
	stated  [2]*token.Binding // by family, set by the user; nil: learned
	links   map[rule]int64    // accepted links
	total   int64
	dirs    map[uint32]*folder // what was accepted in a directory, for hosts with more than one hypothesis
	guessed bool               // nothing was accepted: learned from reproduced hashes alone
	denied  map[rule]bool      // ways of signing that are not the edge's, as its code says of most such links, where it accepted nothing

	astray int64 // links whose address fits, and that were refused over a directory further up, it seems

	shifts   [2]*shift           // by family: of what links are bound to; nil: none is known
	together map[[2]boundAs]bool // bindings that some folder took both of
	tops     map[string]*folder  // the highest folders; nil: there are too many

	other token.Scope // was found where the host showed only another one: see unshown; ScopeAuto: none
	told  bits        // folders where a hash was reproduced for the observed address, of all hosts

	settled // derived, once everything is added
}

// settled is what follows from the links that were added.
type settled struct {
	refuted           // of what the user states
	common  [2][]rule // by family: at least fewLinks of its links
	binding token.Binding
	own     [2]*token.Binding // by family: what most of its links are bound to
	second  [2]*token.Binding // by family: what many others are bound to; nil: none are, or to nothing
	taken   [2]int64          // by family: accepted links
}

// refuted is what the user states that is not so.
type refuted struct {
	scope   bool
	binding [2]bool // by family
}

// at is where a family stands in settled.
func at(family int) int {
	if family == 6 {
		return 1
	}
	return 0
}

// rules calls f for what is accepted from a family in a directory until f
// returns true: what the edge took there, else what is common on the host; of
// the other family where it took nothing of this one. It tells whether f did,
// and whether anything is known.
func (p *policy) rules(dir uint32, family int, f func(rule) bool) (found, known bool) {
	own, other := p.common[at(family)], p.common[1-at(family)]
	here := p.dirs[dir]
	if here == nil {
		if found, known := among(own, f); known {
			return found, true
		}
		return among(other, f)
	}
	for i := range here.rules {
		if r := &here.rules[i]; r.family == family {
			known = true
			if f(r.rule) {
				return true, true
			}
		}
	}
	if known {
		return slices.ContainsFunc(own, func(r rule) bool { return p.open(here, r) && f(r) }), true
	}
	if found, known := among(own, f); known {
		return found, true
	}
	return slices.ContainsFunc(here.rules, func(r folderRule) bool { return f(r.rule) }), true
}

func among(rules []rule, f func(rule) bool) (found, known bool) {
	return slices.ContainsFunc(rules, f), len(rules) > 0
}

// accepts tells whether the edge takes links signed this way, for this path
// and address. Where nothing is known, any plain scope goes. Two ways that hash
// the same text are one: file and directory where the path ends in a slash,
// address and network where the address ends in zeros.
func (p *policy) accepts(k *kind, h hypothesis) bool {
	found, known := p.rules(k.dir, familyOf(k.ip), func(r rule) bool { return r.hypothesis == h || sameText(k, r.hypothesis, h) })
	return found || !known && p.plain(h.scope) && p.allowed(rule{h, familyOf(k.ip)})
}

func sameText(k *kind, a, b hypothesis) bool {
	if a.up != b.up || (a.binding.Kind == token.BindNone) != (b.binding.Kind == token.BindNone) {
		return false
	}
	if a.scope != b.scope && !(k.path != nil && k.file > 0 && bytes.Equal(token.ScopePath(k.path, a.scope, int(a.up)), token.ScopePath(k.path, b.scope, int(b.up)))) {
		return false
	}
	return bytes.Equal(token.AppendBound(nil, k.ip, a.binding), token.AppendBound(nil, k.ip, b.binding))
}

// takesScope tells whether a directory's links are signed over this scope,
// whatever they are bound to.
func (p *policy) takesScope(dir uint32, family int, scope token.Scope, up uint8) bool {
	found, known := p.rules(dir, family, func(r rule) bool { return r.scope == scope && r.up == up })
	return found || !known && p.plain(scope) || up == 0 && p.guesses(dir, scope)
}

// guesses tells whether a folder's links are taken to be signed over a scope that no link
// shows which the host served: where the folder shows none.
func (p *policy) guesses(dir uint32, scope token.Scope) bool {
	return p.other == scope && scope != token.ScopeAuto && !(int(dir/64) < len(p.told) && p.told.has(dir))
}

// edge is the policy as package token takes it.
func (p *policy) edge() token.Policy {
	out := token.Policy{Bound: p.bound()}
	switch file, dir := p.uses(token.ScopeFile), p.uses(token.ScopeDir); {
	case dir && !file:
		out.Scope = token.ScopeDir
	case file && !dir:
		out.Scope = token.ScopeFile
	}
	if b, ok := p.mask(4); ok {
		out.Prefix4, out.Form = b.Prefix, b.Form
	}
	if b, ok := p.mask(6); ok {
		out.Prefix6, out.Form = b.Prefix, b.Form
	}
	return out
}

// contradicted tells whether the edge accepted what the user ruled out.
func (p *policy) contradicted() bool {
	for h := range p.links {
		if !p.guessed && !p.allowed(h) {
			return true
		}
	}
	return false
}

// uses tells whether links signed over this scope were accepted anywhere.
func (p *policy) uses(scope token.Scope) bool {
	if len(p.links) == 0 || p.scope() != token.ScopeAuto {
		return p.plain(scope)
	}
	for h := range p.links {
		if h.scope == scope {
			return true
		}
	}
	return false
}

// climbs tells whether links signed over the directory so far above were accepted anywhere.
func (p *policy) climbs(up uint8) bool {
	for h := range p.links {
		if h.scope == token.ScopeAncestor && h.up == up && p.allowed(h) {
			return true
		}
	}
	return false
}

// trees counts the accepted links over a directory further up.
func (p *policy) trees() (n int64) {
	for h, links := range p.links {
		if h.scope == token.ScopeAncestor && p.allowed(h) {
			n += links
		}
	}
	return n
}

func (p *policy) plain(scope token.Scope) bool {
	if forced := p.scope(); forced != token.ScopeAuto {
		return scope == forced
	}
	return scope != token.ScopeAncestor
}

// bound tells whether links are bound to an address or a part of it. Where
// nothing is known they are taken to be.
func (p *policy) bound() bool { return p.binding.Kind != token.BindNone }

// bindingOf is what links of a family's addresses are bound to.
func (p *policy) bindingOf(family int) token.Binding {
	if b := p.own[at(family)]; b != nil {
		return *b
	}
	return p.binding
}

// mask is the mask in force for a family, if one is.
func (p *policy) mask(family int) (token.Binding, bool) {
	if b := p.own[at(family)]; b != nil && b.Kind == token.BindMask {
		return *b, true
	}
	return token.Binding{}, false
}

// masks tells whether any family is bound to a mask.
func (p *policy) masks() bool {
	_, four := p.mask(4)
	_, six := p.mask(6)
	return four || six
}

// prefix is how much of an address is bound: 32 or 128 without a mask.
func (p *policy) prefix(family int) int {
	if b, ok := p.mask(family); ok {
		return int(b.Prefix)
	}
	return wholeLength(family)
}

// public is the policy as a report shows it.
func (p *policy) public(scheme string, expired []int) finding.Policy {
	out := finding.Policy{Scheme: scheme, Expired: expired}
	if p.total == 0 && p.stated == [2]*token.Binding{} {
		return out
	}
	takes := func(scope token.Scope) bool {
		has := func(r rule) bool { return r.scope == scope }
		return slices.ContainsFunc(p.common[0], has) || slices.ContainsFunc(p.common[1], has)
	}
	file, dir := takes(token.ScopeFile), takes(token.ScopeDir) || takes(token.ScopeAncestor)
	switch {
	case file && dir:
		out.Scope = "both"
	case file:
		out.Scope = "file"
	case dir:
		out.Scope = "dir"
	}
	out.Binding = map[token.BindKind]string{token.BindAddress: "address", token.BindNone: "none", token.BindMask: "mask"}[p.binding.Kind]
	if b, ok := p.mask(4); ok {
		out.Prefix4, out.Form = int(b.Prefix), b.Form.String()
	}
	if b, ok := p.mask(6); ok {
		out.Prefix6, out.Form = int(b.Prefix), b.Form.String()
	}
	return out
}
