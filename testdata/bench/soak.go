package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"ipdrift/ingest/figure"
)

// loads is what became of one log that was loaded again and again.
type loads struct {
	name    string
	job     job
	samples []sample
	broken  int
	reports map[[sha256.Size]byte]bool // of the loads that ended well
}

// soak loads a plain and a gzip file in turn and expects every exit to be clean
// and every report of one file to be the same to the byte. What a run that
// failed wrote to stderr is kept.
func (s *suite) soak(ctx context.Context) error {
	if err := errors.Join(s.room(int64(s.lines)*bytesPerLine/2), s.build(ctx, "ipdrift")); err != nil {
		return err
	}
	var all []*loads
	for _, v := range variants()[:2] {
		log, err := s.make(v.file, s.options(v.made))
		if err != nil {
			return err
		}
		all = append(all, &loads{name: v.name, job: s.loading(log), reports: map[[sha256.Size]byte]bool{}})
	}
	remains, err := os.MkdirTemp("", "ipdrift-soak-")
	if err != nil {
		return err
	}
	defer os.Remove(remains) // unless something is in it
	for i := range s.rounds {
		if err := s.load(ctx, all[i%len(all)], filepath.Join(remains, fmt.Sprintf("%03d.stderr", i+1))); err != nil {
			return err
		}
		if (i+1)%10 == 0 {
			fmt.Fprintf(os.Stderr, "load %d of %d\n", i+1, s.rounds)
		}
	}
	s.soaked(os.Stdout, all)
	return verdict(all, remains)
}

// loading is the analysis with its JSON report on stdout.
func (s *suite) loading(log madeLog) job {
	kept := s.path("case.duckdb")
	return job{name: "ipdrift analyze", log: log, kept: kept,
		argv: []string{s.path("ipdrift"), "analyze", "--key-file", s.path("key"), "--db", kept, "--format", "json", log.file}}
}

// load runs once; only an interrupt is an error.
func (s *suite) load(ctx context.Context, l *loads, stderr string) error {
	var report bytes.Buffer
	took, err := s.spawn(ctx, l.job, &report)
	s.discard(l.job.kept)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		err = truly(report.Bytes(), l.job.log.truth)
	}
	l.samples = append(l.samples, took)
	if err == nil {
		l.reports[sha256.Sum256(report.Bytes())] = true
		return nil
	}
	l.broken++
	text := err.Error()
	if b := (*broken)(nil); errors.As(err, &b) {
		text = b.state + "\n" + b.stderr
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", l.name, err)
	return os.WriteFile(stderr, []byte(text), 0o600)
}

// soaked prints what became of each log.
func (s *suite) soaked(w io.Writer, all []*loads) {
	fmt.Fprintf(w, "%s lines, seed %d; %s.\n\n", figure.Count(s.lines), s.seed, s.where)
	fmt.Fprintln(w, "| loaded again and again | loads | clean exits | different reports | median s | slowest s | most MiB at the peak |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|")
	for _, l := range all {
		if len(l.samples) == 0 {
			continue
		}
		var slowest time.Duration
		var peak int64
		for _, took := range l.samples {
			slowest, peak = max(slowest, took.wall), max(peak, took.peak)
		}
		middle := median(l.samples, func(s sample) time.Duration { return s.wall })
		fmt.Fprintf(w, "| %s | %d | %d | %d | %.2f | %.2f | %.0f |\n", l.name, len(l.samples), len(l.samples)-l.broken,
			len(l.reports), middle.Seconds(), slowest.Seconds(), float64(peak)/(1<<20))
	}
}

// verdict is an error unless every exit was clean and all reports agree.
func verdict(all []*loads, remains string) (err error) {
	for _, l := range all {
		if l.broken > 0 {
			err = errors.Join(err, fmt.Errorf("%s: %d of %d loads failed; what they said is in %s", l.name, l.broken, len(l.samples), remains))
		}
		if len(l.reports) > 1 {
			err = errors.Join(err, fmt.Errorf("%s: %d different reports of one file", l.name, len(l.reports)))
		}
	}
	return err
}
