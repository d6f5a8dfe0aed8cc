package ingest

import (
	"fmt"
	"slices"
	"testing"

	"ipdrift/ingest/synth"
)

// TestHits holds the rows that are handed on after a load to those in the database.
func TestHits(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 3, Lines: 150_000})
	for _, c := range []struct {
		name string
		hold int64
		some bool
	}{{"room for all", 64 << 20, true}, {"room for some", 5 << 20, false}, {"no room", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			o := testOptions(t)
			o.Hold = c.hold
			s, loaded := loadText(t, o, text)
			got, ok := rowsOf(loaded.Hits)
			if ok != c.some {
				t.Fatalf("handed on: %t, want %t", ok, c.some)
			}
			if !ok {
				return
			}
			diff(t, "hits", got, query[string](t, s, allHits))
			loaded.Hits.Drop()
			if _, again := loaded.Hits.Pages(); again {
				t.Error("they are handed on after they were dropped")
			}
		})
	}
}

const allHits = `SELECT concat_ws(' ', source, line, epoch_us(start), outcome, link, client, dir, file, agent, referer, ident, bytes) FROM hit ORDER BY 1`

// rowsOf lists rows as allHits does.
func rowsOf(h *Hits) (rows []string, ok bool) {
	pages, ok := h.Pages()
	for _, p := range pages {
		for i := range p.Len() {
			rows = append(rows, fmt.Sprint(p.U16(0)[i], p.I64(1)[i], int64(p.Micros(2)[i]), p.U32(3)[i], p.U32(4)[i], p.U32(5)[i], p.U32(6)[i], p.U32(7)[i], p.U32(8)[i], p.U32(9)[i], p.U32(10)[i], p.I64(11)[i]))
		}
	}
	slices.Sort(rows)
	return rows, ok
}

// TestHitsRewritten wants the ids that the database has, where it calls things
// otherwise than what was read did.
func TestHitsRewritten(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 4, Lines: 20_000})
	blind := func(d *dictionary) { d.blind = 1 << 30 }
	for _, do := range []func(*dictionary){(*dictionary).forget, blind} {
		o := testOptions(t)
		o.Hold, o.Threads = 64<<20, 2
		s, loaded := loadForgetting(t, o, writeFile(t, t.TempDir(), "access.log", []byte(text)), do)
		got, ok := rowsOf(loaded.Hits)
		if !ok {
			t.Fatal("none is handed on")
		}
		diff(t, "hits", got, query[string](t, s, allHits))
	}
}
