package history

import (
	"context"

	"ipdrift/detect/parallel"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// mostCounts is how many bytes the goroutines that lay a history may count in.
const mostCounts = 64 << 20

// Lay puts all requests of a case where they belong in memory: they are counted by
// link, and then each goes behind the last one of its link. Every goroutine has some
// of the pages.
func (h *History) Lay(ctx context.Context, count int, places *spill.Array[uint32], pages []fetch.Page) (*History, error) {
	var requests []Request
	requests, h.free = ingest.Outside[Request](count)
	counts := make([][]uint32, max(1, min(h.threads, len(pages), mostCounts/(4*h.Links.Len())))) // by goroutine: how many a link has; then where the next goes
	through := func(of func(ends []uint32, place uint32, e *Columns, i int)) error {
		return parallel.Each(ctx, len(counts), len(counts), func(n int) error {
			for _, p := range pages[n*len(pages)/len(counts) : (n+1)*len(pages)/len(counts)] {
				e := ColumnsOn(p)
				for i, link := range e.Links {
					of(counts[n], *places.At(link), &e, i)
				}
			}
			return nil
		})
	}
	for n := range counts {
		counts[n] = make([]uint32, h.Links.Len())
	}
	err := through(func(ends []uint32, place uint32, _ *Columns, _ int) { ends[place]++ })
	if err == nil {
		sum := uint32(0)
		for place := range h.Links.Len() {
			for n := range counts {
				sum, counts[n][place] = sum+counts[n][place], sum
			}
		}
		err = through(func(ends []uint32, place uint32, e *Columns, i int) {
			requests[ends[place]] = e.Request(i, place)
			ends[place]++
		})
	}
	if err == nil {
		err = h.divide(ctx, requests, counts[len(counts)-1])
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// divide makes sections of requests that are in the order of their links, and puts those of
// each link in order. ends is where those of each link end.
func (h *History) divide(ctx context.Context, requests []Request, ends []uint32) error {
	type part struct{ from, first, behind int } // of requests, and the links
	var parts []part
	last := part{}
	for i, end := range ends {
		if to := int(end); to-last.from >= h.sizes.Section || i == len(ends)-1 {
			last.behind = i + 1
			parts = append(parts, last)
			h.sections = append(h.sections, section{history: h, requests: requests[last.from:to:to], count: to - last.from})
			last = part{from: to, first: i + 1}
		}
	}
	return parallel.Each(ctx, h.threads, len(parts), func(n int) error {
		h.sections[n].settle(uint32(parts[n].from), parts[n].first, ends[parts[n].first:parts[n].behind])
		return nil
	})
}

// settle puts the requests of each link in order. ends is where those of the links from
// first on end, among all of which those of the section begin at from.
func (s *section) settle(from uint32, first int, ends []uint32) {
	scratch := s.history.buffer()
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
		sortByTime(s.requests[at:end], scratch)
		s.history.countStretches(s.requests[at:end])
		n++
	})
	if n*manyEach > len(s.requests) {
		return
	}
	s.groups = make([]Group, 0, n)
	each(func(place uint32, at, end int) {
		s.groups = append(s.groups, s.group(place, s.requests[at:end:end], at, end))
	})
}
