package detect

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
	fullBlind  = 3   // of them, of a host of which no hash was reproduced: if they are in vain the key is the question
	fullBudget = 256 // links that one run searches through all of IPv4: about 35 minutes on two cores with AVX-512, for one path and one key
)

// foundIn lists the /16s where most signing addresses were found: carriers
// repeat themselves.
func foundIn(suspects []*suspect, most int) []netip.Prefix {
	counts := map[netip.Prefix]int{}
	for _, s := range suspects {
		if s.found != nil && s.found.addr.Is4() {
			counts[addr.Networks([]netip.Addr{s.found.addr}, 16)[0]]++
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
func (a *analysis) findOperators(ctx context.Context, suspects []*suspect) error {
	asns, nets := map[netip.Addr]uint32{}, map[uint32]map[netip.Prefix]int{}
	err := each(ctx, a.conn, `SELECT asn, address FROM clients WHERE family = 4 AND mapped = 0 AND asn IS NOT NULL ORDER BY hi, lo, asn LIMIT ?`, func(scan scanner) error {
		var asn uint32
		var text string
		err := scan(&asn, &text)
		if ip, bad := a.real(text); bad == nil {
			if asns[ip] = asn; nets[asn] == nil {
				nets[asn] = map[netip.Prefix]int{}
			}
			nets[asn][addr.Networks([]netip.Addr{ip}, 16)[0]]++
		}
		return err
	}, poolSize)
	if err != nil {
		return err
	}
	top := map[uint32][]netip.Prefix{}
	for asn, counts := range nets {
		top[asn] = commonest(counts, likelyFar)
	}
	for _, s := range suspects {
		for _, ip := range s.clients {
			if asn, ok := asns[ip]; ok && s.found == nil && s.nets == nil {
				s.nets = top[asn]
			}
		}
	}
	return nil
}

// announced adds the /16s of the networks that a suspect's addresses are
// announced in, the nearest first.
func (a *analysis) announced(s *suspect) []netip.Prefix {
	nets := slices.Clone(s.nets)
	for _, ip := range s.clients {
		p := a.Networks.Find(ip).Prefix
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
func (f *finder) likely(s *suspect, found []netip.Prefix, most int) {
	if !f.worth(s) {
		return
	}
	own := addr.Networks(s.clients, 16) // tried already
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
		f.aim(s.host, &g)
		for _, p := range nets {
			if !slices.Contains(own, p) && f.whole(s, &g, p) {
				return
			}
		}
	}
}

// full searches all of IPv4, link by link, as far as the budget goes. A host of which no hash
// was reproduced gets the rest of it once one of its first links is found.
func (a *analysis) full(ctx context.Context, suspects []*suspect) {
	known, left := map[*host]bool{}, map[*host]int{}
	for _, s := range suspects {
		known[s.host] = known[s.host] || s.found != nil || s.host.verified > 0
		if s.found == nil && !s.skipped {
			left[s.host]++
		}
	}
	of, done := 0, 0
	for h, n := range left {
		of += either(known[h], n, min(n, fullBlind))
	}
	tried := map[*host]int{}
	for _, s := range turnByTurn(suspects, func(s *suspect) *host { return s.host }) {
		switch {
		case s.found != nil || s.skipped || ctx.Err() != nil:
			continue
		case done == fullBudget:
			s.deep = false
			continue
		case !known[s.host] && tried[s.host] == fullBlind:
			s.deep = false
			a.blind++
			continue
		}
		if a.Searching != nil {
			a.Searching(done, min(of, fullBudget))
		}
		done++
		tried[s.host]++
		if a.everywhere(ctx, s); s.found != nil && !known[s.host] {
			known[s.host] = true
			of += max(0, left[s.host]-fullBlind)
		}
	}
}

// turnByTurn takes turns between those that have something in common, so that none of them uses up
// the budget.
func turnByTurn[K comparable](suspects []*suspect, have func(*suspect) K) []*suspect {
	turn, seen := map[*suspect]int{}, map[K]int{}
	for _, s := range suspects {
		turn[s] = seen[have(s)]
		seen[have(s)]++
	}
	out := slices.Clone(suspects)
	slices.SortStableFunc(out, func(x, y *suspect) int { return cmp.Compare(turn[x], turn[y]) })
	return out
}

// allNetworks is how many /16s there are below the multicast ones. A test has fewer.
var allNetworks uint32 = 224 << 8

// everywhere tries all of IPv4 but what cannot be a public client, on all
// threads at once.
func (a *analysis) everywhere(ctx context.Context, s *suspect) {
	s.deep = true
	a.out.Method.Search.Full++
	var next atomic.Uint32
	var tried atomic.Uint64
	var once sync.Once
	var wait sync.WaitGroup
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	for range a.Threads {
		wait.Go(func() {
			f, mine := newFinder(a, nil), *s
			f.turnTo(s.host)
			goals := f.goals(&mine, false)
			for stop.Err() == nil {
				n := next.Add(1) - 1
				if n >= allNetworks {
					break
				}
				if n>>8 == 0 || n>>8 == 127 {
					continue
				}
				p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 8), byte(n)}), 16)
				for i := range goals {
					f.aim(s.host, &goals[i])
					if f.whole(&mine, &goals[i], p) {
						once.Do(func() { s.found = mine.found })
						cancel()
					}
				}
			}
			tried.Add(f.tried)
		})
	}
	wait.Wait()
	if s.tried += tried.Load(); s.found == nil {
		a.vain++
	}
}
