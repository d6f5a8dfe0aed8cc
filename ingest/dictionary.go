package ingest

import (
	"math/bits"
	"sync"
)

// maxEntries caps a dictionary's memory. What was not asked for while half as many
// new values came is forgotten. Of such values mostRecalled are found again where they
// were written down, a few µs each; others may then stand twice, which Store.unify mends
// by writing all requests anew.
const (
	maxEntries   = 1 << 19
	mostRecalled = 1 << 16
)

// A dictionary that has met trialEntries values, and not one in trialShare of as
// many a second time, is of no use: the next blindValues get an id each without
// being looked up, and then there is another trial.
const (
	trialEntries = 1 << 16
	trialShare   = 64
	blindValues  = 1 << 21
)

// dictionary gives values their ids and writes each new one as a row. Values
// are known by a 64-bit keyed hash: two different values share one with a
// chance of one in 10^7 at a million values. Safe for concurrent use.
type dictionary struct {
	name string
	rows *Rows

	mu     sync.Mutex
	known  index // what was asked for of late
	before index // and before that
	hits   int   // in known and before, while known grows
	blind  int   // how many values are not looked up yet
	last   uint32
	recall int     // how many more values may be recalled
	gone   *ledger // the values that are not known any more, and those that were not looked up; nil: in a case that grows, where all are compared
}

func newDictionary(s *Store, name string) (*dictionary, error) {
	rows, err := s.Rows(name)
	if err != nil {
		return nil, err
	}
	d := &dictionary{name: name, rows: rows, known: newIndex(indexSlots), before: newIndex(indexSlots), recall: mostRecalled}
	if !s.grows {
		d.gone = &ledger{}
	}
	return d, nil
}

// aheadIDs is how many ids a worker takes at once for what is not looked up.
const aheadIDs = 1 << 9

// id returns the id of the value with this hash, from 1 on. A fresh one is for
// the caller to add a row for. Where values are not looked up, the id is the
// first of several for the caller to give out, and to note.
func (d *dictionary) id(hash uint64) (id uint32, fresh bool, ahead int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.blind <= 0 {
		if id := d.find(hash); id > 0 {
			d.hits++
			return id, false, 0
		}
		if d.known.n == trialEntries && d.hits < trialEntries/trialShare {
			d.forget()
			d.blind = blindValues
		}
	}
	id = d.last + 1
	if d.blind > 0 {
		d.blind -= aheadIDs
		d.last += aheadIDs
		return id, true, aheadIDs
	}
	d.last++
	d.keep(keyed{hash, id})
	return id, true, 0
}

// find is the id of a value that is known or recalled; 0: it is neither.
func (d *dictionary) find(hash uint64) (id uint32) {
	if at, found := d.known.find(hash); found {
		return d.known.slots[at].id
	}
	if at, found := d.before.find(hash); found {
		id = d.before.slots[at].id
	} else if d.recall > 0 {
		if id = d.gone.find(hash); id > 0 {
			d.recall--
		}
	}
	if id > 0 {
		d.keep(keyed{hash, id})
	}
	return id
}

// keep adds a value. Where there are many, those are forgotten that nobody asked for
// since there were as many before.
func (d *dictionary) keep(e keyed) {
	if d.known.n == maxEntries/2 {
		d.leave()
		d.known, d.before = d.before, d.known
		d.known.clear()
		d.hits = 0
	}
	at, _ := d.known.find(e.hash)
	d.known.add(at, e)
}

// leave leaves in the ledger what is known from before alone.
func (d *dictionary) leave() {
	if d.before.n == 0 {
		return
	}
	d.gone.writeInOrder(d.before.n, func(yield func(keyed) bool) {
		for e := range d.before.entries() {
			if _, found := d.known.find(e.hash); !found && !yield(e) {
				return
			}
		}
	})
}

// forget starts over. What was known is left in the ledger.
func (d *dictionary) forget() {
	d.leave()
	d.gone.writeInOrder(d.known.n, d.known.entries())
	d.before.clear()
	d.known.clear()
	d.hits = 0
}

// note adds to the ledger what was not looked up.
func (d *dictionary) note(list []keyed) {
	run := inOrder(list)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone.write(run)
}

// mix joins two hashes into one.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, b^0xe7037ed1a0b428db)
	return hi ^ lo
}
