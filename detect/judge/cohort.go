package judge

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"ipdrift/detect/finding"
)

// cohort is a set of affected users, by the longest prefix that accepts all of
// a user's mismatches.
type cohort struct {
	users int64
	least [129]int64
}

func gather(members []member, keep func(*member) bool) *cohort {
	c := &cohort{}
	for i := range members {
		if keep == nil || keep(&members[i]) {
			c.take(&members[i])
		}
	}
	return c
}

func (c *cohort) take(m *member) {
	c.users++
	if m.least >= 0 {
		c.least[m.least]++
	}
}

// accepted counts the users a prefix would have let through. It never falls as
// the prefix gets shorter.
func (c *cohort) accepted(prefix int) (n int64) {
	for _, k := range c.least[prefix:] {
		n += k
	}
	return n
}

func (c *cohort) share(prefix int) float64 {
	share, _, _ := Wilson(c.accepted(prefix), c.users)
	return share
}

func (c *cohort) low(prefix int) float64  { return wilsonLow(c.accepted(prefix), c.users) }
func (c *cohort) high(prefix int) float64 { return wilsonHigh(c.accepted(prefix), c.users) }

// gains reports whether a wider mask is worth the step from a narrower one: as
// masks are nested, its gain is the users it alone accepts (rule 15).
func (c *cohort) gains(narrow, wide int, t *Thresholds) bool {
	b := c.accepted(wide) - c.accepted(narrow)
	return b >= t.GainUsers && wilsonLow(b, c.users) >= t.GainLow
}

// choice is what a cohort says about the masks.
type choice struct {
	decision finding.Decision
	prefix   int  // the mask it is about; for mask_not_enough and keep_current the widest looked at
	vetoed   bool // a mask that would have helped more lets too many strangers in
}

// choose picks among candidates, narrow to wide (rules 15 and 17); there is at
// least one.
func (c *cohort) choose(candidates []int, vetoed func(int) bool, t *Thresholds) choice {
	allowed := slices.DeleteFunc(slices.Clone(candidates), vetoed)
	widest := candidates[len(candidates)-1]
	helps := func(p int) bool { return c.low(p) >= t.AcceptedLow }
	if i := slices.IndexFunc(allowed, helps); i >= 0 {
		p := c.stretch(allowed[i:], t)
		return choice{finding.Widen, p, len(allowed) < len(candidates) && c.gains(p, widest, t)}
	}
	partly := func(p int) bool { return c.high(p) >= t.PartlyHigh }
	vetoes := len(allowed) < len(candidates) && partly(widest)
	if i := slices.IndexFunc(allowed, partly); i >= 0 {
		return choice{finding.HelpsPartly, c.stretch(allowed[i:], t), vetoes}
	}
	if vetoes {
		return choice{finding.KeepCurrent, widest, true}
	}
	return choice{finding.MaskNotEnough, widest, false}
}

// stretch goes from the first candidate to the next wider one as long as each
// step gains enough.
func (c *cohort) stretch(candidates []int, t *Thresholds) int {
	p := candidates[0]
	for _, wider := range candidates[1:] {
		if !c.gains(p, wider, t) {
			break
		}
		p = wider
	}
	return p
}

// tally holds how many users (or links) had so many of their requests
// accepted: the pairs repeat, so it stays small.
type tally struct {
	units, accepted, total int64
	pairs                  map[[2]int64]int64
}

func (s *tally) add(accepted, total int64) {
	if s.pairs == nil {
		s.pairs = map[[2]int64]int64{}
	}
	s.pairs[[2]int64{accepted, total}]++
	s.units, s.accepted, s.total = s.units+1, s.accepted+accepted, s.total+total
}

// interval bounds the share of requests with the user as the unit (rule 13):
// resampled up to t.BootstrapUsers users, above that the ratio estimator's
// normal approximation (Cochran 1977, 6.4), and never closer than Wilson's bounds
// for the effective number of users (Korn and Graubard 1998), since resampling a
// few users near 0 or 1 promises too much. Where all or none were accepted it
// knows no doubt at all, and the users' Wilson bound stands instead.
func (s *tally) interval(t *Thresholds) *finding.Interval {
	if s.total == 0 {
		return nil
	}
	share := float64(s.accepted) / float64(s.total)
	switch s.accepted {
	case 0:
		return &finding.Interval{Share: share, Low: 0, High: wilsonHigh(0, s.units)}
	case s.total:
		return &finding.Interval{Share: share, Low: wilsonLow(s.units, s.units), High: 1}
	}
	deviation := s.deviation(share)
	low, high := max(0, share-z*deviation), min(1, share+z*deviation)
	if s.units <= int64(t.BootstrapUsers) {
		low, high = s.resample(t)
	}
	least, most := score(share, s.effective(share, deviation), z)
	return &finding.Interval{Share: share, Low: min(low, least), High: max(high, most)}
}

// effective is how many independent users would make the share as sure as it
// is; never more than there are.
func (s *tally) effective(share, deviation float64) float64 {
	if deviation > 0 {
		return min(float64(s.units), share*(1-share)/(deviation*deviation))
	}
	return float64(s.units)
}

// deviation is the standard deviation of the ratio of two sums over users.
func (s *tally) deviation(share float64) float64 {
	sum := 0.0
	for _, p := range s.sorted() { // in one order, so that rounding is the same in every run
		d := float64(p[0]) - share*float64(p[1])
		sum += float64(s.pairs[p]) * d * d
	}
	n := float64(s.units)
	return math.Sqrt(sum*n/(n-1)) / float64(s.total)
}

// resample is the bootstrap by user, with a fixed seed: the same users give
// the same bounds.
func (s *tally) resample(t *Thresholds) (low, high float64) {
	users := s.unrolled()
	random := rand.New(rand.NewPCG(13, uint64(len(users))))
	shares := make([]float64, t.Replicates)
	for i := range shares {
		var accepted, total int64
		for range users {
			p := users[random.IntN(len(users))]
			accepted, total = accepted+p[0], total+p[1]
		}
		shares[i] = float64(accepted) / float64(total)
	}
	slices.Sort(shares)
	tail := (1 - t.Confidence) * float64(len(shares)-1)
	return shares[int(tail)], shares[len(shares)-1-int(tail)]
}

// unrolled lists the pair of every user, in an order of their own.
func (s *tally) unrolled() [][2]int64 {
	users := make([][2]int64, 0, s.units)
	for _, p := range s.sorted() {
		users = append(users, slices.Repeat([][2]int64{p}, int(s.pairs[p]))...)
	}
	return users
}

func (s *tally) sorted() [][2]int64 {
	return slices.SortedFunc(maps.Keys(s.pairs), func(a, b [2]int64) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
}
