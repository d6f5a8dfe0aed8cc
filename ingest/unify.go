package ingest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/marcboeker/go-duckdb"

	"ipdrift/ingest/fetch"
)

// dictionaryKeys names the columns that make two rows of a dictionary the
// same value.
var dictionaryKeys = map[string]string{
	"outcome": "host, method, status, code, upstream, shield, shape, detail, late, matched, scope, up, bind, prefix, form, key, stale, refused, edge",
	"link":    "host, hash", "client": "family, mapped, hi, lo, country, asn",
	"dir": "text", "file": "text", "agent": "text", "referer": "text", "ident": "hash",
}

// unify gives values that a capped dictionary stored twice one id again, and
// drops the others. It returns the ids of links that were replaced, with their
// replacements, and has hits know all of them. Deleted rows may take most bytes of memory.
func (s *Store) unify(ctx context.Context, doubted []doubted, hits *Hits, most int64) (links map[uint32]uint32, err error) {
	if len(doubted) == 0 {
		return nil, nil
	}
	conn, err := s.DB.Conn(ctx) // temporary tables belong to one connection
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	mended, err := findAliases(ctx, conn, doubted, hits)
	if err != nil {
		return nil, err
	}
	if err := replace(ctx, conn, "packed", mended); err != nil {
		return nil, err
	}
	if err := replace(ctx, conn, "tie", slices.DeleteFunc(slices.Clone(mended), func(name string) bool { return !slices.Contains(tieColumns, name) })); err != nil {
		return nil, err
	}
	for _, name := range mended {
		if err := dropAliases(ctx, conn, name, most); err != nil {
			return nil, err
		}
	}
	return renameIn(ctx, conn, hits, mended)
}

// dropAliases drops what stands twice in a dictionary. Of rows that are deleted DuckDB holds
// 16 bytes in memory for each of 2048 that stand beside one, as long as the table is there:
// where that may be more than most bytes, the others are written anew.
func dropAliases(ctx context.Context, conn *sql.Conn, name string, most int64) error {
	var rows int64
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM `+name).Scan(&rows); err != nil {
		return err
	}
	if 16*rows <= most {
		_, err := conn.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE id IN (SELECT id FROM alias_%[1]s)`, name))
		return err
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf(`%[2]s INSERT INTO %[1]s_unified SELECT * FROM %[1]s ANTI JOIN alias_%[1]s USING (id); DROP TABLE %[1]s; ALTER TABLE %[1]s_unified RENAME TO %[1]s`,
		name, tableLike(name, name+"_unified")))
	return err
}

// tableLike makes a table with the columns of another.
func tableLike(name, fresh string) string {
	statement := regexp.MustCompile(`(?s)CREATE TABLE ` + name + `\b.*?\);`).FindString(unpacked(schemaSQL))
	return strings.Replace(statement, name, fresh, 1)
}

// findAliases makes a table alias_ of every dictionary, and lists those in which
// values stand twice. hits that have too much to rename are dropped.
func findAliases(ctx context.Context, conn *sql.Conn, doubted []doubted, hits *Hits) (mended []string, err error) {
	for _, d := range doubted {
		find := d.told
		if d.grows {
			find = d.compared
		}
		if err := find(ctx, conn); err != nil {
			return nil, err
		}
		var twice int64
		if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM alias_`+d.name).Scan(&twice); err != nil {
			return nil, err
		}
		if twice == 0 {
			continue
		}
		if twice > mostRenamed {
			if err := hits.Write(ctx); err != nil {
				return nil, err
			}
			hits.drop()
		}
		mended = append(mended, d.name)
	}
	return mended, nil
}

// renameIn has hits know the ids that stay, and returns those of links.
func renameIn(ctx context.Context, conn *sql.Conn, hits *Hits, mended []string) (links map[uint32]uint32, err error) {
	for _, name := range mended {
		if name != "link" && !hits.kept() {
			continue
		}
		ids, err := aliases(ctx, conn, name)
		if err != nil {
			return nil, err
		}
		if hits.rename(name, ids); name == "link" {
			links = ids
		}
	}
	return links, nil
}

// doubted is a dictionary in which values may stand twice. In a case that grows
// ids up to after stay: they are of its hits, which are copied as they are.
type doubted struct {
	*dictionary
	grows bool
	after uint32
}

// told makes a table of the ids to replace, with their replacements, from the
// dictionary's ledger.
func (d doubted) told(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, fmt.Sprintf(`CREATE TEMP TABLE alias_%s (id UINTEGER, one UINTEGER)`, d.name)); err != nil {
		return err
	}
	d.forget()
	return conn.Raw(func(dc any) error {
		rows, err := duckdb.NewAppenderFromConn(dc.(driver.Conn), "", "alias_"+d.name)
		if err != nil {
			return err
		}
		return errors.Join(d.gone.twice(func(id, one uint32) error { return rows.AppendRow(id, one) }), rows.Close())
	})
}

// compared makes the same table, from the values. Those that stand once are
// sifted out by a hash, so that what has to be compared is small.
func (d doubted) compared(ctx context.Context, conn *sql.Conn) error {
	keys := strings.Split(dictionaryKeys[d.name], ", ")
	var same []string
	for _, k := range keys {
		same = append(same, fmt.Sprintf("d.%[1]s IS NOT DISTINCT FROM m.%[1]s", k))
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf(`CREATE TEMP TABLE often AS SELECT %[2]s AS h FROM %[1]s GROUP BY h HAVING count(*) > 1;
		CREATE TEMP TABLE repeated AS SELECT * FROM %[1]s WHERE %[2]s IN (SELECT h FROM often);
		CREATE TEMP TABLE alias_%[1]s AS SELECT d.id, m.one FROM repeated d JOIN (SELECT min(id) AS one, %[3]s FROM repeated GROUP BY %[3]s) m ON %[4]s WHERE d.id <> m.one AND d.id > %[5]d;
		DROP TABLE often; DROP TABLE repeated`, d.name, "hash("+strings.Join(keys, ", ")+")", dictionaryKeys[d.name], strings.Join(same, " AND "), d.after))
	return err
}

// tieColumns are the dictionaries that table tie refers to.
var tieColumns = []string{"link", "agent", "client"}

func aliases(ctx context.Context, conn *sql.Conn, name string) (map[uint32]uint32, error) {
	out := map[uint32]uint32{}
	err := fetch.Each(ctx, conn, `SELECT id, one FROM alias_`+name, func(scan fetch.Scan) error {
		var id, one uint32
		err := scan(&id, &one)
		out[id] = one
		return err
	})
	return out, err
}
