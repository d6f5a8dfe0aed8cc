package ingest

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestIndexIsAMap asks an index and a map for the same values, some of them at
// the ends of the table.
func TestIndexIsAMap(t *testing.T) {
	rng, x, twin := rand.New(rand.NewPCG(1, 2)), newIndex(1<<4), map[uint64]uint32{}
	for i := range uint32(30_000) {
		hash := rng.Uint64() >> (rng.Uint32() % 3)
		switch {
		case i%7 == 0:
			hash = math.MaxUint64 - uint64(rng.Uint32()%40)
		case i%7 == 1:
			hash = uint64(rng.Uint32() % 40)
		}
		at, found := x.find(hash)
		id, known := twin[hash]
		if found != known || known && x.slots[at].id != id {
			t.Fatalf("hash %x: found %t, want %t", hash, found, known)
		}
		if !found {
			x.add(at, keyed{hash, i + 1})
			twin[hash] = i + 1
		}
	}
	var stand []uint64
	for _, e := range x.slots {
		if e.id != 0 {
			stand = append(stand, e.hash)
		}
	}
	if want := slices.Sorted(maps.Keys(twin)); !slices.Equal(stand, want) || x.n != len(want) {
		t.Errorf("%d entries stand in the table, in order %t; want %d", len(stand), slices.IsSorted(stand), len(want))
	}
}

// TestLedgerFindsDoubles finds values of several runs with a map too.
func TestLedgerFindsDoubles(t *testing.T) {
	rng, l, ids := rand.New(rand.NewPCG(1, 2)), ledger{}, map[uint64][]uint32{}
	defer l.close()
	id := uint32(0)
	for _, size := range []int{40_000, 1, 0, 30_000, 5_000} {
		x := newIndex(1 << 4)
		for range size {
			hash := rng.Uint64N(50_000) * 0x9e3779b97f4a7c15
			if at, found := x.find(hash); !found {
				id++
				x.add(at, keyed{hash, id})
				ids[hash] = append(ids[hash], id)
			}
		}
		l.write(x.entries())
		l.write(func(yield func(keyed) bool) { // some of them again
			for e := range x.entries() {
				if e.id%7 == 0 && !yield(e) {
					return
				}
			}
		})
	}
	want := map[uint32]uint32{}
	for _, same := range ids {
		for _, id := range same[1:] {
			want[id] = same[0]
		}
	}
	got := map[uint32]uint32{}
	if err := l.twice(func(id, one uint32) error { got[id] = one; return nil }); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) || len(want) < 10_000 {
		t.Errorf("%d doubles, want %d", len(got), len(want))
	}
}

// TestLedgerFinds looks for all that stands in its last runs, and for as much that does not.
func TestLedgerFinds(t *testing.T) {
	rng, l, ids := rand.New(rand.NewPCG(1, 2)), ledger{}, map[uint64]uint32{}
	defer l.close()
	id, maybe := uint32(0), 0
	for run := range recentRuns + 1 {
		x := newIndex(1 << 4)
		for range []int{200_000, 1, 30, 0, 131_072, 5_000}[run%6] {
			hash := rng.Uint64()
			at, _ := x.find(hash)
			id++
			x.add(at, keyed{hash, id})
			if run > 0 {
				ids[hash] = id
			}
		}
		l.writeInOrder(x.n, x.entries())
		l.write(func(func(keyed) bool) {}) // what is not in order
	}
	for hash, id := range ids {
		if got := l.find(hash); got != id {
			t.Fatalf("hash %x: found %d, want %d", hash, got, id)
		}
		other := hash*0x9e3779b97f4a7c15 + 1
		if got := l.find(other); got != 0 {
			t.Fatalf("hash %x: found %d, which is not there", other, got)
		}
		for _, r := range l.recent {
			if r.filter.mayHave(other) {
				maybe++
			}
		}
	}
	if most := len(ids) * recentRuns / 50; maybe > most { // (1 - e^(-6/8))^6 = 2 %, with 8 bits an entry
		t.Errorf("the filters let %d pass, want %d at most", maybe, most)
	}
}

// TestLedgerCannotBeWritten names a folder for temporary files that is not there.
func TestLedgerCannotBeWritten(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	var l ledger
	x := newIndex(1 << 4)
	at, _ := x.find(7)
	x.add(at, keyed{7, 1})
	l.write(x.entries())
	if err := l.twice(nil); err == nil || !l.any() {
		t.Errorf("error %v, any %t", err, l.any())
	}
}
