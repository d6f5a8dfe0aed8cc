package ingest

import (
	"bytes"
	"context"
	"hash/maphash"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
	"ipdrift/ingest/synth"
)

const benchLines = 200_000

var benchLogs = []struct {
	name string
	o    synth.Options
}{
	{"nginx", synth.Options{Seed: 1, Lines: benchLines}},
	{"gcore", synth.Options{Seed: 1, Lines: benchLines, Format: "gcore"}},
	{"hostile", synth.Options{Seed: 1, Lines: benchLines, Hostile: true}},
}

// BenchmarkLoad is everything from the file to a finished private case.
func BenchmarkLoad(b *testing.B) {
	for _, c := range benchLogs {
		text, _ := synthLog(b, c.o)
		dir := b.TempDir()
		for _, file := range []struct{ name, path string }{
			{c.name, sourcetest.Write(b, dir, "a.log", []byte(text))},
			{c.name + "/gzip", sourcetest.Write(b, dir, "a.log.gz", sourcetest.Gzip(b, []byte(text)))},
		} {
			b.Run(file.name, func(b *testing.B) { benchLoad(b, file.path, int64(len(text))) })
		}
	}
}

func benchLoad(b *testing.B, path string, size int64) {
	sources, err := source.List(b.Context(), []string{path})
	if err != nil {
		b.Fatal(err)
	}
	o := testOptions(b)
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Create("", Limits{Threads: 2, Memory: 512 << 20})
		if err != nil {
			b.Fatal(err)
		}
		got, err := Load(context.Background(), s, sources, o)
		if err != nil || got.Sources[0].Parsed != benchLines {
			b.Fatalf("%v, want %d lines", err, benchLines)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(benchLines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkWorker is one worker's share: parse, verify, look up ids, build
// batches. Nothing is inserted into DuckDB but what fills a dictionary.
func BenchmarkWorker(b *testing.B) {
	for _, c := range benchLogs {
		text, _ := synthLog(b, c.o)
		b.Run(c.name, func(b *testing.B) { benchWorker(b, text) })
	}
}

func benchWorker(b *testing.B, text string) {
	ctx := context.Background()
	l := &load{Options: testOptions(b), store: testStore(b), seed: maphash.MakeSeed(), unproven: newUnproven(0), hits: &Hits{}}
	spec := combinedHost
	if strings.HasPrefix(text, `"`) {
		spec = "gcore"
	}
	l.sources = []*input{{host: []byte("-"), format: namedFormat(b, spec)}}
	if err := l.prepare(); err != nil {
		b.Fatal(err)
	}
	data := cutInto([]byte(text), maxLine)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		in, out, done := make(chan chunk, len(data)), make(chan arrow.Record), make(chan int64)
		go func() {
			rows := int64(0)
			for r := range out {
				rows += r.NumRows()
				r.Release()
			}
			done <- rows
		}()
		first := int64(1)
		for _, d := range data {
			buf := d
			in <- chunk{first: first, data: d, buf: &buf, format: l.sources[0].format}
			first += countLines(d)
		}
		close(in)
		if err := l.work(ctx, func() (chunk, bool) { ch, ok := <-in; return ch, ok }, out); err != nil {
			b.Fatal(err)
		}
		close(out)
		if rows := <-done; rows != benchLines {
			b.Fatalf("%d rows, want %d", rows, benchLines)
		}
	}
	b.ReportMetric(float64(benchLines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// cutInto cuts text into runs of whole lines of at most size bytes.
func cutInto(text []byte, size int) (out [][]byte) {
	for len(text) > 0 {
		end := min(size, len(text))
		if end < len(text) {
			end = bytes.LastIndexByte(text[:end], '\n') + 1
		}
		out = append(out, text[:end:end])
		text = text[end:]
	}
	return out
}
