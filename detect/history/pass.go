package history

import (
	"context"

	"ipdrift/detect/parallel"
)

// Feed hands on groups, some at a time, in an order that is the same in every run.
type Feed = func(context.Context, func(Batch) error) error

// Pass hands batches to several goroutines, and what work makes of each to sink, in the
// order of the batches. Behind sink a batch is done.
func Pass[R any](ctx context.Context, threads int, feed Feed, work func(*Batch) (R, error), sink func(R) error) error {
	type made struct {
		of    R
		batch *Batch
		err   error
	}
	return parallel.Ordered(ctx, threads, func(emit func(Batch) error) error { return feed(ctx, emit) },
		func(c Batch) (m made) {
			m.batch = &c
			m.of, m.err = work(&c)
			return m
		},
		func(m made) error {
			defer m.batch.Done()
			if m.err != nil {
				return m.err
			}
			return sink(m.of)
		})
}
