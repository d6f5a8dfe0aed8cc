package detect

import (
	"context"

	"ipdrift/detect/addr"
	"ipdrift/detect/bitset"
	"ipdrift/detect/policy"
	"ipdrift/detect/ruling"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
	"ipdrift/token"
)

// survey goes over all links once and takes from them what needs no verdict: the
// figures of each host, how the links are signed that its edge took, which links
// have to be searched, and how many reproduce.
type survey struct {
	*analysis
	bare     map[uint32]bool           // files without a name: their path ends in a slash
	mixed    map[*host]bool            // hosts with links that are signed in several ways
	accepted map[way]*policy.LinkCount // by the edge
	plainly  map[way]*policy.LinkCount // of all links whose hash says how it was made,
	denied   map[way]*policy.LinkCount // but for those of which the edge's code says, in time, that the hash is wrong
	told     bitset.Set                // folders where a hash says so
	served   bitset.Set                // clients that were served, with any link
	suspects []*search.Suspect
	passed   int64      // suspects that are too many
	agents   bitset.Set // that came with a link
	several  bitset.Set // user agents with more links than one
}

// way is how the links of a host are signed that were asked for from one family of addresses.
type way struct {
	host *host
	policy.Rule
}

func count(in map[way]*policy.LinkCount, w way, link uint32) {
	t := in[w]
	if t == nil {
		t = &policy.LinkCount{}
		in[w] = t
	}
	t.Count(link)
}

// overlook makes the survey of all links.
func (a *analysis) overlook(ctx context.Context) error {
	s := &survey{analysis: a, served: bitset.New(a.clients.Len()), bare: map[uint32]bool{}, mixed: map[*host]bool{}, accepted: map[way]*policy.LinkCount{}, plainly: map[way]*policy.LinkCount{}, denied: map[way]*policy.LinkCount{}}
	if err := fetch.Each(ctx, a.conn, `SELECT id FROM file WHERE text = ''`, func(scan fetch.Scan) error {
		var id uint32
		err := scan(&id)
		s.bare[id] = true
		return err
	}); err != nil {
		return err
	}
	for _, h := range a.hosts {
		h.Policy = policy.New(h.Stated, a.Scope)
	}
	known := map[*host]policy.Hypothesis{}
	for _, o := range a.outcomes {
		if o == nil {
			continue
		}
		if how, ok := known[o.host]; o.Matched && ok && how != o.How {
			s.mixed[o.host] = true
		} else if o.Matched {
			known[o.host] = o.How
		}
	}
	if err := a.eachLink(ctx, s.add); err != nil {
		return err
	}
	a.disproveSpans()
	for w, t := range s.accepted {
		w.host.Policy.Add(a.asText(w.Rule), t.Links)
	}
	a.settle()
	for _, h := range a.hosts {
		if err := h.Policy.Surround(a.texts.Dirs.Text); err != nil {
			return err
		}
	}
	s.choose()
	s.agents = nil
	a.survey = s
	return nil
}

// add takes one link into account.
func (s *survey) add(l *visited) {
	var c census
	lone := true // all that it was asked for is one file, which the hash is over
	for i := range l.visits {
		v := &l.visits[i]
		lone = lone && v.file > 0 && v.file == l.visits[0].file && v.dir == l.visits[0].dir
		v.host.lasts(v.first, v.final)
		if v.Shield {
			continue
		}
		s.measure(v)
		v.host.counted(v, l.ID > 0)
		if l.ID == 0 {
			continue
		}
		c.add(v)
		v.host.clients.Add(v.Hi, v.Lo)
		if v.Served() {
			s.served.Add(v.client)
		}
		if from := s.from(v.host, v.client); from != nil {
			from.all += v.n
		}
		v.host.answered(v, l.ID)
		if v.Matched {
			s.learn(v, l.ID)
		}
	}
	if l.ID == 0 {
		return
	}
	s.meet(l.visits)
	if l.host().given++; lone {
		l.host().lone++
	}
	silent := l.host().calibrated(&c, l.Deadline)
	l.host().aged(l)
	if l.astray() {
		l.host().Policy.Astray++
	}
	if c.keyed && !c.matched {
		l.host().dropped.add(l)
		s.suspect(l, silent)
	}
}

// astray reports whether an address was refused with a link, in time, that verifies for it in other folders alone.
func (l *visited) astray() bool {
	type spot struct{ client, dir uint32 }
	there, here := map[uint32]bool{}, map[spot]bool{}
	for i := range l.visits {
		if v := &l.visits[i]; v.Matched {
			there[v.client], here[spot{v.client, v.dir}] = true, true
		}
	}
	for i := range l.visits {
		v := &l.visits[i]
		if v.Matched || !v.Refused() || v.Shield || v.Late >= ingest.AtExpiry || v.Shape != token.Signed {
			continue
		}
		if there[v.client] && !here[spot{v.client, v.dir}] {
			return true
		}
	}
	return false
}

// meet notes which user agents come with several links, by the visits of the next.
func (s *survey) meet(link []visit) {
	for i := range link {
		if v := &link[i]; !v.Shield && s.agents.Has(v.agent) {
			s.several.Add(v.agent)
		}
	}
	for i := range link {
		if v := &link[i]; !v.Shield {
			s.agents.Add(v.agent)
		}
	}
}

// learn counts how a link is signed, if its hash says so: one for a path that
// ends in a slash, or for an address that ends in zeros, fits two ways. In a log
// with masked addresses all of them end in zeros.
func (s *survey) learn(v *visit, link uint32) {
	if v.How.Scope == token.ScopeFile && s.bare[v.file] || !v.Served() && (!v.Refused() || v.Method == "OPTIONS") {
		return
	}
	if !s.masked && s.ambiguous(v) {
		return
	}
	w := way{v.host, policy.Rule{Hypothesis: v.How, Family: int(v.Family)}}
	if v.Code == ruling.CodeTokenWrong && v.Late < ingest.AtExpiry {
		count(s.denied, w, link)
	} else {
		count(s.plainly, w, link)
	}
	s.told.Add(v.dir)
	if !v.Served() && !(v.Status == 410 && v.Late >= ingest.AtExpiry) {
		return
	}
	count(s.accepted, w, link)
	if p := &v.host.Policy; s.mixed[v.host] {
		if p.Dirs[v.dir] == nil {
			p.Dirs[v.dir] = &policy.Folder{}
		}
		p.Dirs[v.dir].Add(s.asText(w.Rule)).Count(link)
	}
}

// ambiguous reports whether the hash of a request fits several bindings: its address ends in zeros, or in
// those that a stated mask leaves.
func (a *analysis) ambiguous(v *visit) bool {
	ip, b := a.client(v.Stored), v.How.Binding
	host, next := addr.Zeros(ip)
	return v.host.asStated(ip, b) || host && b.Kind != token.BindNone || next && b.Kind == token.BindMask && b.Form == token.FormNetwork
}

// asText is the rule that hashes the same text. In a log with masked addresses a
// whole address is the text of its /24.
func (a *analysis) asText(r policy.Rule) policy.Rule {
	if a.masked && r.Family == 4 && r.Binding.Kind == token.BindAddress {
		r.Binding = token.Binding{Kind: token.BindMask, Prefix: 24}
	}
	return r
}
