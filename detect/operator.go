package detect

import (
	"context"
	"net/netip"

	"ipdrift/detect/finding"
)

// operator is the name of an ASN, if an address in one of its networks has it.
func (a *analysis) operator(address string, asn int64) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if n := a.Networks.Find(ip); int64(n.ASN) == asn {
		return n.Name
	}
	return ""
}

// nameCarriers names the operators of a recommendation by one of their
// addresses.
func (a *analysis) nameCarriers(ctx context.Context, rec *finding.Recommendation) error {
	if a.Networks == nil {
		return nil
	}
	for i := range rec.Carriers {
		c := &rec.Carriers[i]
		if c.ASN == nil {
			continue
		}
		if err := each(ctx, a.conn, `SELECT address FROM client WHERE asn = ? ORDER BY hi, lo LIMIT 1`, func(scan scanner) error {
			var address string
			err := scan(&address)
			c.Name = a.operator(address, *c.ASN)
			return err
		}, *c.ASN); err != nil {
			return err
		}
	}
	return nil
}
