package ingest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/marcboeker/go-duckdb"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/source"
	"ipdrift/ingest/temp"
)

//go:embed schema.sql
var schemaSQL string

//go:embed views.sql
var viewsSQL string

// CaseVersion is the layout of a kept case. A case of another version is
// refused, never guessed at.
const CaseVersion = "18"

// Limits bound what DuckDB may use.
type Limits struct {
	Threads int   // 0: every core
	Memory  int64 // bytes; 0: DuckDB's own default
}

// Store is a case: a DuckDB database with the tables of schema.sql. It is
// safe for concurrent use.
type Store struct {
	DB *sql.DB

	connector *duckdb.Connector
	file      string       // where the database is while it is written
	final     string       // where a kept case belongs; "" for a private one
	dir       *temp.Folder // private folder of a case that is not kept
	grows     bool         // final exists, and is attached as ipdrift_old
	claim     *claim       // of the name final
	writing   <-chan error // of what goes on to write the case out; nil: nothing does
	settling  atomic.Bool  // that is a checkpoint, which nothing interrupts

	life   context.Context // of what goes on aside; ends with Close
	end    context.CancelFunc
	asides sync.WaitGroup
}

// Create makes a case. With path "" it is private: a temporary file that Close
// removes. A kept case is written beside its final name and takes it with Keep,
// so that a failed run leaves none behind. Where there is a case of that name
// already, [Load] makes the new one of both, and the old one stands as it was
// until then: whatever stops the run, a kill included, costs only what the run
// added. No other run can write to the same case meanwhile.
func Create(path string, l Limits) (*Store, error) {
	s := newStore(l)
	if err := s.place(path); err != nil {
		s.Close()
		return nil, err
	}
	if err := s.begin(l); err != nil {
		err = s.Worded(err)
		s.Close()
		return nil, err
	}
	return s, nil
}

func newStore(l Limits) *Store {
	thrifty(l)
	largeDatabase(l)
	s := &Store{}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// aside runs f on a goroutine of its own. Close ends it and waits for it.
func (s *Store) aside(f func(life context.Context)) { s.asides.Go(func() { f(s.life) }) }

// begin makes the tables.
func (s *Store) begin(l Limits) error {
	if err := s.connect(s.file, l, ""); err != nil {
		return err
	}
	// All in one entry of the log of changes, each of which is brought to the disk.
	if _, err := s.DB.Exec(`BEGIN; ` + unpacked(schemaSQL) + `COMMIT`); err != nil {
		return err
	}
	// A case that is not kept is read by nobody, and Keep writes out the other: a run that stops need not.
	if _, err := s.DB.Exec(`PRAGMA disable_checkpoint_on_shutdown`); err != nil || !s.grows {
		return err
	}
	if _, err := s.DB.Exec(`ATTACH ` + fetch.Quoted(s.final) + ` AS ipdrift_old (READ_ONLY)`); err != nil {
		return noCase(s.final, err)
	}
	return s.sameVersion(s.final, `ipdrift_old.about`)
}

// unpacked has the columns of texts that say nothing of it stored as they are.
func unpacked(schema string) string {
	return textColumn.ReplaceAllStringFunc(schema, func(column string) string {
		if strings.HasSuffix(column, "USING") {
			return column
		}
		return column + ` USING COMPRESSION uncompressed`
	})
}

var textColumn = regexp.MustCompile(`\bVARCHAR\b( NOT NULL)?( USING)?`)

// Open opens a kept case for reading, locked: SQL from a user can reach no
// other file, install nothing and change nothing.
func Open(path string, l Limits) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, source.Unwrapped(err))
	}
	s := newStore(l)
	if err := s.connect(path, l, "READ_ONLY"); err != nil {
		s.Close()
		return nil, noCase(path, err)
	}
	if err := s.sameVersion(path, "about"); err != nil {
		s.Close()
		return nil, err
	}
	s.file = path
	locks := []string{`SET enable_external_access = false`, `SET lock_configuration = true`}
	// By default DuckDB spills beside the case: it may lie where nothing can be written, and
	// another process that reads it would spill into the same files.
	if dir, err := temp.MakeFolder(""); err == nil {
		s.dir = dir
		locks = append([]string{`SET temp_directory = ` + fetch.Quoted(dir.Path)}, locks...)
	}
	for _, q := range locks {
		if _, err := s.DB.Exec(q); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *Store) connect(path string, l Limits, access string) error {
	options := []string{"autoinstall_known_extensions=false", "autoload_known_extensions=false"}
	if access != "" {
		options = append(options, "access_mode="+access)
	}
	if l.Threads > 0 {
		options = append(options, fmt.Sprintf("threads=%d", l.Threads))
	}
	if l.Memory > 0 {
		options = append(options, fmt.Sprintf("memory_limit=%dKB", l.Memory/1000))
	}
	if strings.ContainsAny(path, "?#%") { // the driver reads the name as a URL, and would lose the options
		return errors.New("the name of a case cannot hold ?, # or %")
	}
	c, err := duckdb.NewConnector(path+"?"+strings.Join(options, "&"), nil)
	if err != nil {
		return err
	}
	s.connector = c
	s.DB = sql.OpenDB(c)
	if access == "READ_ONLY" {
		return s.DB.Ping()
	}
	// Numbers are packed into bits, what is always chosen for them: to weigh the other ways costs a tenth of an INSERT.
	_, err = s.DB.Exec(`SET preserve_insertion_order = false; SET wal_autocheckpoint = '1TB'; SET force_compression = 'bitpacking'`)
	return err
}

