package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
	"syscall"
	"time"
)

// job is one process to measure.
type job struct {
	name  string
	log   madeLog
	argv  []string
	stdin io.Reader
	// answers is told what the process wrote to stdout, and says whether it is
	// true. It is not part of what is measured.
	answers func(stdout []byte) error
	twin    string // the Go benchmark of the same work that counts allocations
	mute    bool   // stdout goes to /dev/null
	kept    string // a database it leaves behind; removed after each run
}

// sample is what one run took.
type sample struct {
	wall, cpu time.Duration
	peak      int64 // bytes resident, as the kernel counted them
	kept      int64 // bytes of the database
}

// broken is a process that did not end well.
type broken struct {
	state  string
	stderr string
}

func (b *broken) Error() string {
	first, _, _ := strings.Cut(strings.TrimSpace(b.stderr), "\n")
	return strings.TrimSuffix(b.state+": "+first, ": ")
}

// measure runs a job once and checks its answer.
func (s *suite) measure(ctx context.Context, j job) (sample, error) {
	var stdout bytes.Buffer
	took, err := s.spawn(ctx, j, &stdout)
	defer s.discard(j.kept)
	if err != nil {
		return took, err
	}
	if took.kept, err = sizeOf(j.kept); err != nil {
		return took, err
	}
	if err := j.answers(stdout.Bytes()); err != nil {
		return took, fmt.Errorf("wrong answer: %w", err)
	}
	return took, nil
}

// spawn runs the process; the error of one that ends badly is a *broken.
func (s *suite) spawn(ctx context.Context, j job, stdout io.Writer) (sample, error) {
	cmd := exec.CommandContext(ctx, j.argv[0], j.argv[1:]...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stderr = s.dir, s.environment(), j.stdin, &stderr
	if !j.mute {
		cmd.Stdout = stdout
	}
	began := time.Now()
	err := cmd.Run()
	took := sample{wall: time.Since(began)}
	if ctx.Err() != nil {
		return took, ctx.Err()
	}
	if cmd.ProcessState == nil {
		return took, err
	}
	took.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	took.peak = peakOf(cmd.ProcessState)
	if !cmd.ProcessState.Success() {
		return took, &broken{state: cmd.ProcessState.String(), stderr: stderr.String()}
	}
	return took, err
}

// peakOf is the most memory a process had resident. The kernel counts what this
// process had when it started the other one too, so nothing below some 10 MiB
// can be told apart.
func peakOf(p *os.ProcessState) int64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10 // KiB on Linux
}

func (s *suite) discard(kept string) {
	if kept == "" {
		return
	}
	for _, suffix := range []string{"", ".wal", ".part", ".part.wal"} {
		os.Remove(kept + suffix)
	}
}

func sizeOf(file string) (int64, error) {
	if file == "" {
		return 0, nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// shown is the command as a person would type it, in the folder.
func (s *suite) shown(argv []string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		if w = strings.ReplaceAll(w, s.dir+"/", ""); strings.ContainsAny(w, ` "'*;$%`) {
			w = "'" + w + "'"
		}
		words[i] = w
	}
	return strings.Join(words, " ")
}

// build makes the binary of a package of this module in the folder, under the
// last element of its path, as "make build" does.
func (s *suite) build(ctx context.Context, from string) error {
	return command(ctx, "go", "build", "-trimpath", "-pgo=testdata/bench/analyze.pgo", "-o", s.path(path.Base(from)), from)
}

// buildTest makes the binary of ipdrift's own benchmarks.
func (s *suite) buildTest(ctx context.Context) error {
	return command(ctx, "go", "test", "-c", "-trimpath", "-o", s.path("ipdrift.test"), "ipdrift")
}

func command(ctx context.Context, argv ...string) error {
	if out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, out)
	}
	return nil
}
