package report

import (
	"testing"
	"time"
)

// TestBars is drawn by hand: a chart is 100 high, a column .9 wide, and what it stands on is below it.
func TestBars(t *testing.T) {
	if got, want := bars([]int64{0, 5, 10, 1}, []int64{3, 5, 0, 2}, 10), "M1.05 50v-50h.9v50zM2.05 100v-100h.9v100zM3.05 80v-10h.9v10z"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestTimeTicks: four quarters, and no more of a date than tells them apart.
func TestTimeTicks(t *testing.T) {
	at := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		span                time.Duration
		first, second, last string
	}{
		{4 * time.Minute, "20:00:00", "20:01:00", "20:04:00"},
		{8 * time.Minute, "20:00", "20:02", "20:08"},
		{8 * time.Hour, "11-23 20:00", "11-23 22:00", "11-24 04:00"}, // another day
		{240 * time.Hour, "11-23 20:00", "11-26 08:00", "12-03 20:00"},
		{244 * time.Hour, "2026-11-23", "2026-11-26", "2026-12-04"},
	} {
		ticks := timeTicks(at, at.Add(c.span))
		if len(ticks) != 5 || ticks[0].Text != c.first || ticks[1].Text != c.second || ticks[4].Text != c.last {
			t.Errorf("%s: %v", c.span, ticks)
		}
		if ticks[0].At != "0" || ticks[1].At != "25" || ticks[4].At != "100" || ticks[0].Anchor != "start" || ticks[1].Anchor != "middle" || ticks[4].Anchor != "end" {
			t.Errorf("%s: the ticks stand at %v", c.span, ticks)
		}
	}
}
