package ingest

import (
	"net/netip"
	"slices"
	"strings"

	"ipdrift/token"
)

const memoSlots = 1 << 15

// prover reproduces hashes for the observed address. It remembers its last
// answers, because a player repeats itself, and tries first what held on the
// host before: a hash that is reproduced is a proof whichever hypothesis came
// first, and plain makes one of those that hash the same text.
type prover struct {
	*load
	memo  []memo
	sites map[string]*site
	kits  map[*token.Scheme]*kit
}

// site is what one worker knows of a host.
type site struct {
	*kit
	name   string
	keys   []token.Key
	spans  []token.Span   // of the keys; nil: none is limited
	stated token.Resource // of the links of this host
	held   [2]token.Match // what holds often: most links of a host are signed alike
	other  *memo          // of the link that is being proven: what held for it and an address; nil: nothing did
}

// kit is what one worker needs for the links of one scheme.
type kit struct {
	parser   *token.Parser
	trier    *token.Trier
	inQuery  bool
	sees     bool // the scheme hashes more of a request than target and address
	personal bool // of what differs from viewer to viewer of one link
	textual  bool // see token.Scheme.Textual
}

func newKit(s *token.Scheme) *kit {
	return &kit{
		parser: token.NewParser(s), trier: token.NewTrier(s), inQuery: s.InQuery(), sees: s.Needs != "", textual: s.Textual(),
		personal: strings.Contains(s.Needs, "user agent") || strings.Contains(s.Needs, "referer"),
	}
}

// memo is one remembered answer.
type memo struct {
	link, path uint64
	client     netip.Addr
	match      token.Match
	masks      bool // masks were tried
}

// contextHash names what an answer depends on beside the address.
type contextHash struct{ link, dir, file uint64 }

// newProver makes one that remembers its answers in memo. With nil nothing may be recalled
// or proven, but tried.
func newProver(l *load, memo []memo) *prover {
	return &prover{load: l, memo: memo, sites: map[string]*site{}, kits: map[*token.Scheme]*kit{}}
}

func (p *prover) site(host []byte) *site {
	s := p.sites[string(host)]
	if s == nil {
		if len(p.sites) > maxHosts {
			clear(p.sites)
		}
		s = p.newSite(host)
		p.sites[s.name] = s
	}
	return s
}

func (p *prover) newSite(host []byte) *site {
	r := p.Resources.For(host)
	if p.kits[r.Scheme] == nil {
		p.kits[r.Scheme] = newKit(r.Scheme)
	}
	return &site{kit: p.kits[r.Scheme], name: string(host), keys: p.Keys.For(host), spans: p.Keys.Spans(host), stated: r}
}

// stale reports whether what held is a key that was not in use in a span of time, in µs.
func (s *site) stale(m token.Match, from, until int64) bool {
	return m.OK && s.spans != nil && !s.spans[m.Key].Holds(floorSecond(from), floorSecond(until))
}

// maxHosts caps a worker's memory of hosts: a hostile log can invent them.
const maxHosts = 4096

// recall returns what was found before for the same link, path and address. A
// directory token gives the same answer for every file, so the directory is
// asked for before the file.
func (p *prover) recall(client netip.Addr, served bool, c contextHash) (token.Match, bool) {
	if wide := p.slot(c.link, c.dir, client); wide.holds(c.link, c.dir, client) && wide.match.OK {
		return wide.match, true
	}
	whole := mix(c.dir, c.file)
	narrow := p.slot(c.link, whole, client)
	return narrow.match, narrow.holds(c.link, whole, client) && (narrow.match.OK || narrow.masks || !served)
}

func (m *memo) holds(link, path uint64, client netip.Addr) bool {
	return m.link == link && m.path == path && m.client == client
}

// prove verifies a link for this request: over its directory, which is asked once for all files in it, or
// the file, with the address, without it, or under a mask. Masks over single files are left to served
// requests, which are fewer: what fails here is searched into later, once for each link. other is a proof
// of the same link, or none: it rules out what it can without a hash. keep says that the link may come
// again.
func (p *prover) prove(l *token.Link, s *site, client netip.Addr, served bool, c contextHash, other *memo, keep bool) token.Match {
	if len(s.keys) == 0 {
		return token.Match{}
	}
	if s.other = other; !s.textual || !other.match.OK || other.link != c.link || other.path != c.dir {
		s.other = nil
	}
	for _, h := range s.held {
		if h.OK && s.fits(h.Binding, client) && s.mayHold(&h, l, served) && s.try(l, &h, client) {
			if keep {
				p.remember(h, client, true, c)
			}
			return h
		}
	}
	var m token.Match
	if wide := p.slot(c.link, c.dir, client); wide.holds(c.link, c.dir, client) {
		m = wide.match // of a link that is taken for a new one, since its dictionary has forgotten it
	} else {
		m = s.overDir(l, client)
		*wide = memo{c.link, c.dir, client, m, true}
	}
	if !m.OK {
		m = s.over(l, token.Match{Scope: token.ScopeFile}, client, served)
	}
	if !m.OK && served && s.inQuery && !l.Below() {
		m = p.aboveDir(l, s, client, c)
	}
	if m.OK {
		s.held[b2i(s.held[0].OK)] = m
	}
	p.remember(m, client, served, c)
	return m
}

