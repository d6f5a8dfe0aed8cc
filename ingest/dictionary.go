package ingest

import (
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
)

// maxEntries caps a dictionary's memory. Past it the dictionary forgets and
// starts over: a value may then stand twice, which Store.unify mends.
const maxEntries = 1 << 19

// dictionary gives values their ids and writes each new one as a row. Values
// are known by a 64-bit keyed hash: two different values share one with a
// chance of one in 10^7 at a million values. Safe for concurrent use.
type dictionary struct {
	name string
	rows *Rows

	mu    sync.Mutex
	ids   map[uint64]uint32
	last  uint32
	gone  *filter  // the values that were forgotten; nil: none was
	again []uint32 // ids of values that may have had another one before
}

func newDictionary(s *Store, name string) (*dictionary, error) {
	rows, err := s.Rows(name)
	if err != nil {
		return nil, err
	}
	return &dictionary{name: name, rows: rows, ids: make(map[uint64]uint32, 1<<15)}, nil
}

// id returns the id of the value with this hash, from 1 on. A fresh one is for
// the caller to add a row for.
func (d *dictionary) id(hash uint64) (id uint32, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if id, ok := d.ids[hash]; ok {
		return id, false
	}
	if len(d.ids) >= maxEntries {
		d.forget()
	}
	d.last++
	d.ids[hash] = d.last
	if d.gone != nil && d.gone.has(hash) {
		d.again = append(d.again, d.last)
	}
	return d.last, true
}

// forget starts over. What was known is left in a filter.
func (d *dictionary) forget() {
	if d.gone == nil {
		d.gone = &filter{}
	}
	for hash := range d.ids {
		d.gone.add(hash)
	}
	clear(d.ids)
}

// filter is a Bloom filter for values known by a hash (Bloom 1970): it never
// denies one that was added, and takes one in a thousand for one that was as long
// as these are not more than two million.
type filter [1 << 19]uint64

func (f *filter) add(hash uint64) {
	for n := range uint64(filterBits) {
		bit := hash + n*(hash>>32|1)
		f[bit>>6%uint64(len(f))] |= 1 << (bit & 63)
	}
}

func (f *filter) has(hash uint64) bool {
	for n := range uint64(filterBits) {
		bit := hash + n*(hash>>32|1)
		if f[bit>>6%uint64(len(f))]&(1<<(bit&63)) == 0 {
			return false
		}
	}
	return true
}

// filterBits is how many bits stand for a value.
const filterBits = 5

// cache is one worker's own memory of a dictionary, so that a common value
// costs no lock. Direct-mapped: what collides is asked for again.
type cache struct {
	dict  *dictionary
	slots []cacheSlot
}

type cacheSlot struct {
	hash uint64
	id   uint32
}

const cacheSlots = 1 << 14

func newCache(d *dictionary) *cache { return &cache{dict: d, slots: make([]cacheSlot, cacheSlots)} }

func (c *cache) slot(hash uint64) *cacheSlot { return &c.slots[hash&(cacheSlots-1)] }

// mix joins two hashes into one.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xe7037ed1a0b428db)
	return hi ^ lo
}

// dictionaryKeys names the columns that make two rows of a dictionary the
// same value.
var dictionaryKeys = map[string]string{
	"outcome": "host, method, status, code, upstream, shield, shape, detail, late, matched, scope, up, bind, prefix, form, key, stale, refused",
	"link":    "host, hash", "client": "address, country, asn",
	"dir": "text", "file": "text", "agent": "text", "referer": "text", "ident": "hash",
}

// unify gives values that a capped dictionary stored twice one id again. It
// rewrites the hits once, and only where that happened. It returns the ids of
// links that were replaced, with their replacements.
func (s *Store) unify(ctx context.Context, doubted []doubted) (links map[uint32]uint32, err error) {
	if len(doubted) == 0 {
		return nil, nil
	}
	conn, err := s.DB.Conn(ctx) // temporary tables belong to one connection
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var drops, mended []string
	for _, d := range doubted {
		name := d.name
		twice, err := alias(ctx, conn, d)
		if err != nil {
			return nil, err
		}
		if twice == 0 {
			continue
		}
		mended = append(mended, name)
		drops = append(drops, fmt.Sprintf("DELETE FROM %[1]s WHERE id IN (SELECT id FROM alias_%[1]s)", name))
	}
	if err := rewrite(ctx, conn, "hit", mended); err != nil {
		return nil, err
	}
	if err := rewrite(ctx, conn, "tie", slices.DeleteFunc(slices.Clone(mended), func(name string) bool { return !slices.Contains(tieColumns, name) })); err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, strings.Join(append(drops, "SELECT 1"), "; ")); err != nil {
		return nil, err
	}
	return replacedLinks(ctx, conn, mended)
}

