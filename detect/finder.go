package detect

import (
	"bytes"
	"net/netip"
	"slices"

	"ipdrift/ingest"
	"ipdrift/token"
)

// finder searches for one suspect at a time. Per goroutine.
type finder struct {
	*analysis
	*kit    // of the host whose turn it is
	pool    *pool
	kits    map[*token.Scheme]*kit
	tried   uint64
	decoder decoder

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
	readOf *host
}

func newFinder(a *analysis, pool *pool) *finder {
	return &finder{analysis: a, pool: pool, kits: map[*token.Scheme]*kit{}}
}

func (f *finder) turnTo(h *host) {
	s := h.stated.Scheme
	if f.kits[s] == nil {
		f.kits[s] = &kit{parser: token.NewParser(s), stored: token.NewParser(s), trier: token.NewTrier(s), examiner: token.NewExaminer(s)}
	}
	f.kit = f.kits[s]
}

// longTarget is more than any server takes by default (Apache 8 KiB, nginx 8 or 32): a
// longer one is not examined, which takes up to 4,000 hashes of it.
const longTarget = 32 << 10

// examine asks what the signer did wrong.
func (f *finder) examine(s *suspect) {
	attempts := f.loaded.Unproven.Attempts(s.link)
	if len(attempts) == 0 || len(attempts[0].Target) > longTarget {
		return
	}
	s.examined = true
	found, ok := f.examiner.Examine(f.suspicion(s.host, &attempts[0], s.clients))
	if ok {
		s.found = &proof{host: s.host, addr: found.Client, mistake: found.Mistake}
	}
}

// suspicion is what is known of a failing request.
func (f *finder) suspicion(h *host, at *ingest.Attempt, clients []netip.Addr) *token.Suspect {
	others := map[string][]token.Key{}
	for name, o := range f.hosts {
		if o != h && len(o.keys) > 0 && !slices.EqualFunc(o.keys, h.keys, token.Key.Equal) {
			others[name] = o.keys
		}
	}
	now, old := token.InUse(h.keys, h.spans, at.Start/1e6)
	return &token.Suspect{
		Target: at.Target, Host: h.asked, Clients: clients[:min(len(clients), 4)], Time: at.Start / 1e6, Policy: h.policy.edge(),
		Keys: now, OldKeys: old, OtherKeys: others, Seen: ingest.Seen([]byte(h.asked), at.UserAgent, at.Referer),
	}
}

// goal is one message whose address is looked for.
type goal struct {
	*ingest.Attempt
	path  []byte // decoded, as hashed
	how   hypothesis
	key   token.Key
	stale bool // the key was not in use at the time
}

