package ingest

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sync/atomic"

	"ipdrift/ingest/source"
)

// shortened tells which log of the case a source is an older, shorter copy of, -1 if
// of none. The hashes that a case keeps are of whole logs and tell nothing of a part,
// so the log is read once more, where it is found: among the files of the run, or under
// the name it has in the case. What it holds there has to begin with all that the case
// read of it, and that with all of the source. Where it is not found, and has the first edge
// bytes of the source, that is remarked.
func (l *load) shortened(ctx context.Context, src source.Source) (id int, err error) {
	if len(l.past.labels) == 0 || src.Path == "-" {
		return -1, nil
	}
	begin, bad := measure(ctx, src, nil, edge)
	if bad != nil || begin.size < startSize {
		return -1, ctx.Err()
	}
	var all content
	unclear := -1
	for _, log := range l.beginsLike(ctx, begin) {
		if all.size == 0 {
			text, bad := measure(ctx, src, nil, math.MaxInt64)
			if bad != nil {
				break // that it is damaged has to be seen
			}
			all = text.content()
		}
		if log.size <= all.size {
			continue
		}
		var both shelf
		both.add(all, -1)
		both.add(log.content, log.id)
		m, bad := measure(ctx, l.found(log.id), &both, log.size)
		switch {
		case bad == nil && len(m.found) == 2:
			return log.id, nil
		case begin.size == edge && (bad != nil || !slices.ContainsFunc(m.found, func(c shelved) bool { return c.id == log.id })):
			unclear = log.id
		}
	}
	if unclear >= 0 {
		l.unclear = append(l.unclear, fmt.Sprintf("%s begins like %s, which is in the case and is not there any more to be compared: if it is an older copy, its requests are counted twice", src.Label, l.past.labels[unclear]))
	}
	return -1, ctx.Err()
}

// beginsLike lists the contents of the case that have the beginning of a text: all of
// its first edge bytes, or where it has fewer, the first startSize.
func (l *load) beginsLike(ctx context.Context, text *meter) []shelved {
	p := &l.past
	if text.size == edge {
		return p.shelf.by[text.content().head]
	}
	if p.starts == nil {
		p.starts = map[uint64][]shelved{}
		for _, log := range p.texts {
			if m, bad := measure(ctx, l.found(log.id), nil, startSize); bad == nil {
				p.starts[m.start()] = append(p.starts[m.start()], log)
			}
		}
	}
	return p.starts[text.start()]
}

// found is where a log of the case may be read again.
func (l *load) found(id int) source.Source {
	if src, given := l.past.met[id]; given {
		return src
	}
	return source.Source{Path: l.past.labels[id]}
}

// measure reads a source, or its first bytes: as far as it takes to tell what of a shelf
// they begin with, or up to so many where there is no shelf.
func measure(ctx context.Context, src source.Source, known *shelf, most int64) (*meter, error) {
	if info, err := os.Stat(src.Path); err != nil || !info.Mode().IsRegular() {
		return nil, os.ErrInvalid
	}
	in, err := src.Open(ctx, nil, new(atomic.Int64))
	if err != nil {
		return nil, err
	}
	defer in.Close()
	m := newMeter(io.LimitReader(in, most), known)
	return m, m.drain(ctx, known == nil)
}
