package report

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// count writes a whole number with thousands separators: 12,481,220.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// plural writes a number with its noun: 1 user, 3,211 users.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// percent writes a share from 0 to 1. Nothing is rounded to 0 % or 100 % that
// is not exactly that; one decimal only where it tells something, below 10 %
// and above 99 %.
func percent(x float64) string {
	switch p := x * 100; {
	case math.IsNaN(p):
		return "not known"
	case p > 0 && p < 0.1:
		return "<0.1 %"
	case p > 99.9 && p < 100:
		return ">99.9 %"
	case p < 9.95 || p > 99:
		return decimal(math.Round(p*10)/10, 1) + " %"
	default:
		return decimal(math.Round(p), 0) + " %"
	}
}

// share is percent of a part in a whole; a whole of nothing has no share.
func share(part, whole int64) string {
	if whole == 0 {
		return percent(math.NaN())
	}
	return percent(float64(part) / float64(whole))
}

// bounds writes an interval in per cent, rounded outwards so that it never
// promises more than was found: 96.5 to 97.8.
func bounds(low, high float64) string {
	places := 0
	if high-low < 0.05 {
		places = 1
	}
	return lowerBound(low, places) + " to " + upperBound(high, places)
}

func lowerBound(x float64, places int) string { return outward(x, places, math.Floor) }

func upperBound(x float64, places int) string { return outward(x, places, math.Ceil) }

// outward rounds a share in per cent with floor or ceil; what floating point
// adds or takes in the ninth digit does not move it.
func outward(x float64, places int, round func(float64) float64) string {
	scale := math.Pow10(places)
	return decimal(round(math.Round(x*100*scale*1e6)/1e6)/scale, places)
}

func decimal(x float64, places int) string {
	s := strconv.FormatFloat(x, 'f', places, 64)
	if places > 0 {
		s = strings.TrimSuffix(s, ".0")
	}
	return s
}

// estimate writes a share with its bounds: 97 % (96.5 to 97.8).
func estimate(x, low, high float64) string {
	return percent(x) + " (" + bounds(low, high) + ")"
}

// period writes the time from the first to the last request, to the minute,
// naming a day once.
func period(first, last *time.Time) string {
	if first == nil || last == nil {
		return "no time known"
	}
	from, to := first.UTC(), last.UTC()
	end := "2006-01-02 15:04"
	if from.Year() == to.Year() {
		end = "01-02 15:04"
	}
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		end = "15:04"
	}
	return from.Format("2006-01-02 15:04") + " to " + to.Format(end) + " UTC"
}

func prefix(p int) string { return "/" + strconv.Itoa(p) }

// network is an ASN as people write it; none is known for nil.
func network(asn *int64) string {
	if asn == nil {
		return "AS not known"
	}
	return "AS" + strconv.FormatInt(*asn, 10)
}
