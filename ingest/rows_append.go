package ingest

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/redact"
)

// addText adds a row of an id and a text, NULL where there is none.
func (r *Rows) addText(ctx context.Context, id uint32, text string, some bool) error {
	return r.add(ctx, func(b []array.Builder) (int, error) {
		b[0].(*array.Uint32Builder).Append(id)
		appendText(b[1], text, some)
		return len(text), nil
	})
}

// addAgent is addText for a user agent.
func (r *Rows) addAgent(ctx context.Context, id uint32, text string, some bool) error {
	return r.add(ctx, func(b []array.Builder) (int, error) {
		b[0].(*array.Uint32Builder).Append(id)
		appendText(b[1], text, some)
		b[2].(*array.BooleanBuilder).Append(robots.in(text))
		return len(text), nil
	})
}

func appendText(b array.Builder, text string, some bool) {
	if !some {
		b.AppendNull()
		return
	}
	b.(*array.StringBuilder).Append(text)
}

func appendRow(schema *arrow.Schema, b []array.Builder, values []any) (text int, err error) {
	if len(values) != len(b) {
		return 0, fmt.Errorf("%d values for %d columns", len(values), len(b))
	}
	for i, v := range values {
		if !appendValue(b[i], v) {
			return 0, fmt.Errorf("column %s cannot hold a %T", schema.Field(i).Name, v)
		}
		if s, ok := v.(string); ok {
			text += len(s)
		}
	}
	return text, nil
}

func appendValue(b array.Builder, v any) bool {
	if v == nil {
		b.AppendNull()
		return true
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		return put(v, b.Append)
	case *array.Uint8Builder:
		return put(v, b.Append)
	case *array.Uint16Builder:
		return put(v, b.Append)
	case *array.Uint32Builder:
		return put(v, b.Append)
	case *array.Uint64Builder:
		return put(v, b.Append)
	case *array.Int32Builder:
		return put(v, func(x int) { b.Append(int32(x)) })
	case *array.Int64Builder:
		return put(v, b.Append)
	case *array.Float64Builder:
		return put(v, b.Append)
	case *array.StringBuilder:
		return put(v, func(x string) { b.Append(redact.ValidText(x)) })
	case *array.TimestampBuilder:
		return put(v, func(x fetch.Micros) { b.Append(arrow.Timestamp(x)) })
	}
	return false
}

// put appends a value if it is of the right type.
func put[T any](v any, add func(T)) bool {
	x, ok := v.(T)
	if ok {
		add(x)
	}
	return ok
}
