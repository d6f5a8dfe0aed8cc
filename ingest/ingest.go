// Package ingest takes access logs into a case. It is the only room that
// knows log formats, Arrow and DuckDB's driver. The journey of a line:
//
//  1. [Sources] turns arguments into files; each is opened, decompressed and
//     its format found from its first lines.
//  2. A reader per source cuts it into chunks of whole lines, which know the
//     number of their first line.
//  3. Workers parse each line in place. A bad line goes to rejects with its
//     source, number and reason; every line ends in requests or in rejects.
//  4. The token is judged as of the request's own start: does the hash hold
//     for the observed address, and was it late?
//  5. Records become Arrow batches; one writer inserts them. What repeats is
//     stored once, in dictionaries that are capped, and referred to by id.
//     Tokens and keys are left at the door: the case holds six characters. So
//     are addresses where there are [Options.Pseudonyms].
//  6. What did not verify is kept in memory, in [Unproven], so that the room
//     to the right can search for the address it was signed for.
package ingest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"io"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"golang.org/x/sync/errgroup"

	"ipdrift/ingest/format"
	"ipdrift/ingest/pseudonym"
	"ipdrift/token"
)

// Options say how a load reads and judges.
type Options struct {
	Resources *token.Resources
	Keys      *token.Keyring
	Format    *format.Format // nil: found for each source
	Map       format.Map     // what the log calls our fields, where it is found; nil: nothing unusual
	Since     time.Time      // zero: no limit; by the request's start
	Until     time.Time      // exclusive
	Host      string         // glob over hosts, "" all
	Now       time.Time      // for times without a year in what is no file; zero: these are rejected
	Identity  Identity       // who is one user
	Networks  *Networks      // whose the addresses are that the log does not tell; nil: not known
	Watch     *Watch         // what else to look for in the lines; nil: nothing
	// Pseudonyms, if not nil, stand for all addresses in the case.
	Pseudonyms *pseudonym.Map
	Stdin      io.Reader
	Threads    int   // 0: 1
	Hold       int64 // bytes of memory for Loaded.Hits
	// Progress, if not nil, is called now and then from several goroutines.
	Progress func(Progress)
}

// Progress is how far a load has come.
type Progress struct {
	Read  int64 // stored (compressed) bytes read
	Lines int64
}

// Loaded is what a load did, and what the case holds then: where a case grows,
// the figures are those of all of it.
type Loaded struct {
	Sources  []SourceStats
	LeftOut  int64    // parsed, but outside Since, Until or Host
	Queries  int64    // requests with a query string
	Remarks  []string // sentences on sources that were recognised
	Identity Identity
	Unproven *Unproven
	Hits     *Hits
}

// SourceStats account for one source: Lines = Parsed + Rejected.
type SourceStats struct {
	Path                    string
	Format                  string // "" where the source is empty or no format fits
	Lines, Parsed, Rejected int64
	Bytes                   int64    // of text, decompressed; 0: not known
	Hash                    string   // XXH3, 128 bits, of that text, in hexadecimal as xxhsum -H2 prints it; "": not known
	Sampled                 int64    // lines that say that not every request was logged
	Notes                   []string // what the lines show that takes away from what they can tell
	Edge                    string   // that wrote all lines; "" if several did, or the lines do not tell
	Err                     error    // *Damage, or no format, or why it cannot be opened; what came before was kept
	Earlier                 bool     // read by an earlier run
}

// noHost stands for a host that the log does not tell.
const noHost = "-"

// load is one run of Load; workers share it.
type load struct {
	Options
	store     *Store
	seed      maphash.Seed
	idKey     idKey
	ids       bool     // hashed with one key in every run
	sealed    [][]byte // the key of ids, by several
	chunks    chunks
	sources   []*source // by id; nil where a source is not read
	past      past
	dicts     dictionaries
	inherited map[string]uint32 // last ids of the dictionaries of the case that grows
	rejects   *Rows
	ties      *Rows
	unproven  *Unproven
	hitSchema *arrow.Schema
	columns   recycled // of table hit
	hits      *Hits    // lives on in Loaded, which the rest of a load must not
	left      atomic.Int64
	queries   atomic.Int64
	read      atomic.Int64
	lines     atomic.Int64

	given, known          int      // sources; those that are in the case already
	grown, begun, doubled []string // see remarks
	packed                []shelved
}

// source is a Source being read.
type source struct {
	Source
	host             []byte // stands for the host where the format has none
	format           *format.Format
	lines            int64
	parsed, rejected atomic.Int64
	grain            atomic.Int64 // µs, the coarsest of its lines
	err              error

	part    bool   // one of several sources in a file
	wanted  string // the label it would have if another source had not got it; "" where it stays
	content content
	start   uint64 // hash of its first bytes
	same    int    // recognised while it was read, as meter.verdict has it
	grown   []int

	mu    sync.Mutex
	facts format.Facts
}

