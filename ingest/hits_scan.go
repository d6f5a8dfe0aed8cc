package ingest

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"ipdrift/ingest/fetch"
)

// hitParts are conditions that take the requests apart, into some rows each, about: lines of
// one source, or some sources. The database finds a part without reading all others, as
// it does not by rowid.
func hitParts(ctx context.Context, conn *sql.Conn, rows int64) (parts []string, err error) {
	var from, to int // sources that are a part together
	var held int64
	end := func() {
		if held > 0 {
			parts = append(parts, fmt.Sprintf(`at BETWEEN %d AND %d`, placeOf(from, 0), placeOf(to+1, 0)-1))
		}
		held = 0
	}
	err = fetch.Each(ctx, conn, `SELECT source, min(line), max(line), count(*) FROM hit GROUP BY source ORDER BY source`, func(scan fetch.Scan) error {
		var source int
		var first, last, n int64
		if err := scan(&source, &first, &last, &n); err != nil {
			return err
		}
		if held+n > rows {
			end()
		}
		if n <= rows {
			if held == 0 {
				from = source
			}
			to, held = source, held+n
			return nil
		}
		step := rows * max(1, (last-first+1)/n) // a source may have other lines than those of requests
		for ; first <= last; first += step {
			parts = append(parts, fmt.Sprintf(`at BETWEEN %d AND %d`, placeOf(source, first), placeOf(source, min(first+step-1, last))))
		}
		return nil
	})
	end()
	return parts, err
}

// ScanHits hands on the requests on several connections: page by page in any order, and f is
// called by several goroutines at once. Columns are those of table packed, and then client,
// dir, file, agent, ident and took, of the last.
func (s *Store) ScanHits(ctx context.Context, conn *sql.Conn, threads int, f func(fetch.Page) error) error {
	pages, err := hitParts(ctx, conn, fetch.PageRows)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range threads {
		g.Go(func() error {
			conn, err := s.DB.Conn(ctx)
			if err != nil {
				return err
			}
			defer conn.Close()
			for page := next.Add(1) - 1; page < int64(len(pages)); page = next.Add(1) - 1 {
				if err := fetch.OnePage(ctx, conn, `SELECT at, start, outcome, link, rest.client, rest.dir, rest.file, rest.agent, rest.ident, rest.took FROM packed WHERE `+pages[page], f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}
