package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ipdrift/ingest/synth"
)

func TestCheckAgainstTruth(t *testing.T) {
	for name, o := range map[string]synth.Options{
		"plain":   {Seed: 3, Lines: 20_000, Key: "it's a key"},
		"hostile": {Seed: 4, Lines: 5_000, Hostile: true, Key: "k"},
	} {
		dir := t.TempDir()
		log := filepath.Join(dir, "it's a.log")
		var text bytes.Buffer
		truth, err := synth.Write(&text, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(log, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := check(&out, log, o.Key, filepath.Join(dir, "kept.duckdb")); err != nil {
			t.Fatal(err)
		}
		var lines, refused, tokens, moved, held int64
		if _, err := fmt.Sscan(out.String(), &lines, &refused, &tokens, &moved, &held); err != nil {
			t.Fatal(err)
		}
		if lines != truth.Lines || refused != truth.Statuses[403] || moved != int64(truth.Links["rotating"]) ||
			held != truth.Verdicts["valid"]+truth.Verdicts["expired"] {
			t.Errorf("%s: %s is not the truth %+v", name, &out, truth)
		}
	}
}
