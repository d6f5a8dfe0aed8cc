package judge

import (
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

// percent writes a share as the report's tables do: whole percents, tenths below 10
// and above 99, and neither 0 nor 100 unless it is exactly that.
func percent(share float64) string { return figure(share) + " %" }

func figure(share float64) string {
	switch p := share * 100; {
	case p == 0 || p == 100:
		return strconv.Itoa(int(p))
	case p < 0.1:
		return "under 0.1"
	case p > 99.9:
		return "over 99.9"
	case p < 9.95 || p > 99:
		return strconv.FormatFloat(math.Round(p*10)/10, 'f', -1, 64)
	default:
		return strconv.Itoa(int(math.Round(p)))
	}
}

// between writes an interval in per cent, rounded outwards so that it never
// promises more than was found; tenths only where it is narrow: "92 to 99 %".
func between(low, high float64) string {
	places := 0
	if high-low < 0.05 {
		places = 1
	}
	scale := math.Pow10(places)
	down, up := math.Floor(steady(low)*scale)/scale, math.Ceil(steady(high)*scale)/scale
	return strconv.FormatFloat(down, 'f', -1, 64) + " to " + strconv.FormatFloat(up, 'f', -1, 64) + " %"
}

// steady is a share in per cent without what floating point adds or takes in
// the ninth digit.
func steady(share float64) float64 { return math.Round(share*1e8) / 1e6 }
