package ingest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestRowsAreOneInsert writes more rows than a batch holds, in turns.
func TestRowsAreOneInsert(t *testing.T) {
	s, ctx := testStore(t), context.Background()
	rows, err := s.Rows("file")
	if err != nil {
		t.Fatal(err)
	}
	n := uint32(0)
	for _, more := range []uint32{3*batchRows + 1, 0, batchRows, 5} {
		for range more {
			n++
			if err := rows.Append(ctx, n, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if err := rows.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if got := one[uint32](t, s, `SELECT count(DISTINCT id)::UINTEGER FROM file`); got != n {
			t.Errorf("%d rows, want %d", got, n)
		}
	}
}

// TestRowsTellWhyTheyFail appends past an INSERT that fails.
func TestRowsTellWhyTheyFail(t *testing.T) {
	s, ctx := testStore(t), context.Background()
	rows, err := s.Rows("file")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(`DROP TABLE file`); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(4 * batchRows) {
		if err = rows.Append(ctx, i, "x"); err != nil {
			break
		}
	}
	if err == nil {
		err = rows.Flush(ctx)
	}
	if err == nil || !strings.Contains(err.Error(), "file") {
		t.Errorf("error %v, want one that names the table", err)
	}
}

// TestCloseEndsRows closes a store in the middle of an INSERT.
func TestCloseEndsRows(t *testing.T) {
	s, err := Create("", Limits{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := s.Rows("file")
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint32(2 * batchRows) {
		if err := rows.Append(context.Background(), i, "x"); err != nil {
			t.Fatal(err)
		}
	}
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the store does not close")
	}
}
