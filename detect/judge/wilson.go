package judge

import "math"

// z is the normal quantile of one-sided bounds of 95 % each.
var z = math.Sqrt2 * math.Erfinv(2*Default().Confidence-1)

// Wilson gives the share k/n with Wilson's score bounds, one-sided 95 % on
// either side (Wilson 1927; Brown, Cai and DasGupta 2001). Nothing counted
// says nothing: n = 0 gives 0, 0, 1.
func Wilson(k, n int64) (share, low, high float64) { return wilson(k, n, z) }

func wilson(k, n int64, z float64) (share, low, high float64) {
	if n <= 0 {
		return 0, 0, 1
	}
	share = float64(k) / float64(n)
	low, high = score(share, float64(n), z)
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return share, low, high
}

// score gives Wilson's bounds of a share of so many users, whole or not, for a
// normal quantile.
func score(share, users, z float64) (low, high float64) {
	middle := share + z*z/(2*users)
	reach := z * math.Sqrt(share*(1-share)/users+z*z/(4*users*users))
	scale := 1 + z*z/users
	return (middle - reach) / scale, (middle + reach) / scale
}

func wilsonLow(k, n int64) float64 {
	_, low, _ := Wilson(k, n)
	return low
}

func wilsonHigh(k, n int64) float64 {
	_, _, high := Wilson(k, n)
	return high
}
