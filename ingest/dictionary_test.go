package ingest

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestDictionaryIsFull fills a dictionary to its real cap. It may not recall anything.
func TestDictionaryIsFull(t *testing.T) {
	d, err := newDictionary(testStore(t), "file")
	if err != nil {
		t.Fatal(err)
	}
	defer d.gone.close()
	d.recall = 0
	hash := func(value uint64) uint64 { return value * 0x9e3779b97f4a7c15 }
	for i := range uint64(maxEntries) {
		if id, fresh, _ := d.id(hash(i)); id != uint32(i+1) || !fresh {
			t.Fatalf("value %d has id %d, fresh %t", i, id, fresh)
		}
		d.id(hash(0)) // it is of use
	}
	for _, c := range []struct {
		value         uint64
		want          uint32
		fresh, forgot bool
	}{
		{maxEntries + 1, maxEntries + 1, true, true}, {5, maxEntries + 2, true, true}, {maxEntries + 1, maxEntries + 1, false, true},
	} {
		if id, fresh, _ := d.id(hash(c.value)); id != c.want || fresh != c.fresh || d.gone.any() != c.forgot {
			t.Errorf("value %d has id %d, fresh %t, forgot %t; want %+v", c.value, id, fresh, d.gone.any(), c)
		}
	}
	d.forget()
	twice := map[uint32]uint32{}
	if err := d.gone.twice(func(id, one uint32) error { twice[id] = one; return nil }); err != nil {
		t.Fatal(err)
	}
	if want := map[uint32]uint32{maxEntries + 2: 6}; !maps.Equal(twice, want) {
		t.Errorf("doubles %v, want %v", twice, want)
	}
}

// TestDictionaryRecalls fills a dictionary over and over, and asks for what it has forgotten:
// no value stands twice as long as few are recalled.
func TestDictionaryRecalls(t *testing.T) {
	d, err := newDictionary(testStore(t), "file")
	if err != nil {
		t.Fatal(err)
	}
	defer d.gone.close()
	rng, ids := rand.New(rand.NewPCG(3, 1)), map[uint64]uint32{}
	var values []uint64
	for len(values) < 4*maxEntries {
		hash := rng.Uint64()
		values = append(values, hash)
		ids[hash], _, _ = d.id(hash)
		if d.id(hash); len(values)%100 > 0 { // it is of use
			continue
		}
		hash = values[rng.IntN(len(values))]
		if id, fresh, _ := d.id(hash); id != ids[hash] || fresh {
			t.Fatalf("after %d values: one has id %d, fresh %t; want %d", len(values), id, fresh, ids[hash])
		}
	}
	if recalled := mostRecalled - d.recall; recalled < 4*maxEntries/100/4 || len(d.gone.recent) < 6 {
		t.Errorf("%d values of %d runs were recalled", recalled, len(d.gone.recent))
	}
	d.forget()
	if err := d.gone.twice(func(id, one uint32) error { t.Errorf("%d and %d are one value", id, one); return nil }); err != nil {
		t.Fatal(err)
	}
	d.recall = 1
	if _, fresh, _ := d.id(values[len(values)-1]); fresh {
		t.Error("one that may be recalled is not")
	}
	if _, fresh, _ := d.id(values[len(values)-2]); !fresh {
		t.Error("a value is recalled after as many as may be")
	}
}

// TestUselessDictionary gives a dictionary new values alone, until it looks them
// up no more, and then until it does again.
func TestUselessDictionary(t *testing.T) {
	d, err := newDictionary(testStore(t), "file")
	if err != nil {
		t.Fatal(err)
	}
	defer d.gone.close()
	value, last := uint64(0), uint32(0)
	ask := func() (ahead int) {
		if value++; value > 4*blindValues {
			t.Fatal("there is no end")
		}
		id, fresh, ahead := d.id(value * 0x9e3779b97f4a7c15)
		if id != last+1 || !fresh {
			t.Fatalf("value %d has id %d, fresh %t; want %d", value, id, fresh, last+1)
		}
		last = id + uint32(max(ahead, 1)) - 1
		return ahead
	}
	ahead := ask()
	for range 2 {
		looked, blind := 0, 0
		for ; ahead == 0; ahead = ask() {
			looked++
		}
		for ; ahead > 0; ahead = ask() {
			blind += ahead
		}
		if looked != trialEntries || blind != blindValues {
			t.Errorf("%d values are looked up and %d are not, want %d and %d", looked, blind, trialEntries, blindValues)
		}
	}
	if d.known.n != 1 || len(d.known.slots) > 4*trialEntries {
		t.Errorf("%d entries, %d slots", d.known.n, len(d.known.slots))
	}
}

// TestNothingAndEmptyAreTwoThings loads a user agent that is empty beside one
// that is not there, in both orders.
func TestNothingAndEmptyAreTwoThings(t *testing.T) {
	o := testOptions(t)
	o.Format = namedFormat(t, combinedHost)
	o.Threads = 1
	none := strings.Replace(testLine("203.0.113.7", "/none.ts", 200), "Player/1.0", "-", 1)
	empty := strings.Replace(testLine("203.0.113.7", "/empty.ts", 200), "Player/1.0", "", 1)
	const q = `SELECT path || ' ' || coalesce('[' || user_agent || ']', 'NULL') FROM requests ORDER BY path`
	a, _ := loadText(t, o, none+empty)
	b, _ := loadText(t, o, empty+none)
	diff(t, "the other order", query[string](t, b, q), query[string](t, a, q))
}

// TestDictionaryForgetsTheOldest fills a dictionary many times over. A value that is
// asked for again and again keeps its id; one that stays away as long as it takes to
// forget it gets another, which the ledger knows.
func TestDictionaryForgetsTheOldest(t *testing.T) {
	d := &dictionary{known: newIndex(indexSlots), before: newIndex(indexSlots), gone: &ledger{}}
	defer d.gone.close()
	hash := func(n int) uint64 { return mix(uint64(n), 7) }
	ask := func(n int) uint32 {
		id, _, ahead := d.id(hash(n))
		if ahead > 0 {
			t.Fatal("values are not looked up any more")
		}
		return id
	}
	steady, seldom := ask(-1), ask(-2)
	for n := range 2 * maxEntries {
		if ask(n); n%1000 == 0 {
			ask(-1)
		}
		if again := ask(n); n%8 == 0 && again != ask(n) {
			t.Fatalf("value %d has several ids", n)
		}
	}
	if got := ask(-1); got != steady {
		t.Errorf("a value that was asked for all the time has id %d, and had %d", got, steady)
	}
	again := ask(-2)
	if again == seldom {
		t.Errorf("a value that was not asked for among %d others still has id %d: nothing is forgotten", 2*maxEntries, seldom)
	}
	d.forget()
	got := map[uint32]uint32{}
	if err := d.gone.twice(func(id, one uint32) error { got[id] = one; return nil }); err != nil {
		t.Fatal(err)
	}
	if want := map[uint32]uint32{again: seldom}; !maps.Equal(got, want) {
		t.Errorf("the ledger knows doubles %v, want %v", got, want)
	}
}
