package ingest

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/redact"
)

// account writes table source and reads it back for the whole case.
func (l *load) account(ctx context.Context) (stats []SourceStats, err error) {
	rows, err := l.store.Rows("source")
	if err != nil {
		return nil, err
	}
	failed := map[int]error{}
	for id, s := range l.sources {
		if s == nil {
			continue
		}
		damaged := any(nil)
		if s.err != nil {
			failed[id] = l.blind(s.err)
			damaged = string(l.Keys.Cut([]byte(failed[id].Error()), redact.Mark))
		}
		sentences := s.facts.Sentences(s.formats)
		if s.likely != "" {
			sentences = append(sentences, s.likely)
		}
		notes := strings.Join(sentences, "\n")
		if err := rows.Append(ctx, uint32(id), s.Label, s.formats, s.lines, s.parsed.Load(), s.rejected.Load(), s.grain.Load(), damaged,
			s.facts.Sampled, s.facts.Behind, notes, s.facts.Edge()); err != nil {
			return nil, err
		}
	}
	if err := rows.Flush(ctx); err != nil {
		return nil, err
	}
	err = fetch.Each(ctx, l.store.DB, `SELECT s.id, s.path, s.format, s.lines, s.parsed, s.rejected, s.error, s.sampled, s.behind, s.notes, s.edge, coalesce(c.size, 0), coalesce(c.hash, '')
		FROM source s LEFT JOIN content c ON c.source = s.id AND NOT c.packed ORDER BY s.id`, func(scan fetch.Scan) error {
		var id int
		var text sql.NullString
		var notes string
		var s SourceStats
		err := scan(&id, &s.Path, &s.Format, &s.Lines, &s.Parsed, &s.Rejected, &text, &s.Sampled, &s.Behind, &notes, &s.Edge, &s.Bytes, &s.Hash)
		if text.Valid {
			s.Err = errors.New(text.String)
		}
		if notes != "" {
			s.Notes = strings.Split(notes, "\n")
		}
		if id >= len(l.sources) || l.sources[id] == nil {
			s.Earlier = true
		} else if failed[id] != nil {
			s.Err = failed[id]
		}
		stats = append(stats, s)
		return err
	})
	return stats, err
}
