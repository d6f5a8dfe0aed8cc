package format

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestCutLines: lines that break off somewhere, one in five, do not make a format that tells less the better one.
func TestCutLines(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/logs/*.log")
	if len(files) == 0 {
		t.Fatal("no logs")
	}
	for _, file := range files {
		if name := filepath.Base(file); name == "bunny-bars.log" || name == "cloudfront-two.log" { // half of their lines are odd, or have other columns
			continue
		}
		lines := fixture(t, filepath.Base(file))
		want, m := Detect(lines, nil)
		if m != nil {
			continue
		}
		var some, good [][]byte
		p := want.NewParser()
		p.Latest = someday
		for _, line := range lines {
			switch bad := p.Parse(line, &Record{}); {
			case bad.Header() && len(good) == 0:
				some = append(some, line)
			case bad.Reason == "":
				good = append(good, line)
			}
		}
		for i := range 200 {
			line := good[i%len(good)]
			if i%5 == 4 {
				line = line[:len(line)*(60+i/5)/100]
			}
			some = append(some, slices.Clone(line))
		}
		if f, m := Detect(some, nil); m != nil || f.Name != want.Name {
			t.Errorf("%s: %v (%v), want %s", file, f, m, want.Name)
		}
	}
}

// TestCutTargets: a line that breaks off anywhere is rejected, or has the whole of what was asked for: half a token is none.
func TestCutTargets(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/logs/*.log")
	whole := 0
	for _, file := range files {
		lines := fixture(t, filepath.Base(file))
		f, m := Detect(lines, nil)
		if m != nil {
			continue
		}
		p, r := f.NewParser(), &Record{}
		p.Latest = someday
		for i, line := range lines {
			if p.Parse(line, r).Reason != "" {
				continue
			}
			whole++
			want := string(r.Target)
			for n := range line {
				if p.Parse(line[:n], r).Reason == "" && string(r.Target) != want {
					t.Errorf("%s, line %d, %d bytes of it: %q, want %q", file, i+1, n, r.Target, want)
					break
				}
			}
		}
	}
	if whole < len(files) {
		t.Errorf("%d lines of %d logs", whole, len(files))
	}
}
