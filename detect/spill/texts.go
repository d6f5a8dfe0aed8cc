package spill

import (
	"bufio"
	"cmp"
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
	texts  []string       // by id; nil: too many
	places *Array[uint64] // where the text of an id begins in data, counted from 1; 0: there is none
	data   *os.File       // texts, the length of each before it
	recent []atomic.Pointer[recent]
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

// OpenTexts reads both tables, to be closed. They take at most about twice most bytes of memory; what
// does not fit is in files.
func OpenTexts(ctx context.Context, conn *sql.Conn, most int64) (*Texts, error) {
	t := &Texts{}
	for table, d := range map[string]*Dictionary{"dir": &t.Dirs, "file": &t.Files} {
		if err := d.fill(ctx, conn, table, most); err != nil {
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
	d.places.Close()
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
	if last <= fewTexts && size <= min(most, shortTexts) {
		d.texts = make([]string, last+1)
		return fetch.Entries(ctx, conn, table, `id, text`, last, func(p fetch.Page) error {
			text := p.Texts(1)
			for i, id := range p.U32(0) {
				d.texts[id] = strings.Clone(text(i))
			}
			return nil
		})
	}
	if d.places, err = New[uint64](last+1, most/8); err != nil {
		return err
	}
	if d.data, err = temp.File("texts-"); err != nil {
		return err
	}
	d.recent = make([]atomic.Pointer[recent], recentTexts)
	type place struct {
		id uint32
		at uint64
	}
	to, end, list := bufio.NewWriterSize(d.data, 1<<20), uint64(1), d.places.Filler()
	if err := fetch.Texts(ctx, conn, table, func(p fetch.Page) error {
		text := p.Texts(1)
		var places []place
		for i, id := range p.U32(0) {
			n, _ := to.Write(binary.AppendUvarint(nil, uint64(len(text(i)))))
			m, err := to.WriteString(text(i))
			if err != nil {
				return err
			}
			places = append(places, place{id, end})
			end += uint64(n + m)
		}
		slices.SortFunc(places, func(x, y place) int { return cmp.Compare(x.id, y.id) }) // neighbours go there at once
		for _, p := range places {
			if err := list.Put(int(p.id), p.at); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return cmp.Or(list.Done(), to.Flush())
}

// Text is the text of an id; "" where there is none.
func (d *Dictionary) Text(id uint32) (string, error) {
	if d.places == nil {
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
	var place [1]uint64
	if int(id) >= d.places.Len() {
		return "", nil
	}
	if err := d.places.Get(int(id), place[:]); err != nil || place[0] == 0 {
		return "", err
	}
	var raw [256]byte
	at := int64(place[0]) - 1
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
