package ingest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/source/sourcetest"
	"ipdrift/ingest/synth"
)

func conn(t *testing.T, s *Store) *sql.Conn {
	t.Helper()
	c, err := s.DB.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestPagesKeepOrderAndAreComplete(t *testing.T) {
	loaded, _ := loadText(t, testOptions(t), plainLines(1))
	opened, err := Open(keptCase(t, "x.duckdb"), Limits{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	for name, s := range map[string]*Store{"loaded": loaded, "opened": opened} {
		for _, n := range []int{0, 1, fetch.PageRows - 1, fetch.PageRows, fetch.PageRows + 1, 3*fetch.PageRows + 17} {
			next, pages := int64(n), 0
			q := fmt.Sprintf(`SELECT i AS n, (i %% 256)::UTINYINT, (i %% 60000)::USMALLINT, i::UINTEGER, i::UBIGINT, CASE WHEN i %% 2 = 0 THEN 'even ' || i END FROM (SELECT range + 1 AS i FROM range(%d)) ORDER BY n DESC`, n)
			err := fetch.Pages(context.Background(), conn(t, s), q, func(p fetch.Page) error {
				pages++
				for row, v := range p.I64(0) {
					text := ""
					if v%2 == 0 {
						text = fmt.Sprint("even ", v)
					}
					if v != next || p.U8(1)[row] != uint8(v%256) || p.U16(2)[row] != uint16(v%60000) || p.U32(3)[row] != uint32(v) || p.U64(4)[row] != uint64(v) || p.Texts(5)(row) != text {
						return fmt.Errorf("row %d, want %d", v, next)
					}
					next--
				}
				return nil
			})
			if err != nil || next != 0 {
				t.Errorf("%s, %d rows: %d are missing after %d pages, %v", name, n, next, pages, err)
			}
		}
	}
}

// TestScanEntries wants every entry once, of a dictionary with gaps in no order.
func TestScanEntries(t *testing.T) {
	s, ctx := testStore(t), context.Background()
	c := conn(t, s)
	if _, err := c.ExecContext(ctx, fmt.Sprintf(`INSERT INTO ident SELECT id::UINTEGER, id * 3 FROM range(1, %d) r (id) WHERE id %% 7 > 0 ORDER BY hash(id)`, 2*fetch.PageRows+21)); err != nil {
		t.Fatal(err)
	}
	last, err := fetch.LastID(ctx, c, "ident")
	if err != nil || last != 2*fetch.PageRows+20 {
		t.Fatalf("the last is %d (%v)", last, err)
	}
	seen, pages := make([]bool, last+1), 0
	if err := fetch.Entries(ctx, c, "ident", `id, hash`, last, func(p fetch.Page) error {
		pages++
		for i, id := range p.U32(0) {
			if seen[id] || p.U64(1)[i] != 3*uint64(id) {
				return fmt.Errorf("entry %d, twice or with another's hash", id)
			}
			seen[id] = true
		}
		return nil
	}); err != nil || pages < 3 {
		t.Fatalf("%v after %d pages", err, pages)
	}
	for id := range seen {
		if seen[id] != (id%7 > 0) {
			t.Fatalf("entry %d: %t", id, seen[id])
		}
	}
}

func TestPagesStopAtAnError(t *testing.T) {
	s := testStore(t)
	c := conn(t, s)
	stop := errors.New("enough")
	calls := 0
	err := fetch.Pages(context.Background(), c, `SELECT range::BIGINT FROM range(1000000)`, func(fetch.Page) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d pages, want %v after one", err, calls, stop)
	}
	if err := fetch.Pages(context.Background(), c, `SELECT nothing`, nil); err == nil {
		t.Error("a query that makes no sense: no error")
	}
	if err := fetch.Pages(context.Background(), c, `SELECT 1::BIGINT`, func(fetch.Page) error { return nil }); err != nil {
		t.Errorf("after errors: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := fetch.Pages(ctx, c, `SELECT 1::BIGINT`, func(fetch.Page) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v, want %v", err, context.Canceled)
	}
}

// TestAddressSurvivesTheCase loads addresses and puts them together again.
func TestAddressSurvivesTheCase(t *testing.T) {
	list := []string{"0.0.0.0", "203.0.113.7", "255.255.255.255", "::", "::1", "2001:db8::ff00:1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::ffff:203.0.113.7", "64:ff9b::cb00:7107"}
	text := ""
	for _, a := range list {
		text += testLine(a, "/a.ts", 200)
	}
	o := testOptions(t)
	o.Format = namedFormat(t, combinedHost)
	s, _ := loadText(t, o, text)
	i := 0
	err := fetch.Pages(context.Background(), conn(t, s), `SELECT c.family, c.mapped, c.hi, c.lo, c.address FROM hit h JOIN clients c ON c.id = h.client ORDER BY h.line`, func(p fetch.Page) error {
		for row := range p.Len() {
			want := netip.MustParseAddr(list[i])
			if got := Address(p.U8(0)[row], p.U8(1)[row], p.U64(2)[row], p.U64(3)[row]); got != want || p.Texts(4)(row) != list[i] {
				t.Errorf("address %s came back as %s, text %q", want, got, p.Texts(4)(row))
			}
			i++
		}
		return nil
	})
	if err != nil || i != len(list) {
		t.Errorf("%d addresses, %v; want %d", i, err, len(list))
	}
	if Address(0, 0, 1, 1).IsValid() {
		t.Error("no family gives an address")
	}
}

// Parts of the requests hold every request once, and none holds too many, of small
// sources and large ones, with rejected lines between.
func TestHitParts(t *testing.T) {
	var files []string
	for i, n := range []int{1, 3, 400, 2, 2000, 1, 1} {
		text, _ := synthLog(t, synth.Options{Seed: uint64(i + 1), Lines: n})
		if n == 400 {
			text = strings.Replace(text, "\n", "\nno request\n", 50)
		}
		files = append(files, sourcetest.Write(t, t.TempDir(), "a.log", []byte(text)))
	}
	s, _ := loadArgs(t, testOptions(t), files...)
	for _, rows := range []int64{1, 7, 300, 1000, 10_000} {
		parts, err := hitParts(context.Background(), conn(t, s), rows)
		if err != nil {
			t.Fatal(err)
		}
		all := 0
		for _, part := range parts {
			n := one[int](t, s, `SELECT count(*) FROM hit WHERE `+part)
			if all += n; int64(n) > rows {
				t.Errorf("%d rows at a time: %d in %s", rows, n, part)
			}
		}
		if all != 2408 {
			t.Errorf("%d rows at a time: %d in all, want 2408", rows, all)
		}
	}
}

// TestScanTexts wants every text once, of a dictionary with gaps, and few on a page where
// they are long.
func TestScanTexts(t *testing.T) {
	s := testStore(t)
	const last = 60_000
	length := func(id int) int { return id%7 + id/40_000*4_000 } // 80 MB in the last third
	if _, err := s.DB.Exec(fmt.Sprintf(`INSERT INTO dir SELECT range, repeat('x', (range %% 7 + range // 40000 * 4000)::INT) FROM range(1, %d) WHERE range // 5000 <> 3`, last+1)); err != nil {
		t.Fatal(err)
	}
	seen := make([]bool, last+1)
	if err := fetch.Texts(t.Context(), conn(t, s), "dir", func(p fetch.Page) error {
		text := p.Texts(1)
		for i, id := range p.U32(0) {
			if seen[id] || len(text(i)) != length(int(id)) {
				return fmt.Errorf("%d has %d bytes, seen before: %t", id, len(text(i)), seen[id])
			}
			seen[id] = true
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for id := 1; id <= last; id++ {
		if seen[id] == (id/5000 == 3) {
			t.Fatalf("%d was seen: %t", id, seen[id])
		}
	}
	pages, err := fetch.TextPages(t.Context(), conn(t, s), "dir")
	for _, p := range pages {
		size := 0
		for id := p[0]; id <= min(p[1], last); id++ {
			size += length(id)
		}
		if size > fetch.PageBytes {
			t.Errorf("%d bytes on a page", size)
		}
	}
	if err != nil || len(pages) < 5 || len(pages) > 8 {
		t.Errorf("%d pages for 80 MB (%v)", len(pages), err)
	}
}
