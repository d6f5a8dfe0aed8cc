package ingest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/netip"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/marcboeker/go-duckdb"
)

// pageRows bounds what is held in memory of a result: the driver
// materialises every result whole.
const pageRows = 1 << 18

// Pages runs a query and hands its rows on in order, page by page, so that
// memory stays bounded: the result is kept in a temporary table, which DuckDB
// can spill. f must not keep the page, nor a string of it.
func Pages(ctx context.Context, conn *sql.Conn, query string, f func(Page) error) error {
	if _, err := conn.ExecContext(ctx, `CREATE OR REPLACE TEMP TABLE page AS `+query); err != nil {
		return err
	}
	if err := Scan(ctx, conn, "page", "*", f); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, `DROP TABLE page`)
	return err
}

// Scan hands on columns of a table, page by page, its rows in the order in which
// they were written. f must not keep the page, nor a string of it.
func Scan(ctx context.Context, conn *sql.Conn, table, columns string, f func(Page) error) error {
	for at := 0; ; at += pageRows {
		n, err := onePage(ctx, conn, fmt.Sprintf(`SELECT %s FROM %s WHERE rowid >= %d AND rowid < %d`, columns, table, at, at+pageRows), f)
		if err != nil || n < pageRows {
			return err
		}
	}
}

// Few runs a query of which it is known that the result is small, and hands its
// rows on in order.
func Few(ctx context.Context, conn *sql.Conn, query string, f func(Page) error) error {
	_, err := onePage(ctx, conn, query, f)
	return err
}

func onePage(ctx context.Context, conn *sql.Conn, query string, f func(Page) error) (rows int64, err error) {
	err = conn.Raw(func(dc any) error {
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
			rows += reader.Record().NumRows()
			if err := f(Page{reader.Record()}); err != nil {
				return err
			}
		}
		return reader.Err()
	})
	return rows, err
}

// Page is some rows of a result, by column. Values of a column are read with
// the method of its type.
type Page struct{ record arrow.Record }

// Len is the number of rows.
func (p Page) Len() int { return int(p.record.NumRows()) }

// U8, U16, U32, U64 and I64 give the values of a column of that width.
func (p Page) U8(column int) []uint8   { return p.record.Column(column).(*array.Uint8).Uint8Values() }
func (p Page) U16(column int) []uint16 { return p.record.Column(column).(*array.Uint16).Uint16Values() }
func (p Page) U32(column int) []uint32 { return p.record.Column(column).(*array.Uint32).Uint32Values() }
func (p Page) U64(column int) []uint64 { return p.record.Column(column).(*array.Uint64).Uint64Values() }
func (p Page) I64(column int) []int64  { return p.record.Column(column).(*array.Int64).Int64Values() }

// Bools gives the truths of a column, by row; false for NULL.
func (p Page) Bools(column int) func(row int) bool {
	c := p.record.Column(column).(*array.Boolean)
	return func(row int) bool { return c.IsValid(row) && c.Value(row) }
}

// Texts gives the texts of a column, by row; "" for NULL. They are valid as
// long as the page is.
func (p Page) Texts(column int) func(row int) string {
	c := p.record.Column(column).(*array.String)
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
