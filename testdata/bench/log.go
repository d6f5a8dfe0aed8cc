package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"

	"ipdrift/ingest/synth"
)

// secret signs the made-up logs.
const secret = "benchmark-secret"

// madeLog is a log on disk and the truth about it.
type madeLog struct {
	file  string
	truth synth.Stats
}

func (s *suite) path(name string) string { return filepath.Join(s.dir, name) }

// variant is a kind of log that ipdrift is measured on.
type variant struct {
	name, file string
	twin       string // the case of the Go benchmark BenchmarkAnalyze
	made       synth.Options
}

// variants begins with the log that the peers read too.
func variants() []variant {
	return []variant{
		{"plain log", "access.log", "plain", synth.Options{}},
		{"the same as one gzip file", "access.log.gz", "gzip", synth.Options{}},
		{"Gcore raw log", "gcore.log", "gcore", synth.Options{Format: "gcore"}},
		{"hostile log", "hostile.log", "hostile", synth.Options{Hostile: true}},
	}
}

// options completes those of a variant.
func (s *suite) options(o synth.Options) synth.Options {
	o.Seed, o.Lines, o.Key = s.seed, s.lines, secret
	return o
}

// make writes a log, through gzip if it is named so, and waits until it is on
// disk, so that no run pays for it.
func (s *suite) make(name string, o synth.Options) (madeLog, error) {
	made := madeLog{file: s.path(name)}
	f, err := os.Create(made.file)
	if err != nil {
		return made, err
	}
	defer f.Close()
	if filepath.Ext(name) == ".gz" {
		gz := gzip.NewWriter(f)
		if made.truth, err = synth.Write(gz, o); err == nil {
			err = gz.Close()
		}
	} else {
		made.truth, err = synth.Write(io.Writer(f), o)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return made, fmt.Errorf("writing %s: %w", name, err)
	}
	return made, nil
}
