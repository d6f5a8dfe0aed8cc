package detect

import (
	"cmp"
	"container/heap"
	"context"
	"os"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"unsafe"

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
	links   []reference                      // in the order of the film; the first stands for requests without a link
	rolls   []roll
	file    *os.File     // nil: in memory
	end     atomic.Int64 // of the file, in frames
	free    func()       // gives back what the rolls are in that are in memory
	spools  sync.Pool    // of *spool

	freeLinks func()
}

// reference is a row of table link.
type reference struct {
	hash     uint64
	deadline int64
	link     uint32 // its id
	signed   uint32 // what it was signed for, once that is known: a client, or an address that was found; 0: nobody knows
}

// frame is a request.
type frame struct {
	start                                    int64  // µs
	at                                       uint64 // source and line: no other request is there
	place                                    uint32 // of its link, in the film
	outcome, client, dir, file, agent, ident uint32
	mark
}

// mark is what was ruled on a request, once that is known.
type mark struct {
	cause              uint8 // as table judged has it; 0: it was not refused
	verdict            token.Verdict
	inferred, mistaken bool
}

// frameSize is that of a frame in the file, bytes.
const frameSize = int64(unsafe.Sizeof(frame{}))

func placeOf(source uint16, line int64) uint64 { return uint64(source)<<48 | uint64(line) }

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
	f.rolls = make([]roll, n)
	each := int(requests) / n * 17 / 16 // what a roll needs, most often; one with more goes to Go's heap
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
	loaders := make(chan *loader, max(1, min(f.threads, mostLoaders)))
	for range cap(loaders) {
		loaders <- &loader{film: f, width: max(1, width), blocks: make([][]frame, n)}
	}
	err := expose(loaders)
	if err == nil {
		err = f.load(loaders)
	}
	if err == nil {
		err = inParallel(ctx, f.threads, len(f.rolls), func(n int) error { return f.rolls[n].arrange() })
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// close ends a film. Its strips, and what they refer to, end with it.
func (f *film) close() {
	if f == nil {
		return
	}
	ingest.DropFile(f.file)
	f.rolls, f.links = nil, nil
	for _, free := range []func(){f.free, f.freeLinks} {
		if free != nil {
			free()
		}
	}
}

// regroup makes a film of some of the requests of another, those of some strips and
// of them some, in strips with other numbers, below an end.
func (f *film) regroup(ctx context.Context, requests int64, end int, most int64, key func(place, ident uint32) uint32, some func(*strip) bool, each func(*frame) bool) (*film, error) {
	to := &film{threads: f.threads, key: key}
	return to.make(ctx, requests, end, most, func(loaders chan *loader) error {
		return inParallel(ctx, f.threads, len(f.rolls), func(n int) error {
			l := <-loaders
			defer func() { loaders <- l }()
			return f.rolls[n].cuts(func(c cut) error {
				defer c.done()
				return l.copy(&c, some, each)
			})
		})
	})
}

// loader puts frames into a film, for one goroutine at a time.
type loader struct {
	film   *film
	width  int       // of a roll, in numbers of strips
	blocks [][]frame // by roll: what is not in the file yet
}

// mostLoaders bounds them: each takes 25 MB where there are most rolls.
const mostLoaders = 3

func (l *loader) put(f frame) error {
	n := int(l.film.numberOf(&f)) / l.width
	if l.film.file == nil {
		l.film.rolls[n].add(f)
		return nil
	}
	block := &l.blocks[n]
	if *block = append(*block, f); len(*block) < blockFrames {
		return nil
	}
	err := l.film.rolls[n].write(*block)
	*block = (*block)[:0]
	return err
}

// copy puts in some of the requests of some strips.
func (l *loader) copy(c *cut, some func(*strip) bool, each func(*frame) bool) error {
	for i := range c.strips {
		if !some(&c.strips[i]) {
			continue
		}
		if err := c.strips[i].parts(func(frames []frame) error {
			for i := range frames {
				if !each(&frames[i]) {
					continue
				}
				if err := l.put(frames[i]); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// load writes what the loaders still hold.
func (f *film) load(loaders chan *loader) error {
	close(loaders)
	rest := (<-loaders).blocks
	for l := range loaders {
		for n, frames := range l.blocks {
			rest[n] = append(rest[n], frames...)
		}
	}
	for n, frames := range rest {
		for block := range slices.Chunk(frames, blockFrames) {
			if err := f.rolls[n].write(block); err != nil {
				return err
			}
		}
	}
	return nil
}

// add adds a frame in memory.
func (r *roll) add(f frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = append(r.frames, f)
	r.count++
}

// write puts a block behind all others in the file.
func (r *roll) write(block []frame) error {
	at := r.film.end.Add(int64(len(block))) - int64(len(block))
	r.mu.Lock()
	r.blocks = append(r.blocks, at)
	r.count += len(block)
	r.mu.Unlock()
	_, err := r.film.file.WriteAt(bytesOf(block), at*frameSize)
	return err
}

// bytesOf are frames as this process has them in memory; no other reads the file.
func bytesOf(frames []frame) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(frames))), int64(len(frames))*frameSize)
}

// read reads frames from one place of a roll on.
func (r *roll) read(frames []frame, from int) error {
	return r.inFile(frames, from, r.film.file.ReadAt)
}

// rewrite puts frames in the place of others.
func (r *roll) rewrite(frames []frame, from int) error {
	return r.inFile(frames, from, r.film.file.WriteAt)
}

func (r *roll) inFile(frames []frame, from int, do func([]byte, int64) (int, error)) error {
	for len(frames) > 0 {
		skip := from % blockFrames
		n := min(len(frames), blockFrames-skip)
		if _, err := do(bytesOf(frames[:n]), (r.blocks[from/blockFrames]+int64(skip))*frameSize); err != nil {
			return err
		}
		frames, from = frames[n:], from+n
	}
	return nil
}

// arrange puts the frames of a roll in order.
func (r *roll) arrange() error {
	scratch := r.film.spool()
	defer scratch.done()
	if r.film.file == nil {
		r.film.sort(r.frames, scratch)
		return r.index()
	}
	part := r.film.spool()
	defer part.done()
	var runs []*run
	frames := part.room(min(longRoll, r.count))
	for from := 0; from < r.count; from += len(frames) {
		frames = frames[:min(len(frames), r.count-from)]
		if err := r.read(frames, from); err != nil {
			return err
		}
		r.film.sort(frames, scratch)
		if err := r.rewrite(frames, from); err != nil {
			return err
		}
		runs = append(runs, &run{roll: r, next: from, end: from + len(frames)})
	}
	if len(runs) <= 1 {
		return nil
	}
	return r.merge(runs)
}

// index remembers where the strips are, if they have many requests each.
func (r *roll) index() error {
	n := r.film.stripsIn(r.frames)
	if n*manyEach > len(r.frames) {
		return nil
	}
	r.strips = make([]strip, 0, n)
	return r.eachStrip(r.frames, 0, func(s strip) error {
		r.strips = append(r.strips, s)
		return nil
	})
}

// sort sorts by counting, then strip by strip.
func (f *film) sort(frames []frame, scratch *spool) {
	if len(frames) == 0 {
		return
	}
	first, last := f.numberOf(&frames[0]), f.numberOf(&frames[0])
	for i := range frames {
		n := f.numberOf(&frames[i])
		first, last = min(first, n), max(last, n)
	}
	ends := make([]int, last-first+2) // of each strip, behind the one before
	for i := range frames {
		ends[f.numberOf(&frames[i])-first+1]++
	}
	for i := range ends[1:] {
		ends[i+1] += ends[i]
	}
	next := slices.Clone(ends)
	all := scratch.room(len(frames))
	copy(all, frames)
	for i := range all {
		of := &all[i]
		n := &next[f.numberOf(of)-first]
		frames[*n] = *of
		*n++
	}
	for i := range ends[1:] {
		sortByTime(frames[ends[i]:ends[i+1]], scratch)
	}
}

// sortByTime sorts frames that are in order but for a few, as those of one link that
// several goroutines have read: it merges the runs that there are.
func sortByTime(frames []frame, scratch *spool) {
	for {
		merged, from := false, 0
		for from < len(frames) {
			middle := endOfRun(frames, from)
			if middle == len(frames) {
				break
			}
			end := endOfRun(frames, middle)
			mergeRuns(frames[from:end], middle-from, scratch.room(middle-from))
			merged, from = true, end
		}
		if !merged {
			return
		}
	}
}

// endOfRun is where frames that are in order end.
func endOfRun(frames []frame, from int) int {
	for from++; from < len(frames) && frames[from-1].inTime(&frames[from]) <= 0; from++ {
	}
	return from
}

// mergeRuns merges the frames up to middle and those from there on, each in order.
func mergeRuns(frames []frame, middle int, scratch []frame) {
	left := scratch[:copy(scratch, frames[:middle])]
	right := frames[middle:]
	for i := range frames {
		switch {
		case len(left) == 0:
			return
		case len(right) > 0 && right[0].inTime(&left[0]) < 0:
			frames[i], right = right[0], right[1:]
		default:
			frames[i], left = left[0], left[1:]
		}
	}
}

// run is a sorted part of a long roll.
type run struct {
	roll      *roll
	frames    []frame // that were read
	next, end int     // what is left in the file
}

func (r *run) advance() (more bool, err error) {
	if len(r.frames) > 1 {
		r.frames = r.frames[1:]
		return true, nil
	}
	n := min(blockFrames, r.end-r.next)
	if n == 0 {
		return false, nil
	}
	r.frames = make([]frame, n)
	r.next += n
	return true, r.roll.read(r.frames, r.next-n)
}

// runs are those of one roll, the one with the first frame on top.
type runs []*run

func (r runs) Len() int { return len(r) }
func (r runs) Less(i, j int) bool {
	x, y, f := &r[i].frames[0], &r[j].frames[0], r[i].roll.film
	return cmp.Or(cmp.Compare(f.numberOf(x), f.numberOf(y)), x.inTime(y)) < 0
}
func (r runs) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r *runs) Push(x any)   { *r = append(*r, x.(*run)) }
func (r *runs) Pop() any {
	last := len(*r) - 1
	x := (*r)[last]
	*r = (*r)[:last]
	return x
}

// merge puts a long roll in order, somewhere else in the file.
func (r *roll) merge(runs runs) error {
	for _, run := range runs {
		if _, err := run.advance(); err != nil {
			return err
		}
	}
	heap.Init(&runs)
	to := roll{film: r.film}
	var block []frame
	for len(runs) > 0 {
		if block = append(block, runs[0].frames[0]); len(block) == blockFrames {
			if err := to.write(block); err != nil {
				return err
			}
			block = block[:0]
		}
		if more, err := runs[0].advance(); err != nil {
			return err
		} else if more {
			heap.Fix(&runs, 0)
		} else {
			heap.Pop(&runs)
		}
	}
	if len(block) > 0 {
		if err := to.write(block); err != nil {
			return err
		}
	}
	r.blocks = to.blocks
	return nil
}

// strip is the requests of one link in the order of time, or of several that the
// film keeps together.
type strip struct {
	number     uint32  // place of the link, or what the key gave
	*reference         // of a link
	frames     []frame // all, unless there are too many
	roll       *roll
	from, to   int // of it
}

// unlinked tells the strip of the requests without a link, which are nobody's.
func (s *strip) unlinked() bool { return s.number == 0 && s.roll.film.key == nil }

// parts hands on the requests, all at once unless there are too many.
func (s *strip) parts(f func([]frame) error) error {
	if s.frames != nil {
		return f(s.frames)
	}
	frames := make([]frame, min(longRoll, s.to-s.from))
	for from := s.from; from < s.to; from += len(frames) {
		frames = frames[:min(len(frames), s.to-from)]
		if err := s.roll.read(frames, from); err != nil {
			return err
		}
		if err := f(frames); err != nil {
			return err
		}
	}
	return nil
}

// edit hands on the requests like parts, to be changed. What was changed of a film
// in a file stands there once the cut is put back.
func (s *strip) edit(f func([]frame)) error {
	from := s.from
	return s.parts(func(frames []frame) error {
		f(frames)
		if from += len(frames); s.frames != nil {
			return nil
		}
		return s.roll.rewrite(frames, from-len(frames))
	})
}

// spool is what the frames of a part of a roll are in, or the strips of a cut. It is
// lent to cuts; once they are all done, others are in it.
type spool struct {
	film   *film
	frames []frame
	strips []strip
	lent   atomic.Int32
}

// spool gives an empty one, lent once.
func (f *film) spool() *spool {
	s, ok := f.spools.Get().(*spool)
	if !ok {
		s = &spool{film: f}
	}
	s.strips = s.strips[:0]
	s.lent.Store(1)
	return s
}

// room is for some frames.
func (s *spool) room(n int) []frame {
	if cap(s.frames) < n {
		s.frames = make([]frame, n+n/8)
	}
	return s.frames[:n]
}

// spoil lets what is in a spool be lost at once when it is done. A test does.
var spoil bool

func (s *spool) done() {
	if s.lent.Add(-1) > 0 {
		return
	}
	if spoil {
		clear(s.frames)
		clear(s.strips)
	}
	s.film.spools.Put(s)
}

// cut is some strips that follow each other. Who takes one may use it, and what is in
// it, until it is done.
type cut struct {
	strips []strip
	roll   *roll
	whole  []frame // the frames of the roll that these strips end; nil: others follow
	from   int     // of whole
	spools []*spool

	fetched uint32 // see clients.fetch
}

// lend makes a cut of something in a spool; nil: of what stays where it is.
func (c cut) lend(s *spool) cut {
	if s != nil {
		s.lent.Add(1)
		c.spools = append(c.spools, s)
	}
	return c
}

// one is the cut of one of the strips, to be done by itself.
func (c *cut) one(i int) cut {
	only := cut{strips: c.strips[i : i+1 : i+1], roll: c.roll}
	for _, s := range c.spools {
		only = only.lend(s)
	}
	return only
}

// done ends a cut.
func (c *cut) done() {
	for _, s := range c.spools {
		s.done()
	}
	c.spools, c.strips, c.whole = nil, nil, nil
}

// putBack writes what was changed in the roll.
func (c *cut) putBack() error {
	if c.whole == nil || c.roll.film.file == nil {
		return nil
	}
	return c.roll.rewrite(c.whole, c.from)
}

// cutFrames and cutStrips end a cut.
var cutFrames, cutStrips = 1 << 13, 256

// each tells of all strips in their order, some at a time. f must not keep the cut.
func (f *film) each(ctx context.Context, of func(*cut) error) error {
	return f.cuts(ctx, func(c cut) error {
		defer c.done()
		return of(&c)
	})
}

// cuts hands on all strips in their order, some at a time. Who takes a cut says when
// it is done.
func (f *film) cuts(ctx context.Context, emit func(cut) error) error {
	for i := range f.rolls {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.rolls[i].cuts(emit); err != nil {
			return err
		}
	}
	return nil
}

func (r *roll) cuts(emit func(cut) error) error {
	if r.strips != nil {
		return r.cutsOf(r.strips, emit)
	}
	if r.film.file == nil {
		return r.cutsIn(nil, r.frames, 0, emit)
	}
	for from := 0; from < r.count; {
		var err error
		if from, err = r.part(from, emit); err != nil {
			return err
		}
	}
	return nil
}

// part hands on the strips of a film in a file from a place of it on, and returns where
// they end.
func (r *roll) part(from int, emit func(cut) error) (to int, err error) {
	s := r.film.spool()
	defer s.done()
	frames := s.room(min(longRoll, r.count-from))
	if err := r.read(frames, from); err != nil {
		return 0, err
	}
	if from+len(frames) < r.count { // the last strip may go on
		last := r.film.numberOf(&frames[len(frames)-1])
		end := sort.Search(len(frames), func(i int) bool { return r.film.numberOf(&frames[i]) == last })
		if frames = frames[:end]; end == 0 {
			if to, err = r.endOf(last, from); err != nil {
				return 0, err
			}
			return to, emit(cut{strips: []strip{r.strip(last, nil, from, to)}, roll: r})
		}
	}
	return from + len(frames), r.cutsIn(s, frames, from, emit)
}

func (r *roll) strip(number uint32, frames []frame, from, to int) strip {
	s := strip{number: number, frames: frames, roll: r, from: from, to: to}
	if r.film.key == nil {
		s.reference = &r.film.links[number]
	}
	return s
}

// endOf is where the strip ends that begins at from.
func (r *roll) endOf(number uint32, from int) (int, error) {
	var failed error
	one := make([]frame, 1)
	n := sort.Search(r.count-from, func(i int) bool {
		if err := r.read(one, from+i); err != nil {
			failed = err
		}
		return r.film.numberOf(&one[0]) != number
	})
	return from + n, failed
}

// stripsIn counts the strips of some frames.
func (f *film) stripsIn(frames []frame) (n int) {
	for i := range frames {
		if i == 0 || f.numberOf(&frames[i]) != f.numberOf(&frames[i-1]) {
			n++
		}
	}
	return n
}

// eachStrip hands on the strips of some frames, the first of which is from in the
// roll.
func (r *roll) eachStrip(frames []frame, from int, f func(strip) error) error {
	at := 0
	for i := range frames {
		number := r.film.numberOf(&frames[i])
		if end := i + 1; end == len(frames) || r.film.numberOf(&frames[end]) != number {
			if err := f(r.strip(number, frames[at:end:end], from+at, from+end)); err != nil {
				return err
			}
			at = end
		}
	}
	return nil
}

// cutsOf hands on strips that are in memory.
func (r *roll) cutsOf(strips []strip, emit func(cut) error) error {
	held, first := 0, 0
	for i := range strips {
		held += len(strips[i].frames)
		n := i + 1
		if n < len(strips) && held < cutFrames && n-first < cutStrips {
			continue
		}
		if err := emit(cut{strips: strips[first:n:n], roll: r}); err != nil {
			return err
		}
		held, first = 0, n
	}
	return nil
}

// cutsIn hands on the strips of some frames, the first of which is from in the roll.
// in is the spool that the frames are in; nil: they are in memory for good. The strips
// of each cut are in another.
func (r *roll) cutsIn(in *spool, frames []frame, from int, emit func(cut) error) error {
	held, of := 0, r.film.spool()
	defer func() { of.done() }()
	return r.eachStrip(frames, from, func(s strip) error {
		of.strips = append(of.strips, s)
		held += len(s.frames)
		last := s.to == from+len(frames)
		if !last && held < cutFrames && len(of.strips) < cutStrips {
			return nil
		}
		c := cut{strips: of.strips, roll: r}.lend(in).lend(of)
		if last {
			c.whole, c.from = frames, from
		}
		of.done()
		held, of = 0, r.film.spool()
		return emit(c)
	})
}
