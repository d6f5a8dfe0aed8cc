package ingest

import (
	"bytes"
	"context"
	"hash/maphash"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"

	"ipdrift/ingest/format"
	"ipdrift/ingest/redact"
	"ipdrift/token"
)

// worker turns chunks into rows. Everything it holds is its own; what it
// shares with the others stands in load.
type worker struct {
	*load
	readings map[int]*reading // by source
	prover   *prover
	record   format.Record
	link     token.Link

	outcome, client, dir, file, agent, referer, ident *cache
	issued                                            *cache // dictionary link, for which links is the memory
	tied                                              *cache // what was noted of ties
	links                                             []linkMemo
	lone                                              linkMemo // the last link, while links are not remembered

	name  []byte    // scratch for a host's name
	conn  []byte    // and for that of a connection
	salts [2]uint64 // of addressHash

	edgeName []byte // of the line before, and its number
	edge     uint16

	read    bool              // link is what the record's target holds
	here    *place            // the last of places
	places  [placeSlots]place // hosts as they are written
	queries int64             // requests with a query string
	tokens  tokens            // of the chunk
	hits    *hitColumns       // nil: no row yet
	beside  extent            // of the requests outside Since and Until
}

// reading is one worker's share of a source.
type reading struct {
	parser *format.Parser
	others []*format.Parser // for lines that it does not fit
	facts  format.Facts
	place  place // of the lines that have no host
}

// newWorker makes one for a log that will fill its tables, or for a small one.
func newWorker(l *load, large bool) *worker {
	cacheOf := func(d *dictionary) *cache { return l.newCache(d, large) }
	return &worker{
		load: l, readings: map[int]*reading{},
		prover: newProver(l, table[memo](memoSlots, large)),
		links:  table[linkMemo](linkSlots, large), outcome: cacheOf(l.dicts.outcome), client: cacheOf(l.dicts.client),
		dir: cacheOf(l.dicts.dir), file: cacheOf(l.dicts.file), agent: cacheOf(l.dicts.agent), referer: cacheOf(l.dicts.referer),
		ident: cacheOf(l.dicts.ident), issued: cacheOf(l.dicts.link), tied: &cache{slots: table[cacheSlot](cacheSlots, large)},
		salts: [2]uint64{maphash.String(l.seed, "upper"), maphash.String(l.seed, "lower")},
	}
}

// largeChunk is from how many bytes on a chunk is of a log that will fill the tables.
const largeChunk = chunkSize / 2

// work turns the chunks that it takes into rows.
func (l *load) work(ctx context.Context, take func() (chunk, bool), out chan<- arrow.Record) error {
	ch, ok := take()
	w := newWorker(l, len(ch.data) >= largeChunk)
	for ; ok; ch, ok = take() {
		if err := w.chunk(ctx, ch, out); err != nil {
			return err
		}
		w.chunks.put(ch)
	}
	w.load.queries.Add(w.queries)
	w.apart.add(w.beside)
	w.learn()
	for _, c := range w.caches() {
		c.note()
		if err := c.rows.rest(ctx); err != nil {
			return err
		}
	}
	return w.flush(ctx, out)
}

// mostReadings bounds what a worker remembers of sources, which are read one after the
// other but for a few.
const mostReadings = 64

// learn takes what was read to the sources.
func (w *worker) learn() {
	for i, r := range w.readings {
		w.sources[i].learn(&r.facts)
	}
	clear(w.readings)
}

func (w *worker) caches() []*cache {
	return []*cache{w.outcome, w.issued, w.client, w.dir, w.file, w.agent, w.referer, w.ident}
}

