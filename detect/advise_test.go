package detect

import (
	"testing"

	"ipdrift/detect/finding"
)

func TestWarningsSeparateThousands(t *testing.T) {
	a := &analysis{out: &finding.Analysis{}}
	a.warnOf("%s: %d of %d links", "host", 999, int64(1234567))
	if want := "host: 999 of 1,234,567 links"; len(a.out.Warnings) != 1 || a.out.Warnings[0] != want {
		t.Errorf("%q, want %q", a.out.Warnings, want)
	}
}
