package scenario

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

const secret = "made-up-secret"

// madeLog is a log with its truth.
type madeLog struct {
	log, truth, users []byte
	answers           *Answers
}

func made(t testing.TB, name string, lines int64, format string) *madeLog {
	t.Helper()
	w, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	w.Seed, w.Lines, w.Format = 3, lines, format
	return run(t, w)
}

func run(t testing.TB, w World) *madeLog {
	t.Helper()
	var log, truth, users bytes.Buffer
	a, err := Run(context.Background(), w, secret, Sinks{Logs: []Sink{{"a.log", &log}}, Truth: &truth, Users: &users}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &madeLog{log.Bytes(), truth.Bytes(), users.Bytes(), a}
}

func TestSameSeedSameBytes(t *testing.T) {
	for _, w := range Scenarios() {
		w.Seed, w.Lines, w.Format = 9, 2000, "nginx"
		a, b := run(t, w), run(t, w)
		if !bytes.Equal(a.log, b.log) || !bytes.Equal(a.truth, b.truth) || !bytes.Equal(a.users, b.users) || asJSON(t, a.answers) != asJSON(t, b.answers) {
			t.Errorf("%s: two runs of one seed differ", w.Name)
		}
		w.Seed++
		if bytes.Equal(a.log, run(t, w).log) {
			t.Errorf("%s: another seed gives the same log", w.Name)
		}
	}
}

func asJSON(t *testing.T, a *Answers) string {
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEdges spreads a log over edges: the truth names the line of each.
func TestEdges(t *testing.T) {
	w, err := Named("rotation24")
	if err != nil {
		t.Fatal(err)
	}
	w.Lines, w.Edges, w.Format = 5000, 3, "csv"
	var logs [3]bytes.Buffer
	var truth bytes.Buffer
	to := Sinks{Truth: &truth}
	for i := range logs {
		to.Logs = append(to.Logs, Sink{string(rune('a' + i)), &logs[i]})
	}
	if _, err := Run(context.Background(), w, secret, to, nil); err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for row := range strings.Lines(truth.String()) {
		source, _, _ := strings.Cut(row, ",")
		rows[source]++
	}
	for i := range logs {
		lines := bytes.Count(logs[i].Bytes(), []byte("\n"))
		if n := rows[string(rune('a'+i))]; n != lines-1 || n < 1000 {
			t.Errorf("edge %d: %d lines with a header, %d rows of truth", i, lines, n)
		}
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	good, err := Named("rotation24")
	if err != nil {
		t.Fatal(err)
	}
	good.Lines = 10
	for name, change := range map[string]func(*World){
		"no lines":  func(w *World) { w.Lines = 0 },
		"no hosts":  func(w *World) { w.Hosts = nil },
		"scope":     func(w *World) { w.Hosts[0].Scope = "auto" },
		"bind":      func(w *World) { w.Hosts[0].Bind = "" },
		"mix":       func(w *World) { w.Hosts[0].Mix = Mix{Late: 0.6, Broken: 0.6} },
		"below":     func(w *World) { w.Hosts[0].Mix = Mix{Late: -0.1} },
		"carriers":  func(w *World) { w.Hosts[0].Carriers = nil },
		"format":    func(w *World) { w.Format = "odd" },
		"two edges": func(w *World) { w.Edges = 2 },
	} {
		w := good
		w.Hosts = append([]Host{}, good.Hosts...)
		change(&w)
		if _, err := Run(context.Background(), w, secret, Sinks{Logs: []Sink{{"a", io.Discard}}}, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Run(context.Background(), good, "", Sinks{Logs: []Sink{{"a", io.Discard}}}, nil); err == nil {
		t.Error("no key, and no error")
	}
	if _, err := Named("odd"); err == nil || !strings.Contains(err.Error(), "rotation24") {
		t.Errorf("no scenario: %v", err)
	}
}

// failing takes some bytes, then none.
type failing struct{ left int }

var errFull = errors.New("full")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterErrorIsReturned(t *testing.T) {
	w, err := Named("rotation24")
	if err != nil {
		t.Fatal(err)
	}
	w.Lines = 20_000
	for _, room := range []int{0, 10_000} {
		for i, to := range []Sinks{
			{Logs: []Sink{{"a", &failing{room}}}},
			{Logs: []Sink{{"a", io.Discard}}, Truth: &failing{room}},
			{Logs: []Sink{{"a", io.Discard}}, Users: &failing{room}},
		} {
			if _, err := Run(context.Background(), w, secret, to, nil); !errors.Is(err, errFull) {
				t.Errorf("sink %d with room for %d bytes: %v", i, room, err)
			}
		}
	}
}

func TestInterrupt(t *testing.T) {
	w, err := Named("rotation24")
	if err != nil {
		t.Fatal(err)
	}
	w.Lines = 1 << 40
	ctx, cancel := context.WithCancel(context.Background())
	told := func(lines int64) {
		if lines > 100_000 {
			cancel()
		}
	}
	if _, err := Run(ctx, w, secret, Sinks{Logs: []Sink{{"a", io.Discard}}}, told); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestSpan keeps a log near its span and its number of viewers.
func TestSpan(t *testing.T) {
	w, err := Named("no-rotation")
	if err != nil {
		t.Fatal(err)
	}
	w.Lines, w.Users, w.Span = 50_000, 2000, 6*time.Hour
	a := run(t, w).answers
	if got := a.Last.Sub(a.First); got < 5*time.Hour || got > 7*time.Hour || a.Users < 1800 || a.Users > 2200 {
		t.Errorf("%d users in %s", a.Users, got)
	}
}

func BenchmarkRun(b *testing.B) {
	for _, name := range []string{"mixed", "hostile"} {
		b.Run(name, func(b *testing.B) {
			w, err := Named(name)
			if err != nil {
				b.Fatal(err)
			}
			w.Lines = 100_000
			var n counter
			b.ReportAllocs()
			for b.Loop() {
				n = 0
				if _, err := Run(context.Background(), w, secret, Sinks{Logs: []Sink{{"a", &n}}, Truth: io.Discard, Users: io.Discard}, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(n))
			b.ReportMetric(float64(w.Lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
