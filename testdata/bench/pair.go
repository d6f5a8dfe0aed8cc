package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

// result is a job with all its runs; round i of every job ran side by side.
type result struct {
	job
	samples []sample
	err     error   // why there is no figure
	allocs  float64 // of a line, in Go; 0 where nobody counted them
}

// bytesPerLine is the room that one line takes in all logs, a case and what
// lies beside it while it is made, rounded up.
const bytesPerLine = 1900

// pair measures ipdrift and its peers in rotation and prints the table.
func (s *suite) pair(ctx context.Context) error {
	if err := s.room(int64(s.lines) * bytesPerLine); err != nil {
		return err
	}
	if err := errors.Join(s.build(ctx, "ipdrift"), s.build(ctx, "ipdrift/testdata/bench/duckdb"), s.buildTest(ctx)); err != nil {
		return err
	}
	jobs, err := s.jobs(ctx)
	if err != nil {
		return err
	}
	results, err := s.rotate(ctx, jobs)
	if err != nil {
		return err
	}
	if err := s.count(ctx, results); err != nil {
		return err
	}
	s.table(ctx, os.Stdout, results)
	return failures(results)
}

// jobs writes the logs and lists what runs over them. The first job is the one
// that the others are compared with.
func (s *suite) jobs(ctx context.Context) ([]job, error) {
	var jobs []job
	for _, v := range variants() {
		log, err := s.make(v.file, s.options(v.made))
		if err != nil {
			return nil, err
		}
		j := s.analyze(ctx, "ipdrift analyze, "+v.name, log)
		j.twin = v.twin
		jobs = append(jobs, j)
	}
	peers, err := s.peers(ctx, jobs[0].log)
	return append(append(jobs, s.glance(jobs[0].log)), peers...), err
}

// rotate runs every job once per round, in turn. A job that fails stays out of
// the rounds that follow.
func (s *suite) rotate(ctx context.Context, jobs []job) ([]result, error) {
	results := make([]result, len(jobs))
	for i, j := range jobs {
		results[i].job = j
	}
	for round := range s.rounds {
		for i := range results {
			r := &results[i]
			if r.err != nil {
				continue
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, s.rounds, r.name)
			var took sample
			took, r.err = s.measure(ctx, r.job)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			r.samples = append(r.samples, took)
		}
	}
	return results, nil
}

// failures names the jobs without a figure.
func failures(results []result) (err error) {
	for _, r := range results {
		if r.err != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", r.name, r.err))
		}
	}
	return err
}

// median is the middle of what is taken from every run; of an even number, the
// upper of the two in the middle.
func median[T any, N cmp.Ordered](runs []T, of func(T) N) N {
	values := make([]N, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// ratio is the median, over the rounds, of a job's time in multiples of the
// first job's in the same round.
func ratio(of, base []sample) float64 {
	ratios := make([]float64, len(of))
	for i := range of {
		ratios[i] = of[i].wall.Seconds() / base[i].wall.Seconds()
	}
	return median(ratios, func(r float64) float64 { return r })
}
