// Package parallel spreads work over goroutines so that their number changes no result.
package parallel

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Ordered feeds items through work on several goroutines and hands the
// results to sink in the order of the items, so that the number of threads
// changes nothing.
func Ordered[T, R any](ctx context.Context, threads int, feed func(emit func(T) error) error, work func(T) R, sink func(R) error) error {
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

// Each does something for each of n numbers, on several goroutines.
func Each(ctx context.Context, threads, n int, do func(int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range threads {
		g.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := do(int(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}
