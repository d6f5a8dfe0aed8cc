package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ipdrift/ingest/synth"
)

// loadForgetting is Load with dictionaries that forget everything whenever
// the source is read from, as a full one does.
func loadForgetting(t *testing.T, o Options, file string) (*Store, *Loaded) {
	t.Helper()
	s, ctx := testStore(t), context.Background()
	l := &load{Options: o, store: s, seed: maphash.MakeSeed(), unproven: newUnproven(), hits: Hits{room: o.Hold}}
	l.sources = []*source{{Source: Source{Path: file, Label: file}, host: []byte("-")}}
	if err := l.prepare(); err != nil {
		t.Fatal(err)
	}
	l.Progress = func(Progress) {
		for _, d := range l.dicts.all() {
			d.mu.Lock()
			d.forget()
			d.mu.Unlock()
		}
	}
	if err := l.pump(ctx); err != nil {
		t.Fatal(err)
	}
	for _, d := range l.dicts.all() {
		if d.gone == nil {
			t.Fatalf("dictionary %s never forgot", d.name)
		}
	}
	got, err := l.finish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s, got
}

// attempts is what Unproven holds, by the links' own hashes.
func attempts(t *testing.T, s *Store, u *Unproven) map[string]string {
	t.Helper()
	hashes := map[uint32]string{}
	for _, row := range query[string](t, s, `SELECT id || ' ' || hash FROM link`) {
		var id uint32
		var hash string
		if _, err := fmt.Sscan(row, &id, &hash); err != nil {
			t.Fatal(err)
		}
		hashes[id] = hash
	}
	out := map[string]string{}
	for id, told := range u.told() {
		if hashes[id] == "" {
			t.Errorf("attempts of link %d, which is not in the case", id)
		}
		out[hashes[id]] = told
	}
	return out
}

func TestForgettingChangesNothing(t *testing.T) {
	defer func(rows int64) { rewriteRows = rows }(rewriteRows)
	for name, o := range map[string]synth.Options{
		"normal":  {Seed: 1, Lines: 20_000, Refused: 0.2},
		"hostile": {Seed: 2, Lines: 15_000, Hostile: true, Refused: 0.2},
	} {
		text, _ := synthLog(t, o)
		file := writeFile(t, t.TempDir(), "a.log", []byte(text+text)) // every value returns
		want, wantLoaded := loadArgs(t, testOptions(t), file)
		for _, threads := range []int{1, 3} {
			o := testOptions(t)
			o.Threads = threads
			if threads > 1 {
				rewriteRows = 7_000
			}
			got, loaded := loadForgetting(t, o, file)
			diff(t, name, query[string](t, got, contents), query[string](t, want, contents))
			for table, key := range dictionaryKeys {
				if twice := one[int](t, got, fmt.Sprintf(`SELECT count(*) FROM (SELECT 1 FROM %s GROUP BY %s HAVING count(*) > 1)`, table, key)); twice != 0 {
					t.Errorf("%s: %d values stand twice in %s", name, twice, table)
				}
			}
			for _, q := range []string{
				`SELECT string_agg(n || '', ',' ORDER BY n) FROM (SELECT count(*) AS n FROM hit WHERE link > 0 GROUP BY link)`,
				`SELECT string_agg(n || '', ',' ORDER BY n) FROM (SELECT count(*) AS n FROM hit GROUP BY client)`,
				`SELECT string_agg(n || '', ',' ORDER BY n) FROM (SELECT count(*) AS n FROM hit GROUP BY outcome)`,
				`SELECT string_agg(n || '', ',' ORDER BY n) FROM (SELECT count(*) AS n FROM hit GROUP BY link, agent)`,
			} {
				if a, b := one[string](t, got, q), one[string](t, want, q); a != b {
					t.Errorf("%s: %s\n got %.200s\nwant %.200s", name, q, a, b)
				}
			}
			a, b := attempts(t, got, loaded.Unproven), attempts(t, want, wantLoaded.Unproven)
			if !maps.Equal(a, b) || len(b) == 0 {
				t.Errorf("%s, %d threads: attempts of %d links differ from those of %d", name, threads, len(a), len(b))
			}
		}
	}
}

// TestDictionaryIsFull fills a dictionary to its real cap.
func TestDictionaryIsFull(t *testing.T) {
	d, err := newDictionary(testStore(t), "file")
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(maxEntries) {
		d.ids[i*0x9e3779b97f4a7c15] = uint32(i + 1)
	}
	d.last = maxEntries
	for _, c := range []struct {
		hash   uint64
		want   uint32
		forgot bool
		again  []uint32
	}{
		{5, 6, false, nil}, {maxEntries + 1, maxEntries + 1, true, nil}, {5, maxEntries + 2, true, []uint32{maxEntries + 2}}, {maxEntries + 1, maxEntries + 1, true, []uint32{maxEntries + 2}},
	} {
		if id, _ := d.id(c.hash * 0x9e3779b97f4a7c15); id != c.want || (d.gone != nil) != c.forgot || !slices.Equal(d.again, c.again) {
			t.Errorf("value %d has id %d, forgot %t, doubts %v; want %d, %t, %v", c.hash, id, d.gone != nil, d.again, c.want, c.forgot, c.again)
		}
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

// TestFilterNeverDenies counts what a filter with two million values takes for
// one that it was given.
func TestFilterNeverDenies(t *testing.T) {
	rng, f := rand.New(rand.NewPCG(1, 2)), filter{}
	values := make([]uint64, 2_000_000)
	for i := range values {
		values[i] = rng.Uint64()
		f.add(values[i])
	}
	for _, v := range values {
		if !f.has(v) {
			t.Fatalf("%x was added and is denied", v)
		}
	}
	wrong := 0
	for range 1_000_000 {
		if f.has(rng.Uint64()) {
			wrong++
		}
	}
	if wrong > 2000 {
		t.Errorf("%d of a million values are taken for known ones, want 1 in 1000", wrong)
	}
}
