package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/ingest/fetch"
)

// listed is a result, a string a row.
func listed(t *testing.T, r *Result, err error) (rows []string, pieces int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for piece, err := range r.Rows(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		pieces++
		columns, err := piece.Columns()
		if err != nil {
			t.Fatal(err)
		}
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		for piece.Next() {
			if err := piece.Scan(into...); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, fmt.Sprint(row))
		}
		if err := piece.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return rows, pieces
}

// TestResultInPieces wants the order that was asked for over all pieces, and no column
// of ours.
func TestResultInPieces(t *testing.T) {
	s, ctx := testStore(t), context.Background()
	for _, n := range []int{0, 1, widePage, 3*widePage + 1} {
		for _, query := range []string{`SELECT range AS n FROM range(%d) ORDER BY hash(range)`, `FROM range(%d) r (n) ORDER BY hash(n) DESC;; `, "SELECT n FROM range(%d) r (n) -- all\n", `SELECT n FROM range(%d) r (n) -- all`} {
			query = fmt.Sprintf(query, n)
			want, _ := listed(t, &Result{conn: conn(t, s), page: query, rows: -1}, nil) // whole, from DuckDB itself
			r, err := s.Query(ctx, query)
			got, pieces := listed(t, r, err)
			if strings.Join(got, " ") != strings.Join(want, " ") || len(got) != n || pieces != max(1, (n+widePage-1)/widePage) {
				t.Errorf("%s: %d rows in %d pieces, or in another order", query, len(got), pieces)
			}
		}
	}
	for query, want := range map[string]string{`DESCRIBE about`: "[name VARCHAR NO <nil> <nil> <nil>] [value VARCHAR NO <nil> <nil> <nil>]", `CREATE TEMP MACRO twice(x) AS 2 * x; SELECT twice(1)`: "[2]", "-- half;\n/* of\nit */ create\n\tTEMP MACRO half(x) AS x // 2; SELECT half(42)": "[21]", `EXPLAIN SELECT 1`: "[physical_plan"} {
		r, err := s.Query(ctx, query)
		if got, _ := listed(t, r, err); !strings.HasPrefix(strings.Join(got, " "), want) {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if _, err := s.Query(ctx, `SELECT 1; SELECT 2`); !errors.Is(err, ErrSeveral) {
		t.Errorf("two statements: %v, want %v", err, ErrSeveral)
	}
	if n := one[int](t, s, `SELECT count(*) FROM duckdb_tables() WHERE temporary`); n != 0 {
		t.Errorf("%d temporary tables are left", n)
	}
}

// manyTexts adds requests to a case, each with a user, a link and texts of its own: a
// few of many sources, and many of one.
func manyTexts(t *testing.T, s *Store, n int) {
	t.Helper()
	long := `'/' || repeat('a long text that nobody else has ', 2)`
	for _, q := range []string{
		`INSERT INTO agent SELECT a.* REPLACE ((1000 + i)::UINTEGER AS id, ` + long + ` || i AS text) FROM (FROM agent LIMIT 1) a, range(%[1]d) r (i)`,
		`INSERT INTO referer SELECT (1000 + i)::UINTEGER, ` + long + ` || i FROM range(%[1]d) r (i)`,
		`INSERT INTO file SELECT (1000 + i)::UINTEGER, ` + long + ` || i FROM range(%[1]d) r (i)`,
		`INSERT INTO link SELECT (1000 + i)::UINTEGER, 'host ' || i %% 3, 'abcdef', hash(i), 2000000000 FROM range(%[1]d) r (i)`,
		`INSERT INTO source SELECT s.* REPLACE ((1 + i)::UINTEGER AS id, 'log ' || i AS path) FROM source s, range(50) r (i)`,
		`INSERT INTO packed SELECT h.* REPLACE ((CASE WHEN i %% 100 < 2 THEN 1 + i %% 5000 // 100 ELSE 0 END)::UBIGINT << 40 | 1000 + i::UBIGINT AS at, (1000 + i)::UINTEGER AS link,
			{'client': h.rest.client, 'dir': h.rest.dir, 'file': (1000 + i)::UINTEGER, 'agent': (1000 + i)::UINTEGER, 'ident': h.rest.ident, 'took': h.rest.took, 'referer': (1000 + i)::UINTEGER, 'bytes': h.rest.bytes} AS rest)
			FROM (FROM packed LIMIT 1) h, range(%[1]d) r (i)`,
		`INSERT INTO signed SELECT (1000 + i)::UINTEGER, 1, 1, CASE i %% 3 WHEN 0 THEN (SELECT min(id) FROM client) ELSE 0 END FROM range(%[1]d) r (i)`,
		`INSERT INTO found SELECT (1000 + i)::UINTEGER, '192.0.2.' || i %% 256 FROM range(%[1]d) r (i) WHERE i %% 3 = 1`,
		`INSERT INTO judged SELECT h.outcome, (1000 + i)::UINTEGER, h.rest.client, h.rest.dir, 0, i %% 9, i %% 8, 1, 'detail ' || i %% 7 FROM (FROM packed LIMIT 1) h, range(%[1]d) r (i)`,
		`INSERT INTO person SELECT id, id, 0, CASE WHEN hash %% 9 = 0 THEN 'rotating' ELSE 'unchanged' END, 'because', 3, hash %% 2, hash %% 3, 1, NULL, NULL, 0, true, '2026-11-20', '2026-11-21' FROM link WHERE id BETWEEN 1000 AND 1000 + %[1]d`,
	} {
		if strings.Contains(q, "%[1]d") {
			q = fmt.Sprintf(q, n)
		}
		if _, err := s.DB.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// TestSlicesAreTheView reads views of several slices, which are to hold the same.
func TestSlicesAreTheView(t *testing.T) {
	ctx := context.Background()
	s, _ := loadText(t, testOptions(t), plainLines(20))
	manyTexts(t, s, fetch.PageRows+fetch.PageRows/8)
	const sum = `SELECT count(*), sum(hash(r)) FROM %s r`
	want := map[string]string{}
	for _, view := range []string{"requests", "users"} {
		r, err := s.Query(ctx, fmt.Sprintf(sum, view))
		rows, _ := listed(t, r, err)
		want[view] = rows[0]
	}
	r, err := s.Query(ctx, `SELECT * FROM users ORDER BY host, ip_mismatches DESC, refusals DESC, user_id`)
	sorted, _ := listed(t, r, err)
	r, err = s.Users(ctx)
	if users, pieces := listed(t, r, err); strings.Join(users, "\n") != strings.Join(sorted, "\n") || len(users) == 0 || pieces < 3 {
		t.Errorf("%d users sorted, want %d in the order of SQL", len(users), len(sorted))
	}
	for view, slicing := range map[string]slicing{"requests": slicedRequests, "users": slicedUsers} {
		if cuts, err := slicing.cuts(ctx, conn(t, s)); err != nil || len(cuts) < 2 {
			t.Errorf("%s: slices %q (%v), want some", view, cuts, err)
		}
	}
	for view, rows := range want {
		r, err := s.QuerySliced(ctx, fmt.Sprintf(sum, view))
		if got, _ := listed(t, r, err); got[0] != rows {
			t.Errorf("%s: slices make %s, want %s", view, got[0], rows)
		}
	}
}

// TestOutOfMemory wants what DuckDB says of too little memory told from other errors.
func TestOutOfMemory(t *testing.T) {
	s, err := Open(keptCase(t, "x.duckdb"), Limits{Threads: 1, Memory: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for query, want := range map[string]bool{`SELECT repeat('x', 20000000 + range::INT) AS text FROM range(4) ORDER BY text`: true, `SELECT error('Out of Memory Error')`: false} {
		if _, err := s.Query(context.Background(), query); OutOfMemory(err) != want || err == nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestOpenedCaseSpillsElsewhere: what does not fit into memory goes to a folder that is
// this process's own, and goes with it.
func TestOpenedCaseSpillsElsewhere(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	path := keptCase(t, "x.duckdb")
	s, err := Open(path, Limits{Threads: 1, Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	spill := one[string](t, s, `SELECT current_setting('temp_directory')`)
	if filepath.Dir(spill) != os.TempDir() {
		t.Errorf("spills to %s, want a folder in %s", spill, os.TempDir())
	}
	r, err := s.Query(context.Background(), `SELECT range, repeat('x', 500) FROM range(300000)`)
	if err != nil {
		t.Fatal(err)
	}
	if names(t, spill) == "" || names(t, filepath.Dir(path)) != "x.duckdb" {
		t.Errorf("in the folder %q, beside the case %q", names(t, spill), names(t, filepath.Dir(path)))
	}
	r.Close()
	s.Close()
	if left := names(t, os.TempDir()); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

// A query that would take for ever ends with its context.
func TestQueryIsInterrupted(t *testing.T) {
	s := testStore(t)
	ctx, cancel := context.WithCancel(context.Background())
	started := make(chan struct{})
	done := make(chan error)
	go func() {
		close(started)
		_, err := s.DB.ExecContext(ctx, `CREATE TABLE endless AS SELECT count(*) FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 1`)
		done <- err
	}()
	<-started
	cancel()
	if err := <-done; err == nil {
		t.Error("the query came to an end")
	}
}

// TestSlicesReadTheirLinks wants a slice of few requests made within little memory, whatever
// is known of other links.
func TestSlicesReadTheirLinks(t *testing.T) {
	ctx := context.Background()
	s, _ := loadText(t, testOptions(t), plainLines(20))
	manyTexts(t, s, 1000)
	for _, q := range []string{
		`INSERT INTO signed SELECT (10000 + i)::UINTEGER, 1, 1, 0 FROM range(1000000) r (i)`,
		`INSERT INTO judged SELECT 1, (10000 + i)::UINTEGER, i::UINTEGER, i::UINTEGER, 0, 1, 1, 1, 'detail' FROM range(1000000) r (i)`,
		`CHECKPOINT`,
	} {
		if _, err := s.DB.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Limit(ctx, 64<<20); err != nil {
		t.Fatal(err)
	}
	r, err := s.QuerySliced(ctx, `SELECT count(*) FROM requests`)
	if rows, _ := listed(t, r, err); rows[0] != "[1020]" {
		t.Errorf("%s requests, want 1020", rows[0])
	}
}
