// Package fetch reads what DuckDB answers: row by row ([Each]), or page by page, by column
// ([Page]), so that memory stays bounded.
package fetch

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/marcboeker/go-duckdb"
)

// PageRows bounds what is held in memory of a result: the driver
// materialises every result whole.
const PageRows = 1 << 18

// Pages runs a query and hands its rows on in order, page by page, so that
// memory stays bounded: the result is kept in a temporary table, which DuckDB
// can spill. f must not keep the page, nor a string of it.
func Pages(ctx context.Context, conn *sql.Conn, query string, f func(Page) error) error {
	if _, err := conn.ExecContext(ctx, Fill(query)); err != nil {
		return err
	}
	var rows int64
	err := conn.QueryRowContext(ctx, `SELECT count(*) FROM page`).Scan(&rows)
	for first := int64(1); first <= rows && err == nil; first += PageRows {
		err = OnePage(ctx, conn, fmt.Sprintf(Piece, first, first+PageRows-1), f)
	}
	if err == nil {
		_, err = conn.ExecContext(ctx, `DROP TABLE page`)
	}
	return err
}

// Entries hands on columns of a dictionary, page by page, up to the last id: in the
// order of the ids from page to page, in no order on each. The database finds a page
// without reading all others. f must not keep the page, nor a string of it.
func Entries(ctx context.Context, conn *sql.Conn, dictionary, columns string, last int, f func(Page) error) (err error) {
	for first := 1; first <= last && err == nil; first += PageRows {
		err = OnePage(ctx, conn, fmt.Sprintf(`SELECT %s FROM %s WHERE id BETWEEN %d AND %d`, columns, dictionary, first, first+PageRows-1), f)
	}
	return err
}

// PageBytes of text are on a page, about; textBlock ids at least, of one block.
const (
	PageBytes = 16 << 20
	textBlock = 1 << 10
)

// Texts hands on the ids and texts of a dictionary as [Entries] does, fewer on a page
// where they are long.
func Texts(ctx context.Context, conn *sql.Conn, dictionary string, f func(Page) error) error {
	pages, err := TextPages(ctx, conn, dictionary)
	for _, p := range pages {
		if err == nil {
			err = OnePage(ctx, conn, fmt.Sprintf(`SELECT id, text FROM %s WHERE id BETWEEN %d AND %d`, dictionary, p[0], p[1]), f)
		}
	}
	return err
}

// TextPages are the first and the last id on each page of texts.
func TextPages(ctx context.Context, conn *sql.Conn, dictionary string) (pages [][2]int, err error) {
	held := int64(PageBytes + 1)
	err = Each(ctx, conn, fmt.Sprintf(`SELECT id // %[2]d * %[2]d AS first, coalesce(sum(strlen(text)), 0)::BIGINT FROM %[1]s GROUP BY first ORDER BY first`, dictionary, textBlock), func(scan Scan) error {
		var first int
		var size int64
		err := scan(&first, &size)
		last := len(pages) - 1
		if held += size; held > PageBytes || first-pages[last][0] >= PageRows {
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

// OnePage runs a query whose rows all fit into memory, and hands them on as the driver has them. f
// must not keep a page.
func OnePage(ctx context.Context, conn *sql.Conn, query string, f func(Page) error) error {
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

// PageOf is the page that some columns make, which have as many rows each.
func PageOf(columns []arrow.Array) Page { return Page{columns} }

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

// Micros is a time as microseconds since the Unix epoch, UTC.
type Micros int64

// RowNumber is the column of the table that numbers its rows from 1: DuckDB finds a range of
// it without reading all others, which it does not by rowid.
const RowNumber = `"number of the row"`

// Fill makes table page of a query, which may end with a comment.
func Fill(query string) string {
	return `CREATE OR REPLACE TEMP TABLE page AS SELECT *, row_number() OVER () AS ` + RowNumber + ` FROM (` + query + "\n)"
}

// Piece reads table page from a row to a row.
const Piece = `SELECT * EXCLUDE (` + RowNumber + `) FROM page WHERE ` + RowNumber + ` BETWEEN %d AND %d`
