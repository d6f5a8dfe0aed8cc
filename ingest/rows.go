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

// flow is the INSERT into one table.
type flow struct {
	store  *Store
	table  string
	schema *arrow.Schema

	mu      sync.Mutex
	batches chan arrow.Record // of the INSERT under way; nil where there is none
	outcome chan error        // of the same
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

// end waits for the INSERT.
func (f *flow) end() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.batches == nil {
		return nil
	}
	close(f.batches)
	f.batches = nil
	return <-f.outcome
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

// Begin begins the INSERT before there is a batch for it, since that takes a while
// when all threads are busy.
func (f *flow) Begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begin()
}

// begin begins the INSERT unless it is under way; f.mu is held.
func (f *flow) begin() {
	if f.batches != nil {
		return
	}
	batches, outcome := make(chan arrow.Record, 1), make(chan error, 1)
	f.batches, f.outcome = batches, outcome
	f.store.aside(func(life context.Context) { outcome <- f.store.insert(life, f.table, f.schema, batches) })
}

// write hands a batch to the INSERT, whose error it returns where it has failed.
func (f *flow) write(ctx context.Context, batch arrow.Record) error {
	if batch == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begin()
	select {
	case f.batches <- batch:
		return nil
	case err := <-f.outcome:
		batch.Release()
		f.outcome <- err
		return err
	case <-ctx.Done():
		batch.Release()
		return ctx.Err()
	}
}

// addText adds a row of an id and a text, NULL where there is none.
func (r *Rows) addText(ctx context.Context, id uint32, text string, some bool) error {
	return r.add(ctx, func(b []array.Builder) (int, error) {
		b[0].(*array.Uint32Builder).Append(id)
		appendText(b[1], text, some)
		return len(text), nil
	})
}

// addAgent is addText for a user agent.
func (r *Rows) addAgent(ctx context.Context, id uint32, text string, some bool) error {
	return r.add(ctx, func(b []array.Builder) (int, error) {
		b[0].(*array.Uint32Builder).Append(id)
		appendText(b[1], text, some)
		b[2].(*array.BooleanBuilder).Append(robots.in(text))
		return len(text), nil
	})
}

func appendText(b array.Builder, text string, some bool) {
	if !some {
		b.AppendNull()
		return
	}
	b.(*array.StringBuilder).Append(text)
}

func appendRow(schema *arrow.Schema, b []array.Builder, values []any) (text int, err error) {
	if len(values) != len(b) {
		return 0, fmt.Errorf("%d values for %d columns", len(values), len(b))
	}
	for i, v := range values {
		if !appendValue(b[i], v) {
			return 0, fmt.Errorf("column %s cannot hold a %T", schema.Field(i).Name, v)
		}
		if s, ok := v.(string); ok {
			text += len(s)
		}
	}
	return text, nil
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
