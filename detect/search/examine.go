package search

import (
	"net/netip"

	"ipdrift/ingest"
	"ipdrift/token"
)

// longTarget is more than any server takes by default (Apache 8 KiB, nginx 8 or 32): a
// longer one is not examined, which takes up to 4,300 hashes of it.
const longTarget = 32 << 10

// examine asks what the signer did wrong.
func (f *Finder) examine(s *Suspect) { f.ask(s, false) }

// examinePorts asks once more, with every port that may stand behind an address: as many hashes as a /16 has.
func (f *Finder) examinePorts(s *Suspect) { f.ask(s, true) }

func (f *Finder) ask(s *Suspect, ports bool) {
	attempts := f.Unproven.Attempts(s.Link)
	if len(attempts) == 0 || len(attempts[0].Target) > longTarget {
		return
	}
	s.Examined = true
	su := f.suspicion(s.Host, &attempts[0], s.Clients)
	su.Ports = ports
	found, ok := f.examiner.Examine(su)
	if !ok || found.Mistake.Name == PrivateAddress && f.signedFor(s, found.Client) {
		return
	}
	s.Found = &Proof{Host: s.Host, Addr: found.Client, Mistake: found.Mistake}
}

// signedFor tries one address as any other: a usual one of a proxy is no other mistake than
// one that is searched for.
func (f *Finder) signedFor(s *Suspect, ip netip.Addr) bool {
	if !f.worth(s) {
		return false
	}
	for _, g := range f.goals(s, false) {
		if f.aim(s.Host, &g); !g.stale && f.hit(s, &g, ip, token.Binding{}) {
			return true
		}
	}
	return false
}

// Mistake is what the signer of one request's link did wrong; zero where nothing is proven.
func (f *Finder) Mistake(h *Host, at *ingest.Attempt) token.Mistake {
	f.turnTo(h)
	found, _ := f.examiner.Examine(f.suspicion(h, at, []netip.Addr{at.Client}))
	return found.Mistake
}

// suspicion is what is known of a failing request.
func (f *Finder) suspicion(h *Host, at *ingest.Attempt, clients []netip.Addr) *token.Suspect {
	others := map[string][]token.Key{}
	for _, o := range f.Sets {
		if o.ForeignTo(h) {
			others[o.Host] = o.Keys
		}
	}
	now, old := token.InUse(h.Keys, h.Spans, at.Start/1e6)
	return &token.Suspect{
		Target: at.Target, Host: h.Asked, Clients: clients[:min(len(clients), 4)], Time: at.Start / 1e6, Policy: h.Policy.Edge(),
		Keys: now, OldKeys: old, OtherKeys: others, Seen: ingest.Seen([]byte(h.Asked), at.UserAgent, at.Referer),
	}
}

// PrivateAddress is the mistake of a signer that sees its own proxy.
const PrivateAddress = "private_address"
