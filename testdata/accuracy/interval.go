package main

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
)

// The grid of the intervals. Shares nearer to 0 or 1 are left out: there the
// Wilson bound on the far side, which no decision rests on, holds less often (a
// lower bound of a share of 2 % among 10 users in 82 of 100 cases).
func shares() []float64 {
	return []float64{0.05, 0.10, 0.20, 0.35, 0.50, 0.65, 0.79, 0.85, 0.90, 0.95}
}

func counts() []int { return []int{10, 30, 100, 300, 1000} }

const (
	justBelow = 0.79 // a share at which widen is wrong
	fewest    = 30   // users that decide
)

// point is what the replay said about one true share and number of affected
// users, over all replicates.
type point struct {
	share           float64
	users           int
	low, high, both part // bounds of the share of users that held
	widen           part
}

// points replays made-up users at every point of the grid.
func points(seed uint64, replicates int) []point {
	var all []point
	for _, share := range shares() {
		for _, users := range counts() {
			all = append(all, point{share: share, users: users})
		}
	}
	each(len(all), func(i int) { all[i].replay(seed+uint64(i), replicates) })
	return all
}

// each calls f for every number below n, on all cores.
func each(n int, f func(int)) {
	var wait sync.WaitGroup
	for core := range runtime.NumCPU() {
		wait.Go(func() {
			for i := core; i < n; i += runtime.NumCPU() {
				f(i)
			}
		})
	}
	wait.Wait()
}

// replay draws the affected users of a host again and again: the /16 accepts the
// share of them, the /24 nine tenths of those. Up to 100 users are cheap, and
// drawn four times as often.
func (p *point) replay(seed uint64, replicates int) {
	random := rand.New(rand.NewPCG(seed, 5))
	if p.users <= 100 {
		replicates *= 4
	}
	t := judge.Default()
	t.Replicates = 2 // the bootstrap of request shares is measured by itself
	for range replicates {
		r := judge.NewReplay("h", 4, t)
		for i := range p.users {
			common := uint8(8)
			if roll := random.Float64(); roll < 0.9*p.share {
				common = 24
			} else if roll < p.share {
				common = 16
			}
			r.Add(&judge.User{Class: finding.Rotating, Family: 4, MinCommon: int(common), MismatchLens: []uint8{common}}, address(i), uint64(i))
		}
		r.AddBound(address(p.users), int64(10*p.users))
		rec := r.Recommend(judge.Asked{Candidates: []int{24, 16}, Bound: true, Reproduced: true})
		for _, s := range rec.Curve {
			if s.Prefix == 16 {
				p.low.count(s.Low <= p.share)
				p.high.count(s.High >= p.share)
				p.both.count(s.Low <= p.share && s.High >= p.share)
			}
		}
		p.widen.count(rec.Decision == finding.Widen)
	}
}

func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{240, byte(i >> 16), byte(i >> 8), byte(i)})
}

// requestPoints does the same for shares of requests, which are resampled by user:
// users with one to six refusals each, of which a mask accepts all, half or none.
func requestPoints(seed uint64, replicates int) []point {
	var all []point
	for _, share := range []float64{0.2, 0.5, 0.8, 0.9} {
		for _, users := range []int{30, 100, 300} {
			all = append(all, point{share: share, users: users})
		}
	}
	each(len(all), func(i int) { all[i].resample(seed+uint64(i), replicates) })
	return all
}

func (p *point) resample(seed uint64, replicates int) {
	random := rand.New(rand.NewPCG(seed, 6))
	for range replicates {
		r := judge.NewReplay("h", 4, judge.Default())
		for i := range p.users {
			u := judge.User{Class: finding.Rotating, Family: 4, MinCommon: 8}
			accepted := p.share // of this user's refusals, on average
			if half := random.Float64() < 0.5; !half {
				accepted = float64(int(random.Float64() + p.share))
			}
			for range 1 + random.IntN(6) {
				common := uint8(8)
				if random.Float64() < accepted {
					common = 16
				}
				u.MismatchLens = append(u.MismatchLens, common)
			}
			r.Add(&u, address(i), uint64(i))
		}
		rec := r.Recommend(judge.Asked{Candidates: []int{16}, Bound: true, Reproduced: true})
		in := rec.Accepted.RequestShare
		p.low.count(in.Low <= p.share)
		p.high.count(in.High >= p.share)
		p.both.count(in.Low <= p.share && in.High >= p.share)
	}
}