func (w *worker) chunk(ctx context.Context, ch chunk, out chan<- arrow.Record) error {
	src := w.sources[ch.source]
	if ch.long {
		src.count(0, 1)
		return w.reject(ctx, ch.source, ch.first, "line too long", ch.data)
	}
	from := w.readings[ch.source]
	if from == nil {
		if len(w.readings) == mostReadings {
			w.learn()
		}
		from = &reading{parser: ch.format.NewParser()}
		from.parser.Latest, from.facts.YearFrom = src.Latest(w.Now)
		from.parser.Forwarding = src.forwarding
		w.readings[ch.source] = from
	}
	from.parser.Use(ch.format)
	for i := len(from.others); i < len(ch.others); i++ {
		from.others = append(from.others, ch.others[i].NewParser())
		from.others[i].Latest, from.others[i].Forwarding = from.parser.Latest, from.parser.Forwarding
	}
	others := from.others[:len(ch.others)]
	var parsed, rejected, grain int64
	number := ch.first
	for data := ch.data; len(data) > 0; number++ {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		f := from.parser.Parse(line, &w.record)
		if f.Reason != "" && !slices.ContainsFunc(others, func(p *format.Parser) bool { return p.Parse(line, &w.record).Reason == "" }) {
			rejected++
			if err := w.reject(ctx, ch.source, number, f.Reason, line); err != nil {
				return err
			}
			continue
		}
		parsed++
		from.facts.Note(&w.record)
		grain = max(grain, w.record.Resolution)
		if err := w.request(ctx, from, ch.source, number, out); err != nil {
			return err
		}
	}
	from.parser.Rest()
	for _, p := range others {
		p.Rest()
	}
	src.count(parsed, rejected)
	src.coarsen(grain)
	w.tell(parsed+rejected, w.tokens)
	w.tokens = tokens{}
	return ctx.Err()
}

func (w *worker) reject(ctx context.Context, source int, line int64, reason string, text []byte) error {
	return w.rejects.Append(ctx, uint32(source), line, reason, redact.Line(w.line(w.Keys.Cut(text, redact.Mark))))
}

// request adds the record as one row.
func (w *worker) request(ctx context.Context, from *reading, source int, line int64, out chan<- arrow.Record) error {
	r := &w.record
	w.read = false
	at := w.placeOf(from, source)
	if !at.admitted {
		return nil
	}
	if !w.within(r.Start) {
		w.beside.note(r.Start)
		return nil
	}
	host, s := at.name, at.site
	w.Watch.look(&r.Viewer, source, line)
	if s.sees {
		s.parser.See(Seen(host, r.UserAgent, r.Referer))
	}
	query := bytes.IndexByte(r.Target, '?')
	if query >= 0 {
		w.queries++
	}
	t := w.aim(at, query)
	l, err := w.linkOf(ctx, at, &t)
	if err != nil {
		return err
	}
	o := outcome{
		host: host, method: r.Method, status: r.Status, code: r.Code, upstream: r.Upstream,
		shield: r.Shield, shape: l.shape, detail: l.detail, refused: refused(r.Status) || r.Status == s.stated.Expired && r.Status != 0, edge: w.edgeNumber(r.Viewer.Edge),
	}
	w.judge(&o, s, &t, l, source, line)
	ids, err := w.ids(ctx, &o, s, &t, l)
	if err != nil {
		return err
	}
	ident, err := w.identity(ctx, at)
	if err != nil {
		return err
	}
	if err := w.ties(ctx, at, l, ids); err != nil {
		return err
	}
	h := w.hits
	if h == nil {
		h = newHitColumns(&w.columns)
		w.hits = h
	}
	i := h.n
	h.at[i], h.start[i], h.bytes[i] = placeOf(source, line), r.Start, r.Bytes
	h.outcome[i], h.link[i], h.client[i], h.dir[i] = ids.outcome, l.id, ids.client, ids.dir
	h.file[i], h.agent[i], h.referer[i], h.ident[i], h.took[i] = ids.file, ids.agent, ids.referer, ident, took(r)
	if h.n++; h.n == batchRows {
		return w.flush(ctx, out)
	}
	return nil
}

// TookUnknown stands for how long a request took whose line does not tell when it began.
const TookUnknown = math.MaxUint16

// EndOf is when a request ended, as far as its line tells: never before its start. Where began is
// false, the start is when it was logged, most often its end.
func EndOf(start int64, took uint16) (end int64, began bool) {
	if took == TookUnknown {
		return start, false
	}
	return start + int64(took)*1_000_000, true
}

// took is how long a request took, in whole seconds; 0 where its line tells the start alone.
func took(r *format.Record) uint16 {
	if !r.HasStart {
		return TookUnknown
	}
	return uint16(min((r.Duration+500_000)/1_000_000, TookUnknown-1))
}

func (w *worker) hash(b []byte) uint64 { return maphash.Bytes(w.seed, b) }

// flush hands the batch to the writer.
func (w *worker) flush(ctx context.Context, out chan<- arrow.Record) error {
	if w.hits == nil {
		return nil
	}
	record := w.hits.record(w.hitSchema, &w.columns)
	w.hits = nil
	select {
	case out <- record:
		return nil
	case <-ctx.Done():
		record.Release()
		return ctx.Err()
	}
}
