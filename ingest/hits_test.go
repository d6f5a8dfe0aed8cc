package ingest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"ipdrift/ingest/source/sourcetest"
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
			if err := loaded.Hits.Write(t.Context()); err != nil {
				t.Fatal(err)
			}
			diff(t, "hits", got, query[string](t, s, allHits))
			loaded.Hits.Drop()
			if _, again := loaded.Hits.Pages(); again {
				t.Error("they are handed on after they were dropped")
			}
		})
	}
}

const allHits = `SELECT concat_ws(' ', source, line, epoch_us(start), outcome, link, client, dir, file, agent, referer, ident, took, bytes) FROM hit ORDER BY 1`

// rowsOf lists rows as allHits does.
func rowsOf(h *Hits) (rows []string, ok bool) {
	pages, ok := h.Pages()
	for _, p := range pages {
		for i := range p.Len() {
			rows = append(rows, fmt.Sprint(SourceOf(p.U64(0)[i]), p.U64(0)[i]&(1<<lineBits-1), int64(p.Micros(1)[i]), p.U32(2)[i], p.U32(3)[i], p.U32(4)[i], p.U32(5)[i], p.U32(6)[i], p.U32(7)[i], p.U32(10)[i], p.U32(8)[i], p.U16(9)[i], p.I64(11)[i]))
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
		s, loaded := loadForgetting(t, o, sourcetest.Write(t, t.TempDir(), "access.log", []byte(text)), do)
		got, ok := rowsOf(loaded.Hits)
		if !ok {
			t.Fatal("none is handed on")
		}
		if err := loaded.Hits.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		diff(t, "hits", got, query[string](t, s, allHits))
		if twice := one[int](t, s, `SELECT (SELECT count(*) FROM link) - (SELECT count(DISTINCT hash) FROM link)`); twice != 0 {
			t.Errorf("%d links stand twice", twice)
		}
	}
}

// TestHitsWait wants nothing in the table until somebody asks for it, and then what
// stands there where there is no room to wait.
func TestHitsWait(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 3, Lines: 150_000})
	first, _, _ := strings.Cut(text, "\n")
	bare := regexp.MustCompile(`\?\S+ (\S+) \d+ `).ReplaceAllString(first, " $1 403 ") + "\n"
	for _, c := range []struct {
		name, text string
		hold       int64
		waits      bool
	}{
		{"room for all", text, 64 << 20, true}, {"room for some", text, 5 << 20, false}, {"no room", text, 0, false},
		{"a refused request without a token", bare + text, 64 << 20, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := testOptions(t)
			const lines = `SELECT concat_ws(' ', h.line, epoch_us(h.start), o.status, d.text, f.text, h.bytes)
				FROM hit h JOIN outcome o ON o.id = h.outcome JOIN dir d ON d.id = h.dir JOIN file f ON f.id = h.file ORDER BY h.line`
			s, _ := loadText(t, o, c.text)
			want := query[string](t, s, lines)
			o.Hold = c.hold
			s, loaded := loadText(t, o, c.text)
			if n := one[int64](t, s, `SELECT count(*) FROM hit`); (n == 0) != c.waits || loaded.Requests != int64(len(want)) {
				t.Errorf("%d of %d requests are written, want none: %t", n, loaded.Requests, c.waits)
			}
			if _, ok := loaded.Hits.Pages(); ok != (c.hold == 64<<20) {
				t.Errorf("handed on: %t", ok)
			}
			for range 2 {
				if err := loaded.Hits.Write(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			diff(t, "hits", query[string](t, s, lines), want)
		})
	}
}

// TestHitsLost wants an error rather than an empty table.
func TestHitsLost(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 3, Lines: 1000})
	o := testOptions(t)
	o.Hold = 64 << 20
	_, loaded := loadText(t, o, text)
	loaded.Hits.Drop()
	if err := loaded.Hits.Write(t.Context()); err == nil {
		t.Error("requests that were dropped are written")
	}
}

// TestHitsRefused wants the error of the table at once, while the log goes on.
func TestHitsRefused(t *testing.T) {
	full := errors.New("disk full")
	for _, asked := range []bool{false, true} {
		h := &Hits{insert: func(context.Context, <-chan arrow.Record) error { return full }}
		h.asked.Store(asked)
		done := make(chan error)
		go func() { done <- h.deliver(context.Background(), make(chan arrow.Record), asked) }()
		select {
		case err := <-done:
			if !errors.Is(err, full) {
				t.Errorf("%v, want that the disk is full", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it waits for the end of the log")
		}
	}
}

// TestHitsOfACopy leaves out what is read twice, where requests wait.
func TestHitsOfACopy(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 3, Lines: 5000})
	o := testOptions(t)
	o.Hold = 64 << 20
	dir := t.TempDir()
	for _, name := range []string{"a.log", "b.log"} {
		sourcetest.Write(t, dir, name, []byte(text))
	}
	s, loaded := loadArgs(t, o, dir)
	if n := one[int64](t, s, `SELECT count(*) FROM hit`); n != 5000 || loaded.Requests != n {
		t.Errorf("%d requests are in the table, %d in the case, want 5000", n, loaded.Requests)
	}
}
