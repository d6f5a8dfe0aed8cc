// Package pages reads a kept case piece by piece, for those who go from causes
// and hosts down to one user and one request. What is asked for is put in
// order once, in a temporary table of ids, which DuckDB keeps; names are looked
// up for the rows of a page alone. So memory stays bounded, however many users
// and requests a case holds.
package pages

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// Reader reads one case. It is safe for concurrent use, and makes at most one
// list of viewers and one of requests at a time: a new one takes the place of
// the old one, whose pages fail from then on.
type Reader struct {
	conn   *sql.Conn
	mu     sync.Mutex // while a list is made
	tables int        // made so far
	bases  string
	causes string
	words  string // of verdicts
}

// Open begins to read a case. Close ends it; the case stays open.
func Open(ctx context.Context, store *ingest.Store) (*Reader, error) {
	conn, err := store.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	r := &Reader{conn: conn, bases: fetch.QuotedList(ingest.Bases()), causes: fetch.QuotedList(ingest.Causes()), words: fetch.QuotedList(ingest.Verdicts())}
	for _, view := range []string{met, told} {
		if _, err := conn.ExecContext(ctx, view); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	return r, nil
}

// Close gives back what the lists took.
func (r *Reader) Close() error { return r.conn.Close() }

// met joins requests with whose they are, as the views of a case do, but by
// ids; told also with what was decided about them, which costs more.
const met = `CREATE OR REPLACE TEMP VIEW met AS
SELECT h.*, o.host, o.method, o.status, o.code, o.upstream, o.refused, o.shape, o.matched, o.scope,
       coalesce(m.first_link, h.link) AS first_link, coalesce(m.first_agent, h.agent) AS first_agent, coalesce(m.salt, 0) AS salt,
       CASE WHEN m.link IS NULL AND h.link = 0 THEN h.client ELSE 0 END AS stranger
FROM hit h
JOIN outcome o ON o.id = h.outcome
LEFT JOIN member m ON m.link = h.link AND m.agent = h.agent AND m.ident = h.ident`

var told = `CREATE OR REPLACE TEMP VIEW told AS
SELECT h.*, coalesce(j.verdict, ` + fmt.Sprint(ingest.UnruledVerdict) + `) AS verdict, coalesce(j.cause, 0) AS cause, j.detail, coalesce(j.basis, ` + fmt.Sprint(ingest.UnruledBasis) + `) AS basis
FROM met h
LEFT JOIN judged j ON j.outcome = h.outcome AND j.link = h.link
    AND j.client = CASE WHEN h.link > 0 THEN h.client ELSE 0 END
    AND j.dir = CASE WHEN h.link > 0 THEN h.dir ELSE 0 END
    AND j.file = CASE WHEN h.link > 0 AND (NOT h.matched OR h.scope = 1) THEN h.file ELSE 0 END`

// Refusals counts requests and viewers of every host, for each cause and for
// all causes together.
func (r *Reader) Refusals(ctx context.Context) ([]finding.Refusals, error) {
	return read(ctx, r.conn, `SELECT host, CASE WHEN GROUPING(cause) = 1 THEN '' ELSE `+r.causes+`[cause] END,
			count(*), count(DISTINCT (first_link, first_agent, salt, stranger))
		FROM told WHERE refused AND cause > 0 GROUP BY GROUPING SETS ((host, cause), (host)) ORDER BY 3 DESC, 1, 2`,
		func(scan fetch.Scan) (f finding.Refusals, err error) {
			return f, scan(&f.Host, &f.Cause, &f.Requests, &f.Viewers)
		})
}

// read gives all rows of a query.
func read[T any](ctx context.Context, conn *sql.Conn, query string, row func(fetch.Scan) (T, error), args ...any) (all []T, err error) {
	err = fetch.Each(ctx, conn, query, func(scan fetch.Scan) error {
		v, err := row(scan)
		all = append(all, v)
		return err
	}, args...)
	return all, err
}

// keep puts the rows of a query in a temporary table, in their order, and
// tells how it is called and how many there are. The last one of that kind goes.
func (r *Reader) keep(ctx context.Context, kind, query string, args ...any) (table string, rows int64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, err := read(ctx, r.conn, `SELECT table_name FROM duckdb_tables() WHERE temporary AND starts_with(table_name, ?)`,
		func(scan fetch.Scan) (name string, err error) { return name, scan(&name) }, kind+"_")
	if err != nil {
		return "", 0, err
	}
	for _, name := range old {
		if _, err := r.conn.ExecContext(ctx, `DROP TABLE temp.`+name); err != nil {
			return "", 0, err
		}
	}
	r.tables++
	table = fmt.Sprintf("%s_%d", kind, r.tables)
	if _, err := r.conn.ExecContext(ctx, `CREATE TEMP TABLE `+table+` AS `+query, args...); err != nil {
		return "", 0, err
	}
	return table, rows, r.conn.QueryRowContext(ctx, `SELECT count(*) FROM temp.`+table).Scan(&rows)
}
