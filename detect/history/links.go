package history

import (
	"cmp"
	"context"
	"database/sql"
	"slices"

	"ipdrift/detect/parallel"
	"ipdrift/detect/spill"
	"ipdrift/ingest/fetch"
)

// ListLinks lists the links of the case in their order, and gives each id its place. They take
// so many bytes of memory at most.
func (h *History) ListLinks(ctx context.Context, conn *sql.Conn, most int64) (places *spill.Array[uint32], err error) {
	last, err := fetch.LastID(ctx, conn, "link")
	if err != nil {
		return nil, err
	}
	var links int
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM link`).Scan(&links); err != nil {
		return nil, err
	}
	if h.Links, err = spill.New[Link](links+1, most/2); err != nil {
		return nil, err
	}
	each := func(do func(Link) error) error {
		return fetch.Entries(ctx, conn, "link", `id, hash, deadline`, last, func(p fetch.Page) error {
			hashes, deadlines := p.U64(1), p.I64(2)
			for i, id := range p.U32(0) {
				if err := do(Link{Hash: hashes[i], Deadline: deadlines[i], ID: id}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if h.Links.Held() == nil {
		err = h.sortLinksInFile(ctx, each)
	} else {
		n := 0
		if err = each(func(l Link) error {
			n++
			h.Links.Held()[n] = l
			return nil
		}); err == nil {
			err = sortLinks(ctx, h.threads, h.Links.Held()[1:])
		}
	}
	if err != nil {
		return nil, err
	}
	return h.placeLinks(last, most/4)
}

// placesAtOnce is how many ids get their places at once. A test has fewer.
var placesAtOnce = 4 << 20

// placeLinks gives each id of a link its place.
func (h *History) placeLinks(last int, most int64) (places *spill.Array[uint32], err error) {
	if places, err = spill.New[uint32](last+1, most); err != nil {
		return nil, err
	}
	some := places.Held()
	if some == nil {
		some = make([]uint32, min(placesAtOnce, last+1))
	}
	for first := 0; first <= last; first += len(some) {
		clear(some)
		if err := h.Links.Parts(func(place uint32, links []Link) error {
			for i := range links {
				if n := int(links[i].ID) - first; n >= 0 && n < len(some) {
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

// linkBuckets is how many buckets links are sorted in, by the first byte of their hashes.
const linkBuckets = 1 << 8

func (l *Link) bucket() int { return int(l.Hash >> (64 - 8)) }

// sortLinksInFile puts links into the file, bucket by bucket, and then sorts
// those of each.
func (h *History) sortLinksInFile(ctx context.Context, each func(func(Link) error) error) error {
	var next, ends [linkBuckets]int
	if err := each(func(l Link) error {
		ends[l.bucket()]++
		return nil
	}); err != nil {
		return err
	}
	var fillers [linkBuckets]*spill.Filler[Link]
	sum := 1
	for i := range ends {
		next[i], sum = sum, sum+ends[i]
		ends[i] = sum
		fillers[i] = h.Links.Filler()
	}
	starts := next
	if err := each(func(l Link) error {
		at := l.bucket()
		next[at]++
		return fillers[at].Put(next[at]-1, l)
	}); err != nil {
		return err
	}
	return parallel.Each(ctx, h.threads, linkBuckets, func(n int) error {
		if err := fillers[n].Done(); err != nil {
			return err
		}
		links := make([]Link, ends[n]-starts[n])
		if err := h.Links.Get(starts[n], links); err != nil {
			return err
		}
		slices.SortFunc(links, Link.inOrder)
		return h.Links.Put(starts[n], links)
	})
}

func (l Link) inOrder(o Link) int {
	if l.Hash != o.Hash {
		return cmp.Compare(l.Hash, o.Hash)
	}
	return cmp.Compare(l.ID, o.ID)
}

// sortLinks sorts by hash and id: where they are, into buckets (McIlroy
// and others, "Engineering radix sort", 1993), then those of each.
func sortLinks(ctx context.Context, threads int, links []Link) error {
	var next, ends [linkBuckets]int
	for i := range links {
		ends[links[i].bucket()]++
	}
	for i, sum := 0, 0; i < len(ends); i++ {
		next[i], sum = sum, sum+ends[i]
		ends[i] = sum
	}
	starts := next
	for i := range next {
		for next[i] < ends[i] {
			if to := links[next[i]].bucket(); to != i {
				links[next[i]], links[next[to]] = links[next[to]], links[next[i]]
				next[to]++
			} else {
				next[i]++
			}
		}
	}
	return parallel.Each(ctx, threads, len(ends), func(n int) error {
		slices.SortFunc(links[starts[n]:ends[n]], Link.inOrder)
		return nil
	})
}
