// Package trend follows the requests of hosts over time: since when refusals of one cause are more
// frequent, with whose addresses, and since when links are refused that were taken before.
package trend

import "math"

// A change of rate is told where these hold. The test is the likelihood ratio
// of two rates against one (Hinkley 1970), divided by how far the counts spread
// around them (quasi-binomial: refusals of one user are not independent).
const (
	beganSteps    = 3   // steps on either side
	beganRefusals = 20  // refusals from then on
	beganRatio    = 3.0 // times as often as before
	beganTest     = 30  // of the likelihood ratio: far beyond chance, as many splits are tried
	beganNear     = 3.84
	beganMore     = 10.83 // of the likelihood ratio of their numbers a step: 1 in 1,000
)

// Change is when a rate rose for good: in the step At, and surely between From
// and To.
type Change struct {
	At, From, To  int
	Before, After float64 // shares refused
}

// Began looks for the step from which on refusals are more frequent. refused and
// requests count the same steps, of equal length, in order; not ok if there is no
// such step, or where refusals only stay as viewers leave.
func Began(refused, requests []int64) (c Change, ok bool) {
	if len(refused) < 2*beganSteps {
		return c, false
	}
	n := len(refused)
	tests := make([]float64, n)
	k, m := sums(refused), sums(requests)
	whole := likelihood(k[n], m[n])
	for at := beganSteps; at <= n-beganSteps; at++ {
		tests[at] = 2 * (likelihood(k[at], m[at]) + likelihood(k[n]-k[at], m[n]-m[at]) - whole)
		if tests[at] > tests[c.At] {
			c.At = at
		}
	}
	if c.At == 0 {
		return c, false
	}
	c.Before, c.After = rate(k[c.At], m[c.At]), rate(k[n]-k[c.At], m[n]-m[c.At])
	spread := (pearson(refused[:c.At], requests[:c.At], c.Before) + pearson(refused[c.At:], requests[c.At:], c.After)) / float64(n-2)
	spread = max(1, spread)
	if tests[c.At] < beganTest*spread || k[n]-k[c.At] < beganRefusals || c.After < beganRatio*c.Before {
		return c, false
	}
	if !more(refused, c.At) {
		return c, false
	}
	for c.From, c.To = c.At, c.At; c.From > beganSteps && tests[c.At]-tests[c.From-1] < beganNear*spread; {
		c.From--
	}
	for c.To < n-beganSteps && tests[c.At]-tests[c.To+1] < beganNear*spread {
		c.To++
	}
	return c, true
}

// more reports whether refusals are more from a step on, and not only more of the requests:
// the likelihood ratio of two Poisson rates against one, divided by how far the
// numbers spread around them.
func more(refused []int64, at int) bool {
	k, n := sums(refused), len(refused)
	before, after := rate(k[at], int64(at)), rate(k[n]-k[at], int64(n-at))
	test := 2 * (poisson(k[at], int64(at)) + poisson(k[n]-k[at], int64(n-at)) - poisson(k[n], int64(n)))
	spread := (dispersion(refused[:at], before) + dispersion(refused[at:], after)) / float64(n-2)
	return after > before && test >= beganMore*max(1, spread)
}

// poisson is the logarithm of the likelihood of k in n steps at the rate that fits
// best, but for what does not depend on it.
func poisson(k, n int64) float64 {
	if k == 0 {
		return 0
	}
	return float64(k) * math.Log(rate(k, n))
}

// dispersion measures how far numbers spread around a mean, in units of what chance gives.
func dispersion(counts []int64, mean float64) (sum float64) {
	if mean == 0 {
		return 0
	}
	for _, n := range counts {
		sum += (float64(n) - mean) * (float64(n) - mean) / mean
	}
	return sum
}

// sums are the totals before each step, and of all.
func sums(counts []int64) []int64 {
	out := make([]int64, len(counts)+1)
	for i, n := range counts {
		out[i+1] = out[i] + n
	}
	return out
}

func rate(k, m int64) float64 {
	if m == 0 {
		return 0
	}
	return float64(k) / float64(m)
}

// likelihood is the logarithm of that of k in m at the rate that fits best.
func likelihood(k, m int64) float64 {
	p := rate(k, m)
	if p <= 0 || p >= 1 {
		return 0
	}
	return float64(k)*math.Log(p) + float64(m-k)*math.Log(1-p)
}

// pearson measures how far counts spread around a rate, in units of what chance
// gives.
func pearson(refused, requests []int64, p float64) (sum float64) {
	if p <= 0 || p >= 1 {
		return 0
	}
	for i, m := range requests {
		if want := p * float64(m); m > 0 {
			sum += (float64(refused[i]) - want) * (float64(refused[i]) - want) / (want * (1 - p))
		}
	}
	return sum
}
