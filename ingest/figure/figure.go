// Package figure writes numbers, and sentences with numbers in them, as people read
// them, the same way in every report, warning and reason. It imports nothing of ours,
// so that any room may use it.
package figure

import (
	"math"
	"strconv"
	"strings"
)

// Whole is a number of things that are counted.
type Whole interface{ ~int | ~int64 }

// Count writes a whole number with thousands separators: 12,481,220.
func Count[N Whole](n N) string {
	digits, sign := strconv.FormatInt(int64(n), 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Plural writes a number with its noun: 1 user, 3,211 users.
func Plural[N Whole](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Times says how often: once, twice, 3 times.
func Times[N Whole](n N) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return Count(n) + " times"
}

// Percent writes a share from 0 to 1. Nothing is rounded to 0 % or 100 % that
// is not exactly that; one decimal only where it tells something, below 10 %
// and above 99 %.
func Percent(share float64) string {
	switch p := share * 100; {
	case math.IsNaN(p):
		return "not known"
	case p > 0 && p < 0.1:
		return "<0.1 %"
	case p > 99.9 && p < 100:
		return ">99.9 %"
	case p < 9.95 || p > 99:
		return Decimal(math.Round(p*10)/10, 1) + " %"
	default:
		return Decimal(math.Round(p), 0) + " %"
	}
}

// Share is [Percent] of a part in a whole; a whole of nothing has no share.
func Share(part, whole int64) string {
	if whole == 0 {
		return Percent(math.NaN())
	}
	return Percent(float64(part) / float64(whole))
}

// Bounds writes an interval of shares in per cent, rounded outwards so that it never
// promises more than was found; tenths only where it is narrow: 96.5 to 97.8.
func Bounds(low, high float64) string {
	places := 0
	if high-low < 0.05 {
		places = 1
	}
	return Floor(low, places) + " to " + Ceil(high, places)
}

// Floor writes a share in per cent, rounded down to a number of decimal places.
func Floor(share float64, places int) string { return outward(share, places, math.Floor) }

// Ceil writes a share in per cent, rounded up to a number of decimal places.
func Ceil(share float64, places int) string { return outward(share, places, math.Ceil) }

// outward rounds a share in per cent with floor or ceil; what floating point
// adds or takes in the ninth digit does not move it.
func outward(share float64, places int, round func(float64) float64) string {
	scale := math.Pow10(places)
	return Decimal(round(math.Round(share*100*scale*1e6)/1e6)/scale, places)
}

// Decimal writes a number with a decimal place, or none where places is 0; 5.0 is 5.
func Decimal(x float64, places int) string {
	s := strconv.FormatFloat(x, 'f', places, 64)
	if places > 0 {
		s = strings.TrimSuffix(s, ".0")
	}
	return s
}
