package ingest

import (
	"context"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
)

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

// flow is the INSERT into one table.
type flow struct {
	store  *Store
	table  string
	schema *arrow.Schema

	mu      sync.Mutex
	batches chan arrow.Record // of the INSERT under way; nil where there is none
	outcome chan error        // of the same
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
