package detect

import (
	"context"
	"slices"
	"time"

	"ipdrift/detect/history"
	"ipdrift/detect/policy"
	"ipdrift/ingest/fetch"
)

// sessions measures how long the users of a host watch; not those of hosts that are judged as one.
func (a *analysis) sessions(ctx context.Context) error {
	return fetch.Each(ctx, a.conn, `SELECT l.host, quantile_disc(epoch_us(p.last) - epoch_us(p.first), 0.5) FROM person p JOIN link l ON l.id = p.link
		WHERE p.requests > 1 GROUP BY l.host`, func(scan fetch.Scan) error {
		var name string
		var us int64
		err := scan(&name, &us)
		if a.single(name) {
			a.host(name).session = time.Duration(us) * time.Microsecond
		}
		return err
	})
}

// findOutside measures how often two clients that share a network of a
// candidate's length are of different carriers (rules of evidence, 17), if there
// is a host with enough affected users to ask. Clients whose carrier is not known
// are left out.
func (a *analysis) findOutside(ctx context.Context) error {
	if !a.asksForMasks() {
		return nil
	}
	most := int64(a.clients.Len() / 8)
	for _, some := range batches(a.ordered, a.limits.crowds, func(h *host) int64 { return min(4*h.requests, most) }) {
		places := a.places(some)
		crowds, err := a.crowds(ctx, len(some), func(f *history.Request) int {
			if f.Place == 0 || a.clients.ASN(f.Client) == 0 {
				return -1
			}
			return places[f.Outcome]
		})
		if err != nil {
			return err
		}
		for i, h := range some {
			h.outside = a.outsideOf(crowds[i].List(&a.clients))
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
		family := policy.Index(int(c.Of(id).Family))
		by[family] = append(by[family], id)
	}
	for i := range by {
		slices.SortFunc(by[i], c.InOrderOfCarriers)
		by[i] = slices.CompactFunc(by[i], func(x, y uint32) bool { return c.InOrderOfCarriers(x, y) == 0 })
	}
	out := map[int]map[int]float64{4: {}, 6: {}}
	for _, p := range a.Masks4 {
		if share, ok := c.Outside(by[0], 96+p); ok {
			out[4][p] = share
		}
	}
	for _, p := range a.Masks6 {
		if share, ok := c.Outside(by[1], p); ok {
			out[6][p] = share
		}
	}
	return out
}
