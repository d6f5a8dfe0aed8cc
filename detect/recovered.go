package detect

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sort"
)

// lapse is the last refusal of a user on one host.
type lapse struct {
	refused
	start         int64
	place, client uint32
	agent         uint32
}

// findRecovered finds the users who went on with another link: served again at the
// same address within the recovery time after their last refusal (rules of
// evidence, 12).
func (a *analysis) findRecovered(ctx context.Context) error {
	a.recovered = map[userKey]bool{}
	return inShares(func(share, shares uint32) (ok bool, err error) {
		lapses, ok, err := a.lapses(ctx, func(k userKey) bool { return uint32(k.number()*0x9e3779b97f4a7c15>>32)%shares == share })
		if !ok || err != nil || len(lapses) == 0 {
			return ok, err
		}
		return true, a.seeRecovery(ctx, lapses)
	})
}

// mostLapses is how many lapses are held at once, of 200 bytes. A test has fewer.
var mostLapses = 1 << 19

// refused is who lapsed: users may be on several hosts.
type refused struct {
	user userKey
	host *host
}

// lapses lists the last refusals of some users. Where there are too many it is not ok.
func (a *analysis) lapses(ctx context.Context, some func(userKey) bool) (all []lapse, ok bool, err error) {
	last := map[refused]lapse{}
	err = pass(ctx, a.Threads, a.circles,
		func(c *cut) (lapses []lapse, err error) {
			for i := range c.strips {
				if s := &c.strips[i]; s.number > 0 {
					if err := a.lapsesOf(s, some, &lapses); err != nil {
						return nil, err
					}
				}
			}
			return lapses, nil
		},
		func(lapses []lapse) error {
			for _, l := range lapses {
				if before, ok := last[l.refused]; !ok || before.start <= l.start {
					last[l.refused] = l
				}
			}
			if len(last) > mostLapses {
				return errEnough
			}
			return nil
		})
	if err == errEnough {
		return nil, false, nil
	}
	return slices.Collect(maps.Values(last)), true, err
}

// lapsesOf adds the last refusals of some users of a strip.
func (a *analysis) lapsesOf(s *strip, some func(userKey) bool, to *[]lapse) error {
	at := map[refused]int{}
	return a.eachRequest(s, func(f *frame) {
		o := a.outcomes[f.outcome]
		if !o.refused() {
			return
		}
		who := refused{a.userOf(f), o.host}
		if !some(who.user) {
			return
		}
		n, ok := at[who]
		if !ok {
			n = len(*to)
			at[who] = n
			*to = append(*to, lapse{refused: who})
		}
		l := &(*to)[n]
		l.start, l.place, l.client, l.agent = f.start, f.place, f.client, f.agent
	})
}

// seeRecovery looks through all served requests for those that follow a lapse.
func (a *analysis) seeRecovery(ctx context.Context, lapses []lapse) error {
	slices.SortFunc(lapses, func(x, y lapse) int {
		return cmp.Or(cmp.Compare(x.client, y.client), cmp.Compare(x.agent, y.agent), cmp.Compare(x.host.place, y.host.place), cmp.Compare(x.start, y.start))
	})
	type at struct{ client, agent, host uint32 }
	from, clients := map[at]int32{}, make([]bool, len(a.clients.kinds))
	for i, l := range lapses {
		if k := (at{l.client, l.agent, l.host.place}); i == 0 || lapses[i-1].client != l.client || lapses[i-1].agent != l.agent || lapses[i-1].host != l.host {
			from[k] = int32(i)
		}
		clients[l.client] = true
	}
	recovery := a.Thresholds.Recovery.Microseconds()
	parts, err := screen(ctx, a, func() *pending { return newPending(len(lapses)) }, func(p *pending, frames []frame) {
		for i := range frames {
			f := &frames[i]
			if f.place == 0 || !clients[f.client] || !a.outcomes[f.outcome].served() {
				continue
			}
			host := a.outcomes[f.outcome].host
			n, ok := from[at{f.client, f.agent, host.place}]
			if !ok {
				continue
			}
			those := lapses[n:]
			n += int32(sort.Search(len(those), func(i int) bool {
				return those[i].start >= f.start-recovery || those[i].client != f.client || those[i].agent != f.agent || those[i].host != host
			}))
			for n = p.next(n); int(n) < len(lapses); n = p.next(n + 1) {
				l := &lapses[n]
				if l.client != f.client || l.agent != f.agent || l.host != host || l.start >= f.start {
					break
				}
				if l.place != f.place {
					p.settle(n)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for i := range lapses {
		for _, p := range parts {
			if p.after[i] > int32(i) {
				a.recovered[lapses[i].user] = true
			}
		}
	}
	return nil
}

// pending is the lapses that one goroutine has seen no recovery from: those that it
// has are skipped at once.
type pending struct{ after []int32 } // by number: itself, or one behind it

func newPending(n int) *pending {
	p := &pending{after: make([]int32, n+1)}
	for i := range p.after {
		p.after[i] = int32(i)
	}
	return p
}

func (p *pending) settle(n int32) { p.after[n] = n + 1 }

// next is the first one from a number on.
func (p *pending) next(n int32) int32 {
	end := n
	for p.after[end] != end {
		end = p.after[end]
	}
	for n != end {
		n, p.after[n] = p.after[n], end
	}
	return end
}
