package judge

import (
	"fmt"
	"strings"
	"time"

	"ipdrift/ingest/figure"
)

// percent writes a share as the tables do, but in words: under 0.1 %.
func percent(share float64) string {
	return strings.NewReplacer("<", "under ", ">", "over ").Replace(figure.Percent(share))
}

// between writes an interval of shares: 92 to 99 %.
func between(low, high float64) string { return figure.Bounds(low, high) + " %" }

// span writes a time as lasts does, and none below 2 s.
func span(us int64) string {
	return lasts(max(2*time.Second, time.Duration(us)*time.Microsecond))
}

// lasts writes a time to the nearest second, minute, hour or day.
func lasts(d time.Duration) string {
	in := func(unit time.Duration) int { return int(d.Round(unit) / unit) }
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", in(time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", in(time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", in(time.Hour))
	}
	return figure.Count(in(24*time.Hour)) + " days"
}

// listed joins parts as in a sentence: a, b and c.
func listed(parts []string) string {
	last := len(parts) - 1
	if last < 1 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
