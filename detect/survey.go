package detect

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"ipdrift/ingest"
	"ipdrift/token"
)

// survey goes over all links once and takes from them what needs no verdict: the
// figures of each host, how the links are signed that its edge took, which links
// have to be searched, and how many reproduce.
type survey struct {
	*analysis
	bare     map[uint32]bool    // files without a name: their path ends in a slash
	mixed    map[*host]bool     // hosts with links that are signed in several ways
	accepted map[way]*linkCount // by the edge
	plainly  map[way]*linkCount // of all links whose hash says how it was made
	suspects []*suspect
	passed   int64    // suspects that are too many
	agents   []uint32 // the first link of each user agent
	several  bits     // user agents with more links than one
	fetched  uint32   // see fetch
}

// way is how links of a host are signed that were asked for from one family.
type way struct {
	host *host
	rule
}

// linkCount counts links.
type linkCount struct {
	last  uint32 // that was counted
	links int64
}

func count(in map[way]*linkCount, w way, link uint32) {
	t := in[w]
	if t == nil {
		t = &linkCount{}
		in[w] = t
	}
	if t.last != link {
		t.last = link
		t.links++
	}
}

// overlook makes the survey.
func (a *analysis) overlook(ctx context.Context) error {
	s := &survey{analysis: a, bare: map[uint32]bool{}, mixed: map[*host]bool{}, accepted: map[way]*linkCount{}, plainly: map[way]*linkCount{}}
	if err := each(ctx, a.conn, `SELECT id FROM file WHERE text = ''`, func(scan scanner) error {
		var id uint32
		err := scan(&id)
		s.bare[id] = true
		return err
	}); err != nil {
		return err
	}
	for _, h := range a.hosts {
		h.policy = newPolicy(h.stated, a.Scope)
	}
	known := map[*host]hypothesis{}
	for _, o := range a.outcomes {
		if o == nil {
			continue
		}
		if how, ok := known[o.host]; o.matched && ok && how != o.how {
			s.mixed[o.host] = true
		} else if o.matched {
			known[o.host] = o.how
		}
	}
	if err := a.eachLink(ctx, func(links []visited) error {
		s.fetch(links)
		for i := range links {
			s.add(&links[i])
		}
		return nil
	}); err != nil {
		return err
	}
	for w, t := range s.accepted {
		w.host.policy.add(a.asText(w.rule), t.links)
	}
	a.settle()
	s.choose()
	s.agents = nil
	a.survey = s
	return nil
}

// add takes what one link tells.
func (s *survey) add(l *visited) {
	var c census
	for i := range l.visits {
		v := &l.visits[i]
		v.host.lasts(v.first, v.final)
		if v.shield {
			continue
		}
		v.host.counted(v, l.link > 0)
		if l.link == 0 {
			continue
		}
		c.add(v)
		s.meet(v.agent, l.link)
		if v.matched {
			s.learn(v, l.link)
		}
	}
	if l.link == 0 {
		return
	}
	silent := l.host().calibrated(&c, l.deadline)
	l.host().aged(l)
	if c.keyed && !c.matched {
		s.suspect(l, silent)
	}
}

// meet notes which user agents come with several links.
func (s *survey) meet(agent, link uint32) {
	if n := int(agent) + 1 - len(s.agents); n > 0 {
		s.agents = append(s.agents, make([]uint32, n)...)
		s.several = append(s.several, newBits(len(s.agents)-64*len(s.several))...)
	}
	switch s.agents[agent] {
	case 0:
		s.agents[agent] = link
	case link:
	default:
		s.several.set(agent)
	}
}

// fetch is clients.fetch for what is noted of user agents.
func (s *survey) fetch(links []visited) {
	for i := range links {
		if agent := int(links[i].visits[0].agent); agent < len(s.agents) {
			s.fetched += s.agents[agent]
		}
	}
}

// counted adds requests to the figures of their host.
func (h *host) counted(v *visit, linked bool) {
	h.requests += v.n
	if linked {
		h.families[int(v.family)] = true
	}
	if !v.served() {
		return
	}
	h.served += v.n
	switch v.shape {
	case token.BadShape:
		h.broken += v.n
	case token.Signed:
		h.signed += v.n
	}
	if v.matched && v.stale {
		h.outdated += v.n
	}
}

// lasts adds a time at which the host was asked.
func (h *host) lasts(first, final int64) {
	if h.final == 0 {
		h.first, h.final = first, final
	}
	h.first, h.final = min(h.first, first), max(h.final, final)
	h.span = time.Duration(h.final-h.first) * time.Microsecond
}

// times are those of the first and the last request, µs; ok tells whether there
// is one.
func (a *analysis) times() (first, last int64, ok bool) {
	for _, name := range a.names {
		h := a.hosts[name]
		if h.final == 0 {
			continue
		}
		if !ok {
			first, last, ok = h.first, h.final, true
		}
		first, last = min(first, h.first), max(last, h.final)
	}
	return first, last, ok
}

