package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/ingest"
)

// Each view comes back from Parquet as it is: names, types, rows, times and
// NULLs, and an order that was asked for.
func TestParquetOfViews(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	kept := filepath.Join(dir, "case.duckdb")
	ipdrift(t, 0, "generate", "mixed", "--out", filepath.Join(dir, "world"), "--lines", "40000", "--quiet")
	bad := writeText(t, filepath.Join(dir, "bad.log"), "203.0.113.9 - - [20/Nov/2026:14:03:11 +0000] \"GET /a HTTP/1.1\" 403 - \"-\" \"P\"\n"+
		strings.Repeat("203.0.113.9 - - [20/Nov/2026:14:03:11 +0000] \"GET /a HTTP/1.1\" 403 1 \"-\" \"P\"\n", 3)+"junk\n")
	ipdrift(t, 0, "analyze", "--quiet", "--key-file", filepath.Join(dir, "world", "key"), "--db", kept, filepath.Join(dir, "world", "access.log"), bad)
	store, err := ingest.Create("", ingest.Limits{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	conn, err := store.DB.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	count := func(query string) (n int64) {
		t.Helper()
		if err := conn.QueryRowContext(ctx, query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	if _, err := conn.ExecContext(ctx, `ATTACH '`+kept+`' AS kept (READ_ONLY); USE kept`); err != nil {
		t.Fatal(err)
	}
	for _, view := range []string{"requests", "rejects", "users", "tokens", "masks"} {
		file := filepath.Join(dir, view+".parquet")
		ipdrift(t, 0, "query", kept, "FROM "+view, "--format", "parquet", "-o", file)
		read := fmt.Sprintf(`read_parquet('%s')`, file)
		if rows := count(`SELECT count(*) FROM ` + view); rows == 0 || count(`SELECT count(*) FROM `+read) != rows {
			t.Errorf("%s: %d rows, in the file %d", view, rows, count(`SELECT count(*) FROM `+read))
		}
		for _, q := range []string{`FROM %[1]s EXCEPT ALL FROM %[2]s`, `FROM %[2]s EXCEPT ALL FROM %[1]s`,
			`SELECT column_name, column_type FROM (DESCRIBE FROM %[1]s) EXCEPT SELECT column_name, column_type FROM (DESCRIBE FROM %[2]s)`} {
			if n := count(`SELECT count(*) FROM (` + fmt.Sprintf(q, view, read) + `)`); n > 0 {
				t.Errorf("%s: %d rows differ: %s", view, n, q)
			}
		}
	}
	if n := count(`SELECT count(*) FROM requests WHERE bytes IS NULL OR verdict IS NULL OR cause IS NULL`); n == 0 {
		t.Error("no NULL was compared")
	}
	sorted := filepath.Join(dir, "sorted.parquet")
	ipdrift(t, 0, "query", kept, "SELECT line, source FROM requests ORDER BY line DESC, source -- all\n", "--format", "parquet", "-o", sorted)
	if n := count(`SELECT count(*) FROM (SELECT line, lag(line) OVER (ORDER BY file_row_number) AS before FROM read_parquet('` + sorted + `', file_row_number = true)) WHERE line > before`); n > 0 || count(`SELECT count(*) FROM read_parquet('`+sorted+`')`) < 40000 {
		t.Errorf("%d rows stand in another order than was asked for", n)
	}
	described := filepath.Join(dir, "described.parquet")
	ipdrift(t, 0, "query", kept, "DESCRIBE masks", "--format", "parquet", "-o", described)
	if n := count(`SELECT count(*) FROM read_parquet('` + described + `')`); n != 12 {
		t.Errorf("DESCRIBE masks gives %d rows", n)
	}
	_, errs := ipdrift(t, 1, "query", kept, "FROM nowhere", "--format", "parquet", "-o", filepath.Join(dir, "none.parquet"))
	if !strings.Contains(errs, "nowhere does not exist") {
		t.Errorf("a wrong query: %q", errs)
	}
}
