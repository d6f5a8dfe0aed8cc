package search

import (
	"net/netip"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/token"
)

// Host is how the links of one host are signed and checked, as far as it is known.
type Host struct {
	Name     string // as the case holds it
	Asked    string // as requests have it
	Place    uint32 // among all, by name
	Stated   token.Resource
	Keys     []token.Key
	Spans    []token.Span // of the keys; nil: none is limited
	Policy   policy.Policy
	Verified int64   // links whose hashes reproduce
	Askers   float64 // addresses that came with links, about
}

// ownNetwork reports whether an address is no more than the network of an observed
// one, and under which mask; the zero Binding if it is not.
func (h *Host) ownNetwork(clients []netip.Addr, found netip.Addr) token.Binding {
	for _, ip := range clients {
		for _, b := range ingest.Masks(ip, &h.Stated) {
			if b.Form == token.FormNetwork && ip != found && addr.Cut(ip, int(b.Prefix)) == found {
				return b
			}
		}
	}
	return token.Binding{}
}
