package detect

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"ipdrift/detect/bitset"
	"ipdrift/detect/history"
	"ipdrift/detect/identity"
)

// lapse is the last refusal of a user on one host.
type lapse struct {
	user                 identity.Key
	host                 *host
	start                int64
	place, client, agent uint32
}

// whereabouts are what requests of a stretch have in common that tell whose they may be.
type whereabouts struct{ client, agent, host uint32 }

func (l *lapse) where() whereabouts { return whereabouts{l.client, l.agent, l.host.Place} }

func (w whereabouts) compare(o whereabouts) int {
	return cmp.Or(cmp.Compare(w.client, o.client), cmp.Compare(w.agent, o.agent), cmp.Compare(w.host, o.host))
}

// equals returns the range of those lapses, which are in order, that are at this place.
func equals(lapses []lapse, there whereabouts) (from, end int32) {
	from = int32(sort.Search(len(lapses), func(i int) bool { return lapses[i].where().compare(there) >= 0 }))
	rest := lapses[from:]
	end = from + int32(sort.Search(len(rest), func(i int) bool { return rest[i].where().compare(there) > 0 }))
	return from, end
}

// findRecovered finds the users who went on as another user, with a link of that one:
// served again at the same address within the recovery time after their last refusal
// (rules of evidence, 12). circles hands on each user's requests in one group.
func (a *analysis) findRecovered(ctx context.Context, circles history.Feed) error {
	a.recovered = map[identity.Key]bool{}
	return inShares(func(share, shares uint32) (ok bool, err error) {
		lapses, ok, err := a.lapses(ctx, circles, func(k identity.Key) bool { return uint32(k.Number()*0x9e3779b97f4a7c15>>32)%shares == share })
		if !ok || err != nil || len(lapses) == 0 {
			return ok, err
		}
		return true, a.seeRecovery(ctx, lapses)
	})
}

// lapses lists the last refusals of some users. Where there are too many it is not ok.
func (a *analysis) lapses(ctx context.Context, circles history.Feed, some func(identity.Key) bool) (all []lapse, ok bool, err error) {
	err = history.Pass(ctx, a.Threads, circles,
		func(c *history.Batch) (lapses []lapse, err error) {
			for i := range c.Groups {
				if s := &c.Groups[i]; !s.Unlinked() {
					if err := a.lapsesOf(s, some, &lapses); err != nil {
						return nil, err
					}
				}
			}
			return lapses, nil
		},
		func(lapses []lapse) error {
			if all = append(all, lapses...); len(all) > a.limits.lapses {
				return errEnough
			}
			return nil
		})
	if err == errEnough {
		return nil, false, nil
	}
	return all, true, err
}

// lapsesOf adds the last refusals of some users of a group.
func (a *analysis) lapsesOf(s *history.Group, some func(identity.Key) bool, to *[]lapse) error {
	type refused struct { // users may be on several hosts
		user identity.Key
		host *host
	}
	var at map[refused]int
	return a.eachStretch(s, func(t []history.Request) {
		f := &t[len(t)-1]
		o := a.outcomes[f.Outcome]
		if !o.Refused() {
			return
		}
		who := refused{a.userOf(f), o.host}
		if !some(who.user) {
			return
		}
		n, ok := at[who]
		if !ok {
			if n = len(*to); at == nil {
				at = map[refused]int{}
			}
			at[who] = n
			*to = append(*to, lapse{user: who.user, host: who.host})
		}
		l := &(*to)[n]
		l.start, l.place, l.client, l.agent = f.Start, f.Place, f.Client, f.Agent
	})
}

// seeRecovery looks through all served requests for those that follow a lapse.
func (a *analysis) seeRecovery(ctx context.Context, lapses []lapse) error {
	slices.SortFunc(lapses, func(x, y lapse) int { return cmp.Or(x.where().compare(y.where()), cmp.Compare(x.start, y.start)) })
	fell := bitset.New(a.clients.Len()) // clients that have some
	for i := range lapses {
		fell.Add(lapses[i].client)
	}
	recovery := a.Thresholds.Recovery.Microseconds()
	parts, err := screen(ctx, a, func() *pending { return newPending(len(lapses)) }, func(p *pending, requests []history.Request) {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			if !fell.Has(t[0].Client) || t[0].Place == 0 || !a.outcomes[t[0].Outcome].Served() {
				continue
			}
			from, end := equals(lapses, whereabouts{t[0].Client, t[0].Agent, a.outcomes[t[0].Outcome].host.Place})
			for i := range t {
				f := &t[i]
				n := from + int32(sort.Search(int(end-from), func(i int) bool { return lapses[from+int32(i)].start >= f.Start-recovery }))
				for n = p.next(n); n < end && lapses[n].start < f.Start; n = p.next(n + 1) {
					if l := &lapses[n]; l.place != f.Place && l.user != a.userOf(f) {
						p.settle(n)
					}
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

// next returns the first pending number from n on.
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
