package ingest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"ipdrift/ingest/fetch"
)

// slicing says how a view is read in slices, each of which is joined by itself: its rows
// are the smaller side of most joins then, so that millions of texts need little memory.
// The view as a whole is one chain of joins, which DuckDB builds all at once.
type slicing struct {
	view, from string   // what the view begins with, a table and its alias
	ofLinks    []string // what it joins by its column link, with about a row for each: only the links of a slice are read
	cuts       func(ctx context.Context, conn *sql.Conn) (conditions []string, err error)
}

var (
	slicedRequests = slicing{"requests", "hit h", []string{"signatures g", "judged j"},
		func(ctx context.Context, conn *sql.Conn) ([]string, error) {
			return hitParts(ctx, conn, fetch.PageRows)
		}}
	slicedUsers = slicing{"users", "persons p", nil, cutPersons}
)

// cutPersons cuts the users by their links: most have one of their own.
func cutPersons(ctx context.Context, conn *sql.Conn) (conditions []string, err error) {
	last, err := fetch.LastID(ctx, conn, "link")
	for first := 1; first <= last; first += fetch.PageRows {
		conditions = append(conditions, fmt.Sprintf(`link BETWEEN %d AND %d`, first, first+fetch.PageRows-1))
	}
	return conditions, err
}

// each hands on a query for each slice. All of them make the view.
func (v slicing) each(ctx context.Context, conn *sql.Conn, f func(query string) error) error {
	conditions, err := v.cuts(ctx, conn)
	if err != nil {
		return err
	}
	_, body, _ := strings.Cut(views(), "CREATE VIEW "+v.view+" AS\n")
	body, _, _ = strings.Cut(body, ";\n")
	table, _, _ := strings.Cut(v.from, " ")
	for _, condition := range conditions {
		query := only(body, "FROM "+v.from, condition)
		for _, joined := range v.ofLinks {
			query = only(query, "JOIN "+joined, `link IN (SELECT link FROM `+table+` WHERE `+condition+`)`)
		}
		if err := f(query); err != nil {
			return err
		}
	}
	return nil
}

// only puts a condition on a table of a query; named is a word, the table and its alias.
func only(query, named, condition string) string {
	parts := strings.Fields(named)
	return strings.Replace(query, named, fmt.Sprintf(`%s (SELECT * FROM %s WHERE %s) %s`, parts[0], parts[1], condition, parts[2]), 1)
}

// layOut makes tables of the views that a query may read, for this connection alone. They
// go before the views.
func layOut(ctx context.Context, conn *sql.Conn, query string) error {
	for _, v := range []slicing{slicedRequests, slicedUsers} {
		if !strings.Contains(strings.ToLower(query), v.view) {
			continue
		}
		if _, err := conn.ExecContext(ctx, fmt.Sprintf(`CREATE TEMP TABLE %[1]s AS SELECT * FROM %[1]s LIMIT 0`, v.view)); err != nil {
			return err
		}
		if err := v.each(ctx, conn, func(slice string) error {
			_, err := conn.ExecContext(ctx, `INSERT INTO `+v.view+` `+slice)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// sortedUsers fills table page with the users, who have most refused first on every host,
// and words with the texts in it: rows of one width are sorted within little memory, rows
// with texts are not.
func sortedUsers(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, `CREATE OR REPLACE TEMP TABLE words AS SELECT row_number() OVER (ORDER BY text)::UINTEGER AS id, text
			FROM (SELECT host AS text FROM link UNION SELECT class FROM persons UNION SELECT reason FROM persons);
		CREATE OR REPLACE TEMP TABLE roll AS SELECT * REPLACE (0::UBIGINT AS user_id, 0::UINTEGER AS host, 0::UINTEGER AS class, 0::UINTEGER AS reason) FROM users LIMIT 0`); err != nil {
		return err
	}
	if err := slicedUsers.each(ctx, conn, func(slice string) error {
		_, err := conn.ExecContext(ctx, `INSERT INTO roll SELECT u.* REPLACE (('0x' || u.user_id)::UBIGINT AS user_id, h.id AS host, c.id AS class, r.id AS reason)
			FROM (`+slice+`) u JOIN words h ON h.text = u.host JOIN words c ON c.text = u.class JOIN words r ON r.text = u.reason`)
		return err
	}); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, fetch.Fill(`FROM roll ORDER BY host, ip_mismatches DESC, refusals DESC, user_id`)+`; DROP TABLE roll`)
	return err
}

// pageOfUsers is a piece of what sortedUsers makes, as view users has it.
const pageOfUsers = `SELECT u.* EXCLUDE (` + fetch.RowNumber + `) REPLACE (lpad(lower(hex(u.user_id)), 16, '0') AS user_id, h.text AS host, c.text AS class, r.text AS reason)
	FROM page u JOIN words h ON h.id = u.host JOIN words c ON c.id = u.class JOIN words r ON r.id = u.reason
	WHERE u.` + fetch.RowNumber + ` BETWEEN %d AND %d ORDER BY u.` + fetch.RowNumber
