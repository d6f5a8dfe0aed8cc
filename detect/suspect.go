package detect

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"

	"ipdrift/token"
)

// suspect is a link that verifies for no request of the log.
type suspect struct {
	link     uint32
	hash     uint64 // of the link
	unserved bool
	life     int64 // from its first use, s
	host     *host
	clients  []netip.Addr // distinct, in order
	ids      []uint32     // of some of them
	issued   bool         // the first of them is what the signer saw
	found    *proof
	examined bool // for mistakes of its signer
	deep     bool // has been searched deeply
	skipped  bool
	unshown  bool // it is the turn of the scope that nothing the host served shows
	tried    uint64
	nets     []netip.Prefix // where its clients' operators have addresses
}

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
		if i > 0 && v.stored == l.visits[i-1].stored {
			continue
		}
		ip := v.address()
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
	one := &suspect{link: l.ID, hash: l.Hash, host: l.host(), unserved: unserved, life: l.life(), ids: ids[:min(len(ids), mostClients)]}
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

// suspects are the links of the survey that have to be searched, host by host.
func (a *analysis) suspects() []*suspect {
	out := a.survey.suspects
	a.passed = a.survey.passed
	slices.SortFunc(out, func(x, y *suspect) int {
		switch {
		case x.host != y.host:
			return cmp.Compare(x.host.name, y.host.name)
		case x.hash != y.hash:
			return cmp.Compare(x.hash, y.hash)
		}
		return cmp.Compare(x.link, y.link)
	})
	for _, s := range out {
		known := a.before[s.link]
		s.found, s.examined = known.proof, known.examined
		a.issuedTo(s, s.hash)
		if a.Pseudonyms != nil {
			s.inOrderOfText(mostClients)
		}
	}
	return out
}

// inOrderOfText puts the clients of a suspect into the order that the case has
// them in where it holds addresses.
func (s *suspect) inOrderOfText(most int) {
	rest := s.clients
	if s.issued {
		rest = s.clients[1:]
	}
	slices.SortFunc(rest, func(x, y netip.Addr) int {
		return bytes.Compare(token.AppendAddr(nil, x), token.AppendAddr(nil, y))
	})
	s.clients = s.clients[:min(len(s.clients), most)]
}
