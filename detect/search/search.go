// Package search finds out what the links were signed with that verify for no request of a
// log: it tries addresses, paths, keys and what signers are known to do wrong, until a hash is
// reproduced, which proves it.
//
// A [Suspect] is such a link, a [Proof] what it was signed with, and a [Finder] tries
// candidates for one suspect at a time.
package search

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"ipdrift/detect/addr"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/ingest/pseudonym"
	"ipdrift/token"
)

const (
	hostSample  = 30 // links of a host that take a step before the rest has to have a reason; none found bounds the rest below 10 % (rule of three)
	portSample  = 10 // the same with every port, which takes long and is a mistake that a signer makes with all links; none found bounds the rest below 26 %
	leastSample = 3  // where there are thousands of hosts
	maxUp       = 8  // directories above that are tried

	sampleBudget = 1_000_000_000 // candidates that are tried in one step for the samples, about: a log may have hundreds of thousands of hosts
	portForms    = 8             // texts with a port that are tried for each port, about
	MaxSuspects  = 300_000       // links that are looked into, of all hosts: those with the lowest hashes, which no traffic can choose
)

// Limits bound what is tried for a link, and for all.
type Limits struct {
	Private  []netip.Prefix // where the signer's own proxy is looked for, in this order
	Networks int            // /16s of IPv4 that a full search tries, from the lowest on
	Rest     int            // candidates that are tried in one step for links beyond the samples
}

// DefaultLimits are the networks of RFC 1918, 18 million addresses; all below the
// multicast ones; and half a billion candidates.
func DefaultLimits() Limits {
	return Limits{
		Private: []netip.Prefix{
			netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16}), 12),
			netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168}), 16),
			netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8),
		},
		Networks: 224 << 8,
		Rest:     500_000_000,
	}
}

// Proof is what a link was signed with: a hash that was reproduced.
type Proof struct {
	Host   *Host
	Family int // of the address that gave the hash
	Key    int // of another request of the link, from 1; 0: the search found it
	How    policy.Hypothesis
	Path   string     // decoded path that was hashed, as the case holds it
	Addr   netip.Addr // signing address, cut to the mask; zero where none was hashed

	network token.Binding // addr is no more than the network of the observed address, under this mask
	Private bool          // addr is private and no client's: the signer saw its own proxy
	Mistake token.Mistake // what the signer did wrong; zero where nothing but address, path or binding differs
}

// Search is a search for what links were signed with. Its exported fields down to Progress are
// set before it runs, the others tell what came of it.
type Search struct {
	Hosts      []*Host // of the log, by name
	Unproven   *ingest.Unproven
	Recover    Recover
	Limits     Limits
	Threads    int
	Masked     bool // the addresses of the log end in zeros
	Pool       *Pool
	Sets       []KeySet
	Served     func(client uint32) bool                              // with any link
	Operators  func(context.Context, func(netip.Addr, uint32)) error // tells the ASN of the log's IPv4 addresses, as far as it knows them
	Networks   *ingest.Networks                                      // nil: what the log tells
	Pseudonyms *pseudonym.Map                                        // nil: the case holds addresses
	Progress   func(done, of int)                                    // is told before each link that is searched through all of IPv4; nil: nobody asks

	Sample int // links of a host that take a step before the rest has to have a reason
	Draws  []Draw
	Full   int // links that were searched through all of IPv4
	Vain   int // of them, those that were not found
	Blind  int // links that were not, as no hash of their host reproduces
}

// Run takes the steps: cheap ones for every link; deep ones for a sample of each host, in
// an order the traffic cannot choose, and for the rest only where the sample gave something.
func (r *Search) Run(ctx context.Context, suspects []*Suspect) error {
	r.Sample = sampleOf(suspects, r.Pool)
	r.round(ctx, suspects, (*Finder).near)
	if r.Recover == RecoverNone {
		return nil
	}
	return r.deepen(ctx, suspects)
}

// round runs one step over the suspects that are not explained yet.
func (r *Search) round(ctx context.Context, suspects []*Suspect, step func(*Finder, *Suspect)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range r.Threads {
		wait.Go(func() {
			f := NewFinder(r)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(suspects) {
					return
				}
				if s := suspects[i]; s.Found == nil {
					f.turnTo(s.Host)
					f.tried = 0
					step(f, s)
					s.Tried += f.tried
				}
			}
		})
	}
	wait.Wait()
}

// deepen takes the deep steps: what the signer did wrong; all addresses of the
// log and the /16s around the request (of IPv6 the /48s, where the host binds to /64s); what other links of the same client were signed
// for; its address with every port; private ones, which a signer's own proxy has; the networks where other signing
// addresses were found, and those of the request's operator; then, if that is
// asked for, all of IPv4.
func (r *Search) deepen(ctx context.Context, suspects []*Suspect) error {
	r.sampled(ctx, r.Sample, suspects, r.Pool, (*Finder).examine)
	bound := slices.DeleteFunc(slices.Clone(suspects), func(s *Suspect) bool { return !r.Searches(s.Host) })
	r.sampled(ctx, r.Sample, bound, r.Pool, func(f *Finder, s *Suspect) {
		s.Deep = true
		f.deep(s)
	})
	r.sampled(ctx, r.Sample, bound, r.Pool, (*Finder).unshown)
	for _, s := range bound {
		s.Found.ShowsScope()
	}
	r.byAsker(ctx, bound)
	r.sampledWithin(ctx, sampleBudget/portForms, min(r.Sample, portSample), bound, nil, (*Finder).examinePorts)
	r.searchPrivate(ctx, bound)
	if err := r.findOperators(ctx, bound); err != nil {
		return err
	}
	likely := likelyNear
	if r.Recover != RecoverNear {
		likely = likelyFar
	}
	found := foundIn(bound, likely)
	r.sampled(ctx, r.Sample, bound, nil, func(f *Finder, s *Suspect) { f.likely(s, found, likely) })
	switch {
	case r.Recover == RecoverFull:
		r.searchAll(ctx, bound)
		found = foundIn(bound, likely)
		r.sampled(ctx, r.Sample, bound, nil, func(f *Finder, s *Suspect) { f.likely(s, found, likely) })
	case r.Recover.Sample() > 0:
		r.drawn(ctx, bound)
	}
	r.byAsker(ctx, bound)
	return nil
}

