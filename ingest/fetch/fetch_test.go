package fetch

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// open gives a connection to an empty database.
func open(t *testing.T, statements ...string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	for _, s := range statements {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

var errStop = errors.New("stop")

func TestEach(t *testing.T) {
	conn := open(t)
	for name, c := range map[string]struct {
		query  string
		args   []any
		stopAt int // value with which f fails; 0: it does not
		want   []int
		fails  string
	}{
		"rows in order":    {"SELECT * FROM range(1, 5)", nil, 0, []int{1, 2, 3, 4}, ""},
		"no rows":          {"SELECT 1 WHERE false", nil, 0, nil, ""},
		"arguments":        {"SELECT ? UNION ALL SELECT ? ORDER BY 1 DESC", []any{7, 8}, 0, []int{8, 7}, ""},
		"f fails":          {"SELECT * FROM range(1, 5)", nil, 2, []int{1, 2}, "stop"},
		"no query":         {"SELEKT 1", nil, 0, nil, "syntax error"},
		"fails on its way": {"SELECT error('lost') FROM range(1)", nil, 0, nil, "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []int
			err := Each(t.Context(), conn, c.query, func(scan Scan) error {
				var n int
				err := scan(&n)
				if got = append(got, n); err == nil && n == c.stopAt {
					err = errStop
				}
				return err
			}, c.args...)
			if fmt.Sprint(err) != "<nil>" && c.fails == "" || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("error %v, want %q", err, c.fails)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// TestQuoted lets the database read the texts.
func TestQuoted(t *testing.T) {
	conn := open(t)
	for _, text := range []string{"", "plain", "it's", "''", "'; DROP TABLE x; --", `back\slash "double"`, "zeilen\numbruch", "ü"} {
		if err := Each(t.Context(), conn, "SELECT "+Quoted(text), func(scan Scan) error {
			var got string
			err := scan(&got)
			if got != text {
				t.Errorf("%q became %q", text, got)
			}
			return err
		}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestPages reads more rows than a page has.
func TestPages(t *testing.T) {
	conn := open(t)
	for name, c := range map[string]struct {
		query   string
		rows    int
		highest uint32 // comes first
	}{
		"several pages":    {"SELECT (600_000 - range)::UINTEGER FROM range(600_000) ORDER BY range", 600_000, 600_000},
		"one page":         {"SELECT (7 - range)::UINTEGER FROM range(7) ORDER BY range", 7, 7},
		"none":             {"SELECT 1::UINTEGER WHERE false", 0, 0},
		"a comment behind": {"SELECT 3::UINTEGER -- three", 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			next, rows := c.highest, 0
			if err := Pages(t.Context(), conn, c.query, func(p Page) error {
				rows += p.Len()
				for _, n := range p.U32(0) {
					if n != next {
						return fmt.Errorf("%d in the place of %d", n, next)
					}
					next--
				}
				return nil
			}); err != nil || rows != c.rows {
				t.Errorf("%d rows, want %d (%v)", rows, c.rows, err)
			}
			if _, err := conn.ExecContext(t.Context(), "SELECT * FROM page"); err == nil {
				t.Error("the temporary table is still there")
			}
		})
	}
	calls := 0
	if err := Pages(t.Context(), conn, "SELECT range FROM range(600_000)", func(Page) error { calls++; return errStop }); !errors.Is(err, errStop) || calls != 1 {
		t.Errorf("%v after %d pages, want the first error", err, calls)
	}
	if err := Pages(t.Context(), conn, "SELEKT 1", func(Page) error { return nil }); err == nil {
		t.Error("what is no query does not fail")
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Pages(stopped, conn, "SELECT 1", func(Page) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, though nobody waits any more", err)
	}
}

// TestEntries reads a dictionary whose ids stand in no order and leave gaps: 1, 3, 5 and so on.
func TestEntries(t *testing.T) {
	conn := open(t, "CREATE TABLE d (id UINTEGER, text VARCHAR)", "INSERT INTO d SELECT 2 * range + 1, 'text ' || (2 * range + 1) FROM range(200_000) ORDER BY hash(range)")
	const highest = 2*199_999 + 1
	last, err := LastID(t.Context(), conn, "d")
	if err != nil || last != highest {
		t.Fatalf("the last id is %d, want %d (%v)", last, highest, err)
	}
	seen, page := map[uint32]bool{}, uint32(0)
	if err := Entries(t.Context(), conn, "d", "id, text", last, func(p Page) error {
		text := p.Texts(1)
		for i, id := range p.U32(0) {
			if seen[id] || text(i) != fmt.Sprint("text ", id) {
				return fmt.Errorf("id %d: %q (again: %t)", id, text(i), seen[id])
			}
			if of := (id - 1) / 262_144; of < page {
				return fmt.Errorf("id %d stands behind page %d", id, page)
			} else {
				page = of
			}
			seen[id] = true
		}
		return nil
	}); err != nil || len(seen) != 200_000 || page != 1 {
		t.Errorf("%d entries on %d pages, want 200,000 on 2 (%v)", len(seen), page+1, err)
	}
	if err := Entries(t.Context(), conn, "d", "id", last, func(Page) error { return errStop }); !errors.Is(err, errStop) {
		t.Errorf("%v, want the error of who reads", err)
	}
	if _, err := conn.ExecContext(t.Context(), "DELETE FROM d"); err != nil {
		t.Fatal(err)
	}
	if last, err := LastID(t.Context(), conn, "d"); err != nil || last != 0 {
		t.Errorf("the last id of none is %d (%v)", last, err)
	}
}

// TestTextPages: a page has ids of whole blocks of 1,024, 16 MiB of text about, and a range of
// 262,144 ids at most.
func TestTextPages(t *testing.T) {
	for name, c := range map[string]struct {
		rows  string // id and text
		texts int
		want  [][2]int
	}{
		"none":                     {"SELECT 1, '' WHERE false", 0, nil},
		"short":                    {"SELECT range + 1, 'short' FROM range(3_000)", 3_000, [][2]int{{0, 3071}}},
		"10 MiB in each block":     {"SELECT range + 1, repeat('x', 10_240) FROM range(3_000)", 3_000, [][2]int{{0, 1023}, {1024, 2047}, {2048, 3071}}},
		"8 MiB less some in each":  {"SELECT range + 1, repeat('x', 8_100) FROM range(3_000)", 3_000, [][2]int{{0, 2047}, {2048, 3071}}},
		"one is longer than all":   {"SELECT 1, repeat('x', 20_000_000) UNION ALL SELECT 1024, 'short'", 2, [][2]int{{0, 1023}, {1024, 2047}}},
		"letters of several bytes": {"SELECT range + 1, repeat('ü', 5_120) FROM range(2_000)", 2_000, [][2]int{{0, 1023}, {1024, 2047}}},
		"far apart":                {"SELECT 1, 'a' UNION ALL SELECT 262_143, 'b' UNION ALL SELECT 262_144, 'c'", 3, [][2]int{{0, 262_143}, {262_144, 263_167}}},
	} {
		t.Run(name, func(t *testing.T) {
			conn := open(t, "CREATE TABLE d (id UINTEGER, text VARCHAR)", "INSERT INTO d "+c.rows)
			pages, err := TextPages(t.Context(), conn, "d")
			if err != nil || !slices.Equal(pages, c.want) {
				t.Errorf("%v, want %v (%v)", pages, c.want, err)
			}
			texts := 0
			if err := Texts(t.Context(), conn, "d", func(p Page) error { texts += p.Len(); return nil }); err != nil || texts != c.texts {
				t.Errorf("%d texts, want %d (%v)", texts, c.texts, err)
			}
		})
	}
	conn := open(t, "CREATE TABLE d (id UINTEGER, text VARCHAR)", "INSERT INTO d VALUES (1, 'a'), (300_000, 'b')")
	calls := 0
	if err := Texts(t.Context(), conn, "d", func(Page) error { calls++; return errStop }); !errors.Is(err, errStop) || calls != 1 {
		t.Errorf("%v after %d pages, want the first error", err, calls)
	}
}

// TestPage reads a column of each type, at its limits. The time is that of date -u -d '2026-11-30 17:00:00' +%s.
func TestPage(t *testing.T) {
	conn := open(t, "CREATE TABLE d (a UTINYINT, b USMALLINT, c UINTEGER, d UBIGINT, e BIGINT, f TIMESTAMP, g BOOLEAN, h VARCHAR)",
		"INSERT INTO d VALUES (255, 65535, 4294967295, 18446744073709551615, -9223372036854775808, '2026-11-30 17:00:00.000001', true, 'text'), (0, 0, 0, 0, 0, '1970-01-01', NULL, NULL)")
	rows := 0
	if err := OnePage(t.Context(), conn, `SELECT * FROM d ORDER BY 1 DESC`, func(p Page) error {
		rows += p.Len()
		is, text := p.Bools(6), p.Texts(7)
		got := fmt.Sprintln(p.U8(0), p.U16(1), p.U32(2), p.U64(3), p.I64(4), p.Micros(5), is(0), is(1), text(0), text(1) == "")
		const want = "[255 0] [65535 0] [4294967295 0] [18446744073709551615 0] [-9223372036854775808 0] [1796058000000001 0] true false text true\n"
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		return nil
	}); err != nil || rows != 2 {
		t.Errorf("%d rows, want 2 (%v)", rows, err)
	}
	if err := OnePage(t.Context(), conn, "SELECT error('lost')", func(Page) error { return nil }); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("%v, want what the database says", err)
	}
}
