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
