package detect

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// inOrder feeds items through work on several goroutines and hands the
// results to sink in the order of the items, so that the number of threads
// changes nothing.
func inOrder[T, R any](ctx context.Context, threads int, feed func(emit func(T) error) error, work func(T) R, sink func(R) error) error {
	type job struct {
		item T
		done chan R
	}
	g, ctx := errgroup.WithContext(ctx)
	jobs, queue := make(chan job, threads), make(chan chan R, 2*threads)
	g.Go(func() error {
		defer close(jobs)
		defer close(queue)
		return feed(func(item T) error {
			j := job{item, make(chan R, 1)}
			select {
			case queue <- j.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			jobs <- j
			return nil
		})
	})
	for range threads {
		g.Go(func() error {
			for j := range jobs {
				j.done <- work(j.item)
			}
			return nil
		})
	}
	g.Go(func() error {
		for done := range queue {
			if err := sink(<-done); err != nil {
				return err
			}
		}
		return nil
	})
	return g.Wait()
}

// pass hands cuts to several goroutines, and what work makes of each to sink, in the
// order of the cuts.
func pass[R any](ctx context.Context, threads int, cuts func(context.Context, func(cut) error) error, work func(*cut) (R, error), sink func(R) error) error {
	type made struct {
		of  R
		err error
	}
	return inOrder(ctx, threads, func(emit func(cut) error) error { return cuts(ctx, emit) },
		func(c cut) (m made) {
			m.of, m.err = work(&c)
			return m
		},
		func(m made) error {
			if m.err != nil {
				return m.err
			}
			return sink(m.of)
		})
}
