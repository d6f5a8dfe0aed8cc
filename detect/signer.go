package detect

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// signers counts what the signers did wrong, host by host: on links that no
// address explains, on malformed ones, and on all.
func (a *analysis) signers(ctx context.Context) error {
	a.out.Signer = []finding.Signer{}
	f := newFinder(a, nil)
	stale, err := a.staleLinks(ctx)
	if err != nil {
		return err
	}
	if err := a.findProxies(ctx); err != nil {
		return err
	}
	for _, name := range a.names {
		h := a.hosts[name]
		if len(h.keys) == 0 {
			continue
		}
		f.turnTo(h)
		mistakes := a.wrong(h)
		for range stale[name] {
			mistakes = append(mistakes, oldKey())
		}
		a.tally(h, mistakes, h.examined+stale[name], "unexplained links")
		broken := a.loaded.Unproven.Broken(name)
		mistakes = nil
		for i := range broken {
			if found, ok := f.examiner.Examine(f.suspicion(h, &broken[i], []netip.Addr{broken[i].Client})); ok {
				mistakes = append(mistakes, found.Mistake)
			}
		}
		a.tally(h, mistakes, int64(len(broken)), "malformed links")
	}
	return nil
}

// staleLinks counts, by host, the refused links that are signed with a key
// outside its validity, and notes which requests were served nevertheless.
func (a *analysis) staleLinks(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	return out, each(ctx, a.conn, `SELECT o.host, count(DISTINCT k.link) FILTER (o.refused), coalesce(sum(k.n) FILTER (served(o.status, o.method)), 0)::BIGINT
		FROM work.kind k JOIN outcome o ON o.id = k.outcome WHERE o.matched AND o.stale AND NOT o.shield GROUP BY o.host`, func(scan scanner) error {
		var name string
		var refused, served int64
		err := scan(&name, &refused, &served)
		out[name], a.host(name).outdated = refused, served
		return err
	})
}

// A signer sees its own proxy where most links of a host are signed for one
// address and requested from others all over the place (rules of evidence, 3).
const (
	proxyShare    = 0.5
	proxyClients  = 10 // other addresses that asked with these links
	proxyNetworks = 3  // /16s, or /32s of IPv6, they lie in
)

func (a *analysis) findProxies(ctx context.Context) error {
	return each(ctx, a.conn, `WITH n AS (SELECT l.host, s.signed_ip, count(*) AS links FROM signed s JOIN link l ON l.id = s.link
			WHERE s.basis = 'recomputed' AND s.signed_ip IS NOT NULL GROUP BY ALL),
		top AS (SELECT host, arg_max(signed_ip, (links, signed_ip)) AS signed_ip, max(links)::BIGINT AS links, sum(links)::BIGINT AS signed FROM n GROUP BY host)
		SELECT t.host, t.signed_ip, t.links, t.signed FROM top t JOIN signed s ON s.signed_ip = t.signed_ip JOIN link l ON l.id = s.link AND l.host = t.host
			JOIN work.kind k ON k.link = l.id JOIN client c ON c.id = k.client
		WHERE t.links >= ? AND t.links > ? * t.signed AND c.address <> t.signed_ip
		GROUP BY ALL HAVING count(DISTINCT c.address) >= ? AND count(DISTINCT (c.family, network(c.family, c.hi, c.lo))) >= ? ORDER BY t.host`,
		func(scan scanner) error {
			var name, address string
			var links, signed int64
			if err := scan(&name, &address, &links, &signed); err != nil {
				return err
			}
			a.host(name).proxy = address
			a.out.Signer = append(a.out.Signer, finding.Signer{
				Host: name, Mistake: "one_address", Links: links, Examined: signed, Among: "signed links",
				Says: "they were signed for one address, " + address + ", and requested from many others: the signer sees its own proxy, not the viewers",
				Fix:  "take the viewer's address from the header your proxy sets (X-Forwarded-For, X-Real-IP), trusting that proxy only",
			})
			return nil
		}, a.Thresholds.CalibrationTokens, proxyShare, proxyClients, proxyNetworks)
}

// wrong lists the mistakes proven on the links of a host.
func (a *analysis) wrong(h *host) []token.Mistake {
	var out []token.Mistake
	for _, p := range a.proofs {
		if p.host == h && p.mistake.Name != "" {
			out = append(out, p.mistake)
		}
	}
	return out
}

func (a *analysis) tally(h *host, mistakes []token.Mistake, examined int64, among string) {
	counts := map[token.Mistake]int64{}
	for _, m := range mistakes {
		counts[m]++
	}
	at := len(a.out.Signer)
	for m, n := range counts {
		a.out.Signer = append(a.out.Signer, finding.Signer{Host: h.name, Mistake: m.Name, Says: m.Says, Fix: m.Fix, Links: n, Examined: examined, Among: among})
	}
	slices.SortFunc(a.out.Signer[at:], func(x, y finding.Signer) int {
		return cmp.Or(cmp.Compare(y.Links, x.Links), cmp.Compare(x.Mistake, y.Mistake))
	})
}
