package detect

import (
	"context"

	"ipdrift/detect/history"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// makeHistory makes the history of the case, whose links are listed: of the requests
// as the reader still has them, or as they are in the database.
func (a *analysis) makeHistory(ctx context.Context, f *history.History, places *spill.Array[uint32]) (*history.History, error) {
	requests, hits := a.loaded.Requests, a.loaded.Hits
	defer hits.Drop()
	pages, held := hits.Pages()
	held = held && !a.changed && requests*history.RequestSize <= a.Room
	var err error
	if a.asks, err = a.asksAgain(ctx); err == nil && (a.asks || !held) {
		a.store.WriteAside(hits.HandOver())
	}
	if err == nil && !held {
		err = a.store.Settled(ctx)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	if held {
		return f.Lay(ctx, int(requests), places, pages)
	}
	hits.Drop()
	defer ingest.Trim() // results of the database leave holes
	return f.Load(ctx, requests, f.Links.Len(), a.Room, func(loaders chan *history.Loader) error { return a.readRequests(ctx, places, loaders) })
}

// asksAgain reports whether a later step looks for requests there: for who is one user.
func (a *analysis) asksAgain(ctx context.Context) (bool, error) {
	if a.stated() {
		return true, nil
	}
	shared, err := a.listShared(ctx)
	return shared || a.issuedToMany(), err
}

// readRequests reads the requests of the case.
func (a *analysis) readRequests(ctx context.Context, places *spill.Array[uint32], loaders chan *history.Loader) error {
	return a.store.ScanHits(ctx, a.conn, a.Threads, func(p fetch.Page) error {
		l := <-loaders
		defer func() { loaders <- l }()
		e := history.ColumnsOn(p)
		for i, link := range e.Links {
			if err := l.Put(e.Request(i, *places.At(link))); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// readGrains reads how exactly each source knows the time.
func (a *analysis) readGrains(ctx context.Context) error {
	return fetch.Each(ctx, a.conn, `SELECT id, grain FROM source ORDER BY id`, func(scan fetch.Scan) error {
		var id uint32
		var grain int64
		err := scan(&id, &grain)
		a.grains = reach(a.grains, id) // ids of sources that were left out are missing
		a.grains[id] = grain
		return err
	})
}
