package token

import (
	"net/netip"
	"sync"
)

// commonProxies are 1,329 addresses that a signer sees when it sees its own machine, container or proxy,
// the commonest first, for nobody to change. 10.0.0.0/8 is too large to try for each link. They are: loopback;
// the first 15 of Docker's default networks; gateways of Kubernetes, podman and k3s; 10.0.0.0/24, 192.168.0.0/24
// and 192.168.1.0/24; 10.x.0.1 and 192.168.x.1; the .0.1 of 172.16.0.0/12.
var commonProxies = sync.OnceValue(func() []netip.Addr {
	var list []netip.Addr
	for _, text := range [...]string{"127.0.0.1", "::1", "172.17.0.1", "10.0.0.1", "192.168.0.1", "192.168.1.1", "10.0.0.2", "172.18.0.1",
		"10.0.2.2", "::ffff:127.0.0.1", "10.244.0.1", "169.254.1.1", "127.0.1.1", "10.42.0.1", "10.88.0.1", "10.96.0.1", "::ffff:172.17.0.1", "100.64.0.1"} {
		list = append(list, netip.MustParseAddr(text))
	}
	at := func(a, b, c, d int) {
		list = append(list, netip.AddrFrom4([4]byte{byte(a), byte(b), byte(c), byte(d)}))
	}
	for d := 1; d <= 15; d++ {
		at(172, 17, 0, d)
		at(172, 18, 0, d)
	}
	for d := range 256 {
		at(10, 0, 0, d)
		at(192, 168, 0, d)
		at(192, 168, 1, d)
	}
	for c := range 256 {
		at(10, c, 0, 1)
		at(192, 168, c, 1)
	}
	for b := 16; b < 32; b++ {
		at(172, b, 0, 1)
	}
	return withoutRepeats(list)
})

func withoutRepeats(list []netip.Addr) []netip.Addr {
	seen, kept := map[netip.Addr]bool{}, list[:0]
	for _, a := range list {
		if !seen[a] {
			seen[a], kept = true, append(kept, a)
		}
	}
	return kept
}

// isLocal reports whether no viewer of the Internet has this address (RFC 1918, RFC 4193, RFC 6598,
// loopback and link-local).
func isLocal(a netip.Addr) bool {
	a = a.Unmap()
	shared := a.Is4() && a.As4()[0] == 100 && a.As4()[1]&0xc0 == 64
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared
}
