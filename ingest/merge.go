package ingest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// AboutLate is the name under which a case remembers the outcomes, by their ids, that are
// refusals because its logs showed it, and not for their status or what was stated of it.
const AboutLate = "late_answer"

// inherit fills the dictionaries with the words of the case that grows; new ones
// are numbered behind them. What was learned of outcomes has to be learned again.
func (l *load) inherit(ctx context.Context) error {
	l.inherited = map[string]uint32{}
	if !l.store.grows {
		return nil
	}
	for _, d := range l.dicts.all() {
		if _, err := l.store.DB.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %[1]s SELECT * FROM ipdrift_old.%[1]s`, d.name)); err != nil {
			return err
		}
		if err := l.store.DB.QueryRowContext(ctx, fmt.Sprintf(`SELECT coalesce(max(id), 0) FROM %s`, d.name)).Scan(&d.last); err != nil {
			return err
		}
		l.inherited[d.name] = d.last
	}
	if _, err := l.store.DB.ExecContext(ctx, `UPDATE outcome SET refused = false WHERE id IN (SELECT value::UINTEGER FROM ipdrift_old.about WHERE name = ?)`, AboutLate); err != nil {
		return err
	}
	return l.renumber(ctx)
}

// inCase stands for a source of the case, where one of this run is told by what it
// is a copy of.
const inCase = -1

// sift looks at what was read once more: a source that turns out to be in the
// case or to be another one of this run is taken out again; out tells which one
// it is a copy of. What can be read but once is recognised only here.
func (l *load) sift(ctx context.Context) (out map[int]int, err error) {
	seen := map[content]int{}
	out = map[int]int{}
	for id, src := range l.sources {
		if src == nil || src.content.size == 0 || src.lines == 0 {
			continue
		}
		switch n := len(src.grown); {
		case slices.Contains(l.past.replaced, id): // recognised before it was read
		case src.same >= 0 && !slices.Contains(l.past.replaced, src.same):
			l.known++
			out[id] = inCase
			continue
		case n > 0 && !slices.Contains(l.past.replaced, src.grown[n-1]):
			l.replace(src, src.grown)
		}
		if src.err != nil {
			continue // that it is damaged has to be seen
		}
		if first, twice := seen[src.content]; twice {
			l.double(src, first)
			out[id] = first
			continue
		}
		seen[src.content] = id
	}
	if err := l.beginnings(ctx, seen, out); err != nil {
		return nil, err
	}
	slices.Sort(l.doubled)
	return out, nil
}

func (l *load) double(src *input, first int) {
	l.doubled = append(l.doubled, fmt.Sprintf("%s holds the same as %s: it is counted once", src.Label, l.sources[first].Label))
}

// beginnings finds sources of this run that are the beginning of another, the
// longest there is: a copy of a log that has gone on since.
func (l *load) beginnings(ctx context.Context, seen map[content]int, out map[int]int) error {
	starts := map[uint64][]int{}
	for _, id := range seen {
		if src := l.sources[id]; src.content.size >= startSize {
			starts[src.start] = append(starts[src.start], id)
		}
	}
	for _, ids := range starts {
		if len(ids) < 2 {
			continue
		}
		slices.SortFunc(ids, func(a, b int) int {
			return cmp.Or(cmp.Compare(l.sources[b].content.size, l.sources[a].content.size), cmp.Compare(a, b))
		})
		var s shelf
		for _, id := range ids {
			s.add(l.sources[id].content, id)
		}
		for _, id := range ids {
			begun, err := l.begunBy(ctx, id, &s)
			if err != nil {
				return err
			}
			for _, short := range begun {
				if _, known := out[short]; !known {
					out[short] = id
					l.doubled = append(l.doubled, fmt.Sprintf("%s is the beginning of %s: it is counted once", l.sources[short].Label, l.sources[id].Label))
				}
			}
		}
	}
	return nil
}

// begunBy lists the sources of a shelf that one of this run starts with. It is
// read once more, as far as it was read.
func (l *load) begunBy(ctx context.Context, id int, s *shelf) (ids []int, err error) {
	src := l.sources[id]
	if src.Size < 0 {
		return nil, nil
	}
	in, bad := src.Open(ctx, nil, new(atomic.Int64))
	if bad != nil {
		return nil, nil
	}
	defer in.Close()
	m := newMeter(io.LimitReader(in, src.content.size), s)
	m.drain(ctx, false)
	for _, c := range m.found {
		if c.id != id {
			ids = append(ids, c.id)
		}
	}
	return ids, ctx.Err()
}

// merge takes out what is in the case already, and copies what stays of the
// case that grows.
func (l *load) merge(ctx context.Context) error {
	copies, err := l.sift(ctx)
	if err != nil {
		return err
	}
	out := slices.Sorted(maps.Keys(copies))
	for _, id := range out {
		l.sources[id] = nil
	}
	l.unproven.leave(copies)
	if len(out) > 0 {
		if err := l.hits.Write(ctx); err != nil {
			return err
		}
	}
	for table, source := range map[string]string{"packed": sourceOfAt, "reject": "source"} {
		if len(out) > 0 {
			if _, err := l.store.DB.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %s WHERE %s IN (%s)`, table, source, list(out))); err != nil {
				return err
			}
		}
	}
	var twice []doubted
	for _, d := range l.dicts.all() {
		if l.store.grows && d.last > l.inherited[d.name] || d.gone.any() {
			twice = append(twice, doubted{d, l.store.grows, l.inherited[d.name]})
		}
	}
	if l.store.grows || len(out) > 0 {
		l.hits.drop()
	}
	renamed, err := l.store.unify(ctx, twice, l.hits, l.Hold/4)
	if err != nil {
		return err
	}
	l.unproven.rename(renamed)
	if err := l.copyPast(ctx); err != nil || len(out)+len(l.past.replaced) == 0 {
		return err
	}
	return l.prune(ctx)
}

