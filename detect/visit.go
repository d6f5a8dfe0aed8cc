package detect

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"ipdrift/detect/client"
	"ipdrift/detect/history"
	"ipdrift/token"
)

// visit is the requests of one link by one user that are alike. Where there is no link, all else is 0
// except the outcome.
type visit struct {
	*outcome
	key
	client.Stored         // address of the client
	n, first, final int64 // requests, and when, µs
}

// key is what the requests of a visit have in common.
type key struct {
	id                              uint32 // of the outcome
	agent, ident, client, dir, file uint32 // file: 0 where the hash holds whatever it is
}

// visited is a link with its visits, in the order of their addresses.
type visited struct {
	history.Link // zero: requests without one
	visits       []visit
}

func (l *visited) host() *host { return l.visits[0].host }

// grouped is some links with their visits, in memory that is used again for others.
type grouped struct {
	links  []visited
	visits []visit // of links
	index  index
}

// eachLink hands on all links with their visits, in the order of the history. f must not keep them.
func (a *analysis) eachLink(ctx context.Context, f func(*visited)) error {
	spare := sync.Pool{New: func() any { return &grouped{} }}
	return history.Pass(ctx, a.Threads, a.history.Batches,
		func(c *history.Batch) (*grouped, error) {
			g := spare.Get().(*grouped)
			return g, g.fill(a, c)
		},
		func(g *grouped) error {
			defer spare.Put(g)
			for i := range g.links {
				f(&g.links[i])
			}
			return nil
		})
}

// fill groups the requests of some links into visits.
func (g *grouped) fill(a *analysis, c *history.Batch) error {
	g.empty()
	a.clients.Fetch(c)
	for i := range c.Groups {
		if err := g.add(a, &c.Groups[i]); err != nil {
			return err
		}
	}
	return nil
}

func (g *grouped) empty() { g.links, g.visits = g.links[:0], g.visits[:0] }

// add groups the requests of a link.
func (g *grouped) add(a *analysis, s *history.Group) error {
	from := len(g.visits)
	g.index.reset()
	if err := s.Parts(func(requests []history.Request) error {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			f := &t[0]
			k := a.keyOf(f)
			n, fresh := g.index.number(k)
			if fresh {
				g.visits = append(g.visits, a.visit(k, f))
			}
			v := &g.visits[from+n]
			v.n += int64(len(t))
			v.first, v.final = min(v.first, f.Start), max(v.final, t[len(t)-1].Start)
		}
		return nil
	}); err != nil {
		return err
	}
	of := g.visits[from:len(g.visits):len(g.visits)]
	slices.SortFunc(of, inOrderOfAddress)
	g.links = append(g.links, visited{Link: *s.Link, visits: of})
	return nil
}

func (a *analysis) visit(k key, f *history.Request) visit {
	return visit{outcome: a.outcomes[k.id], key: k, Stored: a.clients.Of(k.client), first: f.Start, final: f.Start}
}

// keyOf returns what requests have in common that belong to one visit.
func (a *analysis) keyOf(f *history.Request) key {
	if f.Place == 0 {
		return key{id: f.Outcome}
	}
	k := key{id: f.Outcome, agent: f.Agent, client: f.Client, dir: f.Dir, file: a.fileOf(f)}
	if a.stated() {
		k.ident = f.Ident
	}
	return k
}

// sameVisit reports whether two requests have the same key, and are of one link.
func (a *analysis) sameVisit(f, o *history.Request) bool {
	return f.Place == o.Place && f.Outcome == o.Outcome && f.Client == o.Client && f.Dir == o.Dir && f.Agent == o.Agent && f.Ident == o.Ident &&
		(f.File == o.File || a.fileOf(f) == 0)
}

// fileOf returns the file that a request with a link asked for; 0 where the hash holds whatever the file.
func (a *analysis) fileOf(f *history.Request) uint32 {
	if o := a.outcomes[f.Outcome]; o.Matched && o.How.Scope != token.ScopeFile {
		return 0
	}
	return f.File
}

// index numbers keys in the order in which they come, from 0.
type index struct {
	slots []int32 // hash table of numbers, counted from 1
	keys  []key
}

func (x *index) reset() {
	if cap(x.slots) == 0 {
		x.slots = make([]int32, 0, 64)
	}
	x.slots = x.slots[:16]
	clear(x.slots)
	x.keys = x.keys[:0]
}

// number gives a key its number; fresh reports whether the key is new.
func (x *index) number(k key) (n int, fresh bool) {
	if last := len(x.keys) - 1; last >= 0 && x.keys[last] == k {
		return last, false
	}
	at := x.slot(k)
	if n := x.slots[at]; n > 0 {
		return int(n) - 1, false
	}
	x.keys = append(x.keys, k)
	x.slots[at] = int32(len(x.keys))
	if 2*len(x.keys) > len(x.slots) {
		x.grow()
	}
	return len(x.keys) - 1, true
}

func (x *index) slot(k key) int {
	mask := len(x.slots) - 1
	at := int(k.hash()>>32) & mask
	for x.slots[at] > 0 && x.keys[x.slots[at]-1] != k {
		at = (at + 1) & mask
	}
	return at
}

func (x *index) grow() {
	size := 4 * len(x.slots)
	if cap(x.slots) < size {
		x.slots = make([]int32, size)
	}
	x.slots = x.slots[:size]
	clear(x.slots)
	for i, k := range x.keys {
		x.slots[x.slot(k)] = int32(i + 1)
	}
}

func (k key) hash() uint64 {
	const odd = 0x9e3779b97f4a7c15
	h := (uint64(k.file)<<32 | uint64(k.id)) * odd
	h = (h ^ h>>29 ^ uint64(k.client)<<32 ^ uint64(k.agent)) * odd
	h = (h ^ h>>29 ^ uint64(k.dir)<<32 ^ uint64(k.ident)) * odd
	return h ^ h>>32
}

// inOrderOfAddress orders visits such that those of one kind stand together.
func inOrderOfAddress(x, y visit) int {
	return cmp.Or(cmp.Compare(x.Hi, y.Hi), cmp.Compare(x.Lo, y.Lo), cmp.Compare(x.id, y.id), cmp.Compare(x.dir, y.dir), cmp.Compare(x.file, y.file),
		cmp.Compare(x.client, y.client), cmp.Compare(x.agent, y.agent), cmp.Compare(x.ident, y.ident))
}

// sameKind reports whether two visits differ in nothing but the user.
func (v *visit) sameKind(w *visit) bool {
	return v.id == w.id && v.client == w.client && v.dir == w.dir && v.file == w.file
}
