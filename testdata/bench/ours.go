package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"

	"ipdrift/detect/finding"
	"ipdrift/ingest/synth"
)

// analyze is ipdrift's whole job over a log, with a case on disk and the report
// thrown away. The answer is read from the case afterwards.
func (s *suite) analyze(ctx context.Context, name string, log madeLog) job {
	kept := s.path("case.duckdb")
	return job{name: name, log: log, kept: kept, mute: true,
		argv: []string{s.path("ipdrift"), "analyze", "--key-file", s.path("key"), "--db", kept, log.file},
		answers: func([]byte) error {
			cmd := exec.CommandContext(ctx, s.path("ipdrift"), "report", "--format", "json", kept)
			cmd.Env = s.environment()
			report, err := cmd.Output()
			if err != nil {
				return fmt.Errorf("the kept case: %w", err)
			}
			return truly(report, log.truth)
		}}
}

// glance is the same where no case is kept: the report is all there is.
func (s *suite) glance(log madeLog) job {
	return job{name: "ipdrift analyze, plain log, no case kept", log: log,
		argv:    []string{s.path("ipdrift"), "analyze", "--key-file", s.path("key"), "--format", "json", log.file},
		answers: func(report []byte) error { return truly(report, log.truth) }}
}

// truly compares a JSON report with the truth: every line parsed, every refusal
// counted, and of each cause that needs no address as many as were made.
func truly(report []byte, truth synth.Stats) error {
	var got finding.Analysis
	if err := json.Unmarshal(report, &got); err != nil {
		return err
	}
	if got.Input.Lines != truth.Lines || got.Input.Parsed != truth.Lines {
		return fmt.Errorf("%d lines, %d parsed, want %d", got.Input.Lines, got.Input.Parsed, truth.Lines)
	}
	if want := truth.Statuses[403] + truth.Statuses[410]; got.Denials.Total != want {
		return fmt.Errorf("%d refusals, want %d", got.Denials.Total, want)
	}
	for _, cause := range []string{"expired", "malformed"} {
		if n, want := got.Denials.ByCause[cause], truth.Verdicts[cause]; n != want {
			return fmt.Errorf("%d refusals are %s, want %d", n, cause, want)
		}
	}
	return nil
}
