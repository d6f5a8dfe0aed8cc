package detect

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// signers counts what the signers did wrong, host by host: on links whose hash
// does not hold as it should, on malformed ones, and on those that hold.
func (a *analysis) signers(ctx context.Context, conn *sql.Conn) error {
	a.out.Signer = []finding.Signer{}
	f := newFinder(a, nil)
	if err := a.findProxies(ctx, conn); err != nil {
		return err
	}
	a.findExpiries()
	flaws, err := a.recallFlaws(ctx, conn)
	if err != nil {
		return err
	}
	all := map[string][]flaw{}
	for _, name := range a.names {
		h := a.hosts[name]
		if !h.keyed {
			continue
		}
		f.turnTo(h)
		a.tally(h, h.mistakes, h.doubted, "unexplained links")
		broken, mistakes := a.examineBroken(f, h, flaws[name]), map[string]int64{}
		for _, b := range broken {
			if b.mistake.Name != "" {
				mistakes[b.mistake.Name]++
			}
		}
		among := "malformed links"
		if len(broken) == mostBroken {
			among = "the first malformed links"
		}
		a.tally(h, mistakes, int64(len(broken)), among)
		all[name] = broken
	}
	return a.keepFlaws(ctx, conn, all)
}

const (
	longAgo = 315_360_000 // Unix seconds of 1979: no link expired then, but durations are shorter
	fewOdd  = 5           // links from which an oddity is the signer's doing, not a viewer's
)

// findExpiries counts links whose hash holds, with an expiry in milliseconds or
// one that is a duration.
func (a *analysis) findExpiries() {
	for _, name := range a.names {
		h, odd := a.hosts[name], map[string]int64{}
		if h.fine >= fewOdd {
			odd["ms_expiry"] = h.fine
		}
		if h.brief >= fewOdd {
			odd["relative_expiry"] = h.brief
		}
		a.tally(h, odd, h.links, "signed links")
	}
}

// A signer sees its own proxy where most links of a host are signed for one
// address and requested from others all over the place (rules of evidence, 3).
const (
	proxyShare    = 0.5
	proxyClients  = 10 // other addresses that asked with these links
	proxyNetworks = 3  // /16s, or /32s of IPv6, they lie in
)

func (a *analysis) findProxies(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `CREATE TABLE work.proxy AS WITH n AS (SELECT l.host, s.signed_ip, count(*) AS links FROM signed s JOIN link l ON l.id = s.link
			WHERE s.basis = 'recomputed' AND s.signed_ip IS NOT NULL GROUP BY ALL)
		SELECT host, arg_max(signed_ip, (links, signed_ip)) AS signed_ip, max(links)::BIGINT AS links, sum(links)::BIGINT AS signed
		FROM n GROUP BY host HAVING max(links) >= ? AND max(links) > ? * sum(links)`, a.Thresholds.CalibrationTokens, proxyShare); err != nil {
		return err
	}
	return each(ctx, conn, `SELECT t.host, t.signed_ip, t.links, t.signed FROM work.proxy t JOIN signed s ON s.signed_ip = t.signed_ip JOIN link l ON l.id = s.link AND l.host = t.host
			JOIN work.visit k ON k.link = l.id JOIN client c ON c.id = k.client
		WHERE c.address <> t.signed_ip
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
		}, proxyClients, proxyNetworks)
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

func (a *analysis) tally(h *host, mistakes map[string]int64, examined int64, among string) {
	at := len(a.out.Signer)
	for name, n := range mistakes {
		m := mistakeNamed(name)
		a.out.Signer = append(a.out.Signer, finding.Signer{Host: h.name, Mistake: m.Name, Says: m.Says, Fix: m.Fix, Links: n, Examined: examined, Among: among})
	}
	slices.SortFunc(a.out.Signer[at:], func(x, y finding.Signer) int {
		return cmp.Or(cmp.Compare(y.Links, x.Links), cmp.Compare(x.Mistake, y.Mistake))
	})
}

// mistakeNamed returns one of token's mistakes.
func mistakeNamed(name string) token.Mistake {
	for _, m := range token.Mistakes() {
		if m.Name == name {
			return m
		}
	}
	return token.Mistake{Name: name}
}
