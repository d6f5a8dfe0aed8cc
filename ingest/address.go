package ingest

import "net/netip"

// Address puts an address together from the columns family, mapped, hi and lo
// of table client.
func Address(family, mapped uint8, hi, lo uint64) netip.Addr {
	if family == 0 {
		return netip.Addr{}
	}
	var raw [16]byte
	for i := range 8 {
		raw[i], raw[8+i] = byte(hi>>(56-8*i)), byte(lo>>(56-8*i))
	}
	ip := netip.AddrFrom16(raw)
	if family == 4 && mapped == 0 {
		return ip.Unmap()
	}
	return ip
}
