package detect

import (
	"bytes"
	"context"
	"net/netip"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/token"
)

// court judges kinds, link by link.
type court struct {
	*analysis
	judged, signed *ingest.Rows
	parser         *token.Parser
	causes, bases  []string
	kinds          []kind // of one link
}

// rule gives every kind its verdict and cause, and counts the denials.
func (a *analysis) rule(ctx context.Context) (err error) {
	a.out.Denials = finding.Denials{
		ByCause: map[string]int64{}, ByHost: map[string]map[string]int64{}, ByDetail: map[string]map[string]int64{},
		Inferred: map[string]int64{}, Networks: []finding.Network{},
	}
	c := &court{analysis: a, parser: token.NewParser(a.Scheme), causes: ingest.Causes(), bases: ingest.Bases()}
	if c.judged, err = a.store.Rows(ctx, "judged"); err != nil {
		return err
	}
	if c.signed, err = a.store.Rows(ctx, "signed"); err != nil {
		return err
	}
	err = ingest.Pages(ctx, a.conn, `SELECT k.outcome, k.link, k.client, k.dir, k.file, k.n,
			coalesce(c.family, 0)::UTINYINT, coalesce(c.mapped, 0)::UTINYINT, coalesce(c.hi, 0)::UBIGINT, coalesce(c.lo, 0)::UBIGINT, d.text, f.text
		FROM kind k LEFT JOIN client c ON c.id = k.client LEFT JOIN dir d ON d.id = k.dir LEFT JOIN file f ON f.id = k.file
		ORDER BY k.link, c.hi, c.lo, k.outcome, k.dir, k.file`, func(p ingest.Page) error {
		for i := range p.Len() {
			k := kind{
				id: p.U32(0)[i], link: p.U32(1)[i], client: p.U32(2)[i], dir: p.U32(3)[i], file: p.U32(4)[i], n: p.I64(5)[i],
				ip: ingest.Address(p.U8(6)[i], p.U8(7)[i], p.U64(8)[i], p.U64(9)[i]),
			}
			if len(c.kinds) > 0 && (k.link == 0 || c.kinds[0].link != k.link) {
				if err := c.close(ctx); err != nil {
					return err
				}
			}
			k.outcome = a.outcomes[k.id]
			k.path = c.decode(p.Text(10, i), p.Text(11, i))
			c.kinds = append(c.kinds, k)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.close(ctx); err != nil {
		return err
	}
	if err := c.signed.Flush(ctx); err != nil {
		return err
	}
	return c.judged.Flush(ctx)
}

// decode undoes the escaping of a path as the edge does.
func (c *court) decode(dir, file string) []byte {
	raw := append(append(make([]byte, 0, len(dir)+len(file)), dir...), file...)
	var l token.Link
	if c.parser.Parse(raw, &l); !l.PathOK {
		return nil
	}
	return bytes.Clone(l.Path)
}

// close judges the kinds collected for one link.
func (c *court) close(ctx context.Context) error {
	if len(c.kinds) == 0 {
		return nil
	}
	p := c.proof()
	served := c.served()
	var known *ruling
	for i := range c.kinds {
		k := &c.kinds[i]
		r := k.host.rule(k, p, served)
		if r.signed.IsValid() || p != nil && r.basis == recomputed {
			known = &r
		}
		c.count(k, &r)
		if err := c.judged.Append(ctx, k.id, k.link, k.client, k.dir, k.file, uint8(r.verdict),
			ingest.Place(c.causes, r.cause), ingest.Place(c.bases, string(r.basis)), orNull(string(r.detail))); err != nil {
			return err
		}
	}
	if known != nil {
		if err := c.signed.Append(ctx, c.kinds[0].link, c.scope(p), address(known.signed), string(known.basis)); err != nil {
			return err
		}
	}
	c.kinds = c.kinds[:0]
	return nil
}

// proof tells what the link was signed with: by a request of its own that
// verifies, else by what the search found.
func (c *court) proof() *proof {
	var best *proof
	failed := false
	for i := range c.kinds {
		k := &c.kinds[i]
		if !k.matched {
			failed = failed || k.shape == token.Signed
			continue
		}
		own := k.host.policy.accepts(k.dir, k.how)
		if best != nil && !own {
			continue
		}
		best = &proof{host: k.host, how: k.how, path: string(token.ScopePath(k.path, k.how.scope, int(k.how.up)))}
		switch k.how.binding.Kind {
		case token.BindAddress:
			best.addr = k.ip
		case token.BindMask:
			best.addr = cutTo(k.ip, int(k.how.binding.Prefix))
		}
	}
	if best == nil {
		return c.proofs[c.kinds[0].link]
	}
	if failed {
		c.out.Method.Search.Links++
		c.out.Method.Search.Witnessed++
	}
	return best
}

// served lists the addresses the link was served to.
func (c *court) served() []netip.Addr {
	var out []netip.Addr
	for i := range c.kinds {
		if k := &c.kinds[i]; k.outcome.served() && !slices.Contains(out, k.ip) && len(out) < 64 {
			out = append(out, k.ip)
		}
	}
	return out
}

func (c *court) scope(p *proof) string {
	if p == nil {
		return ""
	}
	return p.how.scope.String()
}

func (c *court) count(k *kind, r *ruling) {
	if r.cause == "" {
		return
	}
	d := &c.out.Denials
	d.Total += k.n
	d.ByCause[r.cause] += k.n
	if d.ByHost[k.host.name] == nil {
		d.ByHost[k.host.name] = map[string]int64{}
	}
	d.ByHost[k.host.name][r.cause] += k.n
	if r.detail != "" {
		if d.ByDetail[r.cause] == nil {
			d.ByDetail[r.cause] = map[string]int64{}
		}
		d.ByDetail[r.cause][string(r.detail)] += k.n
	}
	if r.basis == inferred {
		d.Inferred[r.cause] += k.n
	}
	if r.clash {
		d.Disagreements += k.n
	}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func address(ip netip.Addr) any {
	if !ip.IsValid() {
		return nil
	}
	return string(token.AppendAddr(nil, ip))
}

// deny lists the networks where most refusals came from.
func (a *analysis) deny(ctx context.Context) error {
	return each(ctx, a.conn, `SELECT o.host, c.family, network(c.family, c.hi, c.lo) AS net, any_value(c.asn), any_value(c.country),
			sum(k.n)::BIGINT AS refusals, coalesce(sum(k.n) FILTER (mismatch(j.cause)), 0)::BIGINT AS mismatches,
			count(DISTINCT c.address)
		FROM kind k JOIN judged j USING (outcome, link, client, dir, file) JOIN outcome o ON o.id = k.outcome JOIN client c ON c.id = k.client
		WHERE j.cause > 0 AND k.link > 0 GROUP BY o.host, c.family, net ORDER BY mismatches DESC, refusals DESC, o.host, c.family, net LIMIT 10`,
		func(scan scanner) error {
			var n finding.Network
			var family uint8
			var net uint64
			var country *string
			if err := scan(&n.Host, &family, &net, &n.ASN, &country, &n.Refusals, &n.Mismatches, &n.Addresses); err != nil {
				return err
			}
			if country != nil {
				n.Country = *country
			}
			n.Prefix = networkText(family, net)
			a.out.Denials.Networks = append(a.out.Denials.Networks, n)
			return nil
		})
}

// networkText writes what the macro network cut out as a prefix.
func networkText(family uint8, net uint64) string {
	if family == 4 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(net >> 8), byte(net)}), 16).String()
	}
	raw := [16]byte{byte(net >> 24), byte(net >> 16), byte(net >> 8), byte(net)}
	return netip.PrefixFrom(netip.AddrFrom16(raw), 32).String()
}
