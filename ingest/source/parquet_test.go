package source

import (
	"context"
	"io"
	"path/filepath"
	"testing"

	"ipdrift/ingest/source/sourcetest"
)

// TestParquetIsLetGo closes a file that is half read.
func TestParquetIsLetGo(t *testing.T) {
	rows, err := openParquet(sourcetest.Parquet(t, `SELECT i, repeat('x', 1000) AS text FROM range(100000) r (i)`))
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
