package ingest

import (
	"context"

	"ipdrift/ingest/fetch"
)

// keepContents writes down what was read, and the compressed forms that were
// met.
func (l *load) keepContents(ctx context.Context) error {
	rows, err := l.store.Rows("content")
	if err != nil {
		return err
	}
	keep := func(id int, packed bool, c content) error {
		return rows.Append(ctx, uint32(id), packed, c.size, c.hash, c.head, c.tail)
	}
	for id, s := range l.sources {
		if s == nil || s.lines == 0 || s.content.size == 0 {
			continue
		}
		if err := keep(id, false, s.content); err != nil {
			return err
		}
		l.pack(ctx, s, id, s.content.size)
	}
	for _, p := range l.packed {
		if err := keep(p.id, true, p.content); err != nil {
			return err
		}
	}
	return rows.Flush(ctx)
}

// Fingerprint is what a case knows the text of a source by, decompressed.
type Fingerprint struct {
	Bytes      *int64 // nil: no text is known, and the rest is empty
	XXH3       string // 128 bits, of all
	Head, Tail string // SHA-256 of the first and the last EdgeSize bytes
}

// Fingerprints returns the fingerprints of the sources, in the order of Loaded.Sources.
func (s *Store) Fingerprints(ctx context.Context) (all []Fingerprint, err error) {
	err = fetch.Each(ctx, s.DB, `SELECT c.size, coalesce(c.hash, ''), coalesce(c.head, ''), coalesce(c.tail, '')
		FROM source s LEFT JOIN content c ON c.source = s.id AND NOT c.packed ORDER BY s.id`, func(scan fetch.Scan) error {
		var f Fingerprint
		err := scan(&f.Bytes, &f.XXH3, &f.Head, &f.Tail)
		all = append(all, f)
		return err
	})
	return all, err
}
