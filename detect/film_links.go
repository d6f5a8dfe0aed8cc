package detect

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"ipdrift/detect/parallel"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
)

// listLinks lists the links of the case in their order, and gives each id its place. They take
// so many bytes of memory at most.
func (f *film) listLinks(ctx context.Context, conn *sql.Conn, most int64) (places *spill.Array[uint32], err error) {
	last, err := ingest.LastID(ctx, conn, "link")
	if err != nil {
		return nil, err
	}
	var links int
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM link`).Scan(&links); err != nil {
		return nil, err
	}
	if f.links, err = spill.New[reference](links+1, most/2); err != nil {
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
	if f.links.Held() == nil {
		err = f.sortLinks(ctx, each)
	} else {
		n := 0
		if err = each(func(l reference) error {
			n++
			f.links.Held()[n] = l
			return nil
		}); err == nil {
			err = sortLinks(ctx, f.threads, f.links.Held()[1:])
		}
	}
	if err != nil {
		return nil, err
	}
	return f.placeLinks(last, most/4)
}

// placesAtOnce is how many ids get their places at once. A test has fewer.
var placesAtOnce = 4 << 20

// placeLinks gives each id of a link its place.
func (f *film) placeLinks(last int, most int64) (places *spill.Array[uint32], err error) {
	if places, err = spill.New[uint32](last+1, most); err != nil {
		return nil, err
	}
	some := places.Held()
	if some == nil {
		some = make([]uint32, min(placesAtOnce, last+1))
	}
	for first := 0; first <= last; first += len(some) {
		clear(some)
		if err := f.links.Parts(func(place uint32, links []reference) error {
			for i := range links {
				if n := int(links[i].link) - first; n >= 0 && n < len(some) {
					some[n] = place + uint32(i)
				}
			}
			return nil
		}); err != nil {
			return places, err
		}
		if err := places.Put(first, some[:min(len(some), last+1-first)]); err != nil {
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
	var fillers [linkBuckets]*spill.Filler[reference]
	sum := 1
	for i := range ends {
		next[i], sum = sum, sum+ends[i]
		ends[i] = sum
		fillers[i] = f.links.Filler()
	}
	starts := next
	if err := each(func(l reference) error {
		at := l.hash >> shift
		next[at]++
		return fillers[at].Put(next[at]-1, l)
	}); err != nil {
		return err
	}
	return parallel.Each(ctx, f.threads, linkBuckets, func(n int) error {
		if err := fillers[n].Done(); err != nil {
			return err
		}
		links := make([]reference, ends[n]-starts[n])
		if err := f.links.Get(starts[n], links); err != nil {
			return err
		}
		slices.SortFunc(links, reference.inOrder)
		return f.links.Put(starts[n], links)
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
	return parallel.Each(ctx, threads, len(ends), func(n int) error {
		slices.SortFunc(links[starts[n]:ends[n]], reference.inOrder)
		return nil
	})
}
