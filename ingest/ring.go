package ingest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"ipdrift/ingest/fetch"
)

// renumber gives the keys that the case that grows knows of each host the numbers that they have among those of this
// run; those that are not given any more come behind. What is kept of a key is a keyed hash.
func (l *load) renumber(ctx context.Context) error {
	l.rings = map[string][]uint64{}
	before := map[string][]uint64{}
	if err := fetch.Each(ctx, l.store.DB, `SELECT host, hash FROM ipdrift_old.ring ORDER BY host, key`, func(scan fetch.Scan) error {
		var host string
		var hash uint64
		err := scan(&host, &hash)
		before[host] = append(before[host], hash)
		return err
	}); err != nil {
		return err
	}
	for host, old := range before {
		ring, moved := l.ringOf(host), ""
		for from, hash := range old {
			to := slices.Index(ring, hash)
			if to < 0 || hash == 0 {
				to = min(len(ring), NoKey-1)
				ring = append(ring[:to], hash)
			}
			if to != from {
				moved += fmt.Sprintf(" WHEN %d THEN %d", from, to)
			}
		}
		l.rings[host] = ring
		if moved == "" {
			continue
		}
		if _, err := l.store.DB.ExecContext(ctx, `UPDATE outcome SET key = CASE key`+moved+` ELSE key END WHERE matched AND host = ?`, host); err != nil {
			return err
		}
	}
	return nil
}

// ringOf hashes the keys of this run for a host; 0: of one that no later run knows again.
func (l *load) ringOf(host string) (ring []uint64) {
	for _, k := range l.Keys.For([]byte(HostAsked(host, l.Resources, l.Keys, l.Pseudonyms))) {
		hash := uint64(0)
		if secret, ok := k.Derive("ipdrift: tells keys apart"); ok {
			hash = l.idKey.hash(nil, 0, nil, secret[:])
		}
		ring = append(ring, hash)
	}
	return ring
}

// keepRings writes down which keys the numbers mean that outcomes have.
func (l *load) keepRings(ctx context.Context) error {
	rows, err := l.store.Rows("ring")
	if err != nil || !l.store.Kept() {
		return err
	}
	if err := fetch.Each(ctx, l.store.DB, `SELECT DISTINCT host FROM outcome WHERE matched ORDER BY host`, func(scan fetch.Scan) error {
		var host string
		err := scan(&host)
		ring, known := l.rings[host]
		if !known {
			ring = l.ringOf(host)
		}
		for key, hash := range ring {
			err = cmp.Or(err, rows.Append(ctx, host, uint8(key), hash))
		}
		return err
	}); err != nil {
		return err
	}
	return rows.Flush(ctx)
}
