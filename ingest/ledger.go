package ingest

import (
	"bufio"
	"encoding/binary"
	"io"
	"iter"
	"math/bits"
	"os"
	"slices"
	"sort"

	"ipdrift/ingest/temp"
)

// keyed is a value, known by its hash, and its id.
type keyed struct {
	hash uint64
	id   uint32 // 0: none
}

// index finds entries by their hash: a table with open addressing, in which they
// stand in order of their hashes (Amble and Knuth, "Ordered hash tables", 1974).
type index struct {
	slots []keyed // the last is empty
	shift int     // what a hash is shifted by to be a slot
	n     int
}

// An index begins with indexSlots, and has indexTail behind the last that a hash
// can name.
const (
	indexSlots = 1 << 12
	indexTail  = 64
)

func newIndex(slots int) index {
	return index{slots: table[keyed](slots+indexTail, slots > indexSlots), shift: 64 - bits.TrailingZeros(uint(slots))}
}

// find returns where an entry stands, or would have to.
func (x *index) find(hash uint64) (at int, found bool) {
	at = int(hash >> x.shift)
	for x.slots[at].id != 0 && x.slots[at].hash < hash {
		at++
	}
	return at, x.slots[at].id != 0 && x.slots[at].hash == hash
}

// add adds an entry that is not there, at the place that find told. An index
// that is half full doubles.
func (x *index) add(at int, e keyed) {
	end := at
	for x.slots[end].id != 0 {
		end++
	}
	if end == len(x.slots)-1 || 2*x.n >= len(x.slots)-indexTail {
		x.grow()
		at, _ = x.find(e.hash)
		x.add(at, e)
		return
	}
	copy(x.slots[at+1:end+1], x.slots[at:end])
	x.slots[at] = e
	x.n++
}

func (x *index) grow() {
	next := newIndex(2 * (len(x.slots) - indexTail))
	for _, e := range x.slots {
		if e.id != 0 {
			at, _ := next.find(e.hash)
			next.add(at, e)
		}
	}
	*x = next
}

// entries lists what stands in the table, in order of the hashes.
func (x *index) entries() iter.Seq[keyed] {
	return func(yield func(keyed) bool) {
		for _, e := range x.slots {
			if e.id != 0 && !yield(e) {
				return
			}
		}
	}
}

func (x *index) clear() {
	clear(x.slots)
	x.n = 0
}

// ledger is what a dictionary has forgotten: runs of entries in order of the
// upper bits of their hashes, in a temporary file.
type ledger struct {
	file   *os.File
	runs   []int // entries in each
	err    error // the first; what followed was not written
	recent []recentRun
	buf    []byte
}

// recentRun is a run in order of the whole hash, in which a value can be found again.
type recentRun struct {
	from, n int // entries before it in the file, and its own
	filter  filter
}

// recentRuns is how many such runs are known: of a full dictionary, two million values.
const recentRuns = 8

// filter tells what surely is not in a set; of what is not, it lets 0.1 to 2 % pass (Bloom,
// "Space/time trade-offs in hash coding with allowable errors", 1970).
type filter []uint64

func newFilter(n int) filter { return make(filter, 1<<max(0, bits.Len(uint(n))-3)) } // 8 to 16 bits an entry

func (f filter) add(hash uint64) {
	for bit := range f.bitsOf(hash) {
		f[bit/64] |= 1 << (bit % 64)
	}
}

