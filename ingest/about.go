package ingest

import (
	"context"
	"database/sql"
	"errors"
)

// Remember notes a fact about the case itself under a name, in the table
// "about". A fact of that name is replaced. The case must have been loaded.
func (s *Store) Remember(ctx context.Context, name, value string) error {
	tx, err := s.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `DELETE FROM about WHERE name = ?`, name); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO about VALUES (?, ?)`, name, value); err != nil {
		return err
	}
	return tx.Commit()
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
