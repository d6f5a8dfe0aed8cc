package detect

import "context"

// makeVisits makes the table visit, in the order of the links, so that whoever
// reads it meets each link once and whole. It takes one large table after the
// other, so that each step has all of the memory.
func (a *analysis) makeVisits(ctx context.Context) error {
	ident := `0::UINTEGER`
	if a.stated() {
		ident = `CASE WHEN h.link > 0 THEN h.ident ELSE 0 END`
	}
	for _, q := range []string{
		`CREATE TABLE work.grouped AS SELECT h.outcome, h.link,
		        CASE WHEN h.link > 0 THEN h.agent ELSE 0 END AS agent,
		        ` + ident + ` AS ident,
		        CASE WHEN h.link > 0 THEN h.client ELSE 0 END AS client,
		        CASE WHEN h.link > 0 THEN h.dir ELSE 0 END AS dir,
		        CASE WHEN h.link > 0 AND (NOT o.matched OR o.scope = 1) THEN h.file ELSE 0 END AS file,
		        count(*)::BIGINT AS n, min(h.start) AS first, max(h.start) AS final
		      FROM hit h JOIN outcome o ON o.id = h.outcome GROUP BY ALL`,
		`CREATE TABLE work.placed AS SELECT v.*, coalesce(c.family, 0)::UTINYINT AS family, coalesce(c.mapped, 0)::UTINYINT AS mapped,
		        coalesce(c.hi, 0)::UBIGINT AS hi, coalesce(c.lo, 0)::UBIGINT AS lo
		      FROM work.grouped v LEFT JOIN client c ON c.id = v.client`,
		`DROP TABLE work.grouped`,
		`CREATE TABLE work.visit AS SELECT v.*, coalesce(l.hash, 0)::UBIGINT AS hash, coalesce(l.deadline, 0)::BIGINT AS deadline
		      FROM work.placed v LEFT JOIN link l ON l.id = v.link ORDER BY v.link`,
		`DROP TABLE work.placed`,
	} {
		if _, err := a.conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}
