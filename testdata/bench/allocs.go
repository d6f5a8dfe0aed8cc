package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

var errUncounted = errors.New("no allocations counted")

// count adds the allocations, which only a process itself can tell: those of
// BenchmarkAnalyze, the same command over the same log, run once. Where it
// fails the table has no figure, and stderr the reason.
func (s *suite) count(ctx context.Context, results []result) error {
	for i := range results {
		r := &results[i]
		if r.twin == "" || r.err != nil {
			continue
		}
		fmt.Fprintf(os.Stderr, "allocations: %s\n", r.name)
		var err error
		if r.allocs, err = s.allocations(ctx, r.twin); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", r.name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// allocations of one line.
func (s *suite) allocations(ctx context.Context, twin string) (float64, error) {
	cmd := exec.CommandContext(ctx, s.path("ipdrift.test"), "-test.run", "^$", "-test.benchtime", "1x",
		"-test.bench", fmt.Sprintf("^BenchmarkAnalyze$/^%s$/^%d$", twin, s.lines))
	cmd.Env = append(s.environment(), "IPDRIFT_BENCH_LINES="+strconv.Itoa(s.lines))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %w\n%s", errUncounted, err, out)
	}
	n, err := allocsIn(out)
	return n / float64(s.lines), err
}

// allocsIn finds the allocations of one run in what a benchmark printed.
func allocsIn(out []byte) (float64, error) {
	m := regexp.MustCompile(`(?m)^Benchmark.*\s(\d+) allocs/op`).FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("%w\n%s", errUncounted, out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
