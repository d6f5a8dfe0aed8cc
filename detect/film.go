package detect

import (
	"cmp"
	"context"
	"os"
	"sync"
	"sync/atomic"

	"ipdrift/detect/parallel"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/token"
)

// film is all requests of a case, link by link in the order of their hashes, which
// is the same in every run, and those of one link in the order of time. It is made
// once, and read from one end to the other by whoever asks for something of all
// links. It is in memory where that is enough for it, else in a temporary file.
type film struct {
	threads int
	key     func(place, ident uint32) uint32 // what the strips are of; nil: of links
	same    func(f, o *frame) bool           // tells one visit; nil: each request is one
	links   *spill.Array[reference]          // in the order of the film; the first stands for requests without a link
	signed  *spill.Array[uint32]             // what they were signed for, once that is known: a client, or an address that was found; 0: nobody knows
	rolls   []roll
	file    *os.File     // nil: in memory
	end     atomic.Int64 // of the file, in frames
	free    func()       // gives back what the rolls are in that are in memory
	spools  sync.Pool    // of *spool
}

// newFilm makes one without requests and links. same tells whether two requests that follow
// each other are one visit; nil: no two are.
func newFilm(threads int, same func(f, o *frame) bool) *film {
	return &film{threads: threads, same: same}
}

// reference is a row of table link.
type reference struct {
	hash     uint64
	deadline int64
	link     uint32 // its id
}

// frame is a request.
type frame struct {
	start                                    int64  // µs
	at                                       uint64 // source and line: no other request is there
	place                                    uint32 // of its link, in the film
	outcome, client, dir, file, agent, ident uint32
	mark
	more uint8 // how many requests behind it are of the same visit without another between them
}

// mark is what was ruled on a request; until then it is valid.
type mark struct {
	cause   uint8 // as table judged has it; 0: it was not refused
	verdict token.Verdict
	grounds grounds
}

// grounds are what a ruling rests on beside a hash.
type grounds uint8

const (
	byInference grounds = 1 << iota // other requests alone
	byMistake                       // of the signer
)

func (f *frame) source() uint16 { return uint16(f.at >> 48) }

// numberOf is the number of the strip that a frame is in.
func (f *film) numberOf(of *frame) uint32 {
	if f.key == nil {
		return of.place
	}
	return f.key(of.place, of.ident)
}

func (f *frame) inTime(o *frame) int {
	return cmp.Or(cmp.Compare(f.start, o.start), cmp.Compare(f.at, o.at))
}

// roll is the part of a film between two links.
type roll struct {
	film   *film
	mu     sync.Mutex // while frames are added
	frames []frame    // if they are in memory
	blocks []int64    // where in the file they are, blockFrames each but for the last, in frames
	count  int
	strips []strip // if all are in memory, and have many requests each
}

var ( // a test has others
	rollFrames  = 1 << 16 // of a roll, about
	mostRolls   = 1 << 10
	blockFrames = 1 << 9  // that are written at once
	longRoll    = 1 << 19 // frames that are held at once of one roll
	manyEach    = 8       // requests of a link, from which its place is remembered
)

// make makes a film of some requests in strips with numbers below an end. Where
// it needs more than most bytes, it is in a file. expose puts in the requests, in any
// order; each of several goroutines that do so takes a loader, and gives it back.
func (f *film) make(ctx context.Context, requests int64, end int, most int64, expose func(loaders chan *loader) error) (*film, error) {
	if requests*frameSize > most {
		var err error
		if f.file, err = ingest.TempFile("film-"); err != nil {
			f.close()
			return nil, err
		}
	}
	n := min(mostRolls, max(1, int(requests)/rollFrames), max(1, end))
	width := (end + n - 1) / n
	f.unroll(n, int(requests))
	loaders := make(chan *loader, max(1, min(f.threads, mostLoaders)))
	for range cap(loaders) {
		loaders <- &loader{film: f, width: max(1, width), blocks: make([][]frame, n)}
	}
	err := expose(loaders)
	if err == nil {
		err = f.load(loaders)
	}
	if err == nil {
		err = parallel.Each(ctx, f.threads, len(f.rolls), func(n int) error { return f.rolls[n].arrange() })
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// unroll makes n empty rolls for some requests.
func (f *film) unroll(n, requests int) {
	f.rolls = make([]roll, n)
	each := requests / n * 17 / 16 // what a roll needs, most often; one with more goes to Go's heap
	var room []frame
	if f.file == nil {
		room, f.free = ingest.Outside[frame](n * each)
	}
	for i := range f.rolls {
		f.rolls[i].film = f
		if f.file == nil {
			f.rolls[i].frames = room[i*each : i*each : (i+1)*each]
		}
	}
}

// close ends a film. Its strips, and what they refer to, end with it.
func (f *film) close() error {
	if f == nil {
		return nil
	}
	ingest.DropFile(f.file)
	if f.rolls = nil; f.free != nil {
		f.free()
	}
	return cmp.Or(f.links.Close(), f.signed.Close())
}

// regroup makes a film of some of the requests of another, those of some strips and
// of them some, in strips with other numbers, below an end.
func (f *film) regroup(ctx context.Context, requests int64, end int, most int64, key func(place, ident uint32) uint32, some func(*strip) bool, each func(*frame) bool) (*film, error) {
	to := &film{threads: f.threads, key: key, same: f.same}
	return to.make(ctx, requests, end, most, func(loaders chan *loader) error {
		return parallel.Each(ctx, f.threads, len(f.rolls), func(n int) error {
			l := <-loaders
			defer func() { loaders <- l }()
			return f.rolls[n].cuts(func(c cut) error {
				defer c.done()
				return l.copy(&c, some, each)
			})
		})
	})
}