func (f filter) mayHave(hash uint64) bool {
	for bit := range f.bitsOf(hash) {
		if f[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// bitsOf are six bits for a hash, by double hashing.
func (f filter) bitsOf(hash uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		step := hash>>32 | 1
		for range 6 {
			if !yield(hash & uint64(64*len(f)-1)) {
				return
			}
			hash += step
		}
	}
}

// ledgerBits are the bits that order a run.
const ledgerBits = 10

// inOrder lists up to 65535 entries in order of these bits.
func inOrder(list []keyed) iter.Seq[keyed] {
	var next [1 << ledgerBits]uint16
	for i := range list {
		if at := list[i].hash >> (64 - ledgerBits); at+1 < uint64(len(next)) {
			next[at+1]++
		}
	}
	for at := 1; at < len(next); at++ {
		next[at] += next[at-1]
	}
	order := make([]uint16, len(list))
	for i := range list {
		at := &next[list[i].hash>>(64-ledgerBits)]
		order[*at] = uint16(i)
		*at++
	}
	return func(yield func(keyed) bool) {
		for _, i := range order {
			if !yield(list[i]) {
				return
			}
		}
	}
}

// entryBytes is the size of an entry in a ledger.
const entryBytes = 12

// any reports whether something was forgotten, or should have been.
func (l *ledger) any() bool { return l != nil && (l.file != nil || l.err != nil) }

// write adds a run.
func (l *ledger) write(run iter.Seq[keyed]) {
	if l != nil && l.err == nil {
		l.err = l.run(run)
	}
}

// writeInOrder adds a run that is in order of the whole hash, of at most so many entries.
func (l *ledger) writeInOrder(most int, run iter.Seq[keyed]) {
	if l == nil {
		return
	}
	r := recentRun{filter: newFilter(most)}
	for _, n := range l.runs {
		r.from += n
	}
	l.write(func(yield func(keyed) bool) {
		for e := range run {
			r.filter.add(e.hash)
			if !yield(e) {
				return
			}
			r.n++
		}
	})
	l.recent = append(l.recent[max(0, len(l.recent)+1-recentRuns):], r)
}

// find is the id of a value in one of the recent runs; 0: it was not found, which does not tell
// that it is not in the ledger.
func (l *ledger) find(hash uint64) uint32 {
	if l == nil || l.err != nil {
		return 0
	}
	for _, r := range slices.Backward(l.recent) {
		if r.filter.mayHave(hash) {
			if id := l.findIn(r, hash); id > 0 {
				return id
			}
		}
	}
	return 0
}

// reach is how far from its place among evenly spread hashes one is looked for: in a run of
// 2^18 the standard deviation is 256 at most.
const reach = 1 << 10

func (l *ledger) findIn(r recentRun, hash uint64) uint32 {
	at, _ := bits.Mul64(hash, uint64(r.n))
	first, end := max(0, int(at)-reach), min(r.n, int(at)+reach)
	if l.buf == nil {
		l.buf = make([]byte, 2*reach*entryBytes)
	}
	b := l.buf[:(end-first)*entryBytes]
	if _, err := l.file.ReadAt(b, int64(r.from+first)*entryBytes); err != nil {
		return 0
	}
	hashOf := func(i int) uint64 { return binary.LittleEndian.Uint64(b[i*entryBytes:]) }
	i := sort.Search(end-first, func(i int) bool { return hashOf(i) >= hash })
	if i == end-first || hashOf(i) != hash {
		return 0
	}
	return binary.LittleEndian.Uint32(b[i*entryBytes+8:])
}

func (l *ledger) run(run iter.Seq[keyed]) (err error) {
	if l.file == nil {
		if l.file, err = temp.File("seen-"); err != nil {
			return err
		}
	}
	out := bufio.NewWriterSize(l.file, 64<<10)
	var b [entryBytes]byte
	n := 0
	for e := range run {
		binary.LittleEndian.PutUint64(b[:8], e.hash)
		binary.LittleEndian.PutUint32(b[8:], e.id)
		out.Write(b[:])
		n++
	}
	l.runs = append(l.runs, n)
	return out.Flush()
}

func (l *ledger) close() {
	if l != nil {
		temp.Drop(l.file)
		l.file = nil
	}
}

// readBytes bounds the buffers for reading a ledger, unless it has very many runs.
const readBytes = 16 << 20

// partEntries is about how many entries of a ledger are compared at a time, as
// long as they are not very many.
const partEntries = 1 << 14

// twice calls f for every id of a value but one, with that one. An id may have been
// written more than once.
func (l *ledger) twice(f func(id, one uint32) error) error {
	if l.err != nil {
		return l.err
	}
	var runs []*bufio.Reader
	all := 0
	for _, n := range l.runs {
		in := io.NewSectionReader(l.file, int64(all)*entryBytes, int64(n)*entryBytes)
		runs = append(runs, bufio.NewReaderSize(in, max(1<<10, min(16<<10, readBytes/len(l.runs)))))
		all += n
	}
	parts := min(bits.Len(uint(all/partEntries)), ledgerBits) // as a power of two
	seen := newIndex(2 * partEntries)
	for part := range uint64(1) << parts {
		seen.clear()
		for _, run := range runs {
			for {
				b, err := run.Peek(entryBytes)
				if err == io.EOF {
					break
				}
				if err != nil {
					return err
				}
				hash, id := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])
				if hash>>(64-parts) > part {
					break
				}
				hash = bits.RotateLeft64(hash, parts) // what all in a part share tells no slot
				at, known := seen.find(hash)
				if !known {
					seen.add(at, keyed{hash, id})
				} else if one := seen.slots[at].id; id != one {
					if err := f(id, one); err != nil {
						return err
					}
				}
				run.Discard(entryBytes)
			}
		}
	}
	return nil
}
