package ingest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/marcboeker/go-duckdb"
)

// maxEntries caps a dictionary's memory. What was not asked for while half as many
// new values came is forgotten: such a value may then stand twice, which Store.unify
// mends.
const maxEntries = 1 << 19

// A dictionary that has met trialEntries values, and not one in trialShare of as
// many a second time, is of no use: the next blindValues get an id each without
// being looked up, and then there is another trial.
const (
	trialEntries = 1 << 16
	trialShare   = 64
	blindValues  = 1 << 21
)

// dictionary gives values their ids and writes each new one as a row. Values
// are known by a 64-bit keyed hash: two different values share one with a
// chance of one in 10^7 at a million values. Safe for concurrent use.
type dictionary struct {
	name string
	rows *Rows

	mu     sync.Mutex
	known  index // what was asked for of late
	before index // and before that
	hits   int   // in known and before, while known grows
	blind  int   // how many values are not looked up yet
	last   uint32
	gone   *ledger // the values that are not known any more, and those that were not looked up; nil: in a case that grows, where all are compared
}

func newDictionary(s *Store, name string) (*dictionary, error) {
	rows, err := s.Rows(name)
	if err != nil {
		return nil, err
	}
	d := &dictionary{name: name, rows: rows, known: newIndex(indexSlots), before: newIndex(indexSlots)}
	if !s.grows {
		d.gone = &ledger{}
	}
	return d, nil
}

// aheadIDs is how many ids a worker takes at once for what is not looked up.
const aheadIDs = 1 << 9

// id returns the id of the value with this hash, from 1 on. A fresh one is for
// the caller to add a row for. Where values are not looked up, the id is the
// first of several for the caller to give out, and to note.
func (d *dictionary) id(hash uint64) (id uint32, fresh bool, ahead int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.blind <= 0 {
		if id := d.find(hash); id > 0 {
			d.hits++
			return id, false, 0
		}
		if d.known.n == trialEntries && d.hits < trialEntries/trialShare {
			d.forget()
			d.blind = blindValues
		}
	}
	id = d.last + 1
	if d.blind > 0 {
		d.blind -= aheadIDs
		d.last += aheadIDs
		return id, true, aheadIDs
	}
	d.last++
	d.keep(keyed{hash, id})
	return id, true, 0
}

// find is the id of a value that is known; 0: it is not.
func (d *dictionary) find(hash uint64) uint32 {
	if at, found := d.known.find(hash); found {
		return d.known.slots[at].id
	}
	at, found := d.before.find(hash)
	if !found {
		return 0
	}
	e := d.before.slots[at]
	d.keep(e)
	return e.id
}

// keep adds a value. Where there are many, those are forgotten that nobody asked for
// since there were as many before.
func (d *dictionary) keep(e keyed) {
	if d.known.n == maxEntries/2 {
		d.leave()
		d.known, d.before = d.before, d.known
		d.known.clear()
		d.hits = 0
	}
	at, _ := d.known.find(e.hash)
	d.known.add(at, e)
}

// leave leaves in the ledger what is known from before alone.
func (d *dictionary) leave() {
	if d.before.n == 0 {
		return
	}
	d.gone.write(func(yield func(keyed) bool) {
		for e := range d.before.entries() {
			if _, found := d.known.find(e.hash); !found && !yield(e) {
				return
			}
		}
	})
}

// forget starts over. What was known is left in the ledger.
func (d *dictionary) forget() {
	d.leave()
	d.gone.write(d.known.entries())
	d.before.clear()
	d.known.clear()
	d.hits = 0
}

// note adds to the ledger what was not looked up.
func (d *dictionary) note(list []keyed) {
	run := inOrder(list)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone.write(run)
}

// cache is one worker's own memory of a dictionary, so that a common value
// costs no lock. Direct-mapped: what collides is asked for again.
type cache struct {
	dict  *dictionary
	rows  *Rows // this worker's part of the dictionary's
	slots []cacheSlot

	next  uint32  // of the ids that are the worker's to give out
	ahead int     // how many these are
	noted []keyed // what has got one of them

	found int // values that the worker knew while it gave out the last of these
	vain  int // how many times it takes ids yet without asking what it knows
}

// Where a dictionary looks nothing up, and a worker knew fewer than one value in
// trialShare while it gave out the ids that it had taken, its own memory is left
// alone while it takes ids vainTimes: to look there waits for memory, each time.
const vainTimes = 15

type cacheSlot struct {
	hash uint64
	id   uint32
}

const (
	cacheSlots = 1 << 14
	cacheNoted = 1 << 14
)

func (l *load) newCache(d *dictionary) *cache {
	return &cache{dict: d, rows: d.rows.part(l.Threads, &l.columns), slots: make([]cacheSlot, cacheSlots)}
}

func (c *cache) slot(hash uint64) *cacheSlot { return &c.slots[hash&(cacheSlots-1)] }

// id is dictionary.id for one value.
func (c *cache) id(hash uint64) (id uint32, fresh bool) {
	if c.vain > 0 {
		return c.ask(hash)
	}
	slot := c.slot(hash)
	if slot.hash == hash && slot.id != 0 {
		c.found++
		return slot.id, false
	}
	id, fresh = c.ask(hash)
	*slot = cacheSlot{hash, id}
	return id, fresh
}

