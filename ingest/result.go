package ingest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"github.com/marcboeker/go-duckdb"

	"ipdrift/ingest/fetch"
)

// Result is the rows of a query. They are kept in a temporary table, which DuckDB can
// spill, and read from there piece by piece: the driver materialises whatever it reads.
type Result struct {
	conn *sql.Conn
	page string // of the table, from a row to a row; else what is run to get all of it
	rows int64  // in the table; -1: there is none
}

// widePage is how many rows of a wide result are held at once.
const widePage = 1 << 15

// Query runs a query. What is none, such as DESCRIBE, is run when it is read.
func (s *Store) Query(ctx context.Context, query string) (*Result, error) {
	return s.result(ctx, query, func(conn *sql.Conn) (bool, error) { return hold(ctx, conn, query) })
}

// QuerySliced is Query where memory did not suffice: the views that are large are made
// tables first, slice by slice. It takes longer and much of the disk.
func (s *Store) QuerySliced(ctx context.Context, query string) (*Result, error) {
	return s.result(ctx, query, func(conn *sql.Conn) (bool, error) {
		if err := layOut(ctx, conn, query); err != nil {
			return false, err
		}
		return hold(ctx, conn, query)
	})
}

// Users is view users: by host, and who has most refusals first.
func (s *Store) Users(ctx context.Context) (*Result, error) {
	r, err := s.result(ctx, "", func(conn *sql.Conn) (bool, error) { return true, sortedUsers(ctx, conn) })
	if err == nil {
		r.page = pageOfUsers
	}
	return r, err
}

// result reads from table page, if fill has filled it.
func (s *Store) result(ctx context.Context, query string, fill func(*sql.Conn) (held bool, err error)) (*Result, error) {
	conn, err := s.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	r := &Result{conn: conn, page: query, rows: -1}
	held, err := fill(conn)
	if err == nil && held {
		r.page = fetch.Piece
		err = conn.QueryRowContext(ctx, `SELECT count(*) FROM page`).Scan(&r.rows)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// hold fills table page. What cannot be prepared for it is no single query, or a wrong
// one, which DuckDB words better without what stands before it here.
func hold(ctx context.Context, conn *sql.Conn, query string) (held bool, err error) {
	query = strings.TrimRight(query, "; \t\r\n")
	statement, err := conn.PrepareContext(ctx, fetch.Fill(query))
	if err != nil {
		return false, cmp.Or(ctx.Err(), single(ctx, conn, query))
	}
	defer statement.Close()
	_, err = statement.ExecContext(ctx)
	return err == nil, err
}

// ErrSeveral is returned for a query of several statements: the driver gives the rows of the last one
// alone.
var ErrSeveral = errors.New("several statements")

// ErrEmpty is returned for a query that has no statement.
var ErrEmpty = errors.New("no statement")

// creates matches a query whose first word, behind comments, is CREATE.
var creates = regexp.MustCompile(`(?is)^(\s|--[^\n]*\n|/\*.*?\*/)*create\s`)

// single refuses several statements, but for those that begin with what the last one asks: CREATE TEMP TABLE, CREATE TEMP MACRO.
func single(ctx context.Context, conn *sql.Conn, query string) error {
	if creates.MatchString(query) {
		return nil
	}
	statement, err := conn.PrepareContext(ctx, query)
	if err == nil {
		return statement.Close()
	}
	switch {
	case strings.Contains(err.Error(), "Cannot prepare multiple statements"):
		return ErrSeveral
	case strings.Contains(err.Error(), "No statement to prepare"):
		return ErrEmpty
	}
	return nil
}

// Close ends the result.
func (r *Result) Close() error {
	_, err := r.conn.ExecContext(context.Background(), `DROP TABLE IF EXISTS page`)
	return errors.Join(err, r.conn.Close())
}

// queries make the whole, one after the other. There is one at least.
func (r *Result) queries() (all []string) {
	if r.rows < 0 {
		return []string{r.page}
	}
	for first := int64(1); first == 1 || first <= r.rows; first += widePage {
		all = append(all, fmt.Sprintf(r.page, first, first+widePage-1))
	}
	return all
}

// Rows reads the result piece by piece: each piece has all columns, and there is one at
// least. It is closed when the next is asked for.
func (r *Result) Rows(ctx context.Context) iter.Seq2[*sql.Rows, error] {
	return func(yield func(*sql.Rows, error) bool) {
		for _, query := range r.queries() {
			rows, err := r.conn.QueryContext(ctx, query)
			if err != nil {
				yield(nil, err)
				return
			}
			more := yield(rows, nil)
			rows.Close()
			if !more {
				return
			}
		}
	}
}

// OutOfMemory reports whether DuckDB was short of the memory that it may use.
func OutOfMemory(err error) bool {
	e := (*duckdb.Error)(nil)
	return errors.As(err, &e) && strings.HasPrefix(e.Msg, "Out of Memory Error") && !strings.Contains(e.Msg, "max_temp_directory_size")
}