// goals lists the paths that a link's attempts could have been signed over,
// each once: for addresses far away only the plain scopes that the host uses.
// They are good until others are asked for.
func (f *finder) goals(s *suspect, ancestors bool) []goal {
	f.list, f.paths = f.list[:0], f.paths[:0]
	attempts := f.loaded.Unproven.Attempts(s.link)
	s.skipped = len(attempts) == 0
	for i := range attempts {
		at := &attempts[i]
		l := f.read(s.host, at)
		if !l.PathOK {
			continue
		}
		now, old := token.InUse(s.host.keys, s.host.spans, at.Start/1e6)
		for _, how := range scopes(ancestors || l.Below()) {
			path := token.ScopePath(l.Path, how.scope, int(how.up))
			if path == nil || !ancestors && !l.Below() && !s.host.policy.uses(how.scope) ||
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

// read parses the target of an attempt. The link is good until another is read.
func (f *finder) read(h *host, at *ingest.Attempt) *token.Link {
	if f.readAt != at || f.readOf != h {
		f.parser.See(ingest.Seen([]byte(h.asked), at.UserAgent, at.Referer))
		f.parser.Parse(at.Target, &f.link)
		f.readAt, f.readOf = at, h
	}
	return &f.link
}

// allScopes are the plain ones, then the directories above.
var allScopes = func() []hypothesis {
	out := []hypothesis{{scope: token.ScopeDir}, {scope: token.ScopeFile}}
	for up := uint8(1); up <= maxUp; up++ {
		out = append(out, hypothesis{scope: token.ScopeAncestor, up: up})
	}
	return out
}()

func scopes(ancestors bool) []hypothesis {
	if ancestors {
		return allScopes
	}
	return allScopes[:2]
}

// aim returns the range that the link itself names, if it names one.
func (f *finder) aim(h *host, g *goal) netip.Prefix {
	l := f.read(h, g.Attempt)
	f.trier.Aim(l, g.path, g.key)
	return l.Bound
}

// naming is the range that a link names itself, on a host without a key.
func (a *analysis) naming(parser *token.Parser, k *kind) netip.Prefix {
	if !k.host.stated.Scheme.Visible || len(k.host.keys) > 0 {
		return netip.Prefix{}
	}
	var l token.Link
	for _, at := range a.loaded.Unproven.Attempts(k.link) {
		parser.Parse(at.Target, &l)
		return l.Bound
	}
	return netip.Prefix{}
}

// boundTo is the binding of a link that names a range.
func boundTo(p netip.Prefix) token.Binding {
	if p.IsSingleIP() {
		return token.Binding{}
	}
	return token.Binding{Kind: token.BindMask, Prefix: uint8(p.Bits())}
}

// hit tries one address and keeps the proof.
func (f *finder) hit(s *suspect, g *goal, ip netip.Addr, b token.Binding) bool {
	f.tried++
	if !f.trier.Hit(ip, b) {
		return false
	}
	g.how.binding = b
	kept := f.decoder.path(f.stored, ingest.StoredPath(g.Target, f.read(s.host, g.Attempt), f.Pseudonyms), "")
	s.found = &proof{host: s.host, family: familyOf(ip), how: g.how, path: string(token.ScopePath(kept, g.how.scope, int(g.how.up)))}
	switch b.Kind {
	case token.BindAddress:
		s.found.addr = ip
	case token.BindMask:
		s.found.addr = cutTo(ip, int(b.Prefix))
	}
	switch {
	case g.stale:
		s.found.mistake = mistakeNamed(oldKeyName)
	case b.Kind == token.BindAddress && !s.host.policy.masks():
		s.found.network = ownNetwork(s.clients, ip)
	}
	return true
}

const oldKeyName = "old_key"

func cutTo(ip netip.Addr, length int) netip.Addr {
	p, err := ip.Unmap().Prefix(length)
	if err != nil {
		return ip
	}
	return p.Masked().Addr()
}

// near takes the cheap steps: the address that the link names, the /24s around
// the observed addresses and what the log knows of their /16s, unless nothing
// may be searched; then every path with the observed addresses, under every
// binding.
func (f *finder) near(s *suspect) {
	if f.named(s) || f.worth(s) && f.around(s) {
		return
	}
	for _, g := range f.goals(s, true) {
		f.aim(s.host, &g)
		for _, ip := range s.clients {
			for _, b := range f.bindings(s.host, ip, g.how.scope == token.ScopeAncestor) {
				if f.hit(s, &g, ip, b) {
					return
				}
			}
			for _, text := range f.alike(ip) {
				if f.hit(s, &g, text, token.Binding{}) {
					return
				}
			}
		}
	}
}

// named tries the addresses that links name themselves.
func (f *finder) named(s *suspect) bool {
	if !s.host.stated.Scheme.Visible {
		return false
	}
	for _, g := range f.goals(s, true) {
		p := f.aim(s.host, &g)
		if p.IsValid() && f.hit(s, &g, p.Addr(), boundTo(p)) {
			s.found.private = isPrivate(p.Addr())
			return true
		}
	}
	return false
}

func isPrivate(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast()
}

// around tries the /24s of the observed addresses, and the log's addresses in
// their /16s.
func (f *finder) around(s *suspect) bool {
	for _, g := range f.goals(s, false) {
		f.aim(s.host, &g)
		if f.sweep(s, &g, 24) || f.nearby(s, &g) {
			return true
		}
	}
	return false
}

// alike lists addresses that a signer may write for an observed one: that
// inside an address of NAT64, and the networks it lies in.
func (f *finder) alike(ip netip.Addr) []netip.Addr {
	f.texts = f.texts[:0]
	if inner, ok := translated(ip); ok {
		f.texts = append(f.texts, inner)
	}
	for _, b := range ingest.Masks(ip) {
		if b.Form == token.FormNetwork {
			f.texts = append(f.texts, cutTo(ip, int(b.Prefix)))
		}
	}
	return f.texts
}

// ownNetwork tells whether an address is no more than the network of an observed
// one, and under which mask; the zero Binding if it is not.
func ownNetwork(clients []netip.Addr, found netip.Addr) token.Binding {
	for _, ip := range clients {
		for _, b := range ingest.Masks(ip) {
			if b.Form == token.FormNetwork && ip != found && cutTo(ip, int(b.Prefix)) == found {
				return b
			}
		}
	}
	return token.Binding{}
}

// translated is the IPv4 address inside one of NAT64 (RFC 6052, 2.1).
func translated(ip netip.Addr) (netip.Addr, bool) {
	if !netip.PrefixFrom(netip.AddrFrom16([16]byte{1: 0x64, 2: 0xff, 3: 0x9b}), 96).Contains(ip) {
		return netip.Addr{}, false
	}
	raw := ip.As16()
	return netip.AddrFrom4([4]byte(raw[12:])), true
}

// bindings lists what an observed address could have been hashed as. The bare
// network text is left to hosts that hash it themselves: elsewhere it is the
// text of another address.
func (f *finder) bindings(h *host, ip netip.Addr, ownOnly bool) []token.Binding {
	f.ways = append(f.ways[:0], token.Binding{}, token.Binding{Kind: token.BindNone})
	own, masked := h.policy.mask(familyOf(ip))
	if ownOnly && !masked {
		return f.ways
	}
	for _, b := range ingest.Masks(ip) {
		if b.Form != token.FormNetwork || b == own {
			f.ways = append(f.ways, b)
		}
	}
	return f.ways
}

// worth tells whether finding an address would mean anything: in a log with
// masked addresses the whole address of every link is another one than the log
// shows.
func (f *finder) worth(s *suspect) bool {
	return f.searches(s.host) && (!f.masked || s.host.policy.masks())
}

// deep tries every address of the log, and the whole /16s around the request.
func (f *finder) deep(s *suspect) {
	if !f.worth(s) {
		return
	}
	for _, g := range f.goals(s, false) {
		f.aim(s.host, &g)
		if f.among(s, &g, 0, f.pool.size()) || f.sweep(s, &g, 16) {
			return
		}
	}
}

// among tries some addresses of the log, or their networks where the host binds to a mask.
func (f *finder) among(s *suspect, g *goal, from, to int) bool {
	ips := f.pool.Addrs()
	if !s.host.policy.masks() {
		i, tried, ok := f.trier.Among(f.pool.List, from, to)
		f.tried += tried
		return ok && f.hit(s, g, ips[i], token.Binding{})
	}
	for _, ip := range ips[from:to] {
		b, _ := s.host.policy.mask(familyOf(ip))
		if f.hit(s, g, ip, b) {
			return true
		}
	}
	return false
}

// nearest is how many of the log's addresses are tried around an observed one.
const nearest = 4096

// nearby tries the log's addresses in the suspect's /16s, those next to its own.
func (f *finder) nearby(s *suspect, g *goal) bool {
	for _, ip := range s.clients {
		if !ip.Is4() {
			continue
		}
		if from, to := f.pool.near(ip, nearest/2); f.among(s, g, from, to) {
			return true
		}
	}
	return false
}

// sweep tries every address around the suspect's own.
func (f *finder) sweep(s *suspect, g *goal, length int) bool {
	for _, p := range networks(s.clients, length) {
		if f.whole(s, g, p) {
			return true
		}
	}
	return false
}

// whole tries every address of an IPv4 prefix, or every network in it where
// the host binds to a mask.
func (f *finder) whole(s *suspect, g *goal, p netip.Prefix) bool {
	if m, ok := s.host.policy.mask(4); ok {
		return f.networks(s, g, p, m)
	}
	ip, tried, ok := f.trier.Sweep(p)
	f.tried += tried
	return ok && f.hit(s, g, ip, token.Binding{})
}

func (f *finder) networks(s *suspect, g *goal, p netip.Prefix, m token.Binding) bool {
	for ip := p.Addr(); p.Contains(ip); {
		if f.hit(s, g, ip, m) {
			return true
		}
		raw := ip.As4()
		n := uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
		next := n + 1<<(32-m.Prefix)
		if next < n {
			return false
		}
		ip = netip.AddrFrom4([4]byte{byte(next >> 24), byte(next >> 16), byte(next >> 8), byte(next)})
	}
	return false
}

// networks lists the distinct IPv4 prefixes of some addresses.
func networks(ips []netip.Addr, length int) []netip.Prefix {
	var out []netip.Prefix
	for _, ip := range ips {
		if p, err := ip.Prefix(length); err == nil && ip.Is4() && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func familyOf(ip netip.Addr) int {
	if ip.Unmap().Is4() {
		return 4
	}
	return 6
}
