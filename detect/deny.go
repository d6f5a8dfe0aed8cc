package detect

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/finding"
)

const (
	mostNetworks = 10      // that are listed
	tiedNetworks = 100_000 // that are put in order where the case has them in another one
)

// denied is a network with its refusals.
type denied struct {
	finding.Network
	family uint8
	real   netip.Prefix
}

// deny lists the networks where most refusals came from.
func (a *analysis) deny(ctx context.Context, conn *sql.Conn) error {
	limit := mostNetworks
	if a.Pseudonyms != nil {
		limit = tiedNetworks
	}
	var all []denied
	err := each(ctx, conn, `SELECT o.host, c.family, network(c.family, c.hi, c.lo) AS net, CASE WHEN count(DISTINCT coalesce(c.asn, 0)) = 1 THEN min(c.asn) END,
			coalesce(CASE WHEN count(DISTINCT coalesce(c.country, '')) = 1 THEN min(c.country) END, ''),
			sum(d.n)::BIGINT AS refusals, coalesce(sum(d.n) FILTER (mismatch(d.cause)), 0)::BIGINT AS mismatches,
			count(DISTINCT c.address)
		FROM (SELECT outcome, client, cause, sum(n) AS n FROM work.denied GROUP BY ALL) d JOIN outcome o ON o.id = d.outcome JOIN client c ON c.id = d.client
		GROUP BY o.host, c.family, net ORDER BY mismatches DESC, refusals DESC, o.host, c.family, net LIMIT ?`,
		func(scan scanner) error {
			var n denied
			var net uint64
			err := scan(&n.Host, &n.family, &net, &n.ASN, &n.Country, &n.Refusals, &n.Mismatches, &n.Addresses)
			p := networkOf(n.family, net)
			n.Prefix, n.real = p.String(), a.realNetwork(p)
			all = append(all, n)
			return err
		}, limit)
	slices.SortFunc(all, func(x, y denied) int {
		return cmp.Or(cmp.Compare(y.Mismatches, x.Mismatches), cmp.Compare(y.Refusals, x.Refusals), strings.Compare(x.Host, y.Host),
			cmp.Compare(x.family, y.family), x.real.Addr().Compare(y.real.Addr()))
	})
	for _, n := range all[:min(len(all), mostNetworks)] {
		if n.ASN != nil && a.Networks != nil {
			n.Name = a.operator(n.real.Addr(), *n.ASN)
		}
		a.out.Denials.Networks = append(a.out.Denials.Networks, n.Network)
	}
	return err
}

// networkOf is what the macro network cut out.
func networkOf(family uint8, net uint64) netip.Prefix {
	if family == 4 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(net >> 8), byte(net)}), 16)
	}
	raw := [16]byte{byte(net >> 24), byte(net >> 16), byte(net >> 8), byte(net)}
	return netip.PrefixFrom(netip.AddrFrom16(raw), 32)
}
