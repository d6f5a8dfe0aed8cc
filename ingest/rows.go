package ingest

import (
	"context"
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// batchRows is the size of a record batch: half a DuckDB row group, measured
// best (smaller was slower, larger only bigger).
const batchRows = 61_440

// batchText is how much text ends a batch before it has so many rows.
const batchText = 4 << 20

// feed is the record reader that DuckDB pulls from. It lets go of each batch
// itself, because go-duckdb v1.8.2 never calls the stream's release.
type feed struct {
	schema  *arrow.Schema
	records <-chan arrow.Record
	done    <-chan struct{}
	current arrow.Record
}

func (f *feed) Retain()               {}
func (f *feed) Release()              {}
func (f *feed) Schema() *arrow.Schema { return f.schema }
func (f *feed) Record() arrow.Record  { return f.current }
func (f *feed) Err() error            { return nil }

func (f *feed) Next() bool {
	f.drop()
	select {
	case r, ok := <-f.records:
		f.current = r
		return ok
	case <-f.done:
		return false
	}
}

func (f *feed) drop() {
	if f.current != nil {
		f.current.Release()
		f.current = nil
	}
}

// Rows collects rows for one table and writes them batch by batch. It is safe
// for concurrent use.
type Rows struct {
	store  *Store
	table  string
	schema *arrow.Schema

	mu    sync.Mutex
	build *array.RecordBuilder
	n     int
	bytes int // of text

	writing chan error // holds the outcome of the write under way, nil when idle
}

// Rows starts collecting rows for a table of schema.sql.
func (s *Store) Rows(table string) (*Rows, error) {
	schema := s.schemas[table]
	if schema == nil {
		return nil, fmt.Errorf("no table %q to write to", table)
	}
	return &Rows{store: s, table: table, schema: schema, build: newBuilder(schema), writing: idle()}, nil
}

func newBuilder(schema *arrow.Schema) *array.RecordBuilder {
	return array.NewRecordBuilder(memoryOfC{}, schema)
}

// Append adds one row, its values in the order of the table's columns. nil is
// NULL. Text is made valid UTF-8.
func (r *Rows) Append(ctx context.Context, values ...any) error {
	r.mu.Lock()
	if err := appendRow(r.build, values); err != nil {
		r.mu.Unlock()
		return fmt.Errorf("table %s: %w", r.table, err)
	}
	r.n++
	for _, v := range values {
		if text, ok := v.(string); ok {
			r.bytes += len(text)
		}
	}
	least := batchRows
	if r.bytes > batchText {
		least = 1
	}
	full := r.takeIf(least)
	r.mu.Unlock()
	return r.write(ctx, full)
}

// Flush writes what was collected so far and waits for it.
func (r *Rows) Flush(ctx context.Context) error {
	r.mu.Lock()
	rest := r.takeIf(1)
	r.mu.Unlock()
	if err := r.write(ctx, rest); err != nil {
		return err
	}
	err := <-r.writing
	r.writing <- nil
	return err
}

// takeIf hands over the collected rows once there are n of them; r.mu is held.
func (r *Rows) takeIf(n int) arrow.Record {
	if r.n < n {
		return nil
	}
	r.n, r.bytes = 0, 0
	return r.build.NewRecord()
}

// write starts writing a batch once the one before is done, whose error it
// returns.
func (r *Rows) write(ctx context.Context, batch arrow.Record) error {
	if batch == nil {
		return nil
	}
	if err := <-r.writing; err != nil {
		batch.Release()
		r.writing <- err
		return err
	}
	one := make(chan arrow.Record, 1)
	one <- batch
	close(one)
	go func() { r.writing <- r.store.insert(context.WithoutCancel(ctx), r.table, r.schema, one) }()
	return nil
}

// settle waits for the write under way, whose error stays for the next one.
func (r *Rows) settle() {
	err := <-r.writing
	r.writing <- err
}

func idle() chan error {
	c := make(chan error, 1)
	c <- nil
	return c
}

func appendRow(b *array.RecordBuilder, values []any) error {
	if len(values) != len(b.Fields()) {
		return fmt.Errorf("%d values for %d columns", len(values), len(b.Fields()))
	}
	for i, v := range values {
		if !appendValue(b.Field(i), v) {
			return fmt.Errorf("column %s cannot hold a %T", b.Schema().Field(i).Name, v)
		}
	}
	return nil
}

func appendValue(b array.Builder, v any) bool {
	if v == nil {
		b.AppendNull()
		return true
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		x, ok := v.(bool)
		b.Append(x)
		return ok
	case *array.Uint8Builder:
		x, ok := v.(uint8)
		b.Append(x)
		return ok
	case *array.Uint16Builder:
		x, ok := v.(uint16)
		b.Append(x)
		return ok
	case *array.Uint32Builder:
		x, ok := v.(uint32)
		b.Append(x)
		return ok
	case *array.Uint64Builder:
		x, ok := v.(uint64)
		b.Append(x)
		return ok
	case *array.Int32Builder:
		x, ok := v.(int)
		b.Append(int32(x))
		return ok
	case *array.Int64Builder:
		x, ok := v.(int64)
		b.Append(x)
		return ok
	case *array.Float64Builder:
		x, ok := v.(float64)
		b.Append(x)
		return ok
	case *array.StringBuilder:
		x, ok := v.(string)
		b.Append(validText(x))
		return ok
	case *array.TimestampBuilder:
		x, ok := v.(Micros)
		b.Append(arrow.Timestamp(x))
		return ok
	}
	return false
}

// Micros is a time as microseconds since the Unix epoch, UTC.
type Micros int64
