package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/figure"
	"ipdrift/ingest/source"
)

// past is the case that grows. It is attached as ipdrift_old, read-only, and
// what stays of it is copied behind what the run adds: the file itself is never
// written to.
type past struct {
	labels  map[int]string
	shelf   shelf
	texts   []shelved             // all contents of the shelf
	starts  map[uint64][]shelved  // those whose logs are found, by the hash of their start; see beginsLike
	met     map[int]source.Source // files of the run that the case holds
	packed  map[int64][]shelved   // compressed forms in which a source was met, by stored size
	next    int                   // the first id that is free
	queries int64

	replaced []int // sources that are not copied: the run read them again, grown
}

// remember reads what the case that grows knows of its sources.
func (l *load) remember(ctx context.Context) error {
	s, p := l.store, &l.past
	if !s.grows {
		return nil
	}
	p.labels, p.packed, p.met = map[int]string{}, map[int64][]shelved{}, map[int]source.Source{}
	err := fetch.Each(ctx, s.DB, `SELECT id, path FROM ipdrift_old.source WHERE lines > 0 ORDER BY id`, func(scan fetch.Scan) error {
		var id int
		var label string
		err := scan(&id, &label)
		p.labels[id], p.next = label, id+1
		return err
	})
	if err != nil {
		return err
	}
	err = fetch.Each(ctx, s.DB, `SELECT source, packed, size, hash, head, tail FROM ipdrift_old.content ORDER BY ALL`, func(scan fetch.Scan) error {
		var packed bool
		var c shelved
		err := scan(&c.id, &packed, &c.size, &c.hash, &c.head, &c.tail)
		if packed {
			p.packed[c.size] = append(p.packed[c.size], c)
		} else {
			p.shelf.add(c.content, c.id)
			p.texts = append(p.texts, c)
		}
		return err
	})
	if err != nil {
		return err
	}
	var user string
	if err := s.DB.QueryRowContext(ctx, `SELECT value FROM ipdrift_old.about WHERE name = ?`, aboutUser).Scan(&user); err != nil {
		return err
	}
	if user != l.Identity.String() {
		return fmt.Errorf("%s: the case tells users apart by --user %s, and cannot grow by --user %s: give that one, or analyse all its logs anew into another file", s.final, user, l.Identity)
	}
	return s.DB.QueryRowContext(ctx, `SELECT value::BIGINT FROM ipdrift_old.about WHERE name = ?`, aboutQueries).Scan(&p.queries)
}

// aboutUser is the name under which a case remembers who is one user.
const aboutUser = "user"

// aboutQueries is the name under which a case remembers how many requests had
// a query string.
const aboutQueries = "queries"

// admit numbers the sources that have to be read. One that the case holds
// already, or that is the beginning of one, is left out, one that has only grown takes
// the place of its old self.
func (l *load) admit(ctx context.Context, given []source.Source) error {
	if len(given)+l.past.next > source.Most {
		return errors.New(figure.Sentence("%d sources are too many: a case holds %d at most", len(given)+l.past.next, source.Most))
	}
	l.given = len(given)
	members := map[string]int{}
	var fresh []*input
	for _, one := range given {
		members[one.Path]++
	}
	for _, one := range given {
		host := noHost
		if one.Named {
			host = cmp.Or(one.Host, one.Label)
		}
		one.Label = l.Pseudonyms.Text(one.Label)
		src := &input{Source: one, host: []byte(host), same: -1, part: members[one.Path] > 1}
		same, grown, err := l.recognise(ctx, src)
		switch {
		case err != nil:
			return err
		case same >= 0:
			l.known++
			l.read.Add(max(0, one.Size))
			l.past.met[same] = one
		case len(grown) > 0 && !slices.Contains(l.past.replaced, grown[len(grown)-1]):
			l.place(src, grown[len(grown)-1])
			l.replace(src, grown)
		default:
			fresh = append(fresh, src)
		}
	}
	next := l.past.next
	for _, src := range fresh {
		switch longer, err := l.shortened(ctx, src.Source); {
		case err != nil:
			return err
		case longer >= 0:
			l.read.Add(max(0, src.Size))
			l.begun = append(l.begun, fmt.Sprintf("%s is the beginning of %s, which is in the case already: it is not counted again", src.Label, l.past.labels[longer]))
		default:
			l.place(src, next)
			next++
		}
	}
	l.name()
	return nil
}

