package detect

import (
	"context"

	"ipdrift/detect/parallel"
)

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
	return parallel.Ordered(ctx, threads, func(emit func(cut) error) error { return cuts(ctx, emit) },
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
