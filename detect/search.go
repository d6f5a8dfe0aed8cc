package detect

import (
	"bytes"
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"ipdrift/ingest"
	"ipdrift/token"
)

const (
	poolSize   = 200_000 // addresses of the log that are tried
	deepSample = 60      // links of a host that are searched deeply; none found bounds the rest below 5 % (rule of three)
	examSample = 30      // links of a host whose signer is examined before the rest has to have a reason
	maxUp      = 8       // directories above that are tried
)

// proof is what a link was signed with: a hash that was reproduced.
type proof struct {
	host   *host
	family int // of the address that gave the hash
	how    hypothesis
	path   string     // decoded path that was hashed, as the case holds it
	addr   netip.Addr // signing address, cut to the mask; zero where none was hashed

	mistake token.Mistake // what the signer did wrong; zero where nothing but address, path or binding differs
}

// suspect is a link that verifies for no request of the log.
type suspect struct {
	link     uint32
	host     *host
	clients  []netip.Addr // distinct, in order
	found    *proof
	examined bool // for mistakes of its signer
	deep     bool // has been searched deeply
	skipped  bool
}

// search finds out what the links were signed with that verify for no
// observed request. Cheap steps are taken for every link; deep ones for a
// sample of each host, in an order the traffic cannot choose, and for the
// rest only where the sample gave something.
func (a *analysis) search(ctx context.Context) error {
	suspects, err := a.suspects(ctx)
	if err != nil || len(suspects) == 0 {
		return cmp.Or(err, a.guess(ctx))
	}
	pool, err := a.pool(ctx)
	if err != nil {
		return err
	}
	var tried atomic.Uint64
	a.round(ctx, suspects, pool, &tried, func(f *finder, s *suspect) { f.near(s) })
	if a.Recover != RecoverNone {
		a.deepen(ctx, suspects, pool, &tried)
	}
	if a.searches() && a.Recover.sample() > 0 {
		a.drawn(ctx, suspects, &tried)
	}
	a.tell(suspects, tried.Load())
	return cmp.Or(ctx.Err(), a.guess(ctx))
}

func (a *analysis) suspects(ctx context.Context) ([]*suspect, error) {
	var out []*suspect
	err := each(ctx, a.conn, `WITH lost AS (
			SELECT k.link FROM work.kind k JOIN outcome o ON o.id = k.outcome
			WHERE k.link > 0 AND NOT o.shield GROUP BY k.link HAVING NOT bool_or(o.matched))
		SELECT DISTINCT l.host, l.hash, k.link, c.address
		FROM work.kind k JOIN lost USING (link) JOIN link l ON l.id = k.link JOIN client c ON c.id = k.client
		ORDER BY l.host, l.hash, k.link, c.address`, func(scan scanner) error {
		var name, address string
		var hash uint64
		var link uint32
		if err := scan(&name, &hash, &link, &address); err != nil {
			return err
		}
		h := a.host(name)
		if len(h.keys) == 0 {
			return nil
		}
		if len(out) == 0 || out[len(out)-1].link != link {
			out = append(out, &suspect{link: link, host: h})
		}
		s := out[len(out)-1]
		if ip, err := netip.ParseAddr(address); err == nil && len(s.clients) < 16 {
			s.clients = append(s.clients, ip)
		}
		return nil
	})
	return out, err
}

// pool is the addresses of the log, in order.
func (a *analysis) pool(ctx context.Context) ([]netip.Addr, error) {
	var out []netip.Addr
	err := each(ctx, a.conn, `SELECT address FROM client GROUP BY address ORDER BY min(family), min(hi), min(lo) LIMIT ?`, func(scan scanner) error {
		var text string
		err := scan(&text)
		if ip, bad := netip.ParseAddr(text); bad == nil {
			out = append(out, ip)
		}
		return err
	}, poolSize)
	slices.SortFunc(out, netip.Addr.Compare)
	return out, err
}

// round runs one step over the suspects that are not explained yet.
func (a *analysis) round(ctx context.Context, suspects []*suspect, pool []netip.Addr, tried *atomic.Uint64, step func(*finder, *suspect)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range a.Threads {
		wait.Add(1)
		go func() {
			defer wait.Done()
			f := newFinder(a, pool)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(suspects) {
					break
				}
				if suspects[i].found == nil {
					step(f, suspects[i])
				}
			}
			tried.Add(f.tried)
		}()
	}
	wait.Wait()
}

// deepen takes the deep steps.
func (a *analysis) deepen(ctx context.Context, suspects []*suspect, pool []netip.Addr, tried *atomic.Uint64) {
	a.sampled(ctx, suspects, pool, tried, examSample, func(f *finder, s *suspect) { f.examine(s) })
	if !a.searches() {
		return
	}
	a.sampled(ctx, suspects, pool, tried, deepSample, func(f *finder, s *suspect) {
		s.deep = true
		if f.deep(s); a.Recover == RecoverFull && s.found == nil {
			f.everywhere(ctx, s)
		}
	})
}

