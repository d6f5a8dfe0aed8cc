package detect

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"ipdrift/detect/policy"
	"ipdrift/token"
)

const (
	hostSample  = 30 // links of a host that take a step before the rest has to have a reason; none found bounds the rest below 10 % (rule of three)
	portSample  = 10 // the same with every port, which takes long and is a mistake that a signer makes with all links; none found bounds the rest below 26 %
	leastSample = 3  // where there are thousands of hosts
	maxUp       = 8  // directories above that are tried

	sampleBudget = 1_000_000_000 // candidates that are tried in one step for the samples, about
	maxSuspects  = 300_000       // links that are looked into, of all hosts: those with the lowest hashes, which no traffic can choose
)

// restBudget is how many candidates are tried in one step for links beyond the samples. A test has fewer.
var restBudget = 500_000_000

// proof is what a link was signed with: a hash that was reproduced.
type proof struct {
	host   *host
	family int // of the address that gave the hash
	key    int // of another request of the link, from 1; 0: the search found it
	how    policy.Hypothesis
	path   string     // decoded path that was hashed, as the case holds it
	addr   netip.Addr // signing address, cut to the mask; zero where none was hashed

	network token.Binding // addr is no more than the network of the observed address, under this mask
	private bool          // addr is private and no client's: the signer saw its own proxy
	mistake token.Mistake // what the signer did wrong; zero where nothing but address, path or binding differs
}

// search finds out what the links were signed with that verify for no
// observed request. Cheap steps are taken for every link; deep ones for a
// sample of each host, in an order the traffic cannot choose, and for the
// rest only where the sample gave something.
func (a *analysis) search(ctx context.Context) error {
	a.sets = a.keySets(func(*host) bool { return true })
	if len(a.survey.suspects) == 0 {
		a.passed = a.survey.passed
		a.guess()
		return nil
	}
	var pool *pool
	var listing sync.WaitGroup
	listing.Go(func() { pool = a.addresses() })
	suspects := a.suspects()
	listing.Wait()
	a.sample = sampleOf(suspects, pool)
	a.round(ctx, suspects, pool, func(f *finder, s *suspect) { f.near(s) })
	if a.Recover != RecoverNone {
		if err := a.deepen(ctx, suspects, pool); err != nil {
			return err
		}
	}
	a.tell(suspects, pool)
	a.guess()
	return ctx.Err()
}

// round runs one step over the suspects that are not explained yet.
func (a *analysis) round(ctx context.Context, suspects []*suspect, pool *pool, step func(*finder, *suspect)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range a.Threads {
		wait.Go(func() {
			f := newFinder(a, pool)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(suspects) {
					return
				}
				if s := suspects[i]; s.found == nil {
					f.turnTo(s.host)
					f.tried = 0
					step(f, s)
					s.tried += f.tried
				}
			}
		})
	}
	wait.Wait()
}

// deepen takes the deep steps: what the signer did wrong; all addresses of the
// log and the /16s around the request; what other links of the same client were signed
// for; its address with every port; private ones, which a signer's own proxy has; the networks where other signing
// addresses were found, and those of the request's operator; then, if that is
// asked for, all of IPv4.
func (a *analysis) deepen(ctx context.Context, suspects []*suspect, pool *pool) error {
	a.sampled(ctx, a.sample, suspects, pool, func(f *finder, s *suspect) { f.examine(s) })
	bound := slices.DeleteFunc(slices.Clone(suspects), func(s *suspect) bool { return !a.searches(s.host) })
	a.sampled(ctx, a.sample, bound, pool, func(f *finder, s *suspect) {
		s.deep = true
		f.deep(s)
	})
	a.sampled(ctx, a.sample, bound, pool, func(f *finder, s *suspect) { f.unshown(s) })
	for _, s := range bound {
		s.found.showsScope()
	}
	a.byAsker(ctx, bound)
	a.sampled(ctx, min(a.sample, portSample), bound, nil, func(f *finder, s *suspect) { f.examinePorts(s) })
	a.searchPrivate(ctx, bound)
	if err := a.findOperators(ctx, bound); err != nil {
		return err
	}
	likely := likelyNear
	if a.Recover != RecoverNear {
		likely = likelyFar
	}
	found := foundIn(bound, likely)
	a.sampled(ctx, a.sample, bound, nil, func(f *finder, s *suspect) { f.likely(s, found, likely) })
	switch {
	case a.Recover == RecoverFull:
		a.full(ctx, bound)
		found = foundIn(bound, likely)
		a.sampled(ctx, a.sample, bound, nil, func(f *finder, s *suspect) { f.likely(s, found, likely) })
	case a.Recover.sample() > 0:
		a.drawn(ctx, bound)
	}
	a.byAsker(ctx, bound)
	return nil
}

