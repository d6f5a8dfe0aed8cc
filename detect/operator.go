package detect

import (
	"context"
	"net/netip"

	"ipdrift/detect/finding"
	"ipdrift/ingest/fetch"
)

// operator returns the name of an ASN, if an address lies in one of its networks.
func (a *analysis) operator(ip netip.Addr, asn int64) string {
	if n := a.Networks.Find(ip); int64(n.ASN) == asn {
		return n.Name
	}
	return ""
}

// nameCarriers names the operators of a recommendation.
func (a *analysis) nameCarriers(ctx context.Context, rec *finding.Recommendation) (err error) {
	for i := range rec.Carriers {
		if c := &rec.Carriers[i]; c.ASN != nil {
			if c.Name, err = a.nameOf(ctx, *c.ASN); err != nil {
				return err
			}
		}
	}
	return nil
}

// nameOf names an operator by one of its addresses in the log.
func (a *analysis) nameOf(ctx context.Context, asn int64) (name string, err error) {
	if a.Networks == nil {
		return "", nil
	}
	return name, fetch.Each(ctx, a.conn, `SELECT address FROM clients WHERE asn = ? ORDER BY hi, lo LIMIT 1`, func(scan fetch.Scan) error {
		var address string
		if err := scan(&address); err != nil {
			return err
		}
		ip, err := a.real(address)
		name = a.operator(ip, asn)
		return err
	}, asn)
}
