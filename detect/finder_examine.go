package detect

import (
	"net/netip"

	"ipdrift/ingest"
	"ipdrift/token"
)

// longTarget is more than any server takes by default (Apache 8 KiB, nginx 8 or 32): a
// longer one is not examined, which takes up to 4,300 hashes of it.
const longTarget = 32 << 10

// examine asks what the signer did wrong.
func (f *finder) examine(s *suspect) { f.ask(s, false) }

// examinePorts asks once more, with every port that may stand behind an address: as many hashes as a /16 has.
func (f *finder) examinePorts(s *suspect) { f.ask(s, true) }

func (f *finder) ask(s *suspect, ports bool) {
	attempts := f.loaded.Unproven.Attempts(s.link)
	if len(attempts) == 0 || len(attempts[0].Target) > longTarget {
		return
	}
	s.examined = true
	su := f.suspicion(s.host, &attempts[0], s.clients)
	su.Ports = ports
	found, ok := f.examiner.Examine(su)
	if !ok || found.Mistake.Name == privateAddress && f.signedFor(s, found.Client) {
		return
	}
	s.found = &proof{host: s.host, addr: found.Client, mistake: found.Mistake}
}

// signedFor tries one address as any other: a usual one of a proxy is no other mistake than
// one that is searched for.
func (f *finder) signedFor(s *suspect, ip netip.Addr) bool {
	if !f.worth(s) {
		return false
	}
	for _, g := range f.goals(s, false) {
		if f.aim(s.host, &g); !g.stale && f.hit(s, &g, ip, token.Binding{}) {
			return true
		}
	}
	return false
}

// suspicion is what is known of a failing request.
func (f *finder) suspicion(h *host, at *ingest.Attempt, clients []netip.Addr) *token.Suspect {
	others := map[string][]token.Key{}
	for _, o := range f.sets {
		if o.foreignTo(h) {
			others[o.host] = o.keys
		}
	}
	now, old := token.InUse(h.keys, h.spans, at.Start/1e6)
	return &token.Suspect{
		Target: at.Target, Host: h.asked, Clients: clients[:min(len(clients), 4)], Time: at.Start / 1e6, Policy: h.policy.Edge(),
		Keys: now, OldKeys: old, OtherKeys: others, Seen: ingest.Seen([]byte(h.asked), at.UserAgent, at.Referer),
	}
}
