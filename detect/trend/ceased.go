package trend

// What is refused that was taken before is told apart from chance where these hold.
const (
	ceasedLinks = 5    // refused from then on
	ceasedShare = 0.01 // at most, of those that come from then on, are taken all the same
	ceasedTest  = 20   // of the likelihood ratio of two rates against one
)

// Ceased looks for the step from which on links are refused that were taken before, as those of a key are
// that an edge gives up: nearly all of them, which no constant rate of refusals would give. taken and
// refused count the links of the same steps, in order; not ok if there is no such step.
func Ceased(taken, refused []int64) (at int, ok bool) {
	t, r, n := sums(taken), sums(refused), len(taken)
	whole, best := likelihood(r[n], r[n]+t[n]), 0.0
	for i := 1; i < n; i++ {
		gone, left := r[n]-r[i], t[n]-t[i]
		if gone < ceasedLinks || float64(left) > ceasedShare*float64(gone+left) {
			continue
		}
		if test := 2 * (likelihood(r[i], r[i]+t[i]) + likelihood(gone, gone+left) - whole); test > best {
			best, at = test, i
		}
	}
	return at, best >= ceasedTest
}
