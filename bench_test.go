package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/klauspost/compress/gzip"

	"ipdrift/ingest/synth"
)

// BenchmarkAnalyze runs the whole command, from log to report, over made-up
// logs. Peak memory is that of the whole process since it started, so run one
// size at a time to read it:
//
//	go test -run '^$' -bench 'Analyze/plain/2000000' -benchtime 3x .
//
// IPDRIFT_BENCH_LINES names another size; "make bench" does so.
func BenchmarkAnalyze(b *testing.B) {
	sizes := []int{200_000, 2_000_000}
	if other, err := strconv.Atoi(os.Getenv("IPDRIFT_BENCH_LINES")); err == nil {
		sizes = []int{other}
	}
	for _, lines := range sizes {
		b.Run(fmt.Sprintf("plain/%d", lines), func(b *testing.B) { benchAnalyze(b, lines, synth.Options{}, false) })
		b.Run(fmt.Sprintf("gzip/%d", lines), func(b *testing.B) { benchAnalyze(b, lines, synth.Options{}, true) })
		b.Run(fmt.Sprintf("gcore/%d", lines), func(b *testing.B) { benchAnalyze(b, lines, synth.Options{Format: "gcore"}, false) })
		b.Run(fmt.Sprintf("hostile/%d", lines), func(b *testing.B) { benchAnalyze(b, lines, synth.Options{Hostile: true}, false) })
	}
}

func benchAnalyze(b *testing.B, lines int, o synth.Options, compress bool) {
	dir := b.TempDir()
	o.Seed, o.Lines, o.Key = 1, lines, "benchmark-secret"
	log := filepath.Join(dir, "access.log")
	size := writeLog(b, log, o, compress)
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(o.Key), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		var errs bytes.Buffer
		if code := run(context.Background(), []string{"analyze", "--key-file", key, log}, nil, io.Discard, &errs); code != 0 {
			b.Fatalf("exit %d: %s", code, errs.String())
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(peakMiB(b), "MiB-peak")
}

// writeLog writes a made-up log and returns its size before compression.
func writeLog(b *testing.B, path string, o synth.Options, compress bool) int64 {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	buffered := bufio.NewWriterSize(f, 1<<20)
	var w io.Writer = buffered
	var gz *gzip.Writer
	if compress {
		gz = gzip.NewWriter(buffered)
		w = gz
	}
	stats, err := synth.Write(w, o)
	if err == nil && gz != nil {
		err = gz.Close()
	}
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		b.Fatal(err)
	}
	return stats.Bytes
}

func peakMiB(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		b.Fatal("no VmHWM in /proc/self/status")
	}
	kb, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
