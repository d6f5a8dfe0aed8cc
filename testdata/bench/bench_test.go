package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ipdrift/ingest/synth"
)

func small(t *testing.T) *suite {
	t.Helper()
	return &suite{lines: 5000, rounds: 3, seed: 1, dir: t.TempDir()}
}

func shell(script string) job {
	return job{name: script, argv: []string{"sh", "-c", script}, answers: func([]byte) error { return nil }}
}

func fine([]byte) error { return nil }

func TestRotation(t *testing.T) {
	s := small(t)
	var order []string
	made := func(name, script string) job {
		j := shell(script)
		j.name, j.answers = name, func([]byte) error { order = append(order, name); return nil }
		return j
	}
	results, err := s.rotate(t.Context(), []job{made("a", "true"), made("b", "exit 3"), made("c", "true")})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "acacac" {
		t.Errorf("order %q, want acacac", got)
	}
	if len(results[0].samples) != 3 || len(results[1].samples) != 1 {
		t.Errorf("%d and %d runs, want 3, and 1 of the one that fails", len(results[0].samples), len(results[1].samples))
	}
	if err := failures(results); err == nil || err.Error() != "b: exit status 3" {
		t.Errorf("failures: %v", err)
	}
	if row := results[1].row(results[0].samples); !strings.HasPrefix(row, "failed: exit status 3") {
		t.Errorf("row %q", row)
	}
}

func TestMeasure(t *testing.T) {
	s := small(t)
	kept := s.path("kept")
	for _, c := range []struct{ script, want string }{
		{"printf 12345 > kept; echo yes", ""},
		{"printf 12345 > kept; echo no", "wrong answer: no"},
		{"echo first >&2; echo second >&2; exit 2", "exit status 2: first"},
		{"kill -9 $$", "signal: killed"},
		{"true", "no such file"},
	} {
		j := shell(c.script)
		j.kept, j.answers = kept, func(out []byte) error {
			if string(out) != "yes\n" {
				return errors.New(strings.TrimSpace(string(out)))
			}
			return nil
		}
		took, err := s.measure(t.Context(), j)
		if c.want == "" && (err != nil || took.kept != 5 || took.peak == 0) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %+v, %v; want %q", c.script, took, err, c.want)
		}
		if _, err := os.Stat(kept); err == nil {
			t.Errorf("%s: the database is still there", c.script)
		}
	}
}

func TestPeakAndTime(t *testing.T) {
	took, err := small(t).measure(t.Context(), job{argv: []string{"awk", `BEGIN { for (i = 0; i < 1000000; i++) a[i] = i }`}, answers: fine})
	if err != nil {
		t.Fatal(err)
	}
	if took.peak < 20<<20 || took.peak > 4<<30 || took.cpu <= 0 || took.wall < took.cpu/2 {
		t.Errorf("a million numbers: %+v", took)
	}
}

func TestFigures(t *testing.T) {
	runs := func(seconds ...float64) (out []sample) {
		for _, s := range seconds {
			out = append(out, sample{wall: time.Duration(s * float64(time.Second)), cpu: time.Second, peak: 3 << 20, kept: 2e6})
		}
		return out
	}
	base := runs(1, 2, 4)
	// Round by round 2, 3 and 0.5; the medians alone would say 1.
	if got := ratio(runs(2, 6, 2), base); got != 2 {
		t.Errorf("ratio %v, want 2", got)
	}
	r := result{job: job{log: madeLog{truth: synth.Stats{Lines: 4_000_000, Bytes: 100_000_000}}}, samples: runs(1, 4, 2), allocs: 3.72}
	if got, want := r.row(base), "2,000,000 | 50 | 2.00 | 1.00 | 3 | 3.7 | 2 MB, 2.0 % | 1.00"; got != want {
		t.Errorf("row %q\nwant %q", got, want)
	}
}

func TestAllocsIn(t *testing.T) {
	const out = `goos: linux
BenchmarkAnalyze/plain/200000-2  	       1	 502631305 ns/op	 149.34 MB/s	    397906 lines/s	   442.0 MiB-peak	77137096 B/op	  328159 allocs/op
PASS
`
	if n, err := allocsIn([]byte(out)); err != nil || n != 328159 {
		t.Errorf("%v, %v", n, err)
	}
	if _, err := allocsIn([]byte("FAIL\n")); !errors.Is(err, errUncounted) {
		t.Errorf("error %v", err)
	}
}

