package detect

import (
	"testing"
	"time"

	"ipdrift/detect/finding"
)

func TestFarOff(t *testing.T) {
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	s := finding.Strays{Before: 1, After: 2, First: day, Last: day}
	first, last := time.Date(1, 12, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	const want = "1 up to 2,024 years before it (0001-12-01), 2 up to 7,972 years after it (9999-01-01)"
	if got := farOff(&s, first.UnixMicro(), last.UnixMicro()); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
