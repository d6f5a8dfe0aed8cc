package ingest

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// rewriteRows is about how many rows of a table are rewritten at once: as many stand in the
// file twice, and what is deleted is held in memory until the CHECKPOINT, some 16 bytes
// of each. A test has fewer.
var rewriteRows int64 = 2 << 20

// updateShare is of how many rows one may have to be changed so that changing
// these is cheaper than to write all anew. A test has fewer.
var updateShare int64 = 16

// replace puts the one id in place of the others.
func replace(ctx context.Context, conn *sql.Conn, table string, dicts []string) error {
	var many []string
	for _, name := range dicts {
		var rows, changed int64
		if err := conn.QueryRowContext(ctx, fmt.Sprintf(`SELECT (SELECT count(*) FROM %[1]s), count(*) FROM %[1]s WHERE %[3]s IN (SELECT id FROM alias_%[2]s)`, table, name, partOf(table, name))).Scan(&rows, &changed); err != nil {
			return err
		}
		switch {
		case changed > rows/(updateShare*columnsWith(table, name)):
			many = append(many, name)
		case changed > 0:
			if err := update(ctx, conn, table, name); err != nil {
				return err
			}
		}
	}
	return rewrite(ctx, conn, table, many)
}

// update changes single rows. What is changed is held in memory until the CHECKPOINT: of
// each column, all that stands near.
func update(ctx context.Context, conn *sql.Conn, table, name string) error {
	parts, err := partsOf(ctx, conn, table, max(1, rewriteRows/columnsWith(table, name)))
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := conn.ExecContext(ctx, fmt.Sprintf(`UPDATE %[1]s SET %[2]s FROM alias_%[3]s a WHERE a.id = %[1]s.%[4]s AND %[5]s; CHECKPOINT`,
			table, assigned(table, name), name, partOf(table, name), part)); err != nil {
			return err
		}
	}
	return nil
}

// partOf is where a table has the ids of a dictionary.
func partOf(table, name string) string {
	if table == "packed" && slices.Contains(restOf, name) {
		return "rest." + name
	}
	return name
}

// assigned sets the ids of a dictionary to column one of a.
func assigned(table, name string) string {
	if partOf(table, name) == name {
		return name + " = a.one"
	}
	return "rest = " + restWith(table, map[string]string{name: "a.one"})
}

// columnsWith is how many columns change with the ids of a dictionary.
func columnsWith(table, name string) int64 {
	if partOf(table, name) == name {
		return 1
	}
	return int64(len(restOf))
}

// restWith is column rest of a row, with other parts in the place of some.
func restWith(row string, other map[string]string) string {
	var parts []string
	for _, name := range restOf {
		parts = append(parts, fmt.Sprintf("'%s': %s", name, cmp.Or(other[name], row+".rest."+name)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// partsOf are conditions that take a table apart, into some rows each, about.
func partsOf(ctx context.Context, conn *sql.Conn, table string, rows int64) (parts []string, err error) {
	if table == "packed" {
		return hitParts(ctx, conn, rows)
	}
	last := int64(0)
	err = conn.QueryRowContext(ctx, `SELECT coalesce(max(rowid), 0) FROM `+table).Scan(&last)
	for first := int64(0); first <= last; first += rows {
		parts = append(parts, fmt.Sprintf(`%s.rowid BETWEEN %d AND %d`, table, first, first+rows-1))
	}
	return parts, err
}

// rewrite puts the one id in place of the others, some rows at a time, so that
// the blocks that are left are those that the next rows are written to.
func rewrite(ctx context.Context, conn *sql.Conn, table string, dicts []string) error {
	if len(dicts) == 0 {
		return nil
	}
	var columns, joins []string
	rest := map[string]string{}
	for _, name := range dicts {
		part := partOf(table, name)
		one := fmt.Sprintf("coalesce(alias_%s.one, h.%s)", name, part)
		if part == name {
			columns = append(columns, one+" AS "+name)
		} else {
			rest[name] = one
		}
		joins = append(joins, fmt.Sprintf("LEFT JOIN alias_%[1]s ON alias_%[1]s.id = h.%[2]s", name, part))
	}
	if len(rest) > 0 {
		columns = append(columns, restWith("h", rest)+" AS rest")
	}
	do := func(q string, args ...any) error {
		_, err := conn.ExecContext(ctx, fmt.Sprintf(q, args...))
		return err
	}
	parts := []string{"true"} // all of a table of ids alone
	if table == "packed" {
		var err error
		if parts, err = hitParts(ctx, conn, rewriteRows); err != nil {
			return err
		}
	}
	if err := do(`CREATE TABLE %[1]s_unified AS SELECT * FROM %[1]s LIMIT 0`, table); err != nil {
		return err
	}
	for i, part := range parts {
		if err := do(`INSERT INTO %[1]s_unified SELECT h.* REPLACE (%[2]s) FROM %[1]s h %[3]s WHERE %[4]s`, table, strings.Join(columns, ", "), strings.Join(joins, " "), part); err != nil {
			return err
		}
		if i == len(parts)-1 {
			break
		}
		if err := do(`DELETE FROM %s WHERE %s; CHECKPOINT`, table, part); err != nil {
			return err
		}
		Trim()
	}
	return do(`DROP TABLE %[1]s; ALTER TABLE %[1]s_unified RENAME TO %[1]s`, table)
}
