package detect

import (
	"context"

	"ipdrift/detect/parallel"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
)

// mostCounts is how many bytes the goroutines that lay a film may count in.
const mostCounts = 64 << 20

// lay puts all requests of a case where they belong in memory: they are counted by
// link, and then each goes behind the last one of its link. Every goroutine has some
// of the pages.
func (f *film) lay(ctx context.Context, requests int, places *spill.Array[uint32], pages []ingest.Page) (*film, error) {
	var frames []frame
	frames, f.free = ingest.Outside[frame](requests)
	counts := make([][]uint32, max(1, min(f.threads, len(pages), mostCounts/(4*f.links.Len())))) // by goroutine: how many a link has; then where the next goes
	through := func(of func(ends []uint32, place uint32, e *exposures, i int)) error {
		return parallel.Each(ctx, len(counts), len(counts), func(n int) error {
			for _, p := range pages[n*len(pages)/len(counts) : (n+1)*len(pages)/len(counts)] {
				e := exposuresOn(p)
				for i, link := range e.links {
					of(counts[n], *places.At(link), &e, i)
				}
			}
			return nil
		})
	}
	for n := range counts {
		counts[n] = make([]uint32, f.links.Len())
	}
	err := through(func(ends []uint32, place uint32, _ *exposures, _ int) { ends[place]++ })
	if err == nil {
		sum := uint32(0)
		for place := range f.links.Len() {
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
	return parallel.Each(ctx, f.threads, len(parts), func(n int) error {
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
