package detect

import (
	"ipdrift/detect/addr"
	"ipdrift/detect/judge"
	"ipdrift/detect/policy"
	"ipdrift/token"
)

// Without a key no hash tells what links are bound to, but their viewers do: who moves within a
// network is refused by an edge that binds to less, and served by one that binds to the network.

// network is a prefix length on a host.
type network struct {
	host           *host
	family, prefix int
}

// eased follows the links of hosts without a key whose viewers moved within a network. In a Usage, taken
// links are those that were refused at the new address, and refused links those that were served there.
type eased map[network]*policy.Usage

// see takes one link into account.
func (e *eased) see(a *analysis, r *ruled) {
	h, home := r.host(), r.firstServed()
	if h.keyed || home == nil || r.visits[0].client == r.visits[len(r.visits)-1].client {
		return
	}
	from := a.client(home.Stored)
	for _, prefix := range a.candidates(int(home.Family)) {
		var refused, served int64
		for v, ruling := range r.all() {
			switch {
			case v.Shield || v.client == home.client || v.first < home.first || addr.CommonPrefix(from, a.client(v.Stored)) < prefix:
			case v.Served():
				served = earlier(served, v.first)
			case ruling.Cause == token.IPMismatch.String():
				refused = earlier(refused, v.first)
			}
		}
		if (refused > 0) != (served > 0) {
			e.add(network{h, addr.Family(from), prefix}, refused, served, a.limits.usages)
		}
	}
}

func (e *eased) add(n network, refused, served, most int64) {
	if *e == nil {
		*e = eased{}
	}
	if (*e)[n] == nil && int64(len(*e)) == most {
		return
	}
	usageOf(*e, n, n.host).Add(refused, refused, served)
}

func earlier(a, b int64) int64 {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// of returns the narrowest network of a host within which viewers are served since some time but were
// refused before.
func (e eased) of(h *host, family int, candidates []int) judge.Eased {
	for _, prefix := range candidates {
		if u := e[network{h, family, prefix}]; u != nil {
			if until, _, ok := u.Ceased(); ok {
				return judge.Eased{Prefix: prefix, Until: until}
			}
		}
	}
	return judge.Eased{}
}
