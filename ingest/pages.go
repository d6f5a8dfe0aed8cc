package ingest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/netip"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/marcboeker/go-duckdb"
	"golang.org/x/sync/errgroup"
)

// pageRows bounds what is held in memory of a result: the driver
// materialises every result whole.
const pageRows = 1 << 18

// Pages runs a query and hands its rows on in order, page by page, so that
// memory stays bounded: the result is kept in a temporary table, which DuckDB
// can spill. f must not keep the page, nor a string of it.
func Pages(ctx context.Context, conn *sql.Conn, query string, f func(Page) error) error {
	if _, err := conn.ExecContext(ctx, fillPage(query)); err != nil {
		return err
	}
	var rows int64
	err := conn.QueryRowContext(ctx, `SELECT count(*) FROM page`).Scan(&rows)
	for first := int64(1); first <= rows && err == nil; first += pageRows {
		err = onePage(ctx, conn, fmt.Sprintf(pieceOfPage, first, first+pageRows-1), f)
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, `DROP TABLE page`)
	}
	return err
}

// ScanEntries hands on columns of a dictionary, page by page, up to the last id: in the
// order of the ids from page to page, in no order on each. The database finds a page
// without reading all others. f must not keep the page, nor a string of it.
func ScanEntries(ctx context.Context, conn *sql.Conn, dictionary, columns string, last int, f func(Page) error) (err error) {
	for first := 1; first <= last && err == nil; first += pageRows {
		err = onePage(ctx, conn, fmt.Sprintf(`SELECT %s FROM %s WHERE id BETWEEN %d AND %d`, columns, dictionary, first, first+pageRows-1), f)
	}
	return err
}

// pageBytes of text are on a page, about; textBlock ids at least, of one block.
const (
	pageBytes = 16 << 20
	textBlock = 1 << 10
)

// ScanTexts hands on the ids and texts of a dictionary as ScanEntries does, fewer on a page
// where they are long.
func ScanTexts(ctx context.Context, conn *sql.Conn, dictionary string, f func(Page) error) error {
	pages, err := textPages(ctx, conn, dictionary)
	for _, p := range pages {
		if err == nil {
			err = onePage(ctx, conn, fmt.Sprintf(`SELECT id, text FROM %s WHERE id BETWEEN %d AND %d`, dictionary, p[0], p[1]), f)
		}
	}
	return err
}

// textPages are the first and the last id on each page of texts.
func textPages(ctx context.Context, conn *sql.Conn, dictionary string) (pages [][2]int, err error) {
	held := int64(pageBytes + 1)
	err = Each(ctx, conn, fmt.Sprintf(`SELECT id // %[2]d * %[2]d AS first, coalesce(sum(strlen(text)), 0)::BIGINT FROM %[1]s GROUP BY first ORDER BY first`, dictionary, textBlock), func(scan Scan) error {
		var first int
		var size int64
		err := scan(&first, &size)
		last := len(pages) - 1
		if held += size; held > pageBytes || first-pages[last][0] >= pageRows {
			pages, held, last = append(pages, [2]int{first}), size, last+1
		}
		pages[last][1] = first + textBlock - 1
		return err
	})
	return pages, err
}

// LastID is the highest of a dictionary; 0 if it is empty.
func LastID(ctx context.Context, conn *sql.Conn, dictionary string) (last int, err error) {
	err = conn.QueryRowContext(ctx, `SELECT coalesce(max(id), 0)::BIGINT FROM `+dictionary).Scan(&last)
	return last, err
}

