package detect

import (
	"context"

	"ipdrift/detect/addr"
	"ipdrift/detect/history"
	"ipdrift/detect/search"
)

// behindProxies counts the clients of the hosts whose signer saw a private address, and those
// who came with such a link.
func (a *analysis) behindProxies(ctx context.Context) error {
	var hosts []*host
	for _, h := range a.ordered {
		if h.mistakes[search.PrivateAddress] > 0 {
			hosts = append(hosts, h)
		}
	}
	for _, some := range batches(hosts, a.limits.crowds, func(h *host) int64 { return min(h.requests, int64(a.clients.Len()/4)) }) {
		places := a.places(some)
		crowds, err := a.crowds(ctx, 2*len(some), func(f *history.Request) int {
			at := places[f.Outcome]
			switch {
			case f.Place == 0 || at < 0:
				return -1
			case f.Grounds&history.ByMistake != 0 && addr.Private(a.signedFor(f.Place)):
				return 2 * at
			}
			return 2*at + 1
		})
		if err != nil {
			return err
		}
		for i, h := range some {
			behind := crowds[2*i].List(&a.clients)
			h.proxy.behind = a.clients.Addresses(behind)
			h.proxy.asking = a.clients.Addresses(append(behind, crowds[2*i+1].List(&a.clients)...))
		}
	}
	return nil
}