// census is what the visits of a link have been, all of them, and by whether
// there was a key.
type census struct {
	served, matched, keyed bool
	by                     [2]struct{ some, taken, held, failed bool }
}

func (c *census) add(v *visit) {
	served, k := v.served(), 0
	if v.keyed {
		k = 1
	}
	c.served, c.matched, c.keyed = c.served || served, c.matched || v.matched, c.keyed || v.keyed
	by, counts := &c.by[k], served || v.refused() && v.method != "OPTIONS"
	by.some, by.taken, by.held, by.failed = by.some || counts, by.taken || served, by.held || counts && v.matched, by.failed || served && !v.matched
}

// calibrated counts a link for the calibration of its host: what was read
// without a key says nothing about it, nor does what was neither served nor refused,
// or a preflight. silent tells that it was only refused, and does not reproduce.
func (h *host) calibrated(c *census, deadline int64) (silent bool) {
	by := &c.by[0]
	if h.keyed {
		by = &c.by[1]
	}
	switch {
	case by.taken || by.held:
		h.tokens++
		if by.held && !by.failed {
			h.verified++
		}
	case by.some:
		h.silent++
		silent = true
	}
	if !c.matched {
		return silent
	}
	h.links++
	switch {
	case deadline > token.Never:
		h.fine++
	case deadline < longAgo:
		h.brief++
	}
	return silent
}

// learn counts how a link is signed, if its hash says so: one for a path that
// ends in a slash, or for an address that ends in zeros, fits two ways. In a log
// with masked addresses all of them end in zeros.
func (s *survey) learn(v *visit, link uint32) {
	if v.how.scope == token.ScopeFile && s.bare[v.file] {
		return
	}
	if !s.masked {
		host, next := zeros(s.client(v.family, v.mapped, v.hi, v.lo))
		b := v.how.binding
		if host && b.Kind != token.BindNone || next && b.Kind == token.BindMask && b.Form == token.FormNetwork {
			return
		}
	}
	w := way{v.host, rule{v.how, int(v.family)}}
	count(s.plainly, w, link)
	if !v.served() && !(v.status == 410 && v.late >= ingest.AtExpiry) {
		return
	}
	count(s.accepted, w, link)
	if p := &v.host.policy; s.mixed[v.host] {
		if r := s.asText(w.rule); !slices.Contains(p.dirs[v.dir], r) {
			p.dirs[v.dir] = append(p.dirs[v.dir], r)
		}
	}
}

// asText is the rule that hashes the same text. In a log with masked addresses a
// whole address is the text of its /24.
func (a *analysis) asText(r rule) rule {
	if a.masked && r.family == 4 && r.binding.Kind == token.BindAddress {
		r.binding = token.Binding{Kind: token.BindMask, Prefix: 24}
	}
	return r
}

// mostClients is how many clients of a suspect are looked at: the first in the
// order of their texts.
const mostClients = 16

// suspect adds a link that verifies for no request.
func (s *survey) suspect(l *visited, unserved bool) {
	var texts []string
	at := map[string]netip.Addr{}
	for i := range l.visits {
		v := &l.visits[i]
		if i > 0 && v.hi == l.visits[i-1].hi && v.lo == l.visits[i-1].lo && v.mapped == l.visits[i-1].mapped && v.family == l.visits[i-1].family {
			continue
		}
		ip := ingest.Address(v.family, v.mapped, v.hi, v.lo)
		text := string(token.AppendAddr(nil, ip))
		if _, ok := at[text]; !ok {
			texts, at[text] = append(texts, text), ip
		}
	}
	slices.Sort(texts)
	limit := mostClients
	if s.Pseudonyms != nil {
		limit = manyClients
	}
	one := &suspect{link: l.link, hash: l.hash, host: l.host(), unserved: unserved}
	for _, text := range texts[:min(len(texts), limit)] {
		one.clients = append(one.clients, s.Pseudonyms.Real(at[text]))
	}
	if s.suspects = append(s.suspects, one); len(s.suspects) >= maxSuspects*3/2 {
		s.choose()
	}
}

// choose keeps as many suspects as are looked into: those with the lowest hashes,
// which no traffic can choose.
func (s *survey) choose() {
	if len(s.suspects) <= maxSuspects {
		return
	}
	slices.SortFunc(s.suspects, func(x, y *suspect) int { return cmp.Or(cmp.Compare(x.hash, y.hash), cmp.Compare(x.link, y.link)) })
	s.passed += int64(len(s.suspects) - maxSuspects)
	clear(s.suspects[maxSuspects:])
	s.suspects = s.suspects[:maxSuspects]
}
