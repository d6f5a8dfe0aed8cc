package search

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"ipdrift/detect/addr"
)

const (
	likelyNear = 2   // networks of either kind that are tried for a link
	likelyFar  = 64  // the same where time does not matter
	FullBlind  = 3   // of them, of a host of which no hash was reproduced: if they are in vain the key is the question
	FullBudget = 256 // links that one run searches through all of IPv4: about 35 minutes on two cores with AVX-512, for one path and one key
)

// foundIn lists the /16s where most signing addresses were found: carriers
// repeat themselves.
func foundIn(suspects []*Suspect, most int) []netip.Prefix {
	counts := map[netip.Prefix]int{}
	for _, s := range suspects {
		if s.Found != nil && s.Found.Addr.Is4() {
			counts[addr.Networks([]netip.Addr{s.Found.Addr}, 16)[0]]++
		}
	}
	return commonest(counts, most)
}

func commonest(counts map[netip.Prefix]int, most int) []netip.Prefix {
	all := slices.SortedFunc(maps.Keys(counts), func(p, q netip.Prefix) int {
		return cmp.Or(cmp.Compare(counts[q], counts[p]), p.Addr().Compare(q.Addr()))
	})
	return all[:min(len(all), most)]
}

// findOperators tells every suspect where the log saw other addresses of its
// operator (ASN): the part of the announced space that is known.
func (r *Search) findOperators(ctx context.Context, suspects []*Suspect) error {
	asns, nets := map[netip.Addr]uint32{}, map[uint32]map[netip.Prefix]int{}
	if err := r.Operators(ctx, func(ip netip.Addr, asn uint32) {
		if asns[ip] = asn; nets[asn] == nil {
			nets[asn] = map[netip.Prefix]int{}
		}
		nets[asn][addr.Networks([]netip.Addr{ip}, 16)[0]]++
	}); err != nil {
		return err
	}
	top := map[uint32][]netip.Prefix{}
	for asn, counts := range nets {
		top[asn] = commonest(counts, likelyFar)
	}
	for _, s := range suspects {
		for _, ip := range s.Clients {
			if asn, ok := asns[ip]; ok && s.Found == nil && s.nets == nil {
				s.nets = top[asn]
			}
		}
	}
	return nil
}

// announced adds the /16s of the networks that a suspect's addresses are
// announced in, the nearest first.
func (r *Search) announced(s *Suspect) []netip.Prefix {
	nets := slices.Clone(s.nets)
	for _, ip := range s.Clients {
		p := r.Networks.Find(ip).Prefix
		if !p.IsValid() || !p.Addr().Is4() || p.Bits() >= 16 {
			continue
		}
		raw, size := p.Masked().Addr().As4(), 1<<(16-p.Bits())
		first, own := int(raw[0])<<8|int(raw[1]), ip.Unmap().As4()
		at := (int(own[0])<<8 | int(own[1])) - first
		for step := 1; step < size && len(nets) < likelyFar; step++ {
			for _, n := range []int{at - step, at + step} {
				if near := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte((first + n) >> 8), byte(first + n)}), 16); n >= 0 && n < size && !slices.Contains(nets, near) {
					nets = append(nets, near)
				}
			}
		}
	}
	return nets
}

// likely tries the networks where others were found, and those of the
// request's operator.
func (f *Finder) likely(s *Suspect, found []netip.Prefix, most int) {
	if !f.worth(s) {
		return
	}
	own := addr.Networks(s.Clients, 16) // tried already
	nets := slices.Clone(found)
	near := s.nets
	if f.Networks != nil {
		near = f.announced(s)
	}
	for _, p := range near[:min(len(near), most)] {
		if !slices.Contains(nets, p) {
			nets = append(nets, p)
		}
	}
	for _, g := range f.goals(s, false) {
		f.aim(s.Host, &g)
		for _, p := range nets {
			if !slices.Contains(own, p) && f.whole(s, &g, p) {
				return
			}
		}
	}
}

// searchAll searches all of IPv4, link by link, as far as the budget goes. A host of which no hash
// was reproduced gets the rest of it once one of its first links is found.
func (r *Search) searchAll(ctx context.Context, suspects []*Suspect) {
	known, left := map[*Host]bool{}, map[*Host]int{}
	for _, s := range suspects {
		known[s.Host] = known[s.Host] || s.Found != nil || s.Host.Verified > 0
		if s.open() {
			left[s.Host]++
		}
	}
	of, done := 0, 0
	for h, n := range left {
		if !known[h] {
			n = min(n, FullBlind)
		}
		of += n
	}
	tried := map[*Host]int{}
	for _, s := range turnByTurn(suspects, func(s *Suspect) *Host { return s.Host }) {
		switch {
		case !s.open() || ctx.Err() != nil:
			continue
		case done == FullBudget:
			s.Deep = false
			continue
		case !known[s.Host] && tried[s.Host] == FullBlind:
			s.Deep = false
			r.Blind++
			continue
		}
		if r.Progress != nil {
			r.Progress(done, min(of, FullBudget))
		}
		done++
		tried[s.Host]++
		if r.everywhere(ctx, s); s.Found != nil && !known[s.Host] {
			known[s.Host] = true
			of += max(0, left[s.Host]-FullBlind)
		}
	}
}

// turnByTurn takes turns between those that have something in common, so that none of them uses up
// the budget.
func turnByTurn[K comparable](suspects []*Suspect, have func(*Suspect) K) []*Suspect {
	turn, seen := map[*Suspect]int{}, map[K]int{}
	for _, s := range suspects {
		turn[s] = seen[have(s)]
		seen[have(s)]++
	}
	out := slices.Clone(suspects)
	slices.SortStableFunc(out, func(x, y *Suspect) int { return cmp.Compare(turn[x], turn[y]) })
	return out
}

// everywhere tries all of IPv4 but what cannot be a public client, on all
// threads at once.
func (r *Search) everywhere(ctx context.Context, s *Suspect) {
	s.Deep = true
	r.Full++
	var next atomic.Uint32
	var tried atomic.Uint64
	var once sync.Once
	var wait sync.WaitGroup
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	for range r.Threads {
		wait.Go(func() {
			f, mine := NewFinder(r), *s
			f.turnTo(s.Host)
			goals := f.goals(&mine, false)
			for stop.Err() == nil {
				n := next.Add(1) - 1
				if n >= uint32(r.Limits.Networks) {
					break
				}
				if n>>8 == 0 || n>>8 == 127 {
					continue
				}
				p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 8), byte(n)}), 16)
				for i := range goals {
					f.aim(s.Host, &goals[i])
					if f.whole(&mine, &goals[i], p) {
						once.Do(func() { s.Found = mine.Found })
						cancel()
					}
				}
			}
			tried.Add(f.tried)
		})
	}
	wait.Wait()
	if s.Tried += tried.Load(); s.Found == nil {
		r.Vain++
	}
}
