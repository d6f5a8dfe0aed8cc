// Package history holds all requests of a case, link by link, for steps that read them from one
// end to the other: in memory, or in a temporary file where they are many.
//
// A [Group] is the requests of one link, or of whoever they are put together for; a stretch
// ([NextStretch]) those of a group that follow each other and are one visit; a [Batch] some
// groups that one goroutine works on. Inside, a section is some groups that are sorted
// together, and a buffer the memory that requests of a file are read into.
package history

import (
	"cmp"
	"context"
	"os"
	"sync"
	"sync/atomic"

	"ipdrift/detect/parallel"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/ingest/temp"
	"ipdrift/token"
)

// History is all requests of a case, link by link in the order of their hashes, which
// is the same in every run, and those of one link in the order of time. It is made
// once, and read from one end to the other by whoever asks for something of all
// links. It is in memory where that is enough for it, else in a temporary file.
type History struct {
	threads  int
	sizes    Sizes
	key      func(place, ident uint32) uint32 // what the groups are of; nil: of links
	same     func(f, o *Request) bool         // tells one visit; nil: each request is one
	Links    *spill.Array[Link]               // in the order of the history; the first stands for requests without a link
	Signed   *spill.Array[uint32]             // what they were signed for, once that is known: a client, or an address that was found; 0: nobody knows
	sections []section
	file     *os.File     // nil: in memory
	end      atomic.Int64 // of the file, in requests
	free     func()       // gives back what the sections are in that are in memory
	buffers  sync.Pool    // of *buffer
}

// New makes a history without requests and links, to be read on some goroutines. same tells whether two requests that follow
// each other are one visit; nil: no two are.
func New(threads int, sizes Sizes, same func(f, o *Request) bool) *History {
	return &History{threads: threads, sizes: sizes, same: same}
}

// Link is a row of table link: the hash of its token, when it expires, and its id.
type Link struct {
	Hash     uint64
	Deadline int64
	ID       uint32
}

// Request is one request. Its numbers but for Place are those of the tables.
type Request struct {
	Start                                    int64  // µs
	At                                       uint64 // source and line: no other request is there
	Place                                    uint32 // of its link, in the history
	Outcome, Client, Dir, File, Agent, Ident uint32
	Took                                     uint16 // as table packed has it; see ingest.EndOf
	Mark
	more uint8 // how many requests behind it are of the same visit without another between them
}

// Mark is what was ruled on a request; until then it is valid.
type Mark struct {
	Cause   uint8 // as table judged has it; 0: it was not refused
	Verdict token.Verdict
	Grounds Grounds
}

// Grounds are what a ruling rests on beside a hash.
type Grounds uint8

const (
	ByInference Grounds = 1 << iota // other requests alone
	ByMistake                       // of the signer
	ByLink                          // it names the address that it came from, or none
)

// Source is the number of the log that it stands in.
func (r *Request) Source() int { return ingest.SourceOf(r.At) }

// numberOf is the number of the group that a request is in.
func (h *History) numberOf(of *Request) uint32 {
	if h.key == nil {
		return of.Place
	}
	return h.key(of.Place, of.Ident)
}

func (r *Request) inTime(o *Request) int {
	return cmp.Or(cmp.Compare(r.Start, o.Start), cmp.Compare(r.At, o.At))
}

// section is the part of a history between two links.
type section struct {
	history  *History
	mu       sync.Mutex // while requests are added
	requests []Request  // if they are in memory
	blocks   []int64    // where in the file they are, sizes.Block each but for the last, in requests
	count    int
	groups   []Group // if all are in memory, and have many requests each
}

// manyEach is how many requests of a link there are, from which its place is remembered.
const manyEach = 8

// Load makes a history of some requests in groups with numbers below an end. Where
// it needs more than most bytes, it is in a file. expose puts in the requests, in any
// order; each of several goroutines that do so takes a loader, and gives it back.
func (h *History) Load(ctx context.Context, count int64, end int, most int64, expose func(loaders chan *Loader) error) (*History, error) {
	if count*RequestSize > most {
		var err error
		if h.file, err = temp.File("history-"); err != nil {
			h.Close()
			return nil, err
		}
	}
	n := min(h.sizes.Sections, max(1, int(count)/h.sizes.Section), max(1, end))
	width := (end + n - 1) / n
	h.reserve(n, int(count))
	loaders := make(chan *Loader, max(1, min(h.threads, mostLoaders)))
	for range cap(loaders) {
		loaders <- &Loader{history: h, width: max(1, width), blocks: make([][]Request, n)}
	}
	err := expose(loaders)
	if err == nil {
		err = h.drain(loaders)
	}
	if err == nil {
		err = parallel.Each(ctx, h.threads, len(h.sections), func(n int) error { return h.sections[n].arrange() })
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// reserve makes n empty sections for some requests.
func (h *History) reserve(n, count int) {
	h.sections = make([]section, n)
	each := count / n * 17 / 16 // what a section needs, most often; one with more goes to Go's heap
	var room []Request
	if h.file == nil {
		room, h.free = ingest.Outside[Request](n * each)
	}
	for i := range h.sections {
		h.sections[i].history = h
		if h.file == nil {
			h.sections[i].requests = room[i*each : i*each : (i+1)*each]
		}
	}
}

// Close ends a history. Its groups, and what they refer to, end with it.
func (h *History) Close() error {
	if h == nil {
		return nil
	}
	temp.Drop(h.file)
	if h.sections = nil; h.free != nil {
		h.free()
	}
	return cmp.Or(h.Links.Close(), h.Signed.Close())
}

// Regroup makes a history of some of the requests of another, those of some groups and
// of them some, in groups with other numbers, below an end.
func (h *History) Regroup(ctx context.Context, count int64, end int, most int64, key func(place, ident uint32) uint32, some func(*Group) bool, each func(*Request) bool) (*History, error) {
	to := &History{threads: h.threads, sizes: h.sizes, key: key, same: h.same}
	return to.Load(ctx, count, end, most, func(loaders chan *Loader) error {
		return parallel.Each(ctx, h.threads, len(h.sections), func(n int) error {
			l := <-loaders
			defer func() { loaders <- l }()
			return h.sections[n].batches(func(c Batch) error {
				defer c.Done()
				return l.copy(&c, some, each)
			})
		})
	})
}

// Alike tells whether two requests differ in the time and the path alone.
func (r *Request) Alike(o *Request) bool {
	return r.Place == o.Place && r.Outcome == o.Outcome && r.Client == o.Client && r.Agent == o.Agent && r.Ident == o.Ident &&
		r.Mark == o.Mark
}
