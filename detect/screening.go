package detect

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"ipdrift/detect/bitset"
	"ipdrift/detect/history"
)

// screen goes over all requests, those of one link after the other, or a part of
// them. Each of several goroutines adds what it meets to a T of its own, in no
// order: what is taken must not depend on it.
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

// crowd is a set of clients, which takes a bit for each client of the case at most.
type crowd struct {
	few  []uint32   // in the order in which they came, some of them several times
	many bitset.Set // nil: there are few
}

func (c *crowd) add(client uint32, clients int) {
	if c.many == nil && len(c.few) < clients/32 {
		c.few = append(c.few, client)
		return
	}
	if c.many == nil {
		c.many = bitset.New(clients)
		for _, one := range c.few {
			c.many.Add(one)
		}
		c.few = nil
	}
	c.many.Add(client)
}

// list gives the clients in the order of their addresses.
func (c *crowd) list(of *clients) []uint32 {
	list := c.few
	for word, b := range c.many {
		for n := range uint32(64) {
			if b>>n&1 == 1 {
				list = append(list, uint32(word)*64+n)
			}
		}
	}
	of.sort(list)
	return slices.Compact(list)
}

// heldBack is how much a goroutine has before it shares it with the others. A test
// has less.
var heldBack = 1 << 12

// crowds gathers clients: place tells in which of n crowds the one of a visit
// belongs, by one of its requests; -1: in none.
func (a *analysis) crowds(ctx context.Context, n int, place func(*history.Request) int) ([]crowd, error) {
	type guest struct {
		place  int
		client uint32
	}
	crowds := make([]crowd, n)
	var mu sync.Mutex
	enter := func(queue *[]guest) {
		mu.Lock()
		defer mu.Unlock()
		for _, g := range *queue {
			crowds[g.place].add(g.client, a.clients.list.Len())
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
			if *queue = append(*queue, g); len(*queue) >= heldBack {
				enter(queue)
			}
		}
	})
	for _, queue := range queues {
		enter(queue)
	}
	return crowds, err
}

// batches are hosts, as many at a time as need no more than some memory together;
// one that needs more stands alone.
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

// places gives each outcome of some hosts the place of its host among them, and all
// others -1; also those of shields.
func (a *analysis) places(hosts []*host) []int {
	at := map[*host]int{}
	for i, h := range hosts {
		at[h] = i
	}
	out := make([]int, len(a.outcomes))
	for id, o := range a.outcomes {
		out[id] = -1
		if o == nil || o.shield {
			continue
		}
		if i, ok := at[o.host]; ok {
			out[id] = i
		}
	}
	return out
}

// addresses is how many some clients have.
func (c *clients) addresses(list []uint32) (n int64) {
	c.sort(list)
	for i, id := range list {
		if i == 0 || c.elsewhere(id, list[i-1]) {
			n++
		}
	}
	return n
}

// sort puts clients in the order of their addresses, those of one address by carrier.
func (c *clients) sort(list []uint32) { slices.SortFunc(list, c.inOrder) }

// inOrder compares clients by address, then by carrier.
func (c *clients) inOrder(x, y uint32) int {
	s, t := c.of(x), c.of(y)
	return cmp.Or(cmp.Compare(s.hi, t.hi), cmp.Compare(s.lo, t.lo), cmp.Compare(s.mapped, t.mapped), cmp.Compare(c.asn(x), c.asn(y)), cmp.Compare(x, y))
}
