package detect

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"ipdrift/detect/client"
	"ipdrift/detect/history"
)

// screen goes over all requests, those of one link after the other; of a long link part by part. Each of
// several goroutines adds what it meets to a T of its own, in no particular order: the results must not
// depend on it.
func screen[T any](ctx context.Context, a *analysis, fresh func() T, add func(T, []history.Request)) ([]T, error) {
	g, ctx := errgroup.WithContext(ctx)
	cuts := make(chan history.Batch, a.Threads)
	g.Go(func() error {
		defer close(cuts)
		return a.history.Batches(ctx, func(c history.Batch) error {
			select {
			case cuts <- c:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	all := make([]T, a.Threads)
	for i := range all {
		t := fresh()
		all[i] = t
		g.Go(func() error {
			for c := range cuts {
				for i := range c.Groups {
					if err := c.Groups[i].Parts(func(requests []history.Request) error {
						add(t, requests)
						return nil
					}); err != nil {
						return err
					}
				}
				c.Done()
			}
			return nil
		})
	}
	return all, g.Wait()
}

// crowds gathers clients. place returns in which of n crowds the client of a visit belongs, given one of
// the visit's requests; -1: in none.
func (a *analysis) crowds(ctx context.Context, n int, place func(*history.Request) int) ([]client.Crowd, error) {
	type guest struct {
		place  int
		client uint32
	}
	crowds := make([]client.Crowd, n)
	var mu sync.Mutex
	enter := func(queue *[]guest) {
		mu.Lock()
		defer mu.Unlock()
		for _, g := range *queue {
			crowds[g.place].Add(g.client, a.clients.Len())
		}
		*queue = (*queue)[:0]
	}
	queues, err := screen(ctx, a, func() *[]guest { return &[]guest{} }, func(queue *[]guest, requests []history.Request) {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			f := &t[0]
			g := guest{place(f), f.Client}
			if last := len(*queue) - 1; g.place < 0 || last >= 0 && (*queue)[last] == g {
				continue
			}
			if *queue = append(*queue, g); len(*queue) >= a.limits.heldBack {
				enter(queue)
			}
		}
	})
	for _, queue := range queues {
		enter(queue)
	}
	return crowds, err
}

// batches splits hosts into groups that need no more than room together; a host that needs more is a group
// of its own.
func batches(hosts []*host, room int64, needs func(*host) int64) (out [][]*host) {
	left := int64(0)
	for _, h := range hosts {
		need := needs(h)
		if len(out) == 0 || need > left {
			out, left = append(out, nil), room
		}
		out[len(out)-1] = append(out[len(out)-1], h)
		left -= need
	}
	return out
}

// places returns, for each outcome, the place of its host in hosts; -1 for outcomes of other hosts and of
// shields.
func (a *analysis) places(hosts []*host) []int {
	at := map[*host]int{}
	for i, h := range hosts {
		at[h] = i
	}
	out := make([]int, len(a.outcomes))
	for id, o := range a.outcomes {
		out[id] = -1
		if o == nil || o.Shield {
			continue
		}
		if i, ok := at[o.host]; ok {
			out[id] = i
		}
	}
	return out
}
