package ingest

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/ingest/source/sourcetest"
	"ipdrift/ingest/synth"
)

// TestZipMembersAreSources: each member has its own format, line numbers and
// accounting.
func TestZipMembersAreSources(t *testing.T) {
	gcore, _ := synthLog(t, synth.Options{Seed: 1, Lines: 30, Format: "gcore"})
	file := sourcetest.Write(t, t.TempDir(), "logs.zip", sourcetest.Zip(t, "edge.log="+gcore, "origin.log="+plainLines(7)+"junk\n", "notes.txt="+strings.Repeat("It was a dark and stormy night.\n", 300)))
	s, got := loadArgs(t, testOptions(t), file)
	for i, want := range []string{"edge.log gcore 30 0 30", "notes.txt  0 0 0", "origin.log nginx-like 7 1 8"} {
		src := got.Sources[i]
		stored := one[int64](t, s, `SELECT coalesce((SELECT max(line) FROM (SELECT source, line FROM requests UNION ALL SELECT source, line FROM rejects) WHERE source = ?), 0)`, src.Path)
		if said := fmt.Sprintf("%s %s %d %d %d", strings.TrimPrefix(src.Path, file+"!"), src.Format, src.Parsed, src.Rejected, stored); said != want || (src.Err != nil) != (i == 1) {
			t.Errorf("member %d: %s, %v; want %s", i, said, src.Err, want)
		}
	}
}

// TestTarFilesAreSources: the same of a tar archive that is cut off, read by several workers.
func TestTarFilesAreSources(t *testing.T) {
	gcore, _ := synthLog(t, synth.Options{Seed: 1, Lines: 30, Format: "gcore"})
	whole := sourcetest.Tar(t, "origin.log="+plainLines(7)+"junk\n", "edge.log="+gcore, "notes.txt="+strings.Repeat("It was a dark and stormy night.\n", 300), "cut.log="+plainLines(9000))
	cut := len(whole) - 300_000
	for name, data := range map[string][]byte{"logs.tar": whole[:cut], "logs.tgz": sourcetest.Gzip(t, whole[:cut])} {
		file := sourcetest.Write(t, t.TempDir(), name, data)
		o := testOptions(t)
		o.Threads = 3
		s, got := loadArgs(t, o, file)
		for i, want := range []string{"origin.log nginx-like 7 1 8", "edge.log gcore 30 0 30", "notes.txt  0 0 0", "cut.log nginx-like"} {
			src := got.Sources[i]
			stored := one[int64](t, s, `SELECT coalesce((SELECT max(line) FROM (SELECT source, line FROM requests UNION ALL SELECT source, line FROM rejects) WHERE source = ?), 0)`, src.Path)
			said := fmt.Sprintf("%s %s %d %d %d", strings.TrimPrefix(src.Path, file+"!"), src.Format, src.Parsed, src.Rejected, stored)
			if i == 3 {
				said = strings.Join(strings.Fields(said)[:2], " ")
				if kept := int64(strings.Count(string(whole[strings.Index(string(whole), "cut.log"):cut]), "\n")); src.Lines != src.Parsed+src.Rejected || src.Lines != kept+1 || stored != src.Lines || !strings.HasPrefix(src.Err.Error(), "truncated at byte ") {
					t.Errorf("%s: %+v with %d stored; want %d lines and what is cut", name, src, stored, kept)
				}
			}
			if said != want || (src.Err != nil) != (i >= 2) {
				t.Errorf("%s, file %d: %s, %v; want %s", name, i, said, src.Err, want)
			}
		}
	}
}

// TestDocumentIsALog counts by hand: two requests a document, and a reject for what is broken.
func TestDocumentIsALog(t *testing.T) {
	dir := t.TempDir()
	_, loaded := loadArgs(t, testOptions(t), sourcetest.Write(t, dir, "a.json", []byte(sourcetest.BunnyAnswer)), sourcetest.Write(t, dir, "b.json.gz", sourcetest.Gzip(t, []byte("["+sourcetest.BunnySecond+","+sourcetest.BunnyFirst+"]\nbroken"))))
	for i, want := range []int64{0, 1} {
		if got := loaded.Sources[i]; got.Format != "bunny-json" || got.Parsed != 2 || got.Rejected != want || got.Err != nil {
			t.Errorf("%+v, want 2 parsed, %d rejected", got, want)
		}
	}
}

func TestDocumentThatIsTruncated(t *testing.T) {
	whole := sourcetest.Gzip(t, []byte("["+strings.Repeat(sourcetest.BunnyFirst+",", 2000)+sourcetest.BunnySecond+"]"))
	_, loaded := loadArgs(t, testOptions(t), sourcetest.Write(t, t.TempDir(), "a.json.gz", whole[:len(whole)-9]))
	if got := loaded.Sources[0]; got.Parsed == 0 || got.Err == nil || !strings.Contains(got.Err.Error(), "truncated at byte") {
		t.Errorf("%+v, want what came before the damage, and its place", got)
	}
}

func TestParquetRowsAreLines(t *testing.T) {
	path := sourcetest.Parquet(t, cloudFrontRows)
	s, loaded := loadArgs(t, testOptions(t), path)
	got := loaded.Sources[0]
	if got.Format != "cloudfront-json" || got.Lines != 5000 || got.Parsed != 5000 || got.Err != nil {
		t.Errorf("%+v, want 5000 lines of cloudfront-json", got)
	}
	const want = "5000 4999 203.0.113.250 5000"
	if text := one[string](t, s, `SELECT concat_ws(' ', count(*), max(CASE WHEN path = '/a/4998.ts' THEN line END), max(CASE WHEN line = 250 THEN client_ip END), sum((path = '/a/' || line - 1 || '.ts')::INT)) FROM requests`); text != want {
		t.Errorf("%s, want %s: rows keep their order", text, want)
	}
}

func TestParquetThatIsDamaged(t *testing.T) {
	text := "PAR1" + strings.Repeat("x", 100)
	_, loaded := loadArgs(t, testOptions(t), sourcetest.Write(t, t.TempDir(), "a.log", []byte(text)))
	if err := loaded.Sources[0].Err; err == nil || !strings.Contains(err.Error(), "the Parquet file cannot be read") {
		t.Errorf("error %v", err)
	}
}
