package ingest

import (
	"context"
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"golang.org/x/sync/errgroup"
)

// batchRows is the size of a record batch: half a DuckDB row group, measured
// best (smaller was slower, larger only bigger).
const batchRows = 61_440

// batchText is how much text ends a batch before it has so many rows.
const batchText = 4 << 20

// Rows collects rows for one table and writes them batch by batch, all of them
// in one INSERT, which begins with the first full batch and ends with Flush: what
// it writes is compressed on the way and stands in the file once. It is safe for
// concurrent use.
type Rows struct {
	*flow
	fullRows, fullText int  // when a batch is full
	own                bool // a part: one goroutine's

	mu    sync.Mutex
	build *array.RecordBuilder
	n     int
	bytes int // of text
}

// Rows starts collecting rows for a table.
func (s *Store) Rows(table string) (*Rows, error) {
	schema, err := s.schemaOf(table)
	if err != nil {
		return nil, err
	}
	return &Rows{
		flow: &flow{store: s, table: table, schema: schema}, fullRows: batchRows, fullText: batchText,
		build: array.NewRecordBuilder(memoryOfC{}, schema),
	}, nil
}

// partRows and partText bound a part's batches: four vectors of DuckDB, and what
// stays in a core's cache.
const (
	partRows = 4 * 2048
	partText = 512 << 10
)

// part collects rows for the same INSERT, for one of several goroutines alone,
// which so do not wait for each other. What it holds is written by rest.
func (r *Rows) part(of int, mem *recycled) *Rows {
	return &Rows{flow: r.flow, own: true, fullRows: min(partRows, batchRows/of), fullText: min(partText, batchText/of), build: array.NewRecordBuilder(mem, r.schema)}
}

// Append adds one row, its values in the order of the table's columns. nil is
// NULL. Text is made valid UTF-8.
func (r *Rows) Append(ctx context.Context, values ...any) error {
	return r.add(ctx, func(b []array.Builder) (text int, err error) { return appendRow(r.schema, b, values) })
}

// add adds one row, which put appends to the builders of the columns. It returns
// how much text that was.
func (r *Rows) add(ctx context.Context, put func([]array.Builder) (text int, err error)) error {
	return r.collect(ctx, func(b []array.Builder) (rows, text int, err error) {
		text, err = put(b)
		return 1, text, err
	})
}

// collect adds the rows that put appends. It returns how many they are, and how
// much text.
func (r *Rows) collect(ctx context.Context, put func([]array.Builder) (rows, text int, err error)) error {
	if !r.own {
		r.mu.Lock()
	}
	rows, text, err := put(r.build.Fields())
	if err != nil {
		r.unlock()
		return fmt.Errorf("table %s: %w", r.table, err)
	}
	r.n += rows
	r.bytes += text
	least := r.fullRows
	if r.bytes > r.fullText {
		least = 1
	}
	full := r.takeIf(least)
	r.unlock()
	return r.write(ctx, full)
}

func (r *Rows) unlock() {
	if !r.own {
		r.mu.Unlock()
	}
}

// Flush writes what was collected so far and waits for it.
func (r *Rows) Flush(ctx context.Context) error {
	if err := r.rest(ctx); err != nil {
		return err
	}
	return r.flow.end()
}

// rest hands over what was collected so far.
func (r *Rows) rest(ctx context.Context) error {
	if !r.own {
		r.mu.Lock()
	}
	rest := r.takeIf(1)
	r.unlock()
	return r.write(ctx, rest)
}

// FlushAll flushes tables side by side.
func FlushAll(ctx context.Context, tables ...*Rows) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, rows := range tables {
		g.Go(func() error { return rows.Flush(ctx) })
	}
	return g.Wait()
}

// takeIf hands over the collected rows once there are n of them; r.mu is held.
func (r *Rows) takeIf(n int) arrow.Record {
	if r.n < n {
		return nil
	}
	r.n, r.bytes = 0, 0
	return r.build.NewRecord()
}
