package detect

import (
	"context"

	"ipdrift/detect/spill"
	"ipdrift/ingest"
)

// makeFilm makes the film of the case, whose links are listed: of the requests
// as the reader still has them, or as they are in the database.
func (a *analysis) makeFilm(ctx context.Context, f *film, places *spill.Array[uint32]) (*film, error) {
	requests, hits := a.loaded.Requests, a.loaded.Hits
	defer hits.Drop()
	pages, held := hits.Pages()
	held = held && !a.changed && requests*frameSize <= a.Room
	var err error
	if a.asks, err = a.asksAgain(ctx); err == nil && (a.asks || !held) {
		a.store.WriteAside(hits.HandOver())
	}
	if err == nil && !held {
		err = a.store.Settled(ctx)
	}
	if err != nil {
		f.close()
		return nil, err
	}
	if held {
		return f.lay(ctx, int(requests), places, pages)
	}
	hits.Drop()
	defer ingest.Trim() // results of the database leave holes
	return f.make(ctx, requests, f.links.Len(), a.Room, func(loaders chan *loader) error { return a.expose(ctx, places, loaders) })
}

// asksAgain tells whether a later step looks for requests there: for who is one user.
func (a *analysis) asksAgain(ctx context.Context) (bool, error) {
	if a.stated() {
		return true, nil
	}
	return a.listShared(ctx)
}

// expose reads the requests of the case.
func (a *analysis) expose(ctx context.Context, places *spill.Array[uint32], loaders chan *loader) error {
	return a.store.ScanHits(ctx, a.conn, a.Threads, func(p ingest.Page) error {
		l := <-loaders
		defer func() { loaders <- l }()
		e := exposuresOn(p)
		for i, link := range e.links {
			if err := l.put(e.frame(i, *places.At(link))); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}
