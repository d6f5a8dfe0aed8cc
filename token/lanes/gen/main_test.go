package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The first line of the file holds the command's arguments.
func TestTheCommittedFileIsGenerated(t *testing.T) {
	committed, err := os.ReadFile("../hash_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "hash_amd64.s")
	if message, err := exec.Command("go", "run", ".", "-out", out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, message)
	}
	generated, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	_, committed, _ = bytes.Cut(committed, []byte("\n"))
	_, generated, _ = bytes.Cut(generated, []byte("\n"))
	if !bytes.Equal(committed, generated) {
		t.Error("hash_amd64.s is not what the generator writes: run go generate in token/lanes")
	}
}
