package spill

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/binary"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/temp"
)

// Texts are the directories and file names of a case by their ids. They are safe for concurrent use.
type Texts struct{ Dirs, Files Dictionary }

// Dictionary is a table of texts: in memory where it is small, else in files.
type Dictionary struct {
	texts       []string // by id; nil: too many
	index, data *os.File // where a text begins, and its length before it
	recent      []atomic.Pointer[recent]
}

// recent is one that was read from the files.
type recent struct {
	id   uint32
	text string
}

// recentTexts is how many short ones of a dictionary in files are remembered, each
// in the slot of its id, and shortText the length of a short one.
const recentTexts, shortText = 1 << 14, 200

// fewTexts is the last id of a table that is held in memory, shortTexts how many
// bytes it has at most.
const fewTexts, shortTexts = 1 << 17, 16 << 20

// entry is the size of one in the index: where a text begins, counted from 1; 0:
// there is none.
const entry = 8

// OpenTexts reads both tables, to be closed. One that has more than most bytes is in files.
func OpenTexts(ctx context.Context, conn *sql.Conn, most int64) (*Texts, error) {
	t := &Texts{}
	for table, d := range map[string]*Dictionary{"dir": &t.Dirs, "file": &t.Files} {
		if err := d.fill(ctx, conn, table, min(most, shortTexts)); err != nil {
			t.Close()
			return nil, err
		}
	}
	return t, nil
}

// Close gives back the files; nil has none.
func (t *Texts) Close() {
	if t != nil {
		t.Dirs.close()
		t.Files.close()
	}
}

func (d *Dictionary) close() {
	temp.Drop(d.index)
	temp.Drop(d.data)
}

// fill reads a table.
func (d *Dictionary) fill(ctx context.Context, conn *sql.Conn, table string, most int64) (err error) {
	last, err := fetch.LastID(ctx, conn, table)
	if err != nil {
		return err
	}
	var size int64
	if last <= fewTexts {
		if err := conn.QueryRowContext(ctx, `SELECT coalesce(sum(strlen(text)), 0)::BIGINT FROM `+table).Scan(&size); err != nil {
			return err
		}
	}
	if last <= fewTexts && size <= most {
		d.texts = make([]string, last+1)
		return fetch.Entries(ctx, conn, table, `id, text`, last, func(p fetch.Page) error {
			text := p.Texts(1)
			for i, id := range p.U32(0) {
				d.texts[id] = strings.Clone(text(i))
			}
			return nil
		})
	}
	if d.index, err = temp.File("index-"); err != nil {
		return err
	}
	if d.data, err = temp.File("texts-"); err != nil {
		return err
	}
	d.recent = make([]atomic.Pointer[recent], recentTexts)
	to, end := bufio.NewWriterSize(d.data, 1<<20), uint64(1)
	if err := fetch.Texts(ctx, conn, table, func(p fetch.Page) error {
		text := p.Texts(1)
		var places []textPlace
		for i, id := range p.U32(0) {
			n, _ := to.Write(binary.AppendUvarint(nil, uint64(len(text(i)))))
			m, err := to.WriteString(text(i))
			if err != nil {
				return err
			}
			places = append(places, textPlace{id, end})
			end += uint64(n + m)
		}
		return d.enter(places)
	}); err != nil {
		return err
	}
	return to.Flush()
}

// textPlace is where the text of an id begins.
type textPlace struct {
	id uint32
	at uint64
}

// enter writes places into the index, neighbours at once.
func (d *Dictionary) enter(places []textPlace) error {
	slices.SortFunc(places, func(x, y textPlace) int { return int(x.id) - int(y.id) })
	var run []byte
	for i, p := range places {
		run = binary.LittleEndian.AppendUint64(run, p.at)
		if i+1 < len(places) && places[i+1].id == p.id+1 {
			continue
		}
		if _, err := d.index.WriteAt(run, entry*(int64(p.id)+1)-int64(len(run))); err != nil {
			return err
		}
		run = run[:0]
	}
	return nil
}

// Text is the text of an id; "" where there is none.
func (d *Dictionary) Text(id uint32) (string, error) {
	if d.index == nil {
		if int(id) < len(d.texts) {
			return d.texts[id], nil
		}
		return "", nil
	}
	slot := &d.recent[id%recentTexts]
	if r := slot.Load(); r != nil && r.id == id {
		return r.text, nil
	}
	text, err := d.read(id)
	if err == nil && len(text) <= shortText {
		slot.Store(&recent{id, text})
	}
	return text, err
}

// read reads the text of an id from the files.
func (d *Dictionary) read(id uint32) (string, error) {
	var raw [256]byte
	if n, err := d.index.ReadAt(raw[:entry], entry*int64(id)); n < entry {
		return "", notEnd(err)
	}
	at := int64(binary.LittleEndian.Uint64(raw[:entry])) - 1
	if at < 0 {
		return "", nil
	}
	n, err := d.data.ReadAt(raw[:], at)
	if err := notEnd(err); err != nil {
		return "", err
	}
	length, head := binary.Uvarint(raw[:n])
	if length <= uint64(n-head) {
		return string(raw[head : head+int(length)]), nil
	}
	long := make([]byte, length)
	_, err = d.data.ReadAt(long, at+int64(head))
	return string(long), notEnd(err)
}