// ask is id for a value that the worker does not know.
func (c *cache) ask(hash uint64) (id uint32, fresh bool) {
	if c.ahead == 0 {
		id, fresh, ahead := c.dict.id(hash)
		switch {
		case ahead == 0:
			c.vain = 0
			return id, fresh
		case c.vain > 0:
			c.vain--
		case c.found < ahead/trialShare:
			c.vain = vainTimes
		}
		c.next, c.ahead, c.found = id, ahead, 0
	}
	id = c.next
	c.next++
	c.ahead--
	if c.dict.gone == nil {
		return id, true
	}
	if c.noted = append(c.noted, keyed{hash, id}); len(c.noted) == cacheNoted {
		c.note()
	}
	return id, true
}

func (c *cache) note() {
	if len(c.noted) > 0 {
		c.dict.note(c.noted)
		c.noted = c.noted[:0]
	}
}

// mix joins two hashes into one.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xe7037ed1a0b428db)
	return hi ^ lo
}

// dictionaryKeys names the columns that make two rows of a dictionary the
// same value.
var dictionaryKeys = map[string]string{
	"outcome": "host, method, status, code, upstream, shield, shape, detail, late, matched, scope, up, bind, prefix, form, key, stale, refused, edge",
	"link":    "host, hash", "client": "family, mapped, hi, lo, country, asn",
	"dir": "text", "file": "text", "agent": "text", "referer": "text", "ident": "hash",
}

// unify gives values that a capped dictionary stored twice one id again, and
// drops the others. It returns the ids of links that were replaced, with their
// replacements, and has hits know all of them.
func (s *Store) unify(ctx context.Context, doubted []doubted, hits *Hits) (links map[uint32]uint32, err error) {
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
		find := d.told
		if d.grows {
			find = d.compared
		}
		if err := find(ctx, conn); err != nil {
			return nil, err
		}
		var twice int64
		if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM alias_`+name).Scan(&twice); err != nil {
			return nil, err
		}
		if twice == 0 {
			continue
		}
		if twice > mostRenamed {
			hits.drop()
		}
		mended = append(mended, name)
		drops = append(drops, fmt.Sprintf("DELETE FROM %[1]s WHERE id IN (SELECT id FROM alias_%[1]s)", name))
	}
	if err := replace(ctx, conn, "hit", mended); err != nil {
		return nil, err
	}
	if err := replace(ctx, conn, "tie", slices.DeleteFunc(slices.Clone(mended), func(name string) bool { return !slices.Contains(tieColumns, name) })); err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, strings.Join(append(drops, "SELECT 1"), "; ")); err != nil {
		return nil, err
	}
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

// A table is rewritten in slices of an eighth, or of rewriteRows if these are
// more: as much stands in the file twice, and stays free in it. A test has fewer.
const rewriteSlices = 8

var rewriteRows int64 = 2 << 20

// updateShare is of how many rows one may have to be changed so that changing
// these is cheaper than to write all anew. A test has fewer.
var updateShare int64 = 16

// replace puts the one id in place of the others.
func replace(ctx context.Context, conn *sql.Conn, table string, dicts []string) error {
	var many []string
	for _, name := range dicts {
		var rows, changed int64
		if err := conn.QueryRowContext(ctx, fmt.Sprintf(`SELECT (SELECT count(*) FROM %[1]s), count(*) FROM %[1]s WHERE %[2]s IN (SELECT id FROM alias_%[2]s)`, table, name)).Scan(&rows, &changed); err != nil {
			return err
		}
		switch {
		case changed > rows/updateShare:
			many = append(many, name)
		case changed > 0:
			if err := update(ctx, conn, table, name); err != nil {
				return err
			}
		}
	}
	return rewrite(ctx, conn, table, many)
}

// update changes single rows. What is changed is held in memory until the CHECKPOINT.
func update(ctx context.Context, conn *sql.Conn, table, name string) error {
	parts, err := partsOf(ctx, conn, table)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := conn.ExecContext(ctx, fmt.Sprintf(`UPDATE %[1]s SET %[2]s = a.one FROM alias_%[2]s a WHERE a.id = %[1]s.%[2]s AND %[3]s; CHECKPOINT`, table, name, part)); err != nil {
			return err
		}
	}
	return nil
}

// partsOf are conditions that take a table apart, into rewriteRows each, about.
func partsOf(ctx context.Context, conn *sql.Conn, table string) (parts []string, err error) {
	if table == "hit" {
		return hitParts(ctx, conn, rewriteRows)
	}
	last := int64(0)
	err = conn.QueryRowContext(ctx, `SELECT coalesce(max(rowid), 0) FROM `+table).Scan(&last)
	for first := int64(0); first <= last; first += rewriteRows {
		parts = append(parts, fmt.Sprintf(`%s.rowid BETWEEN %d AND %d`, table, first, first+rewriteRows-1))
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

func aliases(ctx context.Context, conn *sql.Conn, name string) (map[uint32]uint32, error) {
	rows, err := conn.QueryContext(ctx, `SELECT id, one FROM alias_`+name)
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
