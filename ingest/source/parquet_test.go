package source

import (
	"context"
	"database/sql"
	"io"
	"path/filepath"
	"testing"

	"github.com/marcboeker/go-duckdb"

	"ipdrift/ingest/fetch"
)

// writeParquet lets DuckDB write a query's rows as a Parquet file.
func writeParquet(t *testing.T, query string) string {
	t.Helper()
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer connector.Close()
	db := sql.OpenDB(connector)
	defer db.Close()
	path := filepath.Join(t.TempDir(), "o'rows.parquet")
	if _, err := db.Exec(`COPY (` + query + `) TO ` + fetch.Quoted(path) + ` (FORMAT parquet, ROW_GROUP_SIZE 2048)`); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestParquetIsLetGo closes a file that is half read.
func TestParquetIsLetGo(t *testing.T) {
	rows, err := openParquet(writeParquet(t, `SELECT i, repeat('x', 1000) AS text FROM range(100000) r (i)`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(rows, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(rows.(*parquetRows).dir.Path, "*")); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	if err := rows.(*parquetRows).db.PingContext(context.Background()); err == nil {
		t.Error("the database is still open")
	}
}