func (s *source) learn(f *format.Facts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts.Merge(f)
}

func (s *source) count(parsed, rejected int64) {
	s.parsed.Add(parsed)
	s.rejected.Add(rejected)
}

func (s *source) coarsen(grain int64) {
	for now := s.grain.Load(); grain > now && !s.grain.CompareAndSwap(now, grain); now = s.grain.Load() {
	}
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
func Load(ctx context.Context, s *Store, sources []Source, o Options) (*Loaded, error) {
	l := &load{Options: o, store: s, seed: maphash.MakeSeed(), unproven: newUnproven(), hits: &Hits{room: o.Hold}}
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
	l.hitSchema, err = l.store.schemaOf("hit")
	return err
}

// pump runs readers, workers and the writer until every source is read.
func (l *load) pump(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	records := make(chan arrow.Record, l.Threads)
	in := newIntake(ctx, l)
	var workers sync.WaitGroup
	for i := range l.Threads {
		workers.Add(1)
		g.Go(func() error {
			defer workers.Done()
			return newWorker(l).run(ctx, func() (chunk, bool) { return in.take(i) }, records)
		})
	}
	g.Go(func() error {
		workers.Wait()
		close(records)
		in.close()
		return ctx.Err()
	})
	g.Go(func() error { return l.store.insert(ctx, "hit", l.hitSchema, records) })
	defer l.columns.close()
	return g.Wait()
}

// readOne cuts a source into chunks and hands them to out.
func (l *load) readOne(ctx context.Context, i int, src *source, out func(chunk) error) (int64, error) {
	in, err := src.open(ctx, l.Stdin, &l.read)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	known := newMeter(in, &l.past.shelf)
	buffered := bufio.NewReaderSize(known, 256<<10)
	if head, _ := buffered.Peek(len(byteOrderMark)); string(head) == byteOrderMark {
		buffered.Discard(len(byteOrderMark))
	}
	if l.Format != nil {
		if src.format, err = l.Identity.named(l.Format, l.Map); err != nil {
			return 0, err
		}
	}
	s := &sampler{src: src, names: l.Map, identity: l.Identity, out: out}
	lines, err := l.chunks.cut(i, &progressReader{buffered, l}, s.take)
	if misfit := s.settle(); misfit != nil {
		return s.sent, misfit
	}
	src.content, src.start = known.content(), known.start()
	src.same, src.grown = known.verdict()
	return lines, err
}

// progressReader reports how far reading has come.
type progressReader struct {
	*bufio.Reader
	load *load
}

func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if p.load.Progress != nil {
		lines := p.load.lines.Add(int64(bytes.Count(b[:n], []byte{'\n'})))
		p.load.Progress(Progress{Read: p.load.read.Load(), Lines: lines})
	}
	return n, err
}

// wanted applies the limits of time and host.
func (l *load) wanted(r *format.Record, host []byte) bool {
	if !l.Since.IsZero() && r.Start < l.Since.UnixMicro() || !l.Until.IsZero() && r.Start >= l.Until.UnixMicro() {
		return false
	}
	if l.Host == "" {
		return true
	}
	ok, _ := path.Match(strings.ToLower(l.Host), strings.ToLower(string(host)))
	return ok
}

// finish writes what is left, accounts for every line, and puts the case that
// grows behind it.
func (l *load) finish(ctx context.Context) (*Loaded, error) {
	rest := []*Rows{l.rejects, l.ties}
	for _, d := range l.dicts.all() {
		rest = append(rest, d.rows)
	}
	if err := FlushAll(ctx, rest...); err != nil {
		return nil, err
	}
	if err := l.merge(ctx); err != nil {
		return nil, err
	}
	if err := l.keepContents(ctx); err != nil {
		return nil, err
	}
	stats, err := l.account(ctx)
	if err != nil {
		return nil, err
	}
	out := &Loaded{Sources: stats, Queries: l.past.queries + l.queries.Load(), Remarks: l.remarks(), Identity: l.Identity, Unproven: l.unproven, Hits: l.hits}
	for _, q := range []string{
		fmt.Sprintf(`BEGIN; %sINSERT INTO about VALUES ('case_version', '%s'), ('%s', '%d'), ('%s', '%s')%s; COMMIT`, views(), CaseVersion, aboutQueries, out.Queries,
			aboutUser, strings.ReplaceAll(l.Identity.String(), "'", "''"), l.aboutKey()+l.aboutIDRows()),
		`SET preserve_insertion_order = true`, // Pages relies on it; the load is faster without
	} {
		if _, err := l.store.DB.ExecContext(ctx, q); err != nil {
			return nil, err
		}
	}
	return out, l.store.DB.QueryRowContext(ctx, `SELECT (SELECT coalesce(sum(parsed), 0)::BIGINT FROM source) - (SELECT count(*) FROM hit)`).Scan(&out.LeftOut)
}
