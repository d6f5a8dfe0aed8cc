package ingest

import (
	"context"
	"database/sql"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/marcboeker/go-duckdb"
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
	if _, err := db.Exec(`COPY (` + query + `) TO ` + quoted(path) + ` (FORMAT parquet, ROW_GROUP_SIZE 2048)`); err != nil {
		t.Fatal(err)
	}
	return path
}

const cloudFrontRows = `SELECT '203.0.113.' || (i % 250 + 1) AS "c-ip", DATE '2026-11-01' AS date, '00:00:05' AS time, 'GET' AS "cs-method", '/a/' || i || '.ts' AS "cs-uri-stem",
	'md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000' AS "cs-uri-query", 403 AS "sc-status", 'cdn.example.com' AS "x-host-header", CASE WHEN i % 2 = 0 THEN 'Agent "x"' END AS "cs(User-Agent)" FROM range(5000) r (i)`

func TestParquetRowsAreLines(t *testing.T) {
	path := writeParquet(t, cloudFrontRows)
	s, loaded := loadArgs(t, testOptions(t), path)
	got := loaded.Sources[0]
	if got.Format != "cloudfront-json" || got.Lines != 5000 || got.Parsed != 5000 || got.Err != nil {
		t.Errorf("%+v, want 5000 lines of cloudfront-json", got)
	}
	const want = "5000 4999 203.0.113.250 5000"
	if text := one[string](t, s, `SELECT concat_ws(' ', count(*), max(CASE WHEN path = '/a/4998.ts' THEN line END), max(CASE WHEN line = 250 THEN client_ip END), sum((path = '/a/' || line - 1 || '.ts')::INT)) FROM requests`); text != want {
		t.Errorf("%s, want %s: rows keep their order", text, want)
	}
}

func TestParquetThatIsDamaged(t *testing.T) {
	text := "PAR1" + strings.Repeat("x", 100)
	_, loaded := loadArgs(t, testOptions(t), writeFile(t, t.TempDir(), "a.log", []byte(text)))
	if err := loaded.Sources[0].Err; err == nil || !strings.Contains(err.Error(), "the Parquet file cannot be read") {
		t.Errorf("error %v", err)
	}
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
