package detect

import (
	"context"
	"sync/atomic"

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

// inParallel does something for each of n numbers, on several goroutines.
func inParallel(ctx context.Context, threads, n int, do func(int) error) error {
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

// feed hands on strips, some at a time, in an order that is the same in every run.
type feed = func(context.Context, func(cut) error) error

// pass hands cuts to several goroutines, and what work makes of each to sink, in the
// order of the cuts. Behind sink a cut is done.
func pass[R any](ctx context.Context, threads int, cuts feed, work func(*cut) (R, error), sink func(R) error) error {
	type made struct {
		of  R
		cut *cut
		err error
	}
	return inOrder(ctx, threads, func(emit func(cut) error) error { return cuts(ctx, emit) },
		func(c cut) (m made) {
			m.cut = &c
			m.of, m.err = work(&c)
			return m
		},
		func(m made) error {
			defer m.cut.done()
			if m.err != nil {
				return m.err
			}
			return sink(m.of)
		})
}

// inShares does something that takes memory share by share, with as few shares as
// are small enough: do tells whether one is. What was done of others is done again.
func inShares(do func(share, shares uint32) (ok bool, err error)) error {
	for shares := uint32(1); ; shares *= 2 {
		small := true
		for share := uint32(0); share < shares && small; share++ {
			var err error
			if small, err = do(share, shares); err != nil {
				return err
			}
		}
		if small {
			return nil
		}
	}
}
