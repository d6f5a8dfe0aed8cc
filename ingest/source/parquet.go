package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/marcboeker/go-duckdb"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/temp"
)

const parquetMagic = "PAR1" // Apache Parquet, "File format"

// parquetMemory bounds DuckDB while it reads a Parquet file; what does not fit
// goes to a temporary folder.
const parquetMemory = "128MB"

func isParquet(f io.ReaderAt) bool {
	head := make([]byte, len(parquetMagic))
	_, err := f.ReadAt(head, 0)
	return err == nil && string(head) == parquetMagic
}

// openParquet reads a Parquet file as the JSON lines that its rows make, in
// their order: from there on it is a log like any other, and a line number is a
// row number.
func openParquet(path string) (io.ReadCloser, error) {
	dir, err := temp.MakeFolder("parquet-")
	if err != nil {
		return nil, err
	}
	connector, err := duckdb.NewConnector("?threads=1&memory_limit="+parquetMemory+"&autoinstall_known_extensions=false&autoload_known_extensions=false", nil)
	if err != nil {
		return nil, errors.Join(err, dir.Drop())
	}
	p := &parquetRows{db: sql.OpenDB(connector), connector: connector, dir: dir, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	out, in := io.Pipe()
	p.PipeReader = out
	go func() {
		defer close(p.done)
		in.CloseWithError(p.write(ctx, path, in))
	}()
	return p, nil
}

// parquetRows is a Parquet file being read.
type parquetRows struct {
	*io.PipeReader
	db        *sql.DB
	connector *duckdb.Connector
	dir       *temp.Folder
	cancel    context.CancelFunc
	done      chan struct{}
}

func (p *parquetRows) write(ctx context.Context, path string, w io.Writer) error {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SET temp_directory = `+fetch.Quoted(p.dir.Path)); err != nil {
		return err
	}
	abs, err := filepath.Abs(path) // a name that begins like a URL is a file's all the same
	if err != nil {
		return err
	}
	var line []byte
	err = fetch.Pages(ctx, conn, `SELECT to_json(t)::VARCHAR FROM read_parquet([`+fetch.Quoted(abs)+`]) t`, func(page fetch.Page) error {
		text := page.Texts(0)
		for row := range page.Len() {
			line = append(append(line[:0], text(row)...), '\n')
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("the Parquet file cannot be read: %w", err)
	}
	return nil
}

func (p *parquetRows) Close() error {
	p.cancel()
	p.PipeReader.Close()
	<-p.done
	return errors.Join(p.db.Close(), p.connector.Close(), p.dir.Drop())
}
