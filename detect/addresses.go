package detect

import (
	"net/netip"

	"ipdrift/detect/client"
	"ipdrift/detect/search"
)

// addresses lists those of the log, as many as are tried.
func (a *analysis) addresses() []netip.Addr {
	l := client.Lowest{Most: search.PoolSize}
	for id := range uint32(a.clients.Len()) {
		if s := a.clients.Of(id); s.Family > 0 {
			l.Add(s)
		}
	}
	l.Cut()
	out := make([]netip.Addr, len(l.Kept))
	for i, s := range l.Kept {
		out[i] = a.client(s)
	}
	return out
}
