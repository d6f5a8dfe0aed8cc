package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"ipdrift/ingest/synth"
)

//go:embed tokens.awk
var tokensAWK string

// peers are the other tools, each over the plain log.
func (s *suite) peers(ctx context.Context, log madeLog) ([]job, error) {
	if err := os.WriteFile(s.path("tokens.awk"), []byte(tokensAWK), 0o600); err != nil {
		return nil, err
	}
	goaccess, err := s.goaccess(ctx, log)
	if err != nil {
		return nil, err
	}
	return []job{goaccess, s.lnav(log), s.mawk(log), s.duckdb(log)}, nil
}

// goaccess makes its JSON report. It counts with several threads where its
// version can.
func (s *suite) goaccess(ctx context.Context, log madeLog) (job, error) {
	help, err := exec.CommandContext(ctx, "goaccess", "--help").CombinedOutput()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) { // it prints its help with status 1
		return job{}, err
	}
	out := s.path("goaccess.json")
	argv := []string{"goaccess", log.file, "--no-global-config", "--no-progress",
		`--log-format=%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %v %T`, "--date-format=%d/%b/%Y", "--time-format=%H:%M:%S", "-o", out}
	if bytes.Contains(help, []byte("--jobs")) {
		argv = append(argv, "-j", "2")
	}
	return job{name: "GoAccess, JSON report", log: log, argv: argv, answers: func([]byte) error {
		return counted(out, log.truth.Lines)
	}}, nil
}

// counted checks that GoAccess found every line valid.
func counted(file string, lines int64) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var report struct {
		General struct {
			Valid int64 `json:"valid_requests"`
		} `json:"general"`
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return err
	}
	if n := report.General.Valid; n != lines {
		return fmt.Errorf("%d valid requests, want %d", n, lines)
	}
	return os.Remove(file)
}

// lnav indexes the log and answers one query.
func (s *suite) lnav(log madeLog) job {
	argv := []string{"lnav", "-n", "-c", ";SELECT sc_status, count(*) AS n FROM access_log GROUP BY sc_status ORDER BY sc_status",
		"-c", ":write-csv-to -", log.file}
	return job{name: "lnav, one GROUP BY over the status", log: log, argv: argv, answers: func(stdout []byte) error {
		want := fmt.Sprintf("sc_status,n\n200,%d\n403,%d\n410,%d\n", log.truth.Statuses[200], log.truth.Statuses[403], log.truth.Statuses[410])
		return same(string(stdout), want)
	}}
}

// mawk answers one question in one pass.
func (s *suite) mawk(log madeLog) job {
	return job{name: "mawk, one pass: count, 403s, addresses per token", log: log,
		argv: []string{"mawk", "-f", s.path("tokens.awk"), log.file},
		answers: func(stdout []byte) error {
			_, err := tokensOf(stdout, log.truth, 4)
			return err
		}}
}

// duckdb reads, checks every token and keeps the requests with SQL alone, then
// answers what mawk answers.
func (s *suite) duckdb(log madeLog) job {
	kept := s.path("sql.duckdb")
	return job{name: "DuckDB, SQL alone: read_csv, md5 check, table, query", log: log, kept: kept,
		argv: []string{s.path("duckdb"), log.file, s.path("key"), kept},
		answers: func(stdout []byte) error {
			n, err := tokensOf(stdout, log.truth, 5)
			if err != nil {
				return err
			}
			if want := log.truth.Verdicts["valid"] + log.truth.Verdicts["expired"]; n[4] != want {
				return fmt.Errorf("%d hashes hold, want %d", n[4], want)
			}
			return nil
		}}
}

// tokensOf reads one line of numbers: lines, 403s, tokens, tokens that were
// refused and came from several addresses, and what else there is.
func tokensOf(stdout []byte, truth synth.Stats, numbers int) ([]int64, error) {
	words := strings.Fields(string(stdout))
	if len(words) != numbers {
		return nil, fmt.Errorf("%d numbers, want %d", len(words), numbers)
	}
	n := make([]int64, numbers)
	for i, w := range words {
		var err error
		if n[i], err = strconv.ParseInt(w, 10, 64); err != nil {
			return nil, err
		}
	}
	if n[0] != truth.Lines || n[1] != truth.Statuses[403] || n[3] != int64(truth.Links["rotating"]) {
		return nil, fmt.Errorf("%d lines, %d refused, %d moved tokens; want %d, %d, %d",
			n[0], n[1], n[3], truth.Lines, truth.Statuses[403], truth.Links["rotating"])
	}
	return n, nil
}

func same(got, want string) error {
	if got != want {
		return errors.New(strconv.Quote(got) + ", want " + strconv.Quote(want))
	}
	return nil
}
