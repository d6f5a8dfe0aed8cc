package ingest

import (
	"net/netip"

	"ipdrift/ingest/format"
	"ipdrift/token"
)

// forwards reports whether the server that wrote a log takes the viewer's address from
// X-Forwarded-For although that of the connection, a load balancer's, is a public one,
// too: most lines of the sample have both, and of the tokens that were served some
// reproduce with the address there, none with that of the connection.
func (l *load) forwards(src *input, sample [][]byte) bool {
	if l.Keys.Len() == 0 {
		return false
	}
	near, far := src.format.NewParser(), src.format.NewParser()
	near.Latest, _ = src.Latest(l.Now)
	far.Latest, far.Forwarding = near.Latest, true
	var r, via format.Record
	var link token.Link
	var space []byte
	var p *prover // most logs name no proxy
	records, behind, proven := 0, 0, false
	for _, line := range sample {
		if near.Parse(line, &r).Reason != "" || far.Parse(line, &via).Reason != "" {
			continue
		}
		records++
		if !r.Behind {
			continue
		}
		behind++
		if !served(r.Status, r.Method) {
			continue
		}
		if p == nil {
			p = newProver(l, nil)
		}
		host := src.hostOf(&r, &space)
		s := p.site(host)
		s.parser.See(Seen(host, r.UserAgent, r.Referer))
		if s.parser.Parse(r.Target, &link); link.Shape != token.Signed {
			continue
		}
		if s.binds(&link, r.Client) {
			return false
		}
		proven = proven || s.binds(&link, via.Client)
	}
	return proven && behind*2 > records
}

// binds reports whether a token is reproduced with an address, or a part of it.
func (s *site) binds(l *token.Link, client netip.Addr) bool {
	m := s.overDir(l, client)
	if !m.OK {
		m = s.over(l, token.Match{Scope: token.ScopeFile}, client, true)
	}
	if !m.OK && s.inQuery && !l.Below() {
		m = s.above(l, client)
	}
	return m.OK && m.Binding.Kind != token.BindNone
}
