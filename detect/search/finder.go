package search

import (
	"bytes"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/ingest/redact"
	"ipdrift/token"
)

// Finder searches for one suspect at a time. Per goroutine.
type Finder struct {
	*Search
	*kit    // of the host whose turn it is
	kits    map[*token.Scheme]*kit
	tried   uint64
	decoder Decoder

	list  []goal // what the last calls gave out
	paths []byte
	ways  []token.Binding
	texts []netip.Addr
}

// kit is what a finder needs for the links of one scheme.
type kit struct {
	parser   *token.Parser
	stored   *token.Parser // of paths as the case holds them
	trier    *token.Trier
	examiner *token.Examiner

	link   token.Link // that was read last: of this attempt, on this host
	readAt *ingest.Attempt
	readOf *Host
}

// NewFinder makes one, of which each goroutine needs its own.
func NewFinder(r *Search) *Finder {
	return &Finder{Search: r, kits: map[*token.Scheme]*kit{}}
}

func (f *Finder) turnTo(h *Host) {
	s := h.Stated.Scheme
	if f.kits[s] == nil {
		f.kits[s] = &kit{parser: token.NewParser(s), stored: token.NewParser(s), trier: token.NewTrier(s), examiner: token.NewExaminer(s)}
	}
	f.kit = f.kits[s]
}

// goal is one message whose address is looked for.
type goal struct {
	*ingest.Attempt
	path  []byte // decoded, as hashed
	how   policy.Hypothesis
	key   token.Key
	stale bool // the key was not in use at the time
}

// goals lists the paths that a link's attempts could have been signed over,
// each once: for addresses far away only the plain scopes that the host uses.
// They are good until others are asked for.
func (f *Finder) goals(s *Suspect, ancestors bool) []goal {
	f.list, f.paths = f.list[:0], f.paths[:0]
	attempts := f.Unproven.Attempts(s.Link)
	s.Skipped = len(attempts) == 0
	for i := range attempts {
		at := &attempts[i]
		l := f.read(s.Host, at)
		if !l.PathOK {
			continue
		}
		now, old := token.InUse(s.Host.Keys, s.Host.Spans, at.Start/1e6)
		for _, how := range Scopes(ancestors || l.Below() || s.Host.Policy.Uses(token.ScopeAncestor)) {
			path := token.ScopePath(l.Path, how.Scope, int(how.Up))
			if path == nil || !ancestors && !l.Below() && !s.takes(how.Scope, how.Up) ||
				slices.ContainsFunc(f.list, func(g goal) bool { return bytes.Equal(g.path, path) }) {
				continue
			}
			start := len(f.paths)
			f.paths = append(f.paths, path...)
			g := goal{Attempt: at, path: f.paths[start:], how: how}
			for _, g.key = range now {
				f.list = append(f.list, g)
			}
			g.stale = true
			for _, g.key = range old {
				f.list = append(f.list, g)
			}
		}
	}
	return f.list
}

// takes reports whether a scope is tried far away: those that the host uses, or at its turn the one
// that nothing it served shows.
func (s *Suspect) takes(scope token.Scope, up uint8) bool {
	p := &s.Host.Policy
	if scope == token.ScopeAncestor {
		return p.Climbs(up)
	}
	if s.unshown {
		return !p.Uses(scope)
	}
	return p.Uses(scope) || p.Other == scope && scope != token.ScopeAuto
}

// read parses the target of an attempt. The link is good until another is read.
func (f *Finder) read(h *Host, at *ingest.Attempt) *token.Link {
	if f.readAt != at || f.readOf != h {
		f.parser.See(ingest.Seen([]byte(h.Asked), at.UserAgent, at.Referer))
		f.parser.Parse(at.Target, &f.link)
		f.readAt, f.readOf = at, h
	}
	return &f.link
}

// allScopes are the plain ones, then the directories above.
var allScopes = func() []policy.Hypothesis {
	out := []policy.Hypothesis{{Scope: token.ScopeDir}, {Scope: token.ScopeFile}}
	for up := uint8(1); up <= maxUp; up++ {
		out = append(out, policy.Hypothesis{Scope: token.ScopeAncestor, Up: up})
	}
	return out
}()

// Scopes are the ways in which a path is hashed: file and directory, and the directories above.
// The slice is shared.
func Scopes(ancestors bool) []policy.Hypothesis {
	if ancestors {
		return allScopes
	}
	return allScopes[:2]
}

// aim returns the range that the link itself names, if it names one.
func (f *Finder) aim(h *Host, g *goal) netip.Prefix {
	l := f.read(h, g.Attempt)
	f.trier.Aim(l, g.path, g.key)
	return l.Bound
}

// boundTo is the binding of a link that names a range.
func boundTo(p netip.Prefix) token.Binding {
	if p.IsSingleIP() {
		return token.Binding{}
	}
	return token.Binding{Kind: token.BindMask, Prefix: uint8(p.Bits())}
}

// hit tries one address and keeps the proof.
func (f *Finder) hit(s *Suspect, g *goal, ip netip.Addr, b token.Binding) bool {
	f.tried++
	if !f.trier.Hit(ip, b) {
		return false
	}
	g.how.Binding = b
	kept := f.decoder.Path(f.stored, redact.StoredPath(g.Target, f.read(s.Host, g.Attempt), f.Pseudonyms), "")
	s.Found = &Proof{Host: s.Host, Family: addr.Family(ip), How: g.how, Path: string(token.ScopePath(kept, g.how.Scope, int(g.how.Up))), Addr: policy.Hashed(b, ip)}
	switch {
	case g.stale:
		s.Found.Mistake = token.MistakeNamed(OldKeyName)
	case b.Kind == token.BindAddress && !s.Host.Policy.Masks():
		s.Found.network = s.Host.ownNetwork(s.Clients, ip)
	}
	return true
}

// Verifies reports whether a link holds under the keys of a host, for an address or for none.
func (f *Finder) Verifies(h *Host, link uint32, ip netip.Addr) bool {
	f.turnTo(h)
	s := &Suspect{Link: link, Host: h}
	for _, g := range f.goals(s, false) {
		f.aim(h, &g)
		if f.hit(s, &g, ip, token.Binding{}) || f.hit(s, &g, ip, token.Binding{Kind: token.BindNone}) {
			return true
		}
	}
	return false
}

// OldKeyName is the mistake of a signer that uses a key which was not in use then.
const OldKeyName = "old_key"