// sampleOf is how many links of a host are a sample: fewer than usual where there are
// thousands of hosts, as in the log of a CDN with the key of one customer.
func sampleOf(suspects []*Suspect, pool *Pool) int {
	hosts := map[*Host]bool{}
	for _, s := range suspects {
		hosts[s.Host] = true
	}
	return min(max(leastSample, sampleBudget/(max(1, len(hosts))*(pool.size()+1<<16))), hostSample)
}

// sampled takes a step for a sample of each host, of so many links, and for the rest of a host
// only where the sample gave something, as far as the budget goes: for one link of each
// client, then for a second one.
func (r *Search) sampled(ctx context.Context, sample int, suspects []*Suspect, pool *Pool, step func(*Finder, *Suspect)) {
	r.sampledWithin(ctx, sampleBudget, sample, suspects, pool, step)
}

// sampledWithin is sampled with a budget for the samples: where hosts are too many, those
// with few clients get none.
func (r *Search) sampledWithin(ctx context.Context, budget, sample int, suspects []*Suspect, pool *Pool, step func(*Finder, *Suspect)) {
	first, rest := map[*Host][]*Suspect{}, map[*Host][]*Suspect{}
	for _, s := range suspects {
		switch {
		case !s.open():
		case len(first[s.Host]) < sample:
			first[s.Host] = append(first[s.Host], s)
		default:
			rest[s.Host] = append(rest[s.Host], s)
		}
	}
	var now, later []*Suspect
	for _, h := range r.busiest() {
		now = append(now, first[h]...)
	}
	r.round(ctx, now[:affordable(now, pool, budget)], step)
	for _, h := range r.Hosts {
		if slices.ContainsFunc(first[h], func(s *Suspect) bool { return s.Found != nil }) {
			later = append(later, rest[h]...)
		}
	}
	later = turnByTurn(later, func(s *Suspect) netip.Addr { return s.Clients[0] })
	r.round(ctx, later[:affordable(later, pool, r.Limits.Rest)], step)
}

// busiest are the hosts with most clients first: those of a log can be made up.
func (r *Search) busiest() []*Host {
	return slices.SortedStableFunc(slices.Values(r.Hosts), func(x, y *Host) int { return cmp.Compare(y.Askers, x.Askers) })
}

// affordable is for how many of some links a step is within a budget.
func affordable(links []*Suspect, pool *Pool, left int) int {
	for n, s := range links {
		if left -= s.cost(pool); left < 0 {
			return n
		}
	}
	return len(links)
}

// leastCost is the cost of reading a link, and of trying what its signer may have done wrong.
const leastCost = 1 << 14

// cost is how many candidates a step has for a link, about: the addresses of the log, and
// the /16 of a client of IPv4, or the networks beside one of IPv6.
func (s *Suspect) cost(pool *Pool) int {
	if _, masks := s.Host.Policy.Mask(6); pool != nil && !masks && !slices.ContainsFunc(s.Clients, netip.Addr.Is4) {
		return max(pool.size(), leastCost)
	}
	return pool.size() + 1<<16
}

// FewOdd is how many links show that an oddity is the signer's doing, not a viewer's.
const FewOdd = 5

// maskedLinks is the share of a host's found addresses that must be their
// client's own network before these are taken for cut addresses: of real
// ones, one in 256 ends in .0.
const maskedLinks = 0.05

// FindMasked tells links signed for a cut address from those signed for an
// address that ends in zeros: where a signer cuts, many do.
func FindMasked(suspects []*Suspect) {
	all, cut := map[*Host]int{}, map[*Host]int{}
	for _, s := range suspects {
		if s.Found != nil && s.Found.Mistake.Name == "" {
			all[s.Host]++
			if s.Found.network != (token.Binding{}) {
				cut[s.Host]++
			}
		}
	}
	for _, s := range suspects {
		if n := cut[s.Host]; s.Found != nil && s.Found.network != (token.Binding{}) && n >= FewOdd && float64(n) >= maskedLinks*float64(all[s.Host]) {
			s.Found.Mistake, s.Found.How.Binding = token.MistakeNamed("masked"), s.Found.network
		}
	}
}

// ShowsScope notes it where a link was found over a scope that no link shows which its host served.
func (f *Proof) ShowsScope() {
	if f == nil || f.Mistake.Name != "" {
		return
	}
	if p, scope := &f.Host.Policy, f.How.Scope; p.Scope() == token.ScopeAuto && p.Plain(scope) && !p.Uses(scope) {
		p.Other = max(p.Other, scope) // both are possible where only directories above were taken
	}
}

// HoldsFor reports whether the signing address covers this one.
func (f *Proof) HoldsFor(ip netip.Addr) bool {
	switch b := f.How.Binding; b.Kind {
	case token.BindNone:
		return true
	case token.BindMask:
		return addr.Family(f.Addr) == addr.Family(ip) && addr.Cut(ip, int(b.Prefix)) == f.Addr
	}
	return f.Addr == ip
}