// copyPast copies what stays of the case that grows, but for its dictionaries,
// which stand there since the run began.
func (l *load) copyPast(ctx context.Context) error {
	if !l.store.grows {
		return nil
	}
	where := ""
	if gone := l.past.replaced; len(gone) > 0 {
		where = ` WHERE %s NOT IN (` + list(gone) + `)`
	}
	_, err := l.store.DB.ExecContext(ctx, `INSERT INTO packed SELECT * FROM ipdrift_old.packed`+over(where, sourceOfAt)+`;
		INSERT INTO reject SELECT * FROM ipdrift_old.reject`+over(where, "source")+`;
		INSERT INTO content SELECT * FROM ipdrift_old.content`+over(where, "source")+`;
		INSERT INTO broken SELECT * FROM ipdrift_old.broken`+over(where, "source")+`;
		INSERT INTO proof SELECT * FROM ipdrift_old.proof;
		INSERT INTO tie SELECT * FROM ipdrift_old.tie;
		INSERT INTO about SELECT * FROM ipdrift_old.about WHERE name = '`+aboutEdge+`';
		INSERT INTO source SELECT * FROM (SELECT * FROM ipdrift_old.source WHERE lines > 0)`+over(where, "id"))
	return err
}

func over(where, column string) string { return strings.ReplaceAll(where, "%s", column) }

// prune deletes the dictionary entries that no request refers to any more.
func (l *load) prune(ctx context.Context) error {
	for _, d := range l.dicts.all() {
		if err := l.keepNamed(ctx, d.name, "id", "hit", d.name); err != nil {
			return err
		}
	}
	for _, table := range []string{"proof", "tie"} {
		if err := l.keepNamed(ctx, table, "link", "link", "id"); err != nil {
			return err
		}
	}
	return nil
}

// namedIDs is how many ids are compared at a time: DuckDB holds all that it compares with,
// and cannot spill them.
const namedIDs = 1 << 19

// keepNamed deletes the rows of a table whose id in a column stands nowhere in another
// table's.
func (l *load) keepNamed(ctx context.Context, table, column, by, ids string) error {
	var last int64
	err := l.store.DB.QueryRowContext(ctx, fmt.Sprintf(`SELECT coalesce(max(%s), 0)::BIGINT FROM %s`, column, table)).Scan(&last)
	for first := int64(0); first <= last && err == nil; first += namedIDs {
		_, err = l.store.DB.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %[1]s WHERE %[2]s BETWEEN %[5]d AND %[6]d
			AND %[2]s NOT IN (SELECT DISTINCT %[4]s FROM %[3]s WHERE %[4]s BETWEEN %[5]d AND %[6]d)`, table, column, by, ids, first, first+namedIDs-1))
	}
	return err
}

func list(ids []int) string {
	var out []byte
	for i, id := range ids {
		if i > 0 {
			out = append(out, ", "...)
		}
		out = strconv.AppendInt(out, int64(id), 10)
	}
	return string(out)
}