func TestTruly(t *testing.T) {
	truth := synth.Stats{Lines: 10, Statuses: map[int]int64{200: 7, 403: 2, 410: 1}, Verdicts: map[string]int64{"expired": 1, "malformed": 1}}
	for _, c := range []struct {
		report string
		ok     bool
	}{
		{`{"input":{"lines":10,"parsed":10},"denials":{"total":3,"by_cause":{"expired":1,"malformed":1,"ip_mismatch":1}}}`, true},
		{`{"input":{"lines":9,"parsed":9},"denials":{"total":3,"by_cause":{"expired":1,"malformed":1}}}`, false},
		{`{"input":{"lines":10,"parsed":9},"denials":{"total":3,"by_cause":{"expired":1,"malformed":1}}}`, false},
		{`{"input":{"lines":10,"parsed":10},"denials":{"total":2,"by_cause":{"expired":1,"malformed":1}}}`, false},
		{`{"input":{"lines":10,"parsed":10},"denials":{"total":3,"by_cause":{"expired":2,"malformed":1}}}`, false},
		{``, false},
	} {
		if err := truly([]byte(c.report), truth); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.report, err)
		}
	}
}

// TestSoakKeepsWhatWasSaid soaks programs that die as the ones in question did.
func TestSoakKeepsWhatWasSaid(t *testing.T) {
	s := small(t)
	const report = `{"input":{"lines":1,"parsed":1}}`
	for _, c := range []struct {
		script, kept, fault string
	}{
		{"echo remark >&2; echo '" + report + "'", "", ""},
		{"echo fatal error: checkptr >&2; echo goroutine 1 >&2; exit 2", "exit status 2\nfatal error: checkptr\ngoroutine 1\n", "1 of 1 loads failed"},
		{"kill -ABRT $$", "signal: aborted", "1 of 1 loads failed"},
		{"echo '{}'", "0 lines", "1 of 1 loads failed"},
	} {
		l := &loads{name: "log", job: shell(c.script), reports: map[[sha256.Size]byte]bool{}}
		l.job.log.truth.Lines = 1
		file := filepath.Join(t.TempDir(), "001.stderr")
		if err := s.load(t.Context(), l, file); err != nil {
			t.Fatal(err)
		}
		text, _ := os.ReadFile(file)
		if !strings.HasPrefix(string(text), c.kept) || c.kept == "" && len(text) > 0 {
			t.Errorf("%s: kept %q, want %q", c.script, text, c.kept)
		}
		err := verdict([]*loads{l}, "there")
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: %v, want %q", c.script, err, c.fault)
		}
	}
}

func TestSoakComparesReports(t *testing.T) {
	s := small(t)
	l := &loads{name: "log", job: shell(`echo "{\"input\":{\"lines\":1,\"parsed\":1},\"schema\":$(wc -l < count)}"; echo >> count`), reports: map[[sha256.Size]byte]bool{}}
	l.job.log.truth.Lines = 1
	if err := os.WriteFile(s.path("count"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.load(t.Context(), l, s.path("stderr")); err != nil {
			t.Fatal(err)
		}
	}
	if err := verdict([]*loads{l}, "there"); err == nil || !strings.Contains(err.Error(), "2 different reports") {
		t.Errorf("verdict %v", err)
	}
}

func TestInterruptEndsSoak(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := small(t).load(ctx, &loads{job: shell("sleep 60")}, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestMeterMarksEveryTenth(t *testing.T) {
	s := small(t)
	watch := watchMemory(os.Getpid())
	defer watch.stop()
	var out bytes.Buffer
	m := &meter{w: &out, began: time.Now(), step: 500, watch: watch}
	truth, err := synth.Write(m, s.options(synth.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	if m.lines != truth.Lines || int64(out.Len()) != truth.Bytes {
		t.Errorf("%d lines of %d, %d bytes of %d", m.lines, truth.Lines, out.Len(), truth.Bytes)
	}
	if len(m.marks) == 0 || m.marks[len(m.marks)-1].lines != truth.Lines {
		t.Errorf("marks %+v do not end with the log", m.marks)
	}
}

func TestRoom(t *testing.T) {
	s := small(t)
	if err := s.room(1); err != nil {
		t.Error(err)
	}
	if err := s.room(1 << 60); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("an exabyte: %v", err)
	}
}

// TestPassAgainstTruth runs the awk script on a made-up log.
func TestPassAgainstTruth(t *testing.T) {
	s := small(t)
	log, err := s.make("access.log", s.options(synth.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("awk", "-f", "tokens.awk", log.file).Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tokensOf(out, log.truth, 4); err != nil {
		t.Error(err)
	}
	log.truth.Links["rotating"]++
	if _, err := tokensOf(out, log.truth, 4); err == nil {
		t.Error("another truth is accepted")
	}
}
