package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/sync/errgroup"

	"ipdrift/ingest/fetch"
	"ipdrift/ingest/source"
)

// load is one run of Load; workers share it.
type load struct {
	Options
	store     *Store
	seed      maphash.Seed
	idKey     idKey
	ids       bool                // hashed with one key in every run
	sealed    [][]byte            // the key of ids, by several
	rings     map[string][]uint64 // by host of the case that grows: see renumber
	chunks    chunks
	sources   []*input // by id; nil where a source is not read
	past      past
	dicts     dictionaries
	inherited map[string]uint32 // last ids of the dictionaries of the case that grows
	rejects   *Rows
	ties      *Rows
	unproven  *Unproven
	hitSchema *arrow.Schema
	columns   blocks   // of table packed
	texts     recycled // of tables of texts
	hits      *Hits    // lives on in Loaded, which the rest of a load must not
	queries   atomic.Int64
	read      atomic.Int64
	progress  progress
	edges     edges
	apart     apart

	given, known                   int      // sources; those that are in the case already
	grown, begun, unclear, doubled []string // see remarks
	packed                         []shelved
}

type dictionaries struct{ outcome, link, client, dir, file, agent, referer, ident *dictionary }

func (d *dictionaries) all() []*dictionary {
	return []*dictionary{d.outcome, d.link, d.client, d.dir, d.file, d.agent, d.referer, d.ident}
}

func (d *dictionaries) close() {
	for _, one := range d.all() {
		one.gone.close()
	}
}

// Load reads the sources into the store. Damage to a source is reported in
// its stats and does not stop the others; the error is for what stops
// everything.
func Load(ctx context.Context, s *Store, sources []source.Source, o Options) (*Loaded, error) {
	l := &load{Options: o, store: s, seed: maphash.MakeSeed(), unproven: newUnproven(o.Failing), hits: &Hits{room: o.Hold}}
	l.Threads = max(1, l.Threads)
	if err := l.agree(ctx); err != nil {
		return nil, err
	}
	if err := l.remember(ctx); err != nil {
		return nil, err
	}
	if err := l.takeIDKey(ctx); err != nil {
		return nil, err
	}
	if err := l.admit(ctx, sources); err != nil {
		return nil, err
	}
	if err := l.prepare(); err != nil {
		return nil, err
	}
	defer l.dicts.close()
	if err := l.inherit(ctx); err != nil {
		return nil, err
	}
	if err := l.pump(ctx); err != nil {
		l.hits.drop()
		return nil, err
	}
	out, err := l.finish(ctx)
	if err != nil {
		l.hits.drop()
	}
	return out, err
}

func (l *load) prepare() (err error) {
	d := &l.dicts
	for name, to := range map[string]**dictionary{
		"outcome": &d.outcome, "link": &d.link, "client": &d.client, "dir": &d.dir,
		"file": &d.file, "agent": &d.agent, "referer": &d.referer, "ident": &d.ident,
	} {
		if *to, err = newDictionary(l.store, name); err != nil {
			return err
		}
	}
	if l.rejects, err = l.store.Rows("reject"); err != nil {
		return err
	}
	if l.ties, err = l.store.Rows("tie"); err != nil {
		return err
	}
	l.hitSchema, err = l.store.schemaOf("packed")
	store, schema := l.store, l.hitSchema
	l.hits.insert = func(ctx context.Context, batches <-chan arrow.Record) error {
		return store.insert(ctx, "packed", schema, batches)
	}
	return err
}

// pump runs readers, workers and the writers until every source is read and all that
// was read is written.
func (l *load) pump(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	records := make(chan arrow.Record, l.Threads)
	in := newIntake(ctx, l)
	var workers sync.WaitGroup
	for i := range l.Threads {
		workers.Add(1)
		g.Go(func() error {
			defer workers.Done()
			return l.work(ctx, func() (chunk, bool) { return in.take(i) }, records)
		})
	}
	g.Go(func() error {
		workers.Wait()
		close(records)
		in.close()
		if err := ctx.Err(); err != nil {
			return err
		}
		return l.flush(ctx)
	})
	g.Go(func() error { return l.hits.deliver(ctx, records, !l.store.grows) })
	defer l.texts.close()
	defer l.columns.close()
	return g.Wait()
}

// flush writes what is left but for the requests.
func (l *load) flush(ctx context.Context) error {
	rest := []*Rows{l.rejects, l.ties}
	for _, d := range l.dicts.all() {
		rest = append(rest, d.rows)
	}
	return FlushAll(ctx, rest...)
}

// within applies the limits of time.
func (l *load) within(start int64) bool {
	return (l.Since.IsZero() || start >= l.Since.UnixMicro()) && (l.Until.IsZero() || start < l.Until.UnixMicro())
}

// finish accounts for every line, and puts the case that grows behind what was read.
func (l *load) finish(ctx context.Context) (*Loaded, error) {
	if err := l.merge(ctx); err != nil {
		return nil, err
	}
	if err := l.keepContents(ctx); err != nil {
		return nil, err
	}
	if err := l.keepRings(ctx); err != nil {
		return nil, err
	}
	stats, err := l.account(ctx)
	if err != nil {
		return nil, err
	}
	out := &Loaded{Sources: stats, Queries: l.past.queries + l.queries.Load(), Remarks: l.remarks(), Identity: l.Identity, Unproven: l.unproven, Hits: l.hits}
	if err := l.writeAbout(ctx, out.Queries); err != nil {
		return nil, err
	}
	if out.Requests, err = l.requests(ctx); err != nil {
		return nil, err
	}
	if out.Requests == 0 {
		out.Remarks = append(out.Remarks, l.apart.say(l.Host)...)
	}
	return out, l.store.DB.QueryRowContext(ctx, `SELECT coalesce(sum(parsed), 0)::BIGINT - ? FROM source`, out.Requests).Scan(&out.LeftOut)
}

// requests counts those of the case.
func (l *load) requests(ctx context.Context) (n int64, err error) {
	if !l.hits.waiting {
		return n, l.store.DB.QueryRowContext(ctx, `SELECT count(*) FROM packed`).Scan(&n)
	}
	for _, r := range l.hits.records {
		n += r.NumRows()
	}
	return n, nil
}

// writeAbout makes the views, and writes what a later run has to know of this one.
func (l *load) writeAbout(ctx context.Context, queries int64) error {
	_, err := l.store.DB.ExecContext(ctx, fmt.Sprintf(`BEGIN; %sINSERT INTO about VALUES ('case_version', '%s'), ('%s', '%d'), ('%s', %s)%s; COMMIT`, views(), CaseVersion,
		aboutQueries, queries, aboutUser, fetch.Quoted(l.Identity.String()), l.aboutKey()+l.aboutIDRows()+l.edges.about()))
	if err == nil {
		_, err = l.store.DB.ExecContext(ctx, `SET preserve_insertion_order = true`) // Pages relies on it; the load is faster without
	}
	return err
}
