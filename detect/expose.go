package detect

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

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

// listLinks lists the links in their order, and gives each id its place.
func (a *analysis) listLinks(ctx context.Context, conn *sql.Conn, f *film) (places *shelf[uint32], err error) {
	last, err := ingest.LastID(ctx, conn, "link")
	if err != nil {
		return nil, err
	}
	var links int
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM link`).Scan(&links); err != nil {
		return nil, err
	}
	if f.links, err = newShelf[reference](links+1, a.Room/2); err != nil {
		return nil, err
	}
	each := func(do func(reference) error) error {
		return ingest.ScanEntries(ctx, conn, "link", `id, hash, deadline`, last, func(p ingest.Page) error {
			hashes, deadlines := p.U64(1), p.I64(2)
			for i, id := range p.U32(0) {
				if err := do(reference{hash: hashes[i], deadline: deadlines[i], link: id}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if f.links.all == nil {
		err = f.sortLinks(ctx, each)
	} else {
		n := 0
		if err = each(func(l reference) error {
			n++
			f.links.all[n] = l
			return nil
		}); err == nil {
			err = sortLinks(ctx, a.Threads, f.links.all[1:])
		}
	}
	if err != nil {
		return nil, err
	}
	return a.placeLinks(f, last)
}

// placesAtOnce is how many ids get their places at once. A test has fewer.
var placesAtOnce = 4 << 20

// placeLinks gives each id of a link its place.
func (a *analysis) placeLinks(f *film, last int) (places *shelf[uint32], err error) {
	if places, err = newShelf[uint32](last+1, a.Room/4); err != nil {
		return nil, err
	}
	some := places.all
	if some == nil {
		some = make([]uint32, min(placesAtOnce, last+1))
	}
	for first := 0; first <= last; first += len(some) {
		clear(some)
		if err := f.links.parts(func(place uint32, links []reference) error {
			for i := range links {
				if n := int(links[i].link) - first; n >= 0 && n < len(some) {
					some[n] = place + uint32(i)
				}
			}
			return nil
		}); err != nil {
			return places, err
		}
		if err := places.put(first, some[:min(len(some), last+1-first)]); err != nil {
			return places, err
		}
	}
	return places, nil
}

// linkBuckets are what links are sorted in that are in a file.
const linkBuckets = 1 << 8

// sortLinks puts links into the file, by the first byte of their hashes, and then sorts
// those of each.
func (f *film) sortLinks(ctx context.Context, each func(func(reference) error) error) error {
	const shift = 64 - 8
	var next, ends [linkBuckets]int
	if err := each(func(l reference) error {
		ends[l.hash>>shift]++
		return nil
	}); err != nil {
		return err
	}
	var fillers [linkBuckets]*filler[reference]
	sum := 1
	for i := range ends {
		next[i], sum = sum, sum+ends[i]
		ends[i] = sum
		fillers[i] = f.links.filler()
	}
	starts := next
	if err := each(func(l reference) error {
		at := l.hash >> shift
		next[at]++
		return fillers[at].put(next[at]-1, l)
	}); err != nil {
		return err
	}
	return inParallel(ctx, f.threads, linkBuckets, func(n int) error {
		if err := fillers[n].done(); err != nil {
			return err
		}
		links := make([]reference, ends[n]-starts[n])
		if err := f.links.get(starts[n], links); err != nil {
			return err
		}
		slices.SortFunc(links, reference.inOrder)
		return f.links.put(starts[n], links)
	})
}

func (l reference) inOrder(o reference) int {
	if l.hash != o.hash {
		return cmp.Compare(l.hash, o.hash)
	}
	return cmp.Compare(l.link, o.link)
}

// sortLinks sorts by hash and id: where they are, by the first byte of the hash (McIlroy
// and others, "Engineering radix sort", 1993), then by all of it.
func sortLinks(ctx context.Context, threads int, links []reference) error {
	const shift = 64 - 8
	var next, ends [1 << 8]int
	for i := range links {
		ends[links[i].hash>>shift]++
	}
	for i, sum := 0, 0; i < len(ends); i++ {
		next[i], sum = sum, sum+ends[i]
		ends[i] = sum
	}
	starts := next
	for i := range next {
		for next[i] < ends[i] {
			if to := links[next[i]].hash >> shift; int(to) != i {
				links[next[i]], links[next[to]] = links[next[to]], links[next[i]]
				next[to]++
			} else {
				next[i]++
			}
		}
	}
	return inParallel(ctx, threads, len(ends), func(n int) error {
		slices.SortFunc(links[starts[n]:ends[n]], reference.inOrder)
		return nil
	})
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
