package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"ipdrift/ingest/figure"
	"ipdrift/ingest/synth"
)

const (
	// bound is what ipdrift promises to stay within: its default for --memory.
	bound = 1 << 30
	// caseBytes is the room a line takes in a case and the work beside it.
	caseBytes = 150
)

// flow is one log that went through a pipe.
type flow struct {
	truth         synth.Stats
	marks         []mark
	read, judged  time.Duration // until the last line was taken, and from there to the end
	took          sample
	judging       int64         // the most resident after the last line
	generatorTime time.Duration // CPU, of this process
}

// mark is the state when another tenth of the log was taken.
type mark struct {
	lines int64
	at    time.Duration
	peak  int64 // the most resident since the mark before
}

// stream analyses a log of a tenth of the lines and then all of it. Both are
// written into ipdrift's stdin while they are made; nothing stores them.
func (s *suite) stream(ctx context.Context) error {
	if err := errors.Join(s.room(int64(s.lines)*caseBytes), s.build(ctx, "ipdrift")); err != nil {
		return err
	}
	var flows []*flow
	for _, lines := range []int{s.lines / 10, s.lines} {
		f, err := s.flow(ctx, lines)
		if err != nil {
			return fmt.Errorf("%s lines: %w", figure.Count(lines), err)
		}
		flows = append(flows, f)
	}
	s.streamed(os.Stdout, flows[0], flows[1])
	if peak := flows[1].took.peak; peak > bound {
		return fmt.Errorf("%.0f MiB at the peak, more than --memory allows", float64(peak)/(1<<20))
	}
	return nil
}

// flow starts ipdrift and feeds it a log.
func (s *suite) flow(ctx context.Context, lines int) (*flow, error) {
	kept := s.path("case.duckdb")
	defer s.discard(kept)
	cmd := exec.CommandContext(ctx, s.path("ipdrift"), "analyze", "--key-file", s.path("key"), "--db", kept, "--format", "json", "-")
	var answer, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.environment(), &answer, &stderr
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	f := &flow{}
	began, cpu := time.Now(), cpuOfSelf()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	watch := watchMemory(cmd.Process.Pid)
	o := s.options(synth.Options{})
	o.Lines = lines
	meter := &meter{w: pipe, began: began, step: int64(max(1, lines/10)), watch: watch}
	var wrote error
	f.truth, wrote = synth.Write(meter, o)
	wrote = errors.Join(wrote, pipe.Close())
	f.marks, f.read, f.generatorTime = meter.marks, time.Since(began), cpuOfSelf()-cpu
	ended := cmd.Wait()
	f.took = sample{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak: peakOf(cmd.ProcessState)}
	f.judged = f.took.wall - f.read
	watch.stop()
	f.judging = watch.peak()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case ended != nil:
		return nil, fmt.Errorf("%s after %s lines: %s", cmd.ProcessState, figure.Count(meter.lines), &stderr)
	case wrote != nil:
		return nil, wrote
	}
	if f.took.kept, err = sizeOf(kept); err != nil {
		return nil, err
	}
	return f, truly(answer.Bytes(), f.truth)
}

// meter counts the lines that were taken and marks every tenth of the log.
type meter struct {
	w     io.Writer
	began time.Time
	step  int64
	lines int64
	watch *watcher
	marks []mark
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.w.Write(p)
	before := m.lines / m.step
	m.lines += int64(bytes.Count(p[:n], []byte{'\n'}))
	if m.lines/m.step > before {
		m.marks = append(m.marks, mark{m.lines, time.Since(m.began), m.watch.peak()})
		fmt.Fprintf(os.Stderr, "%s lines\n", figure.Count(m.lines))
	}
	return n, err
}

// streamed prints both flows, and how the longer one went on.
func (s *suite) streamed(w io.Writer, tenth, whole *flow) {
	fmt.Fprintf(w, "generator | ipdrift analyze --db case.duckdb -, seed %d; %s.\nThe generator took %.1f s of the processor beside it.\n\n",
		s.seed, s.where, whole.generatorTime.Seconds())
	fmt.Fprintln(w, "| lines | MB | reading s | judging s | lines/s in all | CPU s | peak MiB | case |\n|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, f := range []*flow{tenth, whole} {
		fmt.Fprintf(w, "| %s | %.0f | %.1f | %.1f | %s | %.1f | %.0f | %s |\n", figure.Count(f.truth.Lines), float64(f.truth.Bytes)/1e6,
			f.read.Seconds(), f.judged.Seconds(), figure.Count(f.rate()), f.took.cpu.Seconds(), float64(f.took.peak)/(1<<20), share(f.took.kept, f.truth.Bytes))
	}
	perLine := func(f *flow) float64 { return f.took.wall.Seconds() / float64(f.truth.Lines) }
	fmt.Fprintf(w, "\nA line of the long log took %.2f times as long as one of the short.\n\n", perLine(whole)/perLine(tenth))
	fmt.Fprintln(w, "| lines taken | lines/s of this tenth | peak MiB in it |\n|---:|---:|---:|")
	var last mark
	for _, m := range whole.marks {
		rate := float64(m.lines-last.lines) / (m.at - last.at).Seconds()
		fmt.Fprintf(w, "| %s | %s | %.0f |\n", figure.Count(m.lines), figure.Count(int64(rate)), float64(m.peak)/(1<<20))
		last = m
	}
	fmt.Fprintf(w, "| judging | | %.0f |\n", float64(whole.judging)/(1<<20))
}

func (f *flow) rate() int64 { return int64(float64(f.truth.Lines) / f.took.wall.Seconds()) }
