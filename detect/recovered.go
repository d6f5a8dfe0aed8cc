package detect

import "context"

// lapse is the last refusal of a user on one host.
type lapse struct {
	user          userKey
	host          *host
	start         int64
	place, client uint32
	agent, ident  uint32
}

// continues tells whether a request is of the same user, with the same link.
func (l *lapse) continues(f *frame) bool {
	return l.place == f.place && l.agent == f.agent && l.ident == f.ident
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
		lapses []lapse
		err    error
	}
	last := map[at]lapse{}
	err := inOrder(ctx, a.Threads, func(emit func(cut) error) error { return a.circles(ctx, emit) },
		func(c cut) (p part) {
			for i := range c.strips {
				if s := &c.strips[i]; s.number > 0 && p.err == nil {
					p.err = a.eachRequest(s, func(f *frame) {
						if !a.outcomes[f.outcome].refused() {
							return
						}
						if n := len(p.lapses); n > 0 && p.lapses[n-1].continues(f) {
							p.lapses[n-1].start, p.lapses[n-1].client = f.start, f.client
						} else if k := a.userOf(f); some(k) {
							p.lapses = append(p.lapses, lapse{k, a.outcomes[f.outcome].host, f.start, f.place, f.client, f.agent, f.ident})
						}
					})
				}
			}
			return p
		},
		func(p part) error {
			for _, l := range p.lapses {
				if before, ok := last[at{l.user, l.host}]; !ok || before.start <= l.start {
					last[at{l.user, l.host}] = l
				}
			}
			return p.err
		})
	if err != nil {
		return nil, err
	}
	var out []lapse
	for _, l := range last {
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
