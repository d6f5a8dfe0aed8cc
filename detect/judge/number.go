package judge

import (
	"fmt"
	"math"
	"strconv"
)

// count writes a number with thousands separators.
func count[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func plural[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return count(n) + " times"
}

// percent writes a share without false precision: whole percents, tenths near
// 0 and 1, and neither 0 nor 100 unless it is exactly that.
func percent(share float64) string { return figure(share) + " %" }

func figure(share float64) string {
	switch p := share * 100; {
	case p == 0 || p == 100:
		return strconv.Itoa(int(p))
	case p < 0.1:
		return "under 0.1"
	case p > 99.9:
		return "over 99.9"
	case p < 1 || p > 99:
		return fmt.Sprintf("%.1f", p)
	default:
		return strconv.Itoa(int(math.Round(p)))
	}
}

// between writes an interval: "96.5 to 97.8 %".
func between(low, high float64) string {
	return fmt.Sprintf("%.1f to %.1f %%", low*100, high*100)
}
