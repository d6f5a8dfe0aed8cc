// Package pseudonym puts other addresses in the place of client addresses: each
// always the same, and two of them with as many leading bits in common as the
// real ones, so that what is said of networks and masks stays true. Whoever has
// the key can undo it; whoever knows some pairs of address and pseudonym knows
// the networks these lie in.
package pseudonym

import (
	"net/netip"
	"sync/atomic"
)

// Map maps addresses to pseudonyms and back. A nil Map leaves them as they are.
// It is safe for concurrent use.
type Map struct {
	key    Key
	scheme *pfx
	known  []atomic.Pointer[pair] // what was mapped last, by pseudonym
}

type pair struct{ real, shown netip.Addr }

// slots is how many pairs are remembered.
const slots = 1 << 16

// New makes the map of a key.
func New(k Key) *Map {
	return &Map{key: k, scheme: newPfx(&k.secret), known: make([]atomic.Pointer[pair], slots)}
}

// Key returns the key of the map; the zero Key of a nil Map.
func (m *Map) Key() Key {
	if m == nil {
		return Key{}
	}
	return m.key
}

// nat64 is the prefix of addresses that hold one of IPv4 (RFC 6052, 2.1).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Of returns the pseudonym of an address: of IPv4 an address of IPv4, whether it
// is written as such, mapped (::ffff:a.b.c.d) or inside one of NAT64
// (64:ff9b::a.b.c.d), and then in the same form. A zone is dropped. It takes one
// or two microseconds, for IPv6 about five.
func (m *Map) Of(a netip.Addr) netip.Addr {
	if m == nil || !a.IsValid() {
		return a
	}
	a = a.WithZone("")
	shown := m.scheme.other(a, false)
	m.remember(a, shown)
	return shown
}

// Real returns the address that has this pseudonym.
func (m *Map) Real(shown netip.Addr) netip.Addr {
	if m == nil || !shown.IsValid() {
		return shown
	}
	shown = shown.WithZone("")
	if p := m.known[slot(shown)].Load(); p != nil && p.shown == shown {
		return p.real
	}
	a := m.scheme.other(shown, true)
	m.remember(a, shown)
	return a
}

func (m *Map) remember(a, shown netip.Addr) { m.known[slot(shown)].Store(&pair{a, shown}) }

func slot(a netip.Addr) uint32 {
	h := uint64(14695981039346656037) // FNV-1a
	for _, b := range a.As16() {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return uint32(h>>32) % slots
}

// other maps an address, or undoes that: what holds one of IPv4 by that alone,
// and what only looks as if it did afterwards once more, so that no two
// addresses get one pseudonym. Among 2^95 addresses there is one of the latter.
func (p *pfx) other(a netip.Addr, back bool) netip.Addr {
	raw := a.As16()
	switch {
	case a.Is4():
		return netip.AddrFrom4(p.four(a.As4(), back))
	case holdsFour(a):
		inner := p.four([4]byte(raw[12:]), back)
		copy(raw[12:], inner[:])
		return netip.AddrFrom16(raw)
	}
	for {
		raw = p.six(raw, back)
		if a = netip.AddrFrom16(raw); !holdsFour(a) {
			return a
		}
	}
}

func holdsFour(a netip.Addr) bool { return a.Is4In6() || nat64.Contains(a) }

// OfNetwork returns the pseudonym of a network: its address, host part and all,
// and its length.
func (m *Map) OfNetwork(p netip.Prefix) netip.Prefix {
	if !p.IsValid() {
		return p
	}
	return netip.PrefixFrom(m.Of(p.Addr()), p.Bits())
}

// RealNetwork undoes OfNetwork.
func (m *Map) RealNetwork(shown netip.Prefix) netip.Prefix {
	if !shown.IsValid() {
		return shown
	}
	return netip.PrefixFrom(m.Real(shown.Addr()), shown.Bits())
}
