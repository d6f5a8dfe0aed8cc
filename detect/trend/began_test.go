package trend

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// steps makes requests at a rate of refusal that changes at one step.
func steps(random *rand.Rand, n, at int, requests int64, before, after float64) (refused, all []int64) {
	for i := range n {
		p := before
		if i >= at {
			p = after
		}
		k := int64(0)
		for range requests {
			if random.Float64() < p {
				k++
			}
		}
		refused, all = append(refused, k), append(all, requests)
	}
	return refused, all
}

func TestBeganFindsTheStep(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 5))
		at := 5 + random.IntN(80)
		refused, all := steps(random, 96, at, 200, 0.01, 0.2)
		c, ok := Began(refused, all)
		if !ok || c.At != at || c.From > at || c.To < at {
			t.Errorf("seed %d: %+v %v, want step %d", seed, c, ok, at)
		}
	}
}

// A rate that does not change, one that falls, and bursts of single users are no
// beginning.
func TestBeganByChance(t *testing.T) {
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 6))
		refused, all := steps(random, 96, 0, 200, 0.02, 0.02)
		if c, ok := Began(refused, all); ok {
			t.Errorf("seed %d, steady: %+v", seed, c)
		}
		for range 12 {
			refused[random.IntN(96)] += 60
		}
		if c, ok := Began(refused, all); ok {
			t.Errorf("seed %d, bursts: %+v", seed, c)
		}
	}
	refused, all := steps(rand.New(rand.NewPCG(1, 7)), 96, 40, 200, 0.3, 0.01)
	if c, ok := Began(refused, all); ok {
		t.Errorf("falling: %+v", c)
	}
	if _, ok := Began(nil, nil); ok {
		t.Error("began in an empty log")
	}
}

// TestBeganByHand: ten steps of one rate, then ten of another.
func TestBeganByHand(t *testing.T) {
	both := func(before, of, after, last int64) (c Change, ok bool) {
		refused, all := slices.Repeat([]int64{before}, 20), slices.Repeat([]int64{of}, 20)
		for i := 10; i < 20; i++ {
			refused[i], all[i] = after, last
		}
		return Began(refused, all)
	}
	for name, c := range map[string]struct {
		before, of, after, last int64
		want                    bool
	}{
		"20 refusals":        {0, 1000, 2, 2, true},
		"10 refusals":        {0, 1000, 1, 1, false},
		"three times":        {100, 1000, 310, 1000, true},
		"twice, though sure": {100, 1000, 200, 1000, false},
	} {
		if got, ok := both(c.before, c.of, c.after, c.last); ok != c.want || ok && got.At != 10 {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
}

// TestBeganIsNoSurerThanTheLog: a step with one request, or with none, may be of before or
// after.
func TestBeganIsNoSurerThanTheLog(t *testing.T) {
	for step, want := range map[int]Change{9: {At: 10, From: 9, To: 10}, 10: {At: 10, From: 10, To: 11}} {
		refused, all := slices.Repeat([]int64{0}, 20), slices.Repeat([]int64{100}, 20)
		for i := 10; i < 20; i++ {
			refused[i] = 50
		}
		refused[step], all[step] = 0, int64(10-step)
		if c, ok := Began(refused, all); !ok || c.At != want.At || c.From != want.From || c.To != want.To {
			t.Errorf("step %d: %+v, %v, want %+v", step, c, ok, want)
		}
	}
}

// TestBeganIsNoEndOfTraffic: as an event ends, the viewers leave, and who clicks on a link that
// was posted is all that remains. Numbers by the minute, of a made-up log.
func TestBeganIsNoEndOfTraffic(t *testing.T) {
	refused := []int64{0, 4, 2, 9, 20, 17, 37, 30, 45, 36, 30, 33, 61, 26, 42, 43, 21, 14, 15, 6}
	all := []int64{67, 271, 406, 369, 526, 408, 423, 446, 344, 522, 334, 127, 159, 26, 79, 58, 21, 14, 15, 6}
	if c, ok := Began(refused, all); ok {
		t.Errorf("%+v", c)
	}
	for i := 11; i < 20; i++ {
		refused[i] *= 5
		all[i] = max(all[i], refused[i])
	}
	if c, ok := Began(refused, all); !ok || c.At != 11 {
		t.Errorf("five times as many: %+v, %v", c, ok)
	}
}
