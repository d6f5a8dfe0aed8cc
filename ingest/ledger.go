package ingest

import (
	"bufio"
	"encoding/binary"
	"io"
	"iter"
	"math/bits"
	"os"

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
	file *os.File
	runs []int // entries in each
	err  error // the first; what followed was not written
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

// any tells whether something was forgotten, or should have been.
func (l *ledger) any() bool { return l != nil && (l.file != nil || l.err != nil) }

// write adds a run.
func (l *ledger) write(run iter.Seq[keyed]) {
	if l != nil && l.err == nil {
		l.err = l.run(run)
	}
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

// sliceEntries is about how many entries of a ledger are compared at a time, as
// long as they are not very many.
const sliceEntries = 1 << 14

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
	slices := min(bits.Len(uint(all/sliceEntries)), ledgerBits) // as a power of two
	seen := newIndex(2 * sliceEntries)
	for slice := range uint64(1) << slices {
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
				if hash>>(64-slices) > slice {
					break
				}
				hash = bits.RotateLeft64(hash, slices) // what all in a slice share tells no slot
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
