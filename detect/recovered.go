package detect

import "context"

// lapse is the last refusal of a user on one host.
type lapse struct {
	user          userKey
	host          *host
	start         int64
	place, client uint32
	agent         uint32
}

// findRecovered finds the users who went on with another link: served again at the
// same address within the recovery time after their last refusal (rules of
// evidence, 12).
func (a *analysis) findRecovered(ctx context.Context) error {
	a.recovered = map[userKey]bool{}
	shares := uint64(1 + a.requests()/largeLog) // of the users: so that memory stays bounded
	for share := range shares {
		lapses, err := a.lapses(ctx, func(k userKey) bool { return k.number()*0x9e3779b97f4a7c15>>32%shares == share })
		if err != nil {
			return err
		}
		if len(lapses) == 0 {
			continue
		}
		if err := a.seeRecovery(ctx, lapses); err != nil {
			return err
		}
	}
	return nil
}

// lapses lists the last refusals of some users.
func (a *analysis) lapses(ctx context.Context, some func(userKey) bool) ([]lapse, error) {
	type at struct {
		user userKey
		host *host
	}
	type part struct {
		last map[at]lapse
		err  error
	}
	all := map[at]lapse{}
	err := inOrder(ctx, a.Threads, func(emit func(cut) error) error { return a.circles(ctx, emit) },
		func(c cut) (p part) {
			p.last = map[at]lapse{}
			for i := range c.strips {
				if c.strips[i].number == 0 && c.strips[i].roll.film.key == nil {
					continue
				}
				if p.err = c.strips[i].parts(func(frames []frame) error {
					for j := range frames {
						if f := &frames[j]; a.outcomes[f.outcome].refused() && some(a.userOf(f)) {
							l := lapse{a.userOf(f), a.outcomes[f.outcome].host, f.start, f.place, f.client, f.agent}
							if before := p.last[at{l.user, l.host}]; before.user == (userKey{}) || before.start <= l.start {
								p.last[at{l.user, l.host}] = l
							}
						}
					}
					return nil
				}); p.err != nil {
					return p
				}
			}
			return p
		},
		func(p part) error {
			for k, l := range p.last {
				if before, ok := all[k]; !ok || before.start <= l.start {
					all[k] = l
				}
			}
			return p.err
		})
	if err != nil {
		return nil, err
	}
	var out []lapse
	for _, l := range all {
		out = append(out, l)
	}
	return out, nil
}

// seeRecovery looks through all served requests for those that follow a lapse.
func (a *analysis) seeRecovery(ctx context.Context, lapses []lapse) error {
	type at struct{ client, agent uint32 }
	of, clients := map[at][]int32{}, make([]bool, len(a.clients.kinds))
	for i, l := range lapses {
		of[at{l.client, l.agent}] = append(of[at{l.client, l.agent}], int32(i))
		clients[l.client] = true
	}
	type part struct {
		users []userKey
		err   error
	}
	recovery := a.Thresholds.Recovery.Microseconds()
	return inOrder(ctx, a.Threads, func(emit func(cut) error) error { return a.film.cuts(ctx, emit) },
		func(c cut) (p part) {
			for i := range c.strips {
				if c.strips[i].number == 0 {
					continue
				}
				if p.err = c.strips[i].parts(func(frames []frame) error {
					for j := range frames {
						f := &frames[j]
						if !clients[f.client] {
							continue
						}
						o := a.outcomes[f.outcome]
						if !o.served() {
							continue
						}
						for _, n := range of[at{f.client, f.agent}] {
							if l := &lapses[n]; l.host == o.host && l.place != f.place && f.start > l.start && f.start-l.start <= recovery {
								p.users = append(p.users, l.user)
							}
						}
					}
					return nil
				}); p.err != nil {
					return p
				}
			}
			return p
		},
		func(p part) error {
			for _, u := range p.users {
				a.recovered[u] = true
			}
			return p.err
		})
}