// sampled takes a step for a sample of each host, and for the rest of a host
// only where the sample gave something.
func (a *analysis) sampled(ctx context.Context, suspects []*suspect, pool []netip.Addr, tried *atomic.Uint64, size int, step func(*finder, *suspect)) {
	first, rest := map[*host][]*suspect{}, map[*host][]*suspect{}
	for _, s := range suspects {
		switch {
		case s.found != nil || s.skipped:
		case len(first[s.host]) < size || a.Recover == RecoverFull:
			first[s.host] = append(first[s.host], s)
		default:
			rest[s.host] = append(rest[s.host], s)
		}
	}
	var now, later []*suspect
	for _, name := range a.names {
		now = append(now, first[a.hosts[name]]...)
	}
	a.round(ctx, now, pool, tried, step)
	for _, name := range a.names {
		h := a.hosts[name]
		if slices.ContainsFunc(first[h], func(s *suspect) bool { return s.found != nil }) {
			later = append(later, rest[h]...)
		}
	}
	a.round(ctx, later, pool, tried, step)
}

// tell keeps the proofs and accounts for the search.
func (a *analysis) tell(suspects []*suspect, tried uint64) {
	m := &a.out.Method.Search
	m.Candidates = int64(tried)
	for _, s := range suspects {
		m.Links++
		if s.examined {
			s.host.examined++
		}
		switch {
		case s.found != nil:
			m.Found++
			a.proofs[s.link] = s.found
		case s.skipped || !s.deep && a.searches():
			m.Skipped++
			m.Unresolved++
		default:
			m.Unresolved++
		}
	}
	for _, d := range a.draws {
		m.Sampled += d.links
		m.SampleFound += d.found
	}
}

// finder searches for one suspect at a time. Per goroutine.
type finder struct {
	*analysis
	pool     []netip.Addr
	parser   *token.Parser
	stored   *token.Parser // of paths as the case holds them
	trier    *token.Trier
	examiner *token.Examiner
	tried    uint64
}

func newFinder(a *analysis, pool []netip.Addr) *finder {
	return &finder{
		analysis: a, pool: pool,
		parser: token.NewParser(a.Scheme), stored: token.NewParser(a.Scheme), trier: token.NewTrier(a.Scheme), examiner: token.NewExaminer(a.Scheme),
	}
}

// examine asks what the signer did wrong.
func (f *finder) examine(s *suspect) {
	attempts := f.loaded.Unproven.Attempts(s.link)
	if len(attempts) == 0 {
		return
	}
	s.examined = true
	found, ok := f.examiner.Examine(f.suspicion(s.host, attempts[0].Target, s.clients))
	if ok {
		s.found = &proof{host: s.host, addr: found.Client, mistake: found.Mistake}
	}
}

// suspicion is what is known of a failing request.
func (f *finder) suspicion(h *host, target []byte, clients []netip.Addr) *token.Suspect {
	others := map[string][]token.Key{}
	for name, o := range f.hosts {
		if o != h && len(o.keys) > 0 && !slices.EqualFunc(o.keys, h.keys, token.Key.Equal) {
			others[name] = o.keys
		}
	}
	return &token.Suspect{
		Target: target, Host: h.name, Clients: clients[:min(len(clients), 4)], Policy: h.policy.edge(), Keys: h.keys, OtherKeys: others,
	}
}

// goal is one message whose address is looked for.
type goal struct {
	target []byte // of the attempt
	path   []byte // decoded, as hashed
	stored []byte // the same as the case holds it
	how    hypothesis
	key    token.Key
}

// goals lists the paths that a link's attempts could have been signed over,
// each once: for addresses far away only the plain scopes that the host uses.
func (f *finder) goals(s *suspect, ancestors bool) []goal {
	var out []goal
	f.parser.See(ingest.Seen([]byte(s.host.name), nil, nil))
	for _, at := range f.loaded.Unproven.Attempts(s.link) {
		var l token.Link
		f.parser.Parse(at.Target, &l)
		if !l.PathOK {
			continue
		}
		kept := decode(f.stored, ingest.StoredPath(at.Target, &l), "")
		for _, how := range scopes(ancestors) {
			path := token.ScopePath(l.Path, how.scope, int(how.up))
			if path == nil || !ancestors && !s.host.policy.uses(how.scope) ||
				slices.ContainsFunc(out, func(g goal) bool { return bytes.Equal(g.path, path) }) {
				continue
			}
			for _, k := range s.host.keys {
				out = append(out, goal{at.Target, bytes.Clone(path), token.ScopePath(kept, how.scope, int(how.up)), how, k})
			}
		}
	}
	s.skipped = len(f.loaded.Unproven.Attempts(s.link)) == 0
	return out
}

