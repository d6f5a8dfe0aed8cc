package detect

import (
	"bytes"
	"net/netip"
	"slices"

	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/token"
)

func cutTo(ip netip.Addr, length int) netip.Addr {
	p, err := ip.Unmap().Prefix(length)
	if err != nil {
		return ip
	}
	return p.Masked().Addr()
}

// hashed is what of an address a binding hashes; zero where it is nothing.
func hashed(b token.Binding, ip netip.Addr) netip.Addr {
	switch b.Kind {
	case token.BindNone:
		return netip.Addr{}
	case token.BindMask:
		return cutTo(ip, int(b.Prefix))
	}
	return ip
}

// sharedSpace is between a carrier and its customers (RFC 6598).
var sharedSpace = netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)

func isPrivate(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || sharedSpace.Contains(ip)
}

// ownNetwork tells whether an address is no more than the network of an observed
// one, and under which mask; the zero Binding if it is not.
func (h *host) ownNetwork(clients []netip.Addr, found netip.Addr) token.Binding {
	for _, ip := range clients {
		for _, b := range ingest.Masks(ip, &h.stated) {
			if b.Form == token.FormNetwork && ip != found && cutTo(ip, int(b.Prefix)) == found {
				return b
			}
		}
	}
	return token.Binding{}
}

// asStated tells whether a binding is the one that is stated of the host, and hashes the same
// text of this address as another: that of 203.0.112.7 is 203.0.112.0 under /20 and /24.
func (h *host) asStated(ip netip.Addr, b token.Binding) bool {
	stated := h.stated.Bind4
	if familyOf(ip) == 6 {
		stated = h.stated.Bind6
	}
	if stated == nil || *stated != b || b.Kind != token.BindMask {
		return false
	}
	text := token.AppendBound(nil, ip, b)
	return slices.ContainsFunc(ingest.Masks(ip, &h.stated), func(other token.Binding) bool {
		return other != b && bytes.Equal(token.AppendBound(nil, ip, other), text)
	})
}

// translated is the IPv4 address inside one of NAT64.
func translated(ip netip.Addr) (netip.Addr, bool) {
	if !judge.NAT64.Contains(ip) {
		return netip.Addr{}, false
	}
	raw := ip.As16()
	return netip.AddrFrom4([4]byte(raw[12:])), true
}

// networks lists the distinct IPv4 prefixes of some addresses.
func networks(ips []netip.Addr, length int) []netip.Prefix {
	var out []netip.Prefix
	for _, ip := range ips {
		if p, err := ip.Prefix(length); err == nil && ip.Is4() && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func familyOf(ip netip.Addr) int {
	if ip.Unmap().Is4() {
		return 4
	}
	return 6
}

func wholeLength(family int) int {
	if family == 6 {
		return 128
	}
	return 32
}

// zeros tells whether an address ends in zeros: its host part (the last octet, of
// IPv6 64 bits), and the octet before.
func zeros(ip netip.Addr) (host, next bool) {
	raw := ip.As16()
	if ip.Unmap().Is4() {
		return raw[15] == 0, raw[14] == 0
	}
	return bytes.Equal(raw[8:], make([]byte, 8)), raw[7] == 0
}