// Close ends the case. A private one, and a kept one that Keep never
// finished, leave no file behind.
func (s *Store) Close() error {
	var err error
	s.end()
	written := s.written() // before the others, some of which it may begin
	s.asides.Wait()
	if written { // else the database is left to end with the process
		err = s.shut()
	}
	switch {
	case s.dir != nil:
		err = errors.Join(err, s.dir.Drop())
	case s.final != "" && s.file != "":
		s.sweep()
	}
	s.claim.drop()
	return err
}

// closingWait is how long Close waits for a checkpoint, which may take longer than
// somebody who has pressed Ctrl-C waits, and makes no file of its own.
const closingWait = 500 * time.Millisecond

// written waits for what goes on to be written, and reports whether nothing does then. A
// commit that has begun is waited for to its end: it makes files, which nobody would remove.
func (s *Store) written() bool {
	if s.writing == nil {
		return true
	}
	var enough <-chan time.Time // nil: never
	if s.settling.Load() {
		enough = time.After(closingWait)
	}
	select {
	case <-s.writing:
		s.writing = nil
		return true
	case <-enough:
		return false
	}
}

// Limit bounds from now on what DuckDB may use, in bytes.
func (s *Store) Limit(ctx context.Context, memory int64) error {
	_, err := s.DB.ExecContext(ctx, fmt.Sprintf(`SET memory_limit = '%dKB'`, memory/1000))
	return err
}

func (s *Store) shut() error {
	if s.DB == nil {
		return nil
	}
	err := s.DB.Close()
	s.DB = nil
	return errors.Join(err, s.connector.Close())
}

// Scratch attaches a database named work for tables that do not belong into
// the case: a temporary file, so that memory stays bounded. drop takes it away
// again.
func (s *Store) Scratch(ctx context.Context) (drop func() error, err error) {
	temp.Sweep()
	dir, err := temp.MakeFolder("work-")
	if err != nil {
		return nil, err
	}
	if _, err := s.DB.ExecContext(ctx, `ATTACH `+fetch.Quoted(filepath.Join(dir.Path, "work.duckdb"))+` AS work`); err != nil {
		return nil, errors.Join(err, dir.Drop())
	}
	return func() error {
		_, err := s.DB.ExecContext(context.WithoutCancel(ctx), `DETACH work`)
		return errors.Join(err, dir.Drop())
	}, nil
}

// insert streams record batches into a table until records is closed. Each
// batch is released here. It is one INSERT: all of it stands, or none.
func (s *Store) insert(ctx context.Context, table string, schema *arrow.Schema, records <-chan arrow.Record) error {
	conn, err := s.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	feed := &feed{schema: schema, records: records, done: ctx.Done()}
	defer feed.drop()
	view := "arrow_" + strings.ReplaceAll(table, ".", "_")
	err = conn.Raw(func(dc any) error {
		a, err := duckdb.NewArrowFromConn(dc.(driver.Conn))
		if err != nil {
			return err
		}
		exec := dc.(driver.ExecerContext)
		if _, err = exec.ExecContext(ctx, `BEGIN`, nil); err != nil {
			return err
		}
		release, err := a.RegisterView(feed, view)
		if err == nil {
			defer release()
			_, err = exec.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %s SELECT * FROM %s; DROP VIEW %s; COMMIT`, table, view, view), nil)
		}
		if err != nil {
			exec.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`, nil)
		}
		return err
	})
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	return ctx.Err()
}

// schemaOf is the columns of a table, as the database has them: schema.sql stays
// the only definition.
func (s *Store) schemaOf(table string) (*arrow.Schema, error) {
	conn, err := s.DB.Conn(s.life)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var schema *arrow.Schema
	return schema, conn.Raw(func(dc any) error {
		a, err := duckdb.NewArrowFromConn(dc.(driver.Conn))
		if err != nil {
			return err
		}
		reader, err := a.QueryContext(s.life, `SELECT * FROM `+table+` LIMIT 0`)
		if err != nil {
			return err
		}
		defer reader.Release()
		schema = reader.Schema()
		return nil
	})
}