func scopes(ancestors bool) []hypothesis {
	out := []hypothesis{{scope: token.ScopeDir}, {scope: token.ScopeFile}}
	for up := uint8(1); ancestors && up <= maxUp; up++ {
		out = append(out, hypothesis{scope: token.ScopeAncestor, up: up})
	}
	return out
}

// aim returns the range that the link itself names, if it names one.
func (f *finder) aim(g *goal) netip.Prefix {
	var l token.Link
	f.parser.Parse(g.target, &l)
	f.trier.Aim(&l, g.path, g.key)
	return l.Bound
}

// named is the range that a link names itself, on a host without a key.
func (a *analysis) named(parser *token.Parser, k *kind) netip.Prefix {
	if !a.Scheme.Visible || len(k.host.keys) > 0 {
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
	s.found = &proof{host: s.host, family: familyOf(ip), how: g.how, path: string(g.stored)}
	switch b.Kind {
	case token.BindAddress:
		s.found.addr = ip
	case token.BindMask:
		s.found.addr = cutTo(ip, int(b.Prefix))
	}
	return true
}

func cutTo(ip netip.Addr, length int) netip.Addr {
	p, err := ip.Unmap().Prefix(length)
	if err != nil {
		return ip
	}
	return p.Masked().Addr()
}

// near takes the cheap steps: every path with the observed addresses, under
// every binding, and with the address that the link names; then, unless nothing may be searched, their /24s and what
// the log knows of their /16s.
func (f *finder) near(s *suspect) {
	for _, g := range f.goals(s, true) {
		named := f.aim(&g)
		for _, ip := range s.clients {
			for _, b := range bindings(s.host, ip, g.how.scope == token.ScopeAncestor) {
				if f.hit(s, &g, ip, b) {
					return
				}
			}
		}
		if named.IsValid() && f.hit(s, &g, named.Addr(), boundTo(named)) {
			return
		}
	}
	if !f.worth(s) {
		return
	}
	for _, g := range f.goals(s, false) {
		f.aim(&g)
		if f.sweep(s, &g, 24) || f.nearby(s, &g) {
			return
		}
	}
}

// bindings lists what an observed address could have been hashed as. The bare
// network text is left to hosts that hash it themselves: elsewhere it is the
// text of another address.
func bindings(h *host, ip netip.Addr, ownOnly bool) []token.Binding {
	out := []token.Binding{{}, {Kind: token.BindNone}}
	own, masked := h.policy.mask(familyOf(ip))
	if ownOnly && !masked {
		return out
	}
	for _, b := range ingest.Masks(ip) {
		if b.Form != token.FormNetwork || b == own {
			out = append(out, b)
		}
	}
	return out
}

// worth tells whether finding an address would mean anything: in a log with
// masked addresses the whole address of every link is another one than the log
// shows.
func (f *finder) worth(s *suspect) bool {
	return f.searches() && (!f.masked || s.host.policy.masks())
}

// deep tries every address of the log, and the whole /16s around the request.
func (f *finder) deep(s *suspect) {
	if !f.worth(s) {
		return
	}
	for _, g := range f.goals(s, false) {
		f.aim(&g)
		if f.among(s, &g, f.pool) || f.sweep(s, &g, 16) {
			return
		}
	}
}

// everywhere tries all of IPv4 but what cannot be a public client.
func (f *finder) everywhere(ctx context.Context, s *suspect) {
	for _, g := range f.goals(s, false) {
		f.aim(&g)
		for n := 0; n < 1<<16 && ctx.Err() == nil; n++ {
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 8), byte(n)}), 16)
			if first := n >> 8; first == 0 || first == 127 || first >= 224 {
				continue
			}
			if f.whole(s, &g, p) {
				return
			}
		}
	}
}

// among tries addresses, or their networks where the host binds to a mask.
func (f *finder) among(s *suspect, g *goal, ips []netip.Addr) bool {
	if !s.host.policy.masks() {
		i, tried, ok := f.trier.Among(ips)
		f.tried += tried
		return ok && f.hit(s, g, ips[i], token.Binding{})
	}
	for _, ip := range ips {
		b, _ := s.host.policy.mask(familyOf(ip))
		if f.hit(s, g, ip, b) {
			return true
		}
	}
	return false
}

// nearby tries the log's addresses in the suspect's /16s.
func (f *finder) nearby(s *suspect, g *goal) bool {
	for _, p := range networks(s.clients, 16) {
		from, _ := slices.BinarySearchFunc(f.pool, p.Addr(), netip.Addr.Compare)
		to := from
		for to < len(f.pool) && p.Contains(f.pool[to]) {
			to++
		}
		if f.among(s, g, f.pool[from:to]) {
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
