package detect

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"ipdrift/ingest"
)

// fewTexts is how many rows of table dir or file are held at once. A test has fewer.
var fewTexts = 1 << 17

// texts looks up directories and files by their ids. It is safe for concurrent use.
type texts struct {
	mu          sync.Mutex
	conn        *sql.Conn
	dirs, files dictionary
}

// dictionary is a table of texts.
type dictionary struct {
	table string
	all   map[uint32]string // nil: too many
}

func (a *analysis) openTexts(ctx context.Context) (*texts, error) {
	conn, err := a.store.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	t := &texts{conn: conn, dirs: dictionary{table: "dir"}, files: dictionary{table: "file"}}
	for _, d := range []*dictionary{&t.dirs, &t.files} {
		if err := d.fill(ctx, conn); err != nil {
			t.close()
			return nil, err
		}
	}
	return t, nil
}

func (t *texts) close() { t.conn.Close() }

// fill reads the table, if it is small.
func (d *dictionary) fill(ctx context.Context, conn *sql.Conn) error {
	var n int
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM `+d.table).Scan(&n); err != nil || n > fewTexts {
		return err
	}
	d.all = make(map[uint32]string, n)
	return readTexts(ctx, conn, `SELECT id, text FROM `+d.table, d.all)
}

func readTexts(ctx context.Context, conn *sql.Conn, query string, into map[uint32]string) error {
	return ingest.Few(ctx, conn, query, func(p ingest.Page) error {
		text := p.Texts(1)
		for i, id := range p.U32(0) {
			into[id] = strings.Clone(text(i))
		}
		return nil
	})
}

// of gives at least the directories and the files that the dockets that are not
// quiet were asked for with.
func (t *texts) of(ctx context.Context, dockets []docket) (dirs, files map[uint32]string, err error) {
	if t.dirs.all != nil && t.files.all != nil {
		return t.dirs.all, t.files.all, nil
	}
	var dirIDs, fileIDs []uint32
	for i := range dockets {
		if d := &dockets[i]; !d.quiet {
			for j := range d.visits {
				dirIDs, fileIDs = append(dirIDs, d.visits[j].dir), append(fileIDs, d.visits[j].file)
			}
		}
	}
	if dirs, err = t.look(ctx, &t.dirs, dirIDs); err == nil {
		files, err = t.look(ctx, &t.files, fileIDs)
	}
	return dirs, files, err
}

// look reads some texts; those of a small table it has.
func (t *texts) look(ctx context.Context, d *dictionary, ids []uint32) (map[uint32]string, error) {
	if d.all != nil {
		return d.all, nil
	}
	out := map[uint32]string{}
	var list []byte
	for _, id := range ids {
		if _, ok := out[id]; !ok {
			out[id] = ""
			list = append(strconv.AppendUint(list, uint64(id), 10), ',')
		}
	}
	if len(list) == 0 {
		return out, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return out, readTexts(ctx, t.conn, fmt.Sprintf(`SELECT id, text FROM %s WHERE id IN (SELECT unnest([%s]::UINTEGER[]))`, d.table, list[:len(list)-1]), out)
}
