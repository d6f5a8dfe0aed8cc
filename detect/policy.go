package detect

import (
	"context"
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

// fewLinks is the share of a host's accepted links below which a hypothesis
// is an exception of its directory, not a rule of the host.
const fewLinks = 0.05

// policy is how an edge checks the links of one host, as learned from what it
// accepted: served requests, and expired links, which nginx tells from wrong
// ones only when their hash holds.
type policy struct {
	forced  token.Scope          // set by the user; ScopeAuto: learned
	links   map[hypothesis]int64 // accepted links
	total   int64
	dirs    map[uint32][]hypothesis // what was accepted in a directory, for hosts with more than one hypothesis
	guessed bool                    // nothing was accepted: learned from reproduced hashes alone

	settled // derived, once everything is added
}

// settled is what follows from the links that were added.
type settled struct {
	common  []hypothesis // at least fewLinks of the links
	binding token.Binding
	mask4   *token.Binding
	mask6   *token.Binding
}

func newPolicy(forced token.Scope) policy {
	return policy{forced: forced, links: map[hypothesis]int64{}, dirs: map[uint32][]hypothesis{}}
}

func (p *policy) add(h hypothesis, n int64) {
	p.total += n
	p.links[h] += n
}

// settle derives what the other methods answer from.
func (p *policy) settle() {
	p.settled = settled{}
	for h, n := range p.links {
		if float64(n) >= fewLinks*float64(p.total) && p.allowed(h) {
			p.common = append(p.common, h)
		}
	}
	for dir := range p.dirs {
		p.dirs[dir] = slices.DeleteFunc(p.dirs[dir], func(h hypothesis) bool { return !p.allowed(h) })
	}
	p.binding, _ = p.most(func(token.Binding) bool { return true })
	p.mask4, p.mask6 = p.masked(false), p.masked(true)
}

func (p *policy) allowed(h hypothesis) bool {
	return p.forced == token.ScopeAuto || h.scope == p.forced
}

func (p *policy) masked(six bool) *token.Binding {
	b, n := p.most(func(b token.Binding) bool { return b.Kind == token.BindMask && (b.Prefix > 32) == six })
	if n == 0 || p.binding.Kind != token.BindMask && n <= p.bindings()[token.Binding{}] {
		return nil
	}
	return &b
}

// rules lists what is accepted in a directory: what the edge took there, else
// what is common on the host.
func (p *policy) rules(dir uint32) []hypothesis {
	if rules, ok := p.dirs[dir]; ok {
		return rules
	}
	return p.common
}

// accepts tells whether the edge takes links signed this way in a directory.
// Where nothing is known, any plain scope goes.
func (p *policy) accepts(dir uint32, h hypothesis) bool {
	rules := p.rules(dir)
	if len(rules) == 0 {
		return p.plain(h.scope)
	}
	return slices.Contains(rules, h)
}

// takesScope tells whether a directory's links are signed over this scope,
// whatever they are bound to.
func (p *policy) takesScope(dir uint32, scope token.Scope, up uint8) bool {
	rules := p.rules(dir)
	if len(rules) == 0 {
		return p.plain(scope)
	}
	return slices.ContainsFunc(rules, func(h hypothesis) bool { return h.scope == scope && h.up == up })
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
	if len(p.links) == 0 || p.forced != token.ScopeAuto {
		return p.plain(scope)
	}
	for h := range p.links {
		if h.scope == scope {
			return true
		}
	}
	return false
}

func (p *policy) plain(scope token.Scope) bool {
	if p.forced != token.ScopeAuto {
		return scope == p.forced
	}
	return scope != token.ScopeAncestor
}

// bindings counts accepted links by what they are bound to.
func (p *policy) bindings() map[token.Binding]int64 {
	out := map[token.Binding]int64{}
	for h, n := range p.links {
		out[h.binding] += n
	}
	return out
}

// most returns the commonest binding that ok allows, and its links.
func (p *policy) most(ok func(token.Binding) bool) (best token.Binding, links int64) {
	for b, n := range p.bindings() {
		if ok(b) && (n > links || n == links && bindingLess(b, best)) {
			best, links = b, n
		}
	}
	return best, links
}

func bindingLess(x, y token.Binding) bool {
	return slices.Compare([]uint8{uint8(x.Kind), x.Prefix, uint8(x.Form)}, []uint8{uint8(y.Kind), y.Prefix, uint8(y.Form)}) < 0
}

// bound tells whether links are bound to an address or a part of it. Where
// nothing is known they are taken to be.
func (p *policy) bound() bool { return p.binding.Kind != token.BindNone }

// mask is the mask in force for a family, if one is.
func (p *policy) mask(family int) (token.Binding, bool) {
	m := p.mask4
	if family == 6 {
		m = p.mask6
	}
	if m == nil {
		return token.Binding{}, false
	}
	return *m, true
}

// prefix is how much of an address is bound: 32 or 128 without a mask.
func (p *policy) prefix(family int) int {
	if b, ok := p.mask(family); ok {
		return int(b.Prefix)
	}
	return wholeLength(family)
}

func wholeLength(family int) int {
	if family == 6 {
		return 128
	}
	return 32
}

// learn reads what the edges accepted.
func (a *analysis) learn(ctx context.Context) error {
	for _, h := range a.hosts {
		h.policy = newPolicy(a.Scope)
	}
	const accepted = `FROM kind k JOIN outcome o ON o.id = k.outcome
		WHERE o.matched AND NOT o.shield AND (served(o.status, o.method) OR o.status = 410 AND o.late >= 2)`
	err := each(ctx, a.conn, `SELECT o.host, o.scope, o.up, o.bind, o.prefix, o.form, count(DISTINCT k.link), 0::UINTEGER `+accepted+` GROUP BY ALL`,
		func(scan scanner) error {
			host, h, links, _, err := scanHypothesis(scan)
			a.host(host).policy.add(a.unmask(h), links)
			return err
		})
	if err != nil {
		return err
	}
	err = each(ctx, a.conn, `SELECT o.host, o.scope, o.up, o.bind, o.prefix, o.form, 0::BIGINT, k.dir `+accepted+`
		AND o.host IN (SELECT host FROM outcome WHERE matched GROUP BY host HAVING count(DISTINCT (scope, up, bind, prefix, form)) > 1) GROUP BY ALL`,
		func(scan scanner) error {
			host, h, _, dir, err := scanHypothesis(scan)
			p := &a.host(host).policy
			p.dirs[dir] = append(p.dirs[dir], a.unmask(h))
			return err
		})
	for _, h := range a.hosts {
		h.policy.settle()
	}
	return err
}

// unmask reads what a log with masked addresses can show of a binding: there a
// whole address is the text of its /24.
func (a *analysis) unmask(h hypothesis) hypothesis {
	if a.masked && h.binding.Kind == token.BindAddress {
		h.binding = token.Binding{Kind: token.BindMask, Prefix: 24}
	}
	return h
}

// guess fills the policy of hosts that accepted nothing from the hashes that
// were reproduced on refused requests.
func (a *analysis) guess(ctx context.Context) error {
	for _, h := range a.hosts {
		h.policy.guessed = h.policy.total == 0
	}
	err := each(ctx, a.conn, `SELECT o.host, o.scope, o.up, o.bind, o.prefix, o.form, count(DISTINCT k.link), 0::UINTEGER
		FROM kind k JOIN outcome o ON o.id = k.outcome WHERE o.matched AND NOT o.shield GROUP BY ALL`, func(scan scanner) error {
		host, h, links, _, err := scanHypothesis(scan)
		if p := &a.host(host).policy; p.guessed {
			p.add(a.unmask(h), links)
		}
		return err
	})
	for _, p := range a.proofs {
		if p.host.policy.guessed && p.mistake.Name == "" {
			p.host.policy.add(p.how, 1)
		}
	}
	for _, h := range a.hosts {
		h.policy.settle()
	}
	return err
}

func scanHypothesis(scan scanner) (host string, h hypothesis, links int64, dir uint32, err error) {
	var scope, bind, form uint8
	err = scan(&host, &scope, &h.up, &bind, &h.binding.Prefix, &form, &links, &dir)
	h.scope, h.binding.Kind, h.binding.Form = token.Scope(scope), token.BindKind(bind), token.Form(form)
	return host, h, links, dir, err
}

// public is the policy as a report shows it.
func (p *policy) public(expired []int) finding.Policy {
	out := finding.Policy{Expired: expired}
	if p.total == 0 {
		return out
	}
	file, dir := p.takesScope(0, token.ScopeFile, 0), p.takesScope(0, token.ScopeDir, 0)
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