func (l *load) place(src *input, id int) {
	for len(l.sources) <= id {
		l.sources = append(l.sources, nil)
	}
	l.sources[id] = src
}

// replace lets a source stand for those of the case that it begins with. It
// keeps the name of the longest.
func (l *load) replace(src *input, grown []int) {
	src.Label, src.wanted = l.past.labels[grown[len(grown)-1]], ""
	for _, id := range grown {
		if !slices.Contains(l.past.replaced, id) {
			l.past.replaced = append(l.past.replaced, id)
		}
	}
	l.grown = append(l.grown, src.Label)
}

// recognise returns the source of the case that holds the same content, -1 if none does, or those that
// have grown into it, shortest first. What can be read but once is recognised while it is read.
func (l *load) recognise(ctx context.Context, src *input) (same int, grown []int, err error) {
	info, bad := os.Stat(src.Path)
	if len(l.past.labels) == 0 || src.Path == "-" || bad != nil || !info.Mode().IsRegular() {
		return -1, nil, nil
	}
	if forms := l.past.packed[info.Size()]; len(forms) > 0 && !src.part {
		stored, err := storedContent(ctx, src.Path)
		for _, form := range forms {
			if err == nil && form.content == stored {
				return form.id, nil, nil
			}
		}
	}
	in, bad := src.Open(ctx, nil, new(atomic.Int64))
	if bad != nil {
		return -1, nil, nil // reading it will say so
	}
	defer in.Close()
	m := newMeter(in, &l.past.shelf)
	m.drain(ctx, false) // damage is met again, and reported, where it is read
	same, grown = m.verdict()
	if same >= 0 {
		l.pack(ctx, src, same, m.size)
	}
	return same, grown, ctx.Err()
}

// storedContent hashes a file as it is stored.
func storedContent(ctx context.Context, path string) (content, error) {
	f, err := os.Open(path)
	if err != nil {
		return content{}, err
	}
	defer f.Close()
	m := newMeter(f, nil)
	err = m.drain(ctx, true)
	return m.content(), err
}

// pack notes the compressed form of a file that was read, so that it is known
// the next time without being decompressed.
func (l *load) pack(ctx context.Context, src *input, id int, text int64) {
	if l.store.final == "" || src.Size < 0 || src.Size == text || src.part {
		return
	}
	if stored, err := storedContent(ctx, src.Path); err == nil && stored.size == src.Size {
		l.packed = append(l.packed, shelved{stored, id})
	}
}

// name gives each new source a label that no other source of the case has.
func (l *load) name() {
	taken := map[string]bool{}
	for _, label := range l.past.labels {
		taken[label] = true // also that of one that has grown: it goes on under it
	}
	if len(taken) == 0 {
		return
	}
	for id, src := range l.sources {
		if src == nil || slices.Contains(l.past.replaced, id) {
			continue
		}
		src.wanted = src.Label
		for n := 2; taken[src.Label]; n++ {
			src.Label = fmt.Sprintf("%s (%d)", src.wanted, n)
		}
		taken[src.Label] = true
	}
}

// remarks says what was recognised, one sentence each.
func (l *load) remarks() []string {
	var out []string
	if l.known > 0 {
		out = append(out, figure.Sentence("%d of %d {file was|files were} in the case already", l.known, l.given))
	}
	for _, label := range l.grown {
		out = append(out, fmt.Sprintf("%s has grown: it was read again, and stands once in the case", label))
	}
	out = slices.Concat(out, l.begun, l.unclear, l.doubled)
	for _, src := range l.sources {
		if src != nil && src.wanted != "" && src.wanted != src.Label {
			out = append(out, fmt.Sprintf("the case has another %s: this one is called %s", src.wanted, src.Label))
		}
	}
	return out
}
