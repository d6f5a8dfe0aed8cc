package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"ipdrift/ingest/figure"
)

// table prints the figures as Markdown, with all that is needed to read them.
func (s *suite) table(ctx context.Context, w io.Writer, results []result) {
	base := results[0]
	fmt.Fprintf(w, "%s lines, seed %d; medians of %d rounds in rotation, each run a process of its own; logs in the page cache.\n", figure.Count(s.lines), s.seed, s.rounds)
	fmt.Fprintf(w, "%s.\n%s.\n\n", s.where, s.versions(ctx))
	fmt.Fprintln(w, "| what | lines/s | MB/s | wall s | CPU s | peak MiB | allocations a line | database | time, × plain |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, r := range results {
		fmt.Fprintf(w, "| %s | %s |\n", r.name, r.row(base.samples))
	}
	fmt.Fprintln(w, "\nMB are those of the text before compression. Allocations are counted in Go only, by BenchmarkAnalyze. Each answer was compared with the truth about the log.\n\n```")
	for _, r := range results {
		fmt.Fprintln(w, s.shown(r.argv))
	}
	fmt.Fprintln(w, "```")
}

// row is what follows the name.
func (r *result) row(base []sample) string {
	if r.err != nil {
		return fmt.Sprintf("failed: %s | | | | | | |", r.err)
	}
	wall := median(r.samples, func(s sample) time.Duration { return s.wall }).Seconds()
	cpu := median(r.samples, func(s sample) time.Duration { return s.cpu }).Seconds()
	peak := median(r.samples, func(s sample) int64 { return s.peak })
	kept := median(r.samples, func(s sample) int64 { return s.kept })
	return fmt.Sprintf("%s | %.0f | %.2f | %.2f | %.0f | %s | %s | %s",
		figure.Count(int64(float64(r.log.truth.Lines)/wall)), float64(r.log.truth.Bytes)/wall/1e6, wall, cpu,
		float64(peak)/(1<<20), r.allocations(), share(kept, r.log.truth.Bytes), r.times(base))
}

func (r *result) allocations() string {
	if r.allocs == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", r.allocs)
}

// times is the time in multiples of the first job's, where that one ran as often.
func (r *result) times(base []sample) string {
	if len(base) < len(r.samples) {
		return "–"
	}
	return fmt.Sprintf("%.2f", ratio(r.samples, base))
}

// share is a database's size, and how much of the log that is.
func share(kept, log int64) string {
	if kept == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f MB, %.1f %%", float64(kept)/1e6, 100*float64(kept)/float64(log))
}
