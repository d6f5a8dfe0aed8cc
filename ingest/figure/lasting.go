package figure

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Lasting writes a span in its two largest units: 4 min 12 s. Below 10 s it has tenths.
func Lasting(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 100*time.Millisecond:
		return "<0.1 s"
	case d < 9950*time.Millisecond:
		return strings.TrimSuffix(strconv.FormatFloat(d.Seconds(), 'f', 1, 64), ".0") + " s"
	case d < time.Minute-time.Second/2:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour-time.Second/2:
		return units(d, time.Minute, "min", time.Second, "s")
	case d < 24*time.Hour-time.Minute/2:
		return units(d, time.Hour, "h", time.Minute, "min")
	default:
		return units(d, 24*time.Hour, "d", time.Hour, "h")
	}
}

func units(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	d = d.Round(small)
	if d%large == 0 {
		return fmt.Sprintf("%d %s", d/large, largeName)
	}
	return fmt.Sprintf("%d %s %d %s", d/large, largeName, d%large/small, smallName)
}
