package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"strconv"
	"time"

	"ipdrift/ingest"
	"ipdrift/report"
)

// table is the result of a query, read piece by piece.
type table struct {
	rows   *sql.Rows // of a piece
	next   func() (*sql.Rows, error, bool)
	close  func()
	header []string
	kinds  []string // DuckDB's names of the column types
	width  int      // of the screen, 0 none
}

func openTable(ctx context.Context, result *ingest.Result) (*table, error) {
	t := &table{}
	t.next, t.close = iter.Pull2(result.Rows(ctx))
	var err error
	if t.rows, err, _ = t.next(); err != nil {
		t.close()
		return nil, err
	}
	types, err := t.rows.ColumnTypes()
	if err != nil {
		t.close()
		return nil, err
	}
	for _, c := range types {
		t.header = append(t.header, c.Name())
		t.kinds = append(t.kinds, c.DatabaseTypeName())
	}
	return t, nil
}

// values yields the rows; the slice is used again for the next one.
func (t *table) values() iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		row, into := make([]any, len(t.header)), make([]any, len(t.header))
		for i := range row {
			into[i] = &row[i]
		}
		for more := true; more; {
			for t.rows.Next() {
				if err := t.rows.Scan(into...); err != nil {
					yield(nil, err)
					return
				}
				for i := range row {
					row[i] = shown(ingest.Plain(row[i], t.kinds[i]), t.kinds[i])
				}
				if !yield(row, nil) {
					return
				}
			}
			err := t.rows.Err()
			if err == nil {
				t.rows, err, more = t.next()
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// shown is a value as JSON can hold it: times as RFC 3339 in UTC, bytes as
// hexadecimal digits, and what is no number as nothing.
func shown(v any, kind string) any {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format(layoutOf(kind))
	case []byte:
		return hex.EncodeToString(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = shown(v[i], "")
		}
	case map[string]any:
		for key := range v {
			v[key] = shown(v[key], "")
		}
	}
	return v
}

func layoutOf(kind string) string {
	switch kind {
	case "DATE":
		return time.DateOnly
	case "TIME":
		return "15:04:05.999999"
	}
	return time.RFC3339Nano
}

// cells yields the rows as text, with null for NULL; each row is a new slice.
func (t *table) cells(null string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for row, err := range t.values() {
			if err != nil {
				yield(nil, err)
				return
			}
			out := make([]string, len(row))
			for i, v := range row {
				out[i] = cell(v, null)
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

func cell(v any, null string) string {
	switch v := v.(type) {
	case nil:
		return null
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any, map[string]any:
		if out, err := json.Marshal(v); err == nil {
			return string(out)
		}
	}
	return fmt.Sprint(v)
}

func writeTable(w io.Writer, t *table) error {
	return report.Table(w, t.header, t.cells("NULL"), t.width)
}

func writeCSV(w io.Writer, t *table) error { return report.CSV(w, t.header, t.cells("")) }

// writeJSON writes an array of objects, one a line, with the columns in their
// order.
func writeJSON(w io.Writer, t *table) error {
	names := make([]string, len(t.header))
	for i, name := range t.header {
		names[i] = quoted(name)
	}
	before := "[\n"
	for row, err := range t.values() {
		if err != nil {
			return err
		}
		line := []byte(before + "{")
		for i, v := range row {
			if i > 0 {
				line = append(line, ',')
			}
			value, err := json.Marshal(v)
			if err != nil {
				return err
			}
			line = append(append(append(line, names[i]...), ':'), value...)
		}
		if _, err := w.Write(report.EscapeJSON(append(line, '}'))); err != nil {
			return err
		}
		before = ",\n"
	}
	end := "\n]\n"
	if before == "[\n" {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

func quoted(s string) string {
	out, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(out)
}
