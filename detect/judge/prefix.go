package judge

import (
	"net/netip"

	"ipdrift/detect/addr"
)

// family is 4, 6, or 0 for an invalid address.
func family(a netip.Addr) int {
	if !a.IsValid() {
		return 0
	}
	return addr.Family(a)
}

// cut is a's network of the given length; a length beyond the address is the
// address itself.
func cut(a netip.Addr, length int) netip.Prefix {
	p, err := a.Prefix(min(length, a.BitLen()))
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
