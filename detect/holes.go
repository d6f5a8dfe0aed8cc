package detect

import (
	"context"
	"time"
)

// What a hole in a log is: minutes without a request, between others in which so many
// addresses asked that they cannot all have stopped by chance.
const (
	holeMinutes   = 5  // fewer are none
	holeAddresses = 10 // in the minute before, and in the one after
)

// sayHoles says it where log files seem to be missing (rules of evidence, 2).
func (a *analysis) sayHoles(ctx context.Context) error {
	const minute = `epoch_us(start) // 60000000`
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.hole AS
		WITH m AS (SELECT `+minute+` AS minute, count(*) AS n FROM hit GROUP BY 1),
			g AS (SELECT minute, n, lead(minute) OVER w AS until, lead(n) OVER w AS after FROM m WINDOW w AS (ORDER BY minute))
		SELECT minute, until FROM g WHERE until - minute > ? AND n >= ? AND after >= ?`, holeMinutes, holeAddresses, holeAddresses); err != nil {
		return err
	}
	var holes, empty int64
	err := a.conn.QueryRowContext(ctx, `WITH busy AS (
			SELECT `+minute+` AS minute FROM hit WHERE `+minute+` IN (SELECT minute FROM work.hole UNION ALL SELECT until FROM work.hole)
			GROUP BY 1 HAVING count(DISTINCT client) >= ?)
		SELECT count(*), coalesce(sum(until - minute - 1), 0)::BIGINT FROM work.hole WHERE minute IN (FROM busy) AND until IN (FROM busy)`, holeAddresses).Scan(&holes, &empty)
	if err != nil || holes == 0 {
		return err
	}
	a.warnOf("no request is logged in %d {spell|spells} of %d minutes or more, %s together, between minutes in which %d addresses or more asked: if log files are missing there, what viewers did then is not known, and too many count as never served or interrupted",
		holes, holeMinutes, lasting(time.Duration(empty)*time.Minute), holeAddresses)
	return nil
}
