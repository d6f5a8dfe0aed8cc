package ingest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
)

// grow analyses logs into a case and returns what it holds then, by source, and what was said.
func grow(t *testing.T, path string, logs ...string) (held string, remarks []string) {
	t.Helper()
	s, err := Create(path, Limits{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sources, err := source.List(t.Context(), logs)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Load(context.Background(), s, sources, testOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	held = fmt.Sprint(query[string](t, s, `SELECT source || ' ' || count(*) FROM requests GROUP BY source ORDER BY source`))
	if err := s.Keep(); err != nil {
		t.Fatal(err)
	}
	return held, got.Remarks
}

// An older, shorter copy of a log is known as long as the log is there to be compared
// with, and nothing else is taken for one.
func TestShorterCopyIsKnown(t *testing.T) {
	text := []byte(plainLines(3000))
	few, some, most := text[:20_000], text[:3*edge], text[:len(text)-1]
	changed := func(text []byte) []byte {
		out := bytes.Clone(text)
		out[len(out)-30] = 'X'
		return out
	}
	for _, c := range []struct {
		name, log string
		long      []byte
		now       string            // what becomes of the log: "" it stays, "-" it goes, or where it is moved to
		second    map[string][]byte // what is given next
		known     string            // files that are the beginning of the log
		sources   int
		unclear   string // files that may be the beginning of the log
	}{
		{"short", "a.log", text, "", map[string][]byte{"b.log": few}, "b.log", 1, ""},
		{"an edge", "a.log", text, "", map[string][]byte{"b.log": text[:edge]}, "b.log", 1, ""},
		{"of an edge and one byte", "a.log", text[:edge+1], "", map[string][]byte{"b.log": text[:edge]}, "b.log", 1, ""},
		{"two", "a.log", text, "", map[string][]byte{"b.log": some, "c.log.gz": most}, "b.log c.log.gz", 1, ""},
		{"of a compressed log", "a.log.gz", text, "", map[string][]byte{"b.log": some, "c.log.gz": few}, "b.log c.log.gz", 1, ""},
		{"of a log that goes on", "a.log", most, "", map[string][]byte{"a.log": text, "b.log": some}, "b.log", 1, ""},
		{"a log under a new name", "a.log", text, "z.log", map[string][]byte{"b.log": some, "z.log": text}, "b.log", 1, ""},
		{"short ones of many", "a.log", text, "", map[string][]byte{"b.log": few, "c.log": []byte(filler(2000) + "\n"), "d.log": text[:1000]}, "b.log d.log", 1, ""},
		{"one byte differs, few lines", "a.log", text, "", map[string][]byte{"b.log": changed(few)}, "", 2, ""},
		{"one byte differs", "a.log", text, "", map[string][]byte{"b.log": changed(some), "c.log": changed(most)}, "", 3, ""},
		{"one byte in the middle", "a.log", text, "", map[string][]byte{"b.log": slices.Concat(changed(some), most[len(some):])}, "", 2, ""},
		{"the log is gone", "a.log", text, "-", map[string][]byte{"b.log": some}, "", 2, "b.log"},
		{"the log is gone, few lines", "a.log", text, "-", map[string][]byte{"b.log": few}, "", 2, ""},
		{"the log is another one", "a.log", text, "", map[string][]byte{"a.log": slices.Concat(changed(some), text[len(some):]), "b.log": some}, "", 3, "b.log"},
		{"a damaged copy", "a.log", text, "", map[string][]byte{"b.log": sourcetest.Gzip(t, some)[:2000]}, "", 2, ""},
		{"too short to tell", "a.log", text, "", map[string][]byte{"b.log": text[:300]}, "", 2, ""},
	} {
		dir := t.TempDir()
		put := func(name string, text []byte) string {
			if strings.HasSuffix(name, ".gz") {
				text = sourcetest.Gzip(t, text)
			}
			return sourcetest.Write(t, dir, name, text)
		}
		kept, log := filepath.Join(dir, "case.duckdb"), put(c.log, c.long)
		before, _ := grow(t, kept, log)
		switch c.now {
		case "":
		case "-":
			os.Remove(log)
		default:
			os.Rename(log, filepath.Join(dir, c.now))
		}
		var logs []string
		for name, text := range c.second {
			logs = append(logs, put(name, text))
		}
		slices.Sort(logs)
		held, remarks := grow(t, kept, logs...)
		var known, unclear []string
		for _, said := range remarks {
			if copied, _, ok := strings.Cut(said, " begins like "+log+", which is in the case and is not there any more"); ok {
				unclear = append(unclear, filepath.Base(copied))
			}
			if copied, _, ok := strings.Cut(said, " is the beginning of "+log); ok {
				known = append(known, filepath.Base(copied))
			}
		}
		if got := strings.Join(known, " "); got != c.known {
			t.Errorf("%s: known are %q, want %q: %q", c.name, got, c.known, remarks)
		}
		if got := strings.Join(unclear, " "); got != c.unclear {
			t.Errorf("%s: unclear are %q, want %q: %q", c.name, got, c.unclear, remarks)
		}
		if len(strings.Fields(held))/2 != c.sources {
			t.Errorf("%s: the case holds %s, want %d sources", c.name, held, c.sources)
		}
		if c.sources == 1 && c.second[c.log] == nil && held != before {
			t.Errorf("%s: the case holds %s, and held %s", c.name, held, before)
		}
	}
}