// hitParts are conditions that take the requests apart, into some rows each, about: lines of
// one source, or some sources. The database finds a part without reading all others, as
// it does not by rowid.
func hitParts(ctx context.Context, conn *sql.Conn, rows int64) (parts []string, err error) {
	var from, to int // sources that are a part together
	var held int64
	end := func() {
		if held > 0 {
			parts = append(parts, fmt.Sprintf(`at BETWEEN %d AND %d`, PlaceOf(from, 0), PlaceOf(to+1, 0)-1))
		}
		held = 0
	}
	err = Each(ctx, conn, `SELECT source, min(line), max(line), count(*) FROM hit GROUP BY source ORDER BY source`, func(scan Scan) error {
		var source int
		var first, last, n int64
		if err := scan(&source, &first, &last, &n); err != nil {
			return err
		}
		if held+n > rows {
			end()
		}
		if n <= rows {
			if held == 0 {
				from = source
			}
			to, held = source, held+n
			return nil
		}
		step := rows * max(1, (last-first+1)/n) // a source may have other lines than those of requests
		for ; first <= last; first += step {
			parts = append(parts, fmt.Sprintf(`at BETWEEN %d AND %d`, PlaceOf(source, first), PlaceOf(source, min(first+step-1, last))))
		}
		return nil
	})
	end()
	return parts, err
}

// ScanHits hands on the requests on several connections: page by page in any order, and f is
// called by several goroutines at once. Columns are those of table packed, and then client,
// dir, file, agent and ident, of the last.
func (s *Store) ScanHits(ctx context.Context, conn *sql.Conn, threads int, f func(Page) error) error {
	pages, err := hitParts(ctx, conn, pageRows)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range threads {
		g.Go(func() error {
			conn, err := s.DB.Conn(ctx)
			if err != nil {
				return err
			}
			defer conn.Close()
			for page := next.Add(1) - 1; page < int64(len(pages)); page = next.Add(1) - 1 {
				if err := onePage(ctx, conn, `SELECT at, start, outcome, link, rest.client, rest.dir, rest.file, rest.agent, rest.ident FROM packed WHERE `+pages[page], f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func onePage(ctx context.Context, conn *sql.Conn, query string, f func(Page) error) error {
	return conn.Raw(func(dc any) error {
		a, err := duckdb.NewArrowFromConn(dc.(driver.Conn))
		if err != nil {
			return err
		}
		reader, err := a.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer reader.Release()
		for reader.Next() {
			if err := f(Page{reader.Record().Columns()}); err != nil {
				return err
			}
		}
		return reader.Err()
	})
}

// Page is some rows of a result, by column. Values of a column are read with
// the method of its type.
type Page struct{ columns []arrow.Array }

// Len is the number of rows.
func (p Page) Len() int { return p.columns[0].Len() }

// U8 gives the values of a column of its width, as U16, U32, U64 and I64 do.
func (p Page) U8(column int) []uint8   { return p.columns[column].(*array.Uint8).Uint8Values() }
func (p Page) U16(column int) []uint16 { return p.columns[column].(*array.Uint16).Uint16Values() }
func (p Page) U32(column int) []uint32 { return p.columns[column].(*array.Uint32).Uint32Values() }
func (p Page) U64(column int) []uint64 { return p.columns[column].(*array.Uint64).Uint64Values() }
func (p Page) I64(column int) []int64  { return p.columns[column].(*array.Int64).Int64Values() }

// Micros gives the times of a column, µs since 1970.
func (p Page) Micros(column int) []Micros {
	values := p.columns[column].(*array.Timestamp).TimestampValues()
	return unsafe.Slice((*Micros)(unsafe.SliceData(values)), len(values))
}

// Bools gives the truths of a column, by row; false for NULL.
func (p Page) Bools(column int) func(row int) bool {
	c := p.columns[column].(*array.Boolean)
	return func(row int) bool { return c.IsValid(row) && c.Value(row) }
}

// Texts gives the texts of a column, by row; "" for NULL. They are valid as
// long as the page is.
func (p Page) Texts(column int) func(row int) string {
	c := p.columns[column].(*array.String)
	return func(row int) string {
		if c.IsNull(row) {
			return ""
		}
		return c.Value(row)
	}
}

// Address puts an address together from the columns family, mapped, hi and lo
// of table client.
func Address(family, mapped uint8, hi, lo uint64) netip.Addr {
	if family == 0 {
		return netip.Addr{}
	}
	var raw [16]byte
	for i := range 8 {
		raw[i], raw[8+i] = byte(hi>>(56-8*i)), byte(lo>>(56-8*i))
	}
	ip := netip.AddrFrom16(raw)
	if family == 4 && mapped == 0 {
		return ip.Unmap()
	}
	return ip
}
