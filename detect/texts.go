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

// fewTexts is the last id of a table dir or file that is held whole. A test has fewer.
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
	all   []string // by id; nil: too many
}

// names are texts by their ids: all of a table, or some.
type names struct {
	all  []string
	some map[uint32]string
}

// of is the text of an id; "" where there is none.
func (n names) of(id uint32) string {
	if int(id) < len(n.all) {
		return n.all[id]
	}
	return n.some[id]
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
	var last int
	if err := conn.QueryRowContext(ctx, `SELECT coalesce(max(id), 0)::BIGINT FROM `+d.table).Scan(&last); err != nil || last > fewTexts {
		return err
	}
	d.all = make([]string, last+1)
	return readTexts(ctx, conn, `SELECT id, text FROM `+d.table, func(id uint32, text string) { d.all[id] = text })
}

func readTexts(ctx context.Context, conn *sql.Conn, query string, take func(id uint32, text string)) error {
	return ingest.Few(ctx, conn, query, func(p ingest.Page) error {
		text := p.Texts(1)
		for i, id := range p.U32(0) {
			take(id, strings.Clone(text(i)))
		}
		return nil
	})
}

// of gives at least the directories and the files that the dockets that are not
// quiet were asked for with.
func (t *texts) of(ctx context.Context, dockets []docket) (dirs, files names, err error) {
	var dirIDs, fileIDs []uint32
	for i := range dockets {
		if d := &dockets[i]; !d.quiet && (t.dirs.all == nil || t.files.all == nil) {
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
func (t *texts) look(ctx context.Context, d *dictionary, ids []uint32) (names, error) {
	if d.all != nil {
		return names{all: d.all}, nil
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
		return names{}, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return names{some: out}, readTexts(ctx, t.conn, fmt.Sprintf(`SELECT id, text FROM %s WHERE id IN (SELECT unnest([%s]::UINTEGER[]))`, d.table, list[:len(list)-1]), func(id uint32, text string) { out[id] = text })
}
