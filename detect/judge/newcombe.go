package judge

import "math"

// newcombe gives the difference of the shares k1/n1 and k2/n2 of independent
// samples, the second minus the first, with one-sided bounds for a normal quantile, by
// the hybrid score method (Newcombe 1998, Statistics in Medicine 17:873, method
// 10). Nothing counted on a side says nothing: 0, -1, 1.
func newcombe(k1, n1, k2, n2 int64, z float64) (difference, low, high float64) {
	if n1 <= 0 || n2 <= 0 {
		return 0, -1, 1
	}
	p1, l1, h1 := wilson(k1, n1, z)
	p2, l2, h2 := wilson(k2, n2, z)
	d := p2 - p1
	return d, d - math.Hypot(p2-l2, h1-p1), d + math.Hypot(h2-p2, p1-l1)
}
