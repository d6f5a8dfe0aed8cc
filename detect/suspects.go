package detect

import (
	"cmp"
	"net/netip"
	"slices"

	"ipdrift/detect/search"
	"ipdrift/token"
)

// mostClients is how many clients of a suspect are looked at: the first in the
// order of their texts.
const mostClients = 16

// manyClients is how many clients of a link are put in order where the case has
// them in another one.
const manyClients = 1 << 12

// suspect adds a link that verifies for no request.
func (s *survey) suspect(l *visited, unserved bool) {
	var texts []string
	var ids []uint32
	at := map[string]netip.Addr{}
	for i := range l.visits {
		v := &l.visits[i]
		if i > 0 && v.Stored == l.visits[i-1].Stored {
			continue
		}
		ip := v.Addr()
		text := string(token.AppendAddr(nil, ip))
		if _, ok := at[text]; !ok {
			texts, at[text] = append(texts, text), ip
			ids = append(ids, v.client)
		}
	}
	slices.Sort(texts)
	limit := mostClients
	if s.Pseudonyms != nil {
		limit = manyClients
	}
	one := &search.Suspect{Link: l.ID, Hash: l.Hash, Host: &l.host().Host, Unserved: unserved, Life: l.life(), Ids: ids[:min(len(ids), mostClients)]}
	for _, text := range texts[:min(len(texts), limit)] {
		one.Clients = append(one.Clients, s.Pseudonyms.Real(at[text]))
	}
	if s.suspects = append(s.suspects, one); len(s.suspects) >= search.MaxSuspects*3/2 {
		s.choose()
	}
}

// choose keeps only as many suspects as will be looked into: those with the lowest hashes, which no
// traffic can choose.
func (s *survey) choose() {
	if len(s.suspects) <= search.MaxSuspects {
		return
	}
	slices.SortFunc(s.suspects, func(x, y *search.Suspect) int {
		return cmp.Or(cmp.Compare(x.Hash, y.Hash), cmp.Compare(x.Link, y.Link))
	})
	s.passed += int64(len(s.suspects) - search.MaxSuspects)
	clear(s.suspects[search.MaxSuspects:])
	s.suspects = s.suspects[:search.MaxSuspects]
}

// suspects are the links of the survey that have to be searched, host by host.
func (a *analysis) suspects() []*search.Suspect {
	out := a.survey.suspects
	a.passed = a.survey.passed
	slices.SortFunc(out, func(x, y *search.Suspect) int {
		switch {
		case x.Host != y.Host:
			return cmp.Compare(x.Host.Name, y.Host.Name)
		case x.Hash != y.Hash:
			return cmp.Compare(x.Hash, y.Hash)
		}
		return cmp.Compare(x.Link, y.Link)
	})
	for _, s := range out {
		known := a.before[s.Link]
		s.Found, s.Examined = known.proof, known.examined
		a.issuedTo(s, s.Hash)
		if a.Pseudonyms != nil {
			s.InOrderOfText(mostClients)
		}
	}
	return out
}
