package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"testing"

	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
	"ipdrift/ingest/synth"
)

// loadForgetting is Load with dictionaries to which something is done before the
// first chunk and behind each.
func loadForgetting(t *testing.T, o Options, file string, do func(*dictionary)) (*Store, *Loaded) {
	t.Helper()
	s, ctx := testStore(t), context.Background()
	l := &load{Options: o, store: s, seed: maphash.MakeSeed(), unproven: newUnproven(0), hits: &Hits{room: o.Hold}}
	l.sources = []*input{{Source: source.Source{Path: file, Label: file}, host: []byte("-")}}
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	defer l.dicts.close()
	l.Progress = func(Progress) {
		for _, d := range l.dicts.all() {
			d.mu.Lock()
			do(d)
			d.mu.Unlock()
		}
	}
	l.Progress(Progress{})
	if err := l.pump(ctx); err != nil {
		t.Fatal(err)
	}
	for _, d := range l.dicts.all() {
		if d.last > 0 && !d.gone.any() {
			t.Fatalf("dictionary %s never forgot", d.name)
		}
	}
	got, err := l.finish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s, got
}

// attempts is what Unproven holds, by the links' own hashes.
func attempts(t *testing.T, s *Store, u *Unproven) map[string]string {
	t.Helper()
	hashes := map[uint32]string{}
	for _, row := range query[string](t, s, `SELECT id || ' ' || hash FROM link`) {
		var id uint32
		var hash string
		if _, err := fmt.Sscan(row, &id, &hash); err != nil {
			t.Fatal(err)
		}
		hashes[id] = hash
	}
	out := map[string]string{}
	for id, told := range u.told() {
		if hashes[id] == "" {
			t.Errorf("attempts of link %d, which is not in the case", id)
		}
		out[hashes[id]] = told
	}
	return out
}

// TestForgettingChangesNothing forgets as a full dictionary does, and looks
// nothing up as one that is of no use; rows are rewritten or changed.
func TestForgettingChangesNothing(t *testing.T) {
	defer func(rows, share int64) { rewriteRows, updateShare = rows, share }(rewriteRows, updateShare)
	forget, blind := func(d *dictionary) { d.forget(); d.recall = 0 }, func(d *dictionary) { d.blind = 1 << 30 }
	for name, o := range map[string]synth.Options{
		"normal":  {Seed: 1, Lines: 20_000, Refused: 0.2},
		"hostile": {Seed: 2, Lines: 15_000, Hostile: true, Refused: 0.2},
	} {
		text, _ := synthLog(t, o)
		file := sourcetest.Write(t, t.TempDir(), "a.log", []byte(text+text)) // every value returns
		want, wantLoaded := loadArgs(t, testOptions(t), file)
		for _, c := range []struct {
			threads     int
			do          func(*dictionary)
			rows, share int64
		}{{1, forget, rewriteRows, updateShare}, {3, forget, 7_000, updateShare}, {1, forget, 7_000, 1}, {3, blind, 7_000, updateShare}, {1, blind, 7_000, 1}} {
			o := testOptions(t)
			threads := c.threads
			o.Threads, rewriteRows, updateShare = c.threads, c.rows, c.share
			got, loaded := loadForgetting(t, o, file, c.do)
			diff(t, name, query[string](t, got, contents), query[string](t, want, contents))
			for table, key := range dictionaryKeys {
				if twice := one[int](t, got, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM %s GROUP BY %s HAVING count(*) > 1)`, table, key)); twice != 0 {
					t.Errorf("%s: %d values stand twice in %s", name, twice, table)
				}
			}
			for _, q := range []string{
				`SELECT string_agg(n || '', ',' ORDER BY n) FROM (SELECT count(*) AS n FROM hit WHERE link > 0 GROUP BY link)`,
				`SELECT string_agg(n || '', ',' ORDER BY n) FROM (SELECT count(*) AS n FROM hit GROUP BY client)`,
				`SELECT string_agg(n || '', ',' ORDER BY n) FROM (SELECT count(*) AS n FROM hit GROUP BY outcome)`,
				`SELECT string_agg(n || '', ',' ORDER BY n) FROM (SELECT count(*) AS n FROM hit GROUP BY link, agent)`,
			} {
				if a, b := one[string](t, got, q), one[string](t, want, q); a != b {
					t.Errorf("%s: %s\n got %.200s\nwant %.200s", name, q, a, b)
				}
			}
			a, b := attempts(t, got, loaded.Unproven), attempts(t, want, wantLoaded.Unproven)
			if !maps.Equal(a, b) || len(b) == 0 {
				t.Errorf("%s, %d threads: attempts of %d links differ from those of %d", name, threads, len(a), len(b))
			}
		}
	}
}

// TestOutcomesDifferByEveryColumn: what a case that grows compares outcomes by is all
// that they have.
func TestOutcomesDifferByEveryColumn(t *testing.T) {
	columns := query[string](t, testStore(t), `SELECT string_agg(column_name, ', ' ORDER BY column_index) FROM duckdb_columns() WHERE table_name = 'outcome' AND column_name <> 'id'`)
	if len(columns) != 1 || columns[0] != dictionaryKeys["outcome"] {
		t.Errorf("table outcome has %q, compared are %q", columns, dictionaryKeys["outcome"])
	}
}

// TestDictionariesUnifiedAsTheyWere wants a dictionary that was written anew to have the
// columns that it had, its texts stored the same way, and no row that is there and deleted:
// DuckDB holds much of such in memory.
func TestDictionariesUnifiedAsTheyWere(t *testing.T) {
	s, ctx := testStore(t), t.Context()
	columns := `SELECT string_agg(column_name || ' ' || data_type || ' ' || is_nullable, ', ' ORDER BY column_index) FROM duckdb_columns() WHERE table_name = '%s'`
	packed := `SELECT coalesce(string_agg(p, ', ' ORDER BY p), '') FROM (SELECT DISTINCT column_name || ' ' || compression AS p FROM pragma_storage_info('%s') WHERE segment_type = 'VARCHAR')`
	rows := map[string]string{
		"client": `4, 0, 0, range, NULL, 'XX', NULL`, "link": `'cdn.example.com', 'abcdef', range, 0`, "agent": `'player ' || range, false`,
		"dir": `'/a/' || range || '/'`, "file": `range || '.ts'`, "referer": `'https://' || range`, "ident": `range`,
	}
	for name, values := range rows {
		if _, err := s.DB.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %s SELECT range + 1, %s FROM range(10000); CHECKPOINT`, name, values)); err != nil {
			t.Fatal(err)
		}
		before := one[string](t, s, fmt.Sprintf(columns, name)) + one[string](t, s, fmt.Sprintf(packed, name))
		conn, err := s.DB.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, fmt.Sprintf(`CREATE TEMP TABLE alias_%s AS SELECT 7::UINTEGER AS id, 3::UINTEGER AS one`, name)); err != nil {
			t.Fatal(err)
		}
		if err := dropAliases(ctx, conn, name, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DB.ExecContext(ctx, `CHECKPOINT`); err != nil {
			t.Fatal(err)
		}
		if after := one[string](t, s, fmt.Sprintf(columns, name)) + one[string](t, s, fmt.Sprintf(packed, name)); after != before {
			t.Errorf("%s is\n%s\nwas\n%s", name, after, before)
		}
		if n := one[string](t, s, fmt.Sprintf(`SELECT count(*) || ' of ' || max(rowid) + 1 FROM %s WHERE id <> 7`, name)); n != "9999 of 9999" {
			t.Errorf("%s has %s rows", name, n)
		}
	}
}
