package pages

import (
	"context"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/fetch"
)

// mark is what came from a network in one step of time.
type mark struct {
	network         string
	networks        int64 // in all
	low, width      int64 // of the whole time, in µs
	at              int
	served, refused int64
}

// lanes shows a timeline in steps of equal length.
func (r *Reader) lanes(ctx context.Context, table string, steps, most int) (finding.Lanes, error) {
	var out finding.Lanes
	marks, err := read(ctx, r.conn, `WITH r AS (SELECT start, refused, client FROM temp.`+table+`),
		t AS (SELECT start, refused, CASE WHEN (SELECT count(DISTINCT client) FROM r) <= ? THEN c.address WHEN c.family = 4 THEN regexp_replace(c.address, '[0-9]+$', '0') || '/24'
				ELSE printf('%x:%x:%x:%x::/64', c.hi >> 48, c.hi >> 32 & 65535, c.hi >> 16 & 65535, c.hi & 65535) END AS network
			FROM r JOIN clients c ON c.id = client),
		n AS (SELECT network, min(start) AS first, row_number() OVER (ORDER BY count(*) DESC, min(start), network) AS rank, count(*) OVER () AS networks FROM t GROUP BY network),
		span AS (SELECT epoch_us(min(start)) AS low, greatest(epoch_us(max(start)) - epoch_us(min(start)), 1) AS width FROM t)
		SELECT n.network, n.networks, low, width, least((epoch_us(t.start) - low) * ? // width, ?)::INTEGER AS at, count(*) FILTER (NOT refused), count(*) FILTER (refused)
		FROM t JOIN n USING (network), span WHERE n.rank <= ? GROUP BY n.network, n.networks, n.first, low, width, at ORDER BY n.first, n.network, at`,
		func(scan fetch.Scan) (m mark, err error) {
			return m, scan(&m.network, &m.networks, &m.low, &m.width, &m.at, &m.served, &m.refused)
		}, most, steps-1, steps-1, most)
	if err != nil {
		return out, err
	}
	for _, m := range marks {
		if n := len(out.Lanes); n == 0 || out.Lanes[n-1].Network != m.network {
			out.Lanes = append(out.Lanes, finding.Lane{Network: m.network, Served: make([]int64, steps), Refused: make([]int64, steps)})
		}
		lane := &out.Lanes[len(out.Lanes)-1]
		lane.Requests += m.served + m.refused
		lane.Served[m.at], lane.Refused[m.at] = m.served, m.refused
		out.From, out.To = time.UnixMicro(m.low).UTC(), time.UnixMicro(m.low+m.width).UTC()
		out.More = max(0, m.networks-int64(most))
	}
	return out, nil
}