// doubted is a dictionary in which values may stand twice: some of those with
// these ids, any where there are none. Ids up to after stay: they are of the
// case that grows, whose hits are copied as they are.
type doubted struct {
	name  string
	ids   []uint32
	after uint32
}

// maxDoubted is for how many ids it is cheaper to name them.
const maxDoubted = 1 << 18

// alias makes a table of the ids to replace, with their replacements, and counts
// them. Values that stand once are sifted out by a hash, so that what has to be
// compared is small.
func alias(ctx context.Context, conn *sql.Conn, d doubted) (twice int64, err error) {
	name := d.name
	keys := strings.Split(dictionaryKeys[name], ", ")
	var same []string
	for _, k := range keys {
		same = append(same, fmt.Sprintf("d.%[1]s IS NOT DISTINCT FROM m.%[1]s", k))
	}
	of := "hash(" + strings.Join(keys, ", ") + ")"
	often := `SELECT %[2]s AS h FROM %[1]s GROUP BY h HAVING count(*) > 1`
	if 0 < len(d.ids) && len(d.ids) <= maxDoubted {
		often = `SELECT DISTINCT %[2]s AS h FROM %[1]s WHERE id IN (SELECT unnest([` + list(d.ids) + `]::UINTEGER[]))`
	}
	q := fmt.Sprintf(`CREATE TEMP TABLE often AS `+often+`;
		CREATE TEMP TABLE repeated AS SELECT * FROM %[1]s WHERE %[2]s IN (SELECT h FROM often);
		CREATE TEMP TABLE alias_%[1]s AS SELECT d.id, m.one FROM repeated d JOIN (SELECT min(id) AS one, %[3]s FROM repeated GROUP BY %[3]s) m ON %[4]s WHERE d.id <> m.one AND d.id > %[5]d;
		DROP TABLE often; DROP TABLE repeated`, name, of, dictionaryKeys[name], strings.Join(same, " AND "), d.after)
	if _, err := conn.ExecContext(ctx, q); err != nil {
		return 0, err
	}
	return twice, conn.QueryRowContext(ctx, `SELECT count(*) FROM alias_`+name).Scan(&twice)
}

// tieColumns are the dictionaries that table tie refers to.
var tieColumns = []string{"link", "agent", "client"}

// A table is rewritten in slices of an eighth, or of rewriteRows if these are
// more: as much stands in the file twice, and stays free in it. A test has fewer.
const rewriteSlices = 8

var rewriteRows int64 = 2 << 20

// rewrite puts the one id in place of the others, some rows at a time, so that
// the blocks that are left are those that the next rows are written to.
func rewrite(ctx context.Context, conn *sql.Conn, table string, dicts []string) error {
	if len(dicts) == 0 {
		return nil
	}
	var columns, joins []string
	for _, name := range dicts {
		columns = append(columns, fmt.Sprintf("coalesce(alias_%[1]s.one, h.%[1]s) AS %[1]s", name))
		joins = append(joins, fmt.Sprintf("LEFT JOIN alias_%[1]s ON alias_%[1]s.id = h.%[1]s", name))
	}
	do := func(q string, args ...any) error {
		_, err := conn.ExecContext(ctx, fmt.Sprintf(q, args...))
		return err
	}
	if err := do(`CREATE TABLE %[1]s_unified AS SELECT * FROM %[1]s LIMIT 0`, table); err != nil {
		return err
	}
	var rows int64
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(&rows); err != nil {
		return err
	}
	slice := max(rewriteRows, rows/rewriteSlices+1)
	for {
		var first, last int64
		if err := conn.QueryRowContext(ctx, `SELECT coalesce(min(rowid), 0), coalesce(max(rowid), 0) FROM `+table).Scan(&first, &last); err != nil {
			return err
		}
		until := first + slice
		if err := do(`INSERT INTO %[1]s_unified SELECT h.* REPLACE (%[2]s) FROM %[1]s h %[3]s WHERE h.rowid < %[4]d`,
			table, strings.Join(columns, ", "), strings.Join(joins, " "), until); err != nil {
			return err
		}
		if last < until {
			return do(`DROP TABLE %[1]s; ALTER TABLE %[1]s_unified RENAME TO %[1]s`, table)
		}
		if err := do(`DELETE FROM %s WHERE rowid < %d; CHECKPOINT`, table, until); err != nil {
			return err
		}
	}
}

func replacedLinks(ctx context.Context, conn *sql.Conn, mended []string) (map[uint32]uint32, error) {
	if !slices.Contains(mended, "link") {
		return nil, nil
	}
	rows, err := conn.QueryContext(ctx, `SELECT id, one FROM alias_link`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[uint32]uint32{}
	for rows.Next() {
		var id, one uint32
		if err := rows.Scan(&id, &one); err != nil {
			return nil, err
		}
		out[id] = one
	}
	return out, rows.Err()
}
