package detect

import (
	"context"
	"database/sql"

	"ipdrift/ingest/format"
)

// Clock thresholds (rules of evidence, 7).
const (
	clockLinks   = 30  // links with an expiry error before their times are compared
	clockShare   = 0.8 // share of them that has to cluster
	clockStep    = 900 // seconds: time zones differ by multiples of it
	clockCluster = 60  // seconds behind a multiple that count as at it
)

// clock looks for expiry errors that are the fault of a clock or a time zone:
// links served long after their expiry, and refusals that cluster behind a
// multiple of a quarter of an hour.
func (a *analysis) clock(ctx context.Context, conn *sql.Conn) error {
	const late = `SELECT o.host, v.link, min(epoch_us(v.first) // 1000000 - l.deadline) AS by
		FROM work.visit v JOIN outcome o ON o.id = v.outcome JOIN link l ON l.id = v.link
		WHERE o.matched AND o.late = 4 AND NOT o.shield AND `
	err := each(ctx, conn, `SELECT host, count(*), quantile_cont(by, 0.5)::BIGINT FROM (`+late+`served(o.status, o.method) GROUP BY ALL)
		GROUP BY host HAVING count(*) >= ? ORDER BY host`, func(scan scanner) error {
		var host string
		var links, by int64
		err := scan(&host, &links, &by)
		if float64(links) >= fewLinks*float64(a.host(host).tokens) {
			a.clocks = append(a.clocks, format.Sentence("%s: %d links were served after their expiry, typically by %d s: the log's time zone or a clock is wrong, or this host does not enforce expiry; do not trust its expired verdicts", host, links, by))
		}
		return err
	}, clockLinks)
	if err != nil {
		return err
	}
	return each(ctx, conn, `SELECT host, count(*), count(*) FILTER (by >= ? AND by % ? <= ?), mode(by // ?) FROM (`+late+`o.refused GROUP BY ALL)
		GROUP BY host HAVING count(*) >= ? ORDER BY host`, func(scan scanner) error {
		var host string
		var links, near, steps int64
		err := scan(&host, &links, &near, &steps)
		if float64(near) >= clockShare*float64(links) {
			a.host(host).shifted = steps * clockStep / 60
			a.clocks = append(a.clocks, format.Sentence("%s: %d of %d expired links are late by a multiple of 15 minutes, most by %d: the time zone of the log or the signer is wrong, not the links' lifetime", host, near, links, steps*clockStep/60))
		}
		return err
	}, clockStep, clockStep, clockCluster, clockStep, clockLinks)
}
