package token

import "net/netip"

// Sweep tries every IPv4 address of a prefix as the whole address the aimed-at link is signed for, from
// the lowest up, and stops at the first that verifies. It returns that address and how many were
// tried. Other prefixes hold none to try: 128-bit addresses cannot be searched. Cost: 4 ns an address
// with AVX-512, 8 ns with AVX2 and 80 ns without where one block of the hash varies, twice that where
// two do, so callers that must be able to stop sweep in parts.
func (t *Trier) Sweep(p netip.Prefix) (a netip.Addr, tried uint64, ok bool) {
	if !t.aimed {
		return netip.Addr{}, 0, false
	}
	if !t.Quick() {
		return t.sweep(p)
	}
	t.aimSearch()
	return t.search.Prefix(p)
}

// Among tries the addresses of a list as the whole address the aimed-at link is signed for. It returns
// the index of the first that verifies and how many addresses come up to it, or the list's length.
// Invalid addresses verify nothing. The first list makes room for all. Cost: 13 ns an IPv4 address with
// AVX-512, 18 ns with AVX2 and 105 ns without; the text of an IPv6 address comes on top.
func (t *Trier) Among(list []netip.Addr) (i int, tried uint64, ok bool) {
	if !t.aimed {
		return 0, 0, false
	}
	if !t.Quick() {
		return t.among(list)
	}
	t.aimSearch()
	if i, ok = t.search.Among(list); ok {
		return i, uint64(i) + 1, true
	}
	return 0, uint64(len(list)), false
}

// aimSearch hands over what is hashed before and behind the address.
func (t *Trier) aimSearch() {
	t.search.Text = AppendAddr
	t.search.Aim(t.message[:t.head], t.tail, t.want)
}
