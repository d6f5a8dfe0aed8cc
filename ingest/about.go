package ingest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"ipdrift/ingest/fetch"
)

// remember notes facts about the case itself, by their names, in the table "about".
// A fact of that name is replaced. They go in as a batch: a value of megabytes, as an
// argument of a query, is copied by each step of its planning.
func (s *Store) remember(ctx context.Context, facts map[string]string) error {
	about, err := s.Rows("about")
	if err != nil {
		return err
	}
	for name, value := range facts {
		if _, err := s.DB.ExecContext(ctx, `DELETE FROM about WHERE name = ?`, name); err != nil {
			return err
		}
		if err := about.Append(ctx, name, value); err != nil {
			return err
		}
	}
	return about.Flush(ctx)
}

// Recall returns what was remembered under a name; false if nothing was.
func (s *Store) Recall(ctx context.Context, name string) (string, bool, error) {
	var value string
	err := s.DB.QueryRowContext(ctx, `SELECT value FROM about WHERE name = ?`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, err
}

// EdgeNames are the names of the edges, by number.
func EdgeNames(ctx context.Context, conn *sql.Conn) (map[uint16]string, error) {
	names := map[uint16]string{}
	err := fetch.Each(ctx, conn, `SELECT value FROM about WHERE name = ? ORDER BY value DESC`, func(scan fetch.Scan) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		number, name, _ := strings.Cut(text, " ")
		var n uint16
		if _, err := fmt.Sscan(number, &n); err == nil {
			names[n] = cmp.Or(name, number)
		}
		return nil
	}, aboutEdge)
	return names, err
}
