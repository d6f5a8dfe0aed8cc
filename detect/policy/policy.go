// Package policy is how the edge checks the links of one host, learned from what it accepted:
// which path is hashed, what links are bound to, in which folders, and since when.
package policy

import (
	"bytes"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/token"
)

// Hypothesis is one way in which a link can be signed.
type Hypothesis struct {
	Scope   token.Scope
	Up      uint8
	Binding token.Binding
}

// Rule is what was accepted from the addresses of one family: an edge may cut
// IPv6 addresses and take IPv4 ones whole, or the other way round.
type Rule struct {
	Hypothesis
	Family int
}

// Policy is how an edge checks the links of one host, as learned from what it
// accepted: served requests, and expired links, which nginx tells from wrong
// ones only when their hash holds.
type Policy struct {
	Forced  token.Scope       // set by the user; ScopeAuto: learned
	Stated  [2]*token.Binding // by family, set by the user; nil: learned
	Links   map[Rule]int64    // accepted links
	Total   int64
	Dirs    map[uint32]*Folder // what was accepted in a directory, for hosts with more than one hypothesis
	Guessed bool               // nothing was accepted: learned from reproduced hashes alone
	Denied  map[Rule]bool      // ways of signing that are not the edge's, as its code says of most such links, where it accepted nothing

	Astray int64 // links whose address fits, and that were refused over a directory further up, it seems

	Shifts   [2][]Shift          // by family, in the order of time: of what links are bound to
	together map[[2]BoundAs]bool // bindings that some folder took both of
	tops     map[string]*Folder  // the highest folders; nil: there are too many

	Other token.Scope           // was found where the host showed only another one: see unshown; ScopeAuto: none
	Told  func(dir uint32) bool // whether a hash was reproduced for the observed address there, on any host; nil: nowhere

	settled // derived, once everything is added
}

// settled is what follows from the links that were added.
type settled struct {
	Refuted           // of what the user states
	Common  [2][]Rule // by family: at least FewLinks of its links
	binding token.Binding
	Own     [2]*token.Binding // by family: what most of its links are bound to
	Second  [2]*token.Binding // by family: what many others are bound to; nil: none are, or to nothing
	taken   [2]int64          // by family: accepted links
}

// Refuted is what the user states that is not so.
type Refuted struct {
	Scope   bool
	Binding [2]bool // by family
}

// Index is where a family stands in settled.
func Index(family int) int {
	if family == 6 {
		return 1
	}
	return 0
}

// Rules calls f for what is accepted from a family in a directory until f
// returns true: what the edge took there, else what is common on the host; of
// the other family where it took nothing of this one. It reports whether f did,
// and whether anything is known.
func (p *Policy) Rules(dir uint32, family int, f func(Rule) bool) (found, known bool) {
	own, other := p.Common[Index(family)], p.Common[1-Index(family)]
	here := p.Dirs[dir]
	if here == nil || len(here.rules) == 0 {
		if found, known := among(own, f); known {
			return found, true
		}
		return among(other, f)
	}
	for i := range here.rules {
		if r := &here.rules[i]; r.Family == family {
			known = true
			if f(r.Rule) {
				return true, true
			}
		}
	}
	if known {
		return slices.ContainsFunc(own, func(r Rule) bool { return p.open(here, r) && f(r) }), true
	}
	if found, known := among(own, f); known {
		return found, true
	}
	return slices.ContainsFunc(here.rules, func(r FolderRule) bool { return f(r.Rule) }), true
}

func among(rules []Rule, f func(Rule) bool) (found, known bool) {
	return slices.ContainsFunc(rules, f), len(rules) > 0
}

// Accepts reports whether the edge takes links signed this way, for this path
// and address. Where nothing is known, any plain scope goes. Two ways that hash
// the same text are one: file and directory where the path ends in a slash,
// address and network where the address ends in zeros.
func (p *Policy) Accepts(q *Asked, h Hypothesis) bool {
	found, known := p.Rules(q.Dir, addr.Family(q.Client), func(r Rule) bool { return r.Hypothesis == h || q.sameText(r.Hypothesis, h) })
	return found || !known && p.Plain(h.Scope) && p.allowed(Rule{h, addr.Family(q.Client)})
}

// Asked is what a link was used for.
type Asked struct {
	Client netip.Addr
	Dir    uint32
	File   bool   // a file was asked for, not the directory
	Path   []byte // decoded; nil: not known
}

func (q *Asked) sameText(a, b Hypothesis) bool {
	if a.Up != b.Up || (a.Binding.Kind == token.BindNone) != (b.Binding.Kind == token.BindNone) {
		return false
	}
	if a.Scope != b.Scope && !(q.Path != nil && q.File && bytes.Equal(token.ScopePath(q.Path, a.Scope, int(a.Up)), token.ScopePath(q.Path, b.Scope, int(b.Up)))) {
		return false
	}
	return bytes.Equal(token.AppendBound(nil, q.Client, a.Binding), token.AppendBound(nil, q.Client, b.Binding))
}

// TakesScope reports whether a directory's links are signed over this scope,
// whatever they are bound to.
func (p *Policy) TakesScope(dir uint32, family int, scope token.Scope, up uint8) bool {
	found, known := p.Rules(dir, family, func(r Rule) bool { return r.Scope == scope && r.Up == up })
	return found || !known && p.Plain(scope) || up == 0 && p.guesses(dir, scope)
}

