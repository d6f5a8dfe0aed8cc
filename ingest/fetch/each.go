package fetch

import (
	"context"
	"database/sql"
	"strings"
)

// Scan reads the current row of a query, as [sql.Rows.Scan] does.
type Scan = func(into ...any) error

// Each runs a query, on a database or on one of its connections, and calls f for
// every row. It ends with the first error, of the query or of f.
func Each(ctx context.Context, on interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}, query string, f func(Scan) error, args ...any) error {
	rows, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Quoted is a text in SQL.
func Quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// QuotedList is a list of texts in SQL.
func QuotedList(texts []string) string {
	var quoted []string
	for _, t := range texts {
		quoted = append(quoted, Quoted(t))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
