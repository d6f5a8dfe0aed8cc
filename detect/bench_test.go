package detect_test

import (
	"context"
	"os"
	"testing"

	"ipdrift/detect"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/synth"
	"ipdrift/token"
)

// BenchmarkAnalyze measures Analyze alone, over a case that was loaded before.
func BenchmarkAnalyze(b *testing.B) {
	benchLoaded(b, func(ctx context.Context, store *ingest.Store, loaded *ingest.Loaded, o detect.Options) error {
		_, err := detect.Analyze(ctx, store, loaded, o)
		return err
	})
}

// BenchmarkGroup measures the grouping of requests into visits, and the first look
// over all links.
func BenchmarkGroup(b *testing.B) { benchLoaded(b, detect.Group) }

// benchLoaded measures what is done with a case, which is loaded each time: it serves once.
func benchLoaded(b *testing.B, do func(context.Context, *ingest.Store, *ingest.Loaded, detect.Options) error) {
	const lines = 200_000
	path, _ := madeUp(b, synth.Options{Seed: 1, Lines: lines})
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	s := settings{threads: 2, files: []string{path}}
	scheme, _ := token.SchemeNamed("gcore")
	o := detect.Options{
		Resources: token.NewResources(scheme), Keys: s.ring(b), Masks4: []int{24, 16}, Masks6: []int{64, 56, 48}, Threads: 2, Room: 1 << 30, Thresholds: judge.Default(),
	}.Quick(nil)
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		store, loaded := load(b, s)
		b.StartTimer()
		if err := do(context.Background(), store, loaded, o); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		store.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
