package ingest

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/redact"
)

// Texts are values of a text column, "" for NULL.
type Texts []string

// Counts are values of a column of BIGINT, -1 for NULL.
type Counts []int64

// Extend adds many rows, given by column, in the order of the table's columns:
// slices of one length, of which none is kept. Text is made valid UTF-8 in place;
// of a []string, "" is a text of its own.
func (r *Rows) Extend(ctx context.Context, columns ...any) error {
	return r.collect(ctx, func(b []array.Builder) (rows, text int, err error) { return extend(r.schema, b, columns) })
}

func extend(schema *arrow.Schema, b []array.Builder, columns []any) (rows, text int, err error) {
	if len(columns) != len(b) {
		return 0, 0, fmt.Errorf("%d columns for %d", len(columns), len(b))
	}
	for i, c := range columns {
		n, size, ok := appendColumn(b[i], c)
		switch {
		case !ok:
			return 0, 0, fmt.Errorf("column %s cannot hold a %T", schema.Field(i).Name, c)
		case i > 0 && n != rows:
			return 0, 0, fmt.Errorf("column %s has %d rows, others %d", schema.Field(i).Name, n, rows)
		}
		rows, text = n, text+size
	}
	return rows, text, nil
}

func appendColumn(b array.Builder, values any) (rows, text int, ok bool) {
	switch v := values.(type) {
	case []bool:
		return len(v), 0, appendAll(b, v, nil)
	case []uint8:
		return len(v), 0, appendAll(b, v, nil)
	case []uint32:
		return len(v), 0, appendAll(b, v, nil)
	case []uint64:
		return len(v), 0, appendAll(b, v, nil)
	case []int64:
		return len(v), 0, appendAll(b, v, nil)
	case []fetch.Micros:
		times := make([]arrow.Timestamp, len(v))
		for i, t := range v {
			times[i] = arrow.Timestamp(t)
		}
		return len(v), 0, appendAll(b, times, nil)
	case Counts:
		some := make([]bool, len(v))
		for i, n := range v {
			some[i] = n >= 0
		}
		return len(v), 0, appendAll(b, []int64(v), some)
	case []string:
		return len(v), cleaned(v), appendAll(b, v, nil)
	case Texts:
		some := make([]bool, len(v))
		for i, s := range v {
			some[i] = s != ""
		}
		return len(v), cleaned(v), appendAll(b, v, some)
	}
	return 0, 0, false
}

func appendAll[T any](b array.Builder, values []T, some []bool) bool {
	to, ok := b.(interface{ AppendValues([]T, []bool) })
	if ok {
		to.AppendValues(values, some)
	}
	return ok
}

// cleaned makes texts valid and returns how long they are together.
func cleaned(texts []string) (size int) {
	for i, s := range texts {
		texts[i] = redact.ValidText(s)
		size += len(s)
	}
	return size
}
