package detect

import (
	"context"
	"fmt"
	"time"
)

// sessions measures how long the users of a host watch.
func (a *analysis) sessions(ctx context.Context) error {
	return each(ctx, a.conn, `SELECT l.host, quantile_disc(epoch_us(p.last) - epoch_us(p.first), 0.5) FROM person p JOIN link l ON l.id = p.link
		WHERE p.requests > 1 GROUP BY l.host`, func(scan scanner) error {
		var name string
		var us int64
		err := scan(&name, &us)
		a.host(name).session = time.Duration(us) * time.Microsecond
		return err
	})
}

// findOutside measures how often two clients that share a network of a
// candidate's length are of different carriers (rules of evidence, 17), if there
// is a host with enough affected users to ask. Clients whose carrier is not known
// are left out.
func (a *analysis) findOutside(ctx context.Context) error {
	if !a.asksForMasks() {
		return nil
	}
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.neighbour AS SELECT DISTINCT o.host, c.family, c.hi, c.lo, c.asn
		FROM (SELECT DISTINCT outcome, client FROM work.visit WHERE link > 0) k JOIN outcome o ON o.id = k.outcome JOIN client c ON c.id = k.client
		WHERE NOT o.shield AND c.asn IS NOT NULL`); err != nil {
		return err
	}
	for _, p := range a.Masks4 {
		if err := a.outsideOf(ctx, 4, p, fmt.Sprintf(`(lo & 4294967295) >> %d`, 32-p)); err != nil {
			return err
		}
	}
	for _, p := range a.Masks6 {
		net := fmt.Sprintf(`hi >> %d`, max(0, 64-p))
		if p > 64 {
			net = fmt.Sprintf(`(hi, lo >> %d)`, 128-p)
		}
		if err := a.outsideOf(ctx, 6, p, net); err != nil {
			return err
		}
	}
	return nil
}

func (a *analysis) asksForMasks() bool {
	for _, h := range a.hosts {
		for _, r := range h.replays {
			if r.AffectedUsers() >= a.Thresholds.DecidesFrom {
				return true
			}
		}
	}
	return false
}

// outsideOf counts pairs of clients in networks of one length, told apart by an
// SQL expression.
func (a *analysis) outsideOf(ctx context.Context, family, prefix int, net string) error {
	return each(ctx, a.conn, `WITH n AS (SELECT host, `+net+` AS net, asn, count(*)::DOUBLE AS k FROM work.neighbour WHERE family = ? GROUP BY ALL),
		pairs AS (SELECT host, net, sum(k) * (sum(k) - 1) AS whole, sum(k * (k - 1)) AS alike FROM n GROUP BY host, net)
		SELECT host, 1 - sum(alike) / sum(whole) FROM pairs GROUP BY host HAVING sum(whole) > 0`, func(scan scanner) error {
		var name string
		var share float64
		err := scan(&name, &share)
		h := a.host(name)
		if h.outside == nil {
			h.outside = map[int]map[int]float64{4: {}, 6: {}}
		}
		h.outside[family][prefix] = share
		return err
	}, family)
}
