package detect_test

import (
	"context"
	"os"
	"testing"

	"ipdrift/detect"
	"ipdrift/detect/judge"
	"ipdrift/ingest/synth"
	"ipdrift/token"
)

// BenchmarkAnalyze measures Analyze alone, over a case that was loaded before.
func BenchmarkAnalyze(b *testing.B) {
	const lines = 200_000
	path, _ := madeUp(b, synth.Options{Seed: 1, Lines: lines})
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	s := settings{threads: 2, files: []string{path}}
	scheme, _ := token.SchemeNamed("gcore")
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		store, loaded := load(b, s)
		b.StartTimer()
		if _, err := detect.Analyze(context.Background(), store, loaded, detect.Options{
			Resources: token.NewResources(scheme), Keys: s.ring(b), Masks4: []int{24, 16}, Masks6: []int{64, 56, 48}, Threads: 2, Room: 1 << 30, Thresholds: judge.Default(),
		}.Quick(nil)); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		store.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkGroup measures the grouping of requests into visits, and the first look
// over all links.
func BenchmarkGroup(b *testing.B) {
	const lines = 200_000
	path, _ := madeUp(b, synth.Options{Seed: 1, Lines: lines})
	s := settings{threads: 2, files: []string{path}}
	scheme, _ := token.SchemeNamed("gcore")
	store, loaded := load(b, s)
	b.ReportAllocs()
	for b.Loop() {
		if err := detect.Group(context.Background(), store, loaded, detect.Options{
			Resources: token.NewResources(scheme), Keys: s.ring(b), Threads: 2, Room: 1 << 30, Thresholds: judge.Default(),
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
