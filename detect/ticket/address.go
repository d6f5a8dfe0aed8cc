package ticket

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"ipdrift/detect/addr"
	"ipdrift/ingest/fetch"
)

// within selects the clients of a network, which is no longer than a /64 where it is of IPv6.
func within(p netip.Prefix) string {
	if p.Addr().Is4() {
		raw := p.Addr().As4()
		return fmt.Sprintf("SELECT id FROM client WHERE family = 4 AND (lo & 4294967295) >> %d = %d", 32-p.Bits(), binary.BigEndian.Uint32(raw[:])>>(32-p.Bits()))
	}
	raw := p.Addr().As16()
	return fmt.Sprintf("SELECT id FROM client WHERE family = 6 AND hi >> %d = %d", 64-p.Bits(), binary.BigEndian.Uint64(raw[:8])>>(64-p.Bits()))
}

// spellings are the ways an address can stand in a log: itself, IPv4-mapped, and
// through NAT64 (64:ff9b::/96), whichever was given.
func spellings(ip netip.Addr) []netip.Addr {
	plain := ip.Unmap()
	if inner, ok := addr.Translated(plain); ok {
		plain = inner
	}
	if !plain.Is4() {
		return []netip.Addr{plain}
	}
	four, through := plain.As4(), addr.NAT64.Addr().As16()
	copy(through[12:], four[:])
	return []netip.Addr{plain, netip.AddrFrom16(plain.As16()), netip.AddrFrom16(through)}
}

func quotes(list []netip.Addr) string {
	var out []string
	for _, a := range list {
		out = append(out, "'"+a.String()+"'")
	}
	return strings.Join(out, ", ")
}

// clients selects the ids of some addresses.
func (q *inquiry) clients(ctx context.Context, list []netip.Addr) (string, error) {
	var halves []string
	for _, ip := range list {
		raw := ip.As16()
		halves = append(halves, fmt.Sprintf("(%d::UBIGINT, %d::UBIGINT)", binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])))
	}
	ids := []string{"0"}
	err := fetch.Each(ctx, q.conn, `SELECT id FROM client WHERE (hi, lo) IN (`+strings.Join(halves, ", ")+`)`, func(scan fetch.Scan) error {
		var id uint32
		err := scan(&id)
		ids = append(ids, number(id))
		return err
	})
	return strings.Join(ids, ", "), err
}
