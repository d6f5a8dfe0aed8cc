package scenario

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"ipdrift/ingest/format"
)

// TestEveryFormatIsRead detects each format from its first lines and reads all
// of them back.
func TestEveryFormatIsRead(t *testing.T) {
	truth := made(t, "mixed", 3000, "json")
	want := records(t, truth)
	for _, name := range Formats() {
		t.Run(name, func(t *testing.T) {
			log := made(t, "mixed", 3000, name)
			lines := bytes.Split(bytes.TrimSuffix(log.log, []byte("\n")), []byte("\n"))
			f, misfit := format.Detect(lines[:250], nil)
			if misfit != nil {
				t.Fatal(misfit)
			}
			if base, _, _ := strings.Cut(f.Name, ":"); base != name && !slices.Contains(likes(name), base) {
				t.Errorf("detected as %s", f.Name)
			}
			parser, r, n := f.NewParser(), &format.Record{}, 0
			for i, line := range lines {
				failure := parser.Parse(line, r)
				if failure.Header() {
					continue
				}
				if failure.Reason != "" {
					t.Fatalf("line %d: %+v: %s", i+1, failure, line)
				}
				compare(t, f, r, &want[n])
				n++
			}
			if n != 3000 {
				t.Errorf("%d lines read", n)
			}
		})
	}
}

// likes are other names under which a format is rightly found.
func likes(name string) []string {
	switch name {
	case "gcore-uploader":
		return []string{"gcore"}
	case "nginx":
		return []string{"nginx-like"} // combined with two fields more
	case "apache":
		return []string{"nginx"} // the same combined format
	}
	return nil
}

func records(t *testing.T, m *madeLog) []format.Record {
	f, err := format.Named("json", nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []format.Record
	parser := f.NewParser()
	for line := range bytes.Lines(m.log) {
		var r format.Record
		if failure := parser.Parse(bytes.TrimSuffix(line, []byte("\n")), &r); failure.Reason != "" {
			t.Fatal(failure)
		}
		r.Target, r.Host, r.UserAgent = bytes.Clone(r.Target), bytes.Clone(r.Host), bytes.Clone(r.UserAgent)
		out = append(out, r)
	}
	return out
}

func compare(t *testing.T, f *format.Format, got, want *format.Record) {
	t.Helper()
	if got.Client != want.Client || got.Status != want.Status || got.Bytes != want.Bytes {
		t.Fatalf("%s, status %d, %d bytes; want %s, %d, %d", got.Client, got.Status, got.Bytes, want.Client, want.Status, want.Bytes)
	}
	if !got.QueryCut && !bytes.Equal(got.Target, want.Target) {
		t.Fatalf("target %s, want %s", got.Target, want.Target)
	}
	if f.HasHost() && !bytes.Equal(got.Host, want.Host) {
		t.Fatalf("host %s, want %s", got.Host, want.Host)
	}
	early := want.Logged - got.Logged
	switch {
	case !f.HasStart():
		early = want.Logged - got.Start
	case !slices.Contains(f.Fields(), "time"): // only the start is logged
		early = 0
	}
	if early < -1_000_000 || early > 1_000_000 {
		t.Fatalf("%d µs early", early)
	}
	if f.HasStart() && (want.Start-got.Start < -1_000_000 || want.Start-got.Start > 1_000_000) {
		t.Fatalf("started %d µs early", want.Start-got.Start)
	}
}

func TestEveryFieldIsUsed(t *testing.T) {
	used := map[field]bool{}
	for _, name := range Formats() {
		p, err := newPrinter(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range p.pieces {
			used[piece.field] = true
		}
	}
	for f := range fields {
		if f != logText && !used[f] {
			t.Errorf("no format has the field %s", fieldNames()[f])
		}
	}
}
