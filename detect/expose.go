package detect

import (
	"context"

	"ipdrift/ingest"
	"ipdrift/token"
)

// makeFilm makes the film of the case, whose links are listed: of the requests
// as the reader still has them, or as they are in the database.
func (a *analysis) makeFilm(ctx context.Context, f *film, places *shelf[uint32]) (*film, error) {
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
	return f.make(ctx, requests, f.links.n, a.Room, func(loaders chan *loader) error { return a.expose(ctx, places, loaders) })
}

// asksAgain tells whether a later step looks for requests there: for who is one user.
func (a *analysis) asksAgain(ctx context.Context) (bool, error) {
	if a.stated() {
		return true, nil
	}
	return a.listShared(ctx)
}

// exposures are the requests on a page.
type exposures struct {
	places                                                []uint64
	starts                                                []ingest.Micros
	outcomes, links, clients, dirs, files, agents, idents []uint32
}

func exposuresOn(p ingest.Page) exposures {
	return exposures{p.U64(0), p.Micros(1), p.U32(2), p.U32(3), p.U32(4), p.U32(5), p.U32(6), p.U32(7), p.U32(8)}
}

// frame is one of them, with the place of its link in the film.
func (e *exposures) frame(i int, place uint32) frame {
	return frame{
		start: int64(e.starts[i]), at: e.places[i], place: place, outcome: e.outcomes[i],
		client: e.clients[i], dir: e.dirs[i], file: e.files[i], agent: e.agents[i], ident: e.idents[i], mark: mark{verdict: token.Valid},
	}
}

// expose reads the requests of the case.
func (a *analysis) expose(ctx context.Context, places *shelf[uint32], loaders chan *loader) error {
	return a.store.ScanHits(ctx, a.conn, a.Threads, func(p ingest.Page) error {
		l := <-loaders
		defer func() { loaders <- l }()
		e := exposuresOn(p)
		for i, link := range e.links {
			if err := l.put(e.frame(i, *places.at(link))); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
}

// mostCounts is how many bytes the goroutines that lay a film may count in.
const mostCounts = 64 << 20

// lay puts all requests of a case where they belong in memory: they are counted by
// link, and then each goes behind the last one of its link. Every goroutine has some
// of the pages.
func (f *film) lay(ctx context.Context, requests int, places *shelf[uint32], pages []ingest.Page) (*film, error) {
	var frames []frame
	frames, f.free = ingest.Outside[frame](requests)
	counts := make([][]uint32, max(1, min(f.threads, len(pages), mostCounts/(4*f.links.n)))) // by goroutine: how many a link has; then where the next goes
	through := func(of func(ends []uint32, place uint32, e *exposures, i int)) error {
		return inParallel(ctx, len(counts), len(counts), func(n int) error {
			for _, p := range pages[n*len(pages)/len(counts) : (n+1)*len(pages)/len(counts)] {
				e := exposuresOn(p)
				for i, link := range e.links {
					of(counts[n], *places.at(link), &e, i)
				}
			}
			return nil
		})
	}
	for n := range counts {
		counts[n] = make([]uint32, f.links.n)
	}
	err := through(func(ends []uint32, place uint32, _ *exposures, _ int) { ends[place]++ })
	if err == nil {
		sum := uint32(0)
		for place := range f.links.n {
			for n := range counts {
				sum, counts[n][place] = sum+counts[n][place], sum
			}
		}
		err = through(func(ends []uint32, place uint32, e *exposures, i int) {
			frames[ends[place]] = e.frame(i, place)
			ends[place]++
		})
	}
	if err == nil {
		err = f.wind(ctx, frames, counts[len(counts)-1])
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// wind winds frames that are in the order of their links on rolls, and puts those of
// each link in order. ends is where those of each link end.
func (f *film) wind(ctx context.Context, frames []frame, ends []uint32) error {
	type part struct{ from, first, behind int } // of frames, and the links
	var parts []part
	last := part{}
	for i, end := range ends {
		if to := int(end); to-last.from >= rollFrames || i == len(ends)-1 {
			last.behind = i + 1
			parts = append(parts, last)
			f.rolls = append(f.rolls, roll{film: f, frames: frames[last.from:to:to], count: to - last.from})
			last = part{from: to, first: i + 1}
		}
	}
	return inParallel(ctx, f.threads, len(parts), func(n int) error {
		f.rolls[n].settle(uint32(parts[n].from), parts[n].first, ends[parts[n].first:parts[n].behind])
		return nil
	})
}

// settle puts the frames of each link in order. ends is where those of the links from
// first on end, among all of which those of the roll begin at from.
func (r *roll) settle(from uint32, first int, ends []uint32) {
	scratch := r.film.spool()
	defer scratch.done()
	each := func(do func(place uint32, at, end int)) {
		at := 0
		for i, end := range ends {
			if end := int(end - from); end > at {
				do(uint32(first+i), at, end)
				at = end
			}
		}
	}
	n := 0
	each(func(_ uint32, at, end int) {
		sortByTime(r.frames[at:end], scratch)
		r.film.countTakes(r.frames[at:end])
		n++
	})
	if n*manyEach > len(r.frames) {
		return
	}
	r.strips = make([]strip, 0, n)
	each(func(place uint32, at, end int) {
		r.strips = append(r.strips, r.strip(place, r.frames[at:end:end], at, end))
	})
}