// sampleOf is how many links of a host are a sample: fewer than usual where there are
// thousands of hosts, as in the log of a CDN with the key of one customer.
func sampleOf(suspects []*suspect, pool *pool) int {
	hosts := map[*host]bool{}
	for _, s := range suspects {
		hosts[s.host] = true
	}
	return min(max(leastSample, sampleBudget/(max(1, len(hosts))*(pool.size()+1<<16))), hostSample)
}

// sampled takes a step for a sample of each host, of so many links, and for the rest of a host
// only where the sample gave something, as far as the budget goes: for one link of each
// client, then for a second one.
func (a *analysis) sampled(ctx context.Context, sample int, suspects []*suspect, pool *pool, step func(*finder, *suspect)) {
	first, rest := map[*host][]*suspect{}, map[*host][]*suspect{}
	for _, s := range suspects {
		switch {
		case s.found != nil || s.skipped:
		case len(first[s.host]) < sample:
			first[s.host] = append(first[s.host], s)
		default:
			rest[s.host] = append(rest[s.host], s)
		}
	}
	var now, later []*suspect
	for _, name := range a.names {
		now = append(now, first[a.hosts[name]]...)
	}
	a.round(ctx, now, pool, step)
	for _, name := range a.names {
		h := a.hosts[name]
		if slices.ContainsFunc(first[h], func(s *suspect) bool { return s.found != nil }) {
			later = append(later, rest[h]...)
		}
	}
	later = turnByTurn(later, func(s *suspect) netip.Addr { return s.clients[0] })
	a.round(ctx, later[:affordable(later, pool)], pool, step)
}

// affordable is for how many of some links a step is within the budget.
func affordable(links []*suspect, pool *pool) int {
	left := restBudget
	for n, s := range links {
		if left -= s.cost(pool); left < 0 {
			return n
		}
	}
	return len(links)
}

// leastCost is that of reading a link, and of what its signer may have done wrong.
const leastCost = 1 << 14

// cost is how many candidates a step has for a link, about: the addresses of the log, and
// the /16 of a client of IPv4.
func (s *suspect) cost(pool *pool) int {
	if pool != nil && !slices.ContainsFunc(s.clients, netip.Addr.Is4) {
		return max(pool.size(), leastCost)
	}
	return pool.size() + 1<<16
}

// tell keeps the proofs and accounts for the search.
func (a *analysis) tell(suspects []*suspect, pool *pool) {
	m := &a.out.Method.Search
	var each []int64
	findMasked(suspects)
	findProxied(suspects, pool)
	m.Links, m.Skipped, m.Unresolved = a.passed, a.passed, a.passed
	for _, s := range suspects {
		m.Links++
		m.Candidates += int64(s.tried)
		if s.examined {
			s.host.examined++
		}
		if s.examined || s.found != nil {
			a.note(s.link, func(l *learned) { l.examined, l.proof = s.examined, s.found })
		}
		if s.found == nil && a.grown() && len(a.loaded.Unproven.Attempts(s.link)) == 0 {
			a.tokenless++
		}
		switch {
		case s.found != nil:
			m.Found++
			a.proofs[s.link] = s.found
			if s.unserved && s.life > 0 && s.found.how.Scope == token.ScopeAncestor && slices.ContainsFunc(s.clients, s.found.holdsFor) {
				s.host.policy.Astray++
			}
			continue
		case s.skipped || !s.deep && a.searches(s.host):
			m.Skipped++
		default:
			each = append(each, int64(s.tried))
		}
		m.Unresolved++
	}
	if len(each) > 0 {
		slices.Sort(each)
		m.Each = each[len(each)/2]
	}
	for _, d := range a.draws {
		m.Sampled += d.links
		m.SampleFound += d.found
	}
	a.tokenless = max(0, a.tokenless-int64(a.loaded.Unproven.Skipped()))
}

// maskedLinks is the share of a host's found addresses that must be their
// client's own network before these are taken for cut addresses: of real
// ones, one in 256 ends in .0.
const maskedLinks = 0.05

// findMasked tells links signed for a cut address from those signed for an
// address that ends in zeros: where a signer cuts, many do.
func findMasked(suspects []*suspect) {
	all, cut := map[*host]int{}, map[*host]int{}
	for _, s := range suspects {
		if s.found != nil && s.found.mistake.Name == "" {
			all[s.host]++
			if s.found.network != (token.Binding{}) {
				cut[s.host]++
			}
		}
	}
	for _, s := range suspects {
		if n := cut[s.host]; s.found != nil && s.found.network != (token.Binding{}) && n >= fewOdd && float64(n) >= maskedLinks*float64(all[s.host]) {
			s.found.mistake, s.found.how.Binding = mistakeNamed("masked"), s.found.network
		}
	}
}