// mayHold reports whether what held before is tried for a request, so that no answer depends on what came before it.
func (s *site) mayHold(h *token.Match, l *token.Link, served bool) bool {
	return served || h.Scope == token.ScopeDir || h.Binding.Kind != token.BindMask && (h.Scope != token.ScopeAncestor || l.Below())
}

// aboveDir tries the directories above that of a request which the edge served: it may take a token for a whole tree,
// as nginx does where its configuration hashes a part of the path. What the edge refused is searched into later.
func (p *prover) aboveDir(l *token.Link, s *site, client netip.Addr, c contextHash) (m token.Match) {
	slot := p.slot(c.link, ^c.dir, client)
	if slot.holds(c.link, ^c.dir, client) {
		return slot.match
	}
	m = s.above(l, client)
	*slot = memo{c.link, ^c.dir, client, m, true}
	return m
}

// above tries the directories above that of a request, as many as there are.
func (s *site) above(l *token.Link, client netip.Addr) (m token.Match) {
	for up := uint8(1); !m.OK && up <= maxUp && token.ScopePath(l.Path, token.ScopeAncestor, int(up)) != nil; up++ {
		m = s.over(l, token.Match{Scope: token.ScopeAncestor, Up: up}, client, true)
	}
	return m
}

// overDir tries the directory, and those above it where a token covers what is below.
func (s *site) overDir(l *token.Link, client netip.Addr) token.Match {
	m := s.over(l, token.Match{Scope: token.ScopeDir}, client, true)
	for up := uint8(1); !m.OK && l.Below() && up <= maxUp; up++ {
		m = s.over(l, token.Match{Scope: token.ScopeAncestor, Up: up}, client, true)
	}
	return m
}

// maxUp is how many directories above a request's own are tried.
const maxUp = 8

func (p *prover) remember(m token.Match, client netip.Addr, masks bool, c contextHash) {
	path := mix(c.dir, c.file)
	if m.OK && m.Scope != token.ScopeFile {
		path = c.dir
	}
	*p.slot(c.link, path, client) = memo{c.link, path, client, m, masks}
}

func (p *prover) slot(link, path uint64, client netip.Addr) *memo {
	raw := client.As16()
	h := mix(link, path)
	for _, b := range raw[8:] {
		h = h*31 + uint64(b)
	}
	return &p.memo[(h^h>>29)&(memoSlots-1)]
}

// over tries what can be signed over one scope of the path.
func (s *site) over(l *token.Link, m token.Match, client netip.Addr, masks bool) token.Match {
	lists := [2][]token.Binding{plainBindings}
	if masks {
		lists[1] = Masks(client, &s.stated)
	}
	for key := range s.keys {
		for _, list := range lists {
			for _, b := range list {
				m.OK, m.Binding, m.Key = true, b, uint8(key)
				if s.try(l, &m, client) {
					return m
				}
			}
		}
	}
	return token.Match{}
}

// fits reports whether a binding is one for this address: a mask that is longer
// than the address would hash all of it.
func (s *site) fits(b token.Binding, client netip.Addr) bool {
	return b.Kind != token.BindMask || slices.Contains(Masks(client, &s.stated), b)
}

func (s *site) try(l *token.Link, m *token.Match, client netip.Addr) bool {
	return int(m.Key) < len(s.keys) && !s.excludes(m, client) && s.trier.Try(l, m.Scope, int(m.Up), s.keys[m.Key], client, m.Binding)
}

// excludes reports whether a link cannot be signed as m says, because it is signed over the same path with
// the same key, and another text for the address.
func (s *site) excludes(m *token.Match, client netip.Addr) bool {
	o := s.other
	if o == nil || m.Scope != o.match.Scope || m.Up != o.match.Up || m.Key != o.match.Key {
		return false
	}
	var a, b [64]byte
	return string(token.AppendBound(a[:0], client, m.Binding)) != string(token.AppendBound(b[:0], o.client, o.match.Binding))
}

// Masks lists the masks worth trying for an address of a host: what is stated of it, and
// the prefixes vendors speak of, in every text form.
func Masks(a netip.Addr, stated *token.Resource) []token.Binding {
	usual, own := token.UsualMasks(a.Is4()), stated.Bind4
	if !a.Is4() {
		own = stated.Bind6
	}
	if own == nil || own.Kind != token.BindMask || slices.Contains(usual, *own) {
		return usual
	}
	return append([]token.Binding{*own}, usual...)
}

var plainBindings = []token.Binding{{Kind: token.BindAddress}, {Kind: token.BindNone}}