// guesses reports whether a folder's links are taken to be signed over a scope that no link
// shows which the host served: where the folder shows none.
func (p *Policy) guesses(dir uint32, scope token.Scope) bool {
	return p.Other == scope && scope != token.ScopeAuto && (p.Told == nil || !p.Told(dir))
}

// Edge is the policy as package token takes it.
func (p *Policy) Edge() token.Policy {
	out := token.Policy{Bound: p.Bound()}
	switch file, dir := p.Uses(token.ScopeFile), p.Uses(token.ScopeDir); {
	case dir && !file:
		out.Scope = token.ScopeDir
	case file && !dir:
		out.Scope = token.ScopeFile
	}
	if b, ok := p.Mask(4); ok {
		out.Prefix4, out.Form = b.Prefix, b.Form
	}
	if b, ok := p.Mask(6); ok {
		out.Prefix6, out.Form = b.Prefix, b.Form
	}
	return out
}

// Contradicted reports whether the edge accepted what the user ruled out.
func (p *Policy) Contradicted() bool {
	for h := range p.Links {
		if !p.Guessed && !p.allowed(h) {
			return true
		}
	}
	return false
}

// Uses reports whether links signed over this scope were accepted anywhere.
func (p *Policy) Uses(scope token.Scope) bool {
	if len(p.Links) == 0 || p.Scope() != token.ScopeAuto {
		return p.Plain(scope)
	}
	for h := range p.Links {
		if h.Scope == scope {
			return true
		}
	}
	return false
}

// Climbs reports whether links signed over the directory so far above were accepted anywhere.
func (p *Policy) Climbs(up uint8) bool {
	for h := range p.Links {
		if h.Scope == token.ScopeAncestor && h.Up == up && p.allowed(h) {
			return true
		}
	}
	return false
}

// Trees counts the accepted links over a directory further up.
func (p *Policy) Trees() (n int64) {
	for h, links := range p.Links {
		if h.Scope == token.ScopeAncestor && p.allowed(h) {
			n += links
		}
	}
	return n
}

// Plain reports whether a scope is taken where nothing is known: the one that is stated, else file and directory.
func (p *Policy) Plain(scope token.Scope) bool {
	if forced := p.Scope(); forced != token.ScopeAuto {
		return scope == forced
	}
	return scope != token.ScopeAncestor
}

// Bound reports whether links are bound to an address or a part of it. Where
// nothing is known they are taken to be.
func (p *Policy) Bound() bool { return p.binding.Kind != token.BindNone }

// bindingOf is what links of a family's addresses are bound to.
func (p *Policy) bindingOf(family int) token.Binding {
	if b := p.Own[Index(family)]; b != nil {
		return *b
	}
	return p.binding
}

// Mask is the mask in force for a family, if one is.
func (p *Policy) Mask(family int) (token.Binding, bool) {
	if b := p.Own[Index(family)]; b != nil && b.Kind == token.BindMask {
		return *b, true
	}
	return token.Binding{}, false
}

// Masks reports whether any family is bound to a mask.
func (p *Policy) Masks() bool {
	_, four := p.Mask(4)
	_, six := p.Mask(6)
	return four || six
}

// Prefix is how much of an address is bound: 32 or 128 without a mask.
func (p *Policy) Prefix(family int) int {
	if b, ok := p.Mask(family); ok {
		return int(b.Prefix)
	}
	return addr.Length(family)
}

// Public is the policy as a report shows it.
func (p *Policy) Public(scheme string, expired []int) finding.Policy {
	out := finding.Policy{Scheme: scheme, Expired: expired}
	if p.Total == 0 && p.Stated == [2]*token.Binding{} {
		return out
	}
	takes := func(scope token.Scope) bool {
		has := func(r Rule) bool { return r.Scope == scope }
		return slices.ContainsFunc(p.Common[0], has) || slices.ContainsFunc(p.Common[1], has)
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
	if b, ok := p.Mask(4); ok {
		out.Prefix4, out.Form = int(b.Prefix), b.Form.String()
	}
	if b, ok := p.Mask(6); ok {
		out.Prefix6, out.Form = int(b.Prefix), b.Form.String()
	}
	return out
}

// Hashed is what of an address a binding hashes; zero where it is nothing.
func Hashed(b token.Binding, ip netip.Addr) netip.Addr {
	switch b.Kind {
	case token.BindNone:
		return netip.Addr{}
	case token.BindMask:
		return addr.Cut(ip, int(b.Prefix))
	}
	return ip
}

// Sought is what addresses that are tried are hashed as, by family: whole or as a network.
type Sought [2]token.Binding

// Sought lists what links are bound to: one way, or a second one where many are bound to that.
func (p *Policy) Sought() []Sought {
	var first, second Sought
	for i, family := range []int{4, 6} {
		first[i], _ = p.Mask(family)
		if second[i] = first[i]; p.Second[i] != nil {
			second[i] = *p.Second[i]
		}
	}
	if second == first {
		return []Sought{first}
	}
	return []Sought{first, second}
}
