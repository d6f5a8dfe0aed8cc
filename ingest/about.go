package ingest

import (
	"context"
	"database/sql"
	"errors"
)

// remember notes facts about the case itself, by their names, in the table "about".
// A fact of that name is replaced.
func (s *Store) remember(facts map[string]string) error {
	tx, err := s.DB.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for name, value := range facts {
		if _, err := tx.Exec(`DELETE FROM about WHERE name = ?`, name); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO about VALUES (?, ?)`, name, value); err != nil {
			return err
		}
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
