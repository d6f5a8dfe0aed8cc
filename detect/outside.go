package detect

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ipdrift/detect/history"
	"ipdrift/detect/policy"
)

// sessions measures how long the users of a host watch.
func (a *analysis) sessions(ctx context.Context) error {
	return each(ctx, a.conn, `SELECT l.host, quantile_disc(epoch_us(p.last) - epoch_us(p.first), 0.5) FROM person p JOIN link l ON l.id = p.link
		WHERE p.requests > 1 GROUP BY l.host`, func(scan scanner) error {
		var name string
		var us int64
		err := scan(&name, &us)
		a.host(name).session = time.Duration(us) * time.Microsecond
		return err
	})
}

// outsideAtOnce is how much memory the clients of some hosts take, bytes. A test has
// less.
var outsideAtOnce int64 = 32 << 20

// findOutside measures how often two clients that share a network of a
// candidate's length are of different carriers (rules of evidence, 17), if there
// is a host with enough affected users to ask. Clients whose carrier is not known
// are left out.
func (a *analysis) findOutside(ctx context.Context) error {
	if !a.asksForMasks() {
		return nil
	}
	var hosts []*host
	for _, name := range a.names {
		hosts = append(hosts, a.hosts[name])
	}
	most := int64(a.clients.list.Len() / 8)
	for _, some := range batches(hosts, outsideAtOnce, func(h *host) int64 { return min(4*h.requests, most) }) {
		places := a.places(some)
		crowds, err := a.crowds(ctx, len(some), func(f *history.Request) int {
			if f.Place == 0 || a.clients.asn(f.Client) == 0 {
				return -1
			}
			return places[f.Outcome]
		})
		if err != nil {
			return err
		}
		for i, h := range some {
			h.outside = a.outsideOf(crowds[i].list(&a.clients))
		}
	}
	return nil
}

func (a *analysis) asksForMasks() bool {
	for _, h := range a.hosts {
		for _, r := range h.replays {
			if r.AffectedUsers() >= a.Thresholds.DecidesFrom {
				return true
			}
		}
	}
	return false
}

// outsideOf measures it among some clients; those of one address and carrier are one.
func (a *analysis) outsideOf(list []uint32) map[int]map[int]float64 {
	c := &a.clients
	var by [2][]uint32
	for _, id := range list {
		family := policy.Index(int(c.of(id).family))
		by[family] = append(by[family], id)
	}
	for i := range by {
		slices.SortFunc(by[i], c.inOrderOfCarriers)
		by[i] = slices.CompactFunc(by[i], func(x, y uint32) bool { return c.inOrderOfCarriers(x, y) == 0 })
	}
	out := map[int]map[int]float64{4: {}, 6: {}}
	for _, p := range a.Masks4 {
		if share, ok := c.outside(by[0], 96+p); ok {
			out[4][p] = share
		}
	}
	for _, p := range a.Masks6 {
		if share, ok := c.outside(by[1], p); ok {
			out[6][p] = share
		}
	}
	return out
}

// inOrderOfCarriers compares clients by address, whatever its form, and carrier.
func (c *clients) inOrderOfCarriers(x, y uint32) int {
	s, t := c.of(x), c.of(y)
	return cmp.Or(cmp.Compare(s.hi, t.hi), cmp.Compare(s.lo, t.lo), cmp.Compare(c.asn(x), c.asn(y)))
}

// outside counts pairs of clients in networks of one length, in bits of 128, and
// gives the share of those that are of different carriers; ok: there is a pair.
func (c *clients) outside(list []uint32, length int) (share float64, ok bool) {
	var whole, alike int64
	by := map[uint32]int64{}
	for from := 0; from < len(list); {
		to := from + 1
		for to < len(list) && c.together(list[from], list[to], length) {
			to++
		}
		n := int64(to - from)
		whole += n * (n - 1)
		for _, id := range list[from:to] {
			alike += 2 * by[c.asn(id)]
			by[c.asn(id)]++
		}
		for _, id := range list[from:to] {
			delete(by, c.asn(id))
		}
		from = to
	}
	return 1 - float64(alike)/float64(whole), whole > 0
}

// together tells whether two addresses have some leading bits in common, of 128.
func (c *clients) together(x, y uint32, length int) bool {
	s, t := c.of(x), c.of(y)
	if length <= 64 {
		return (s.hi^t.hi)>>(64-length) == 0
	}
	return s.hi == t.hi && (s.lo^t.lo)>>(128-length) == 0
}
