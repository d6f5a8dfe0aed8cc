package ingest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/marcboeker/go-duckdb"

	"ipdrift/ingest/fetch"
)

// Parquet writes the result to a file as Parquet (zstd). The case itself is locked
// against writing files, so the result streams as Arrow into a second database in
// memory, which writes it.
func (r *Result) Parquet(ctx context.Context, path string) error {
	connector, err := duckdb.NewConnector("?memory_limit=256MB", nil)
	if err != nil {
		return err
	}
	defer connector.Close()
	db := sql.OpenDB(connector)
	defer db.Close()
	to, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer to.Close()
	return r.conn.Raw(func(source any) error {
		reader, err := duckdb.NewArrowFromConn(source.(driver.Conn))
		if err != nil {
			return err
		}
		records, err := newPaged(ctx, reader, r)
		if err != nil {
			return err
		}
		defer records.Release()
		return to.Raw(func(sink any) error { return copyArrow(ctx, records, sink, path) })
	})
}

func copyArrow(ctx context.Context, records array.RecordReader, sink any, path string) error {
	writer, err := duckdb.NewArrowFromConn(sink.(driver.Conn))
	if err != nil {
		return err
	}
	release, err := writer.RegisterView(records, "result")
	if err != nil {
		return err
	}
	defer release()
	sql := fmt.Sprintf(`COPY (SELECT * FROM result) TO %s (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)`, fetch.Quoted(path))
	_, err = sink.(driver.ExecerContext).ExecContext(ctx, sql, nil)
	return errors.Join(err, records.Err())
}

// paged reads a result piece by piece. Its records are valid until the next one.
type paged struct {
	ctx    context.Context
	arrow  *duckdb.Arrow
	left   []string // queries
	now    array.RecordReader
	failed error
}

func newPaged(ctx context.Context, from *duckdb.Arrow, r *Result) (*paged, error) {
	p := &paged{ctx: ctx, arrow: from, left: r.queries()}
	p.turn()
	return p, p.failed
}

// turn goes to the next piece, if there is one.
func (p *paged) turn() bool {
	if len(p.left) == 0 {
		return false
	}
	reader, err := p.arrow.QueryContext(p.ctx, p.left[0])
	p.left = p.left[1:]
	if p.failed = err; err != nil {
		return false
	}
	if p.now != nil {
		p.now.Release()
	}
	p.now = reader
	return true
}

func (p *paged) Next() bool {
	for p.failed == nil {
		if p.now.Next() {
			return true
		}
		if p.failed = p.now.Err(); p.failed != nil || !p.turn() {
			return false
		}
	}
	return false
}

func (p *paged) Schema() *arrow.Schema { return p.now.Schema() }
func (p *paged) Record() arrow.Record  { return p.now.Record() }
func (p *paged) Err() error            { return p.failed }
func (p *paged) Retain()               {}
func (p *paged) Release() {
	if p.now != nil {
		p.now.Release()
		p.now = nil
	}
}

// spanText writes a span as DuckDB does: 1 year 2 months 3 days 04:05:06.7.
func spanText(v duckdb.Interval) string {
	var parts []string
	for _, part := range []struct {
		n    int32
		unit string
	}{{v.Months / 12, "year"}, {v.Months % 12, "month"}, {v.Days, "day"}} {
		switch part.n {
		case 0:
		case 1, -1:
			parts = append(parts, fmt.Sprint(part.n, " ", part.unit))
		default:
			parts = append(parts, fmt.Sprint(part.n, " ", part.unit, "s"))
		}
	}
	if v.Micros == 0 && len(parts) > 0 {
		return strings.Join(parts, " ")
	}
	sign, us := "", uint64(v.Micros)
	if v.Micros < 0 {
		sign, us = "-", -us
	}
	clock := fmt.Sprintf("%s%02d:%02d:%02d", sign, us/3_600_000_000, us/60_000_000%60, us/1_000_000%60)
	if left := us % 1_000_000; left > 0 {
		clock += strings.TrimRight(fmt.Sprintf(".%06d", left), "0")
	}
	return strings.Join(append(parts, clock), " ")
}

// Plain turns a value that a query of the case returned into one that
// packages without the database's driver know: nil, bool, integers, float64,
// json.Number for what no Go number holds exactly, string, time.Time, []byte,
// []any and map[string]any. kind is the column's type as database/sql names it.
func Plain(v any, kind string) any {
	switch v := v.(type) {
	case []byte:
		if kind == "UUID" && len(v) == 16 {
			return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
		}
		return v
	case float32:
		return float64(v)
	case *big.Int:
		return json.Number(v.String())
	case duckdb.Decimal:
		return json.Number(fixedPoint(v))
	case duckdb.Interval:
		return spanText(v)
	case duckdb.Map:
		out := map[string]any{}
		for key, value := range v {
			out[fmt.Sprint(Plain(key, ""))] = Plain(value, "")
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			out[key] = Plain(value, "")
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = Plain(v[i], "")
		}
		return out
	}
	return v
}

// fixedPoint writes a decimal with all its digits.
func fixedPoint(d duckdb.Decimal) string {
	digits := new(big.Int).Abs(d.Value).String()
	if scale := int(d.Scale); scale > 0 {
		digits = strings.Repeat("0", max(0, scale+1-len(digits))) + digits
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if d.Value.Sign() < 0 {
		return "-" + digits
	}
	return digits
}
