package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"ipdrift/ingest/format"
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
	hits    *hitColumns       // nil: no row yet
}

// reading is one worker's share of a source.
type reading struct {
	parser *format.Parser
	facts  format.Facts
	place  place // of the lines that have no host
}

// linkSlots is the size of a worker's memory of links: direct-mapped, what
// collides is parsed again.
const linkSlots = 1 << 15

func newWorker(l *load) *worker {
	return &worker{
		load: l, readings: map[int]*reading{},
		prover: newProver(l),
		links:  make([]linkMemo, linkSlots), outcome: l.newCache(l.dicts.outcome), client: l.newCache(l.dicts.client),
		dir: l.newCache(l.dicts.dir), file: l.newCache(l.dicts.file), agent: l.newCache(l.dicts.agent), referer: l.newCache(l.dicts.referer),
		ident: l.newCache(l.dicts.ident), issued: l.newCache(l.dicts.link), tied: &cache{slots: make([]cacheSlot, cacheSlots)},
		salts: [2]uint64{maphash.String(l.seed, "upper"), maphash.String(l.seed, "lower")},
	}
}

func (w *worker) run(ctx context.Context, take func() (chunk, bool), out chan<- arrow.Record) error {
	for ch, ok := take(); ok; ch, ok = take() {
		if err := w.chunk(ctx, ch, out); err != nil {
			return err
		}
		w.chunks.put(ch)
	}
	w.load.queries.Add(w.queries)
	for i, r := range w.readings {
		w.sources[i].learn(&r.facts)
	}
	for _, c := range w.caches() {
		c.note()
		if err := c.rows.rest(ctx); err != nil {
			return err
		}
	}
	return w.flush(ctx, out)
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
		from = &reading{parser: ch.format.NewParser()}
		from.parser.Latest, from.facts.YearFrom = src.Latest(w.Now)
		w.readings[ch.source] = from
	}
	from.parser.Use(ch.format)
	var parsed, rejected, grain int64
	number := ch.first
	for data := ch.data; len(data) > 0; number++ {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		if f := from.parser.Parse(line, &w.record); f.Reason != "" {
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
	src.count(parsed, rejected)
	src.coarsen(grain)
	return ctx.Err()
}

func (w *worker) reject(ctx context.Context, source int, line int64, reason string, text []byte) error {
	return w.rejects.Append(ctx, uint16(source), line, reason, redact(w.line(w.Keys.Cut(text, cutMark))))
}

// request adds the record as one row.
func (w *worker) request(ctx context.Context, from *reading, source int, line int64, out chan<- arrow.Record) error {
	r := &w.record
	w.read = false
	at := w.placeOf(from, source)
	host, s := at.name, at.site
	if !w.wanted(r, host) {
		w.left.Add(1)
		return nil
	}
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
		shield: r.Shield, shape: l.shape, detail: l.detail, refused: refused(r.Status) || r.Status == s.expired && r.Status != 0, edge: w.edgeNumber(r.Viewer.Edge),
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
	h.source[i], h.line[i], h.start[i], h.bytes[i] = uint16(source), line, r.Start, r.Bytes
	h.outcome[i], h.link[i], h.client[i], h.dir[i] = ids.outcome, l.id, ids.client, ids.dir
	h.file[i], h.agent[i], h.referer[i], h.ident[i] = ids.file, ids.agent, ids.referer, ident
	if h.n++; h.n == batchRows {
		return w.flush(ctx, out)
	}
	return nil
}

// place is what a worker knows of a host as lines write it.
type place struct {
	written []byte
	name    []byte // see hostName; of a line without one, what stands for it
	hash    uint64 // of the name
	stored  string // the name as the case holds it; "": not needed yet
	site    *site  // nil: the slot is empty
}

// placeSlots is how many places a worker remembers; direct-mapped.
const placeSlots = 64

// placeOf is the place that the record was asked of.
func (w *worker) placeOf(from *reading, source int) *place {
	written := w.record.Host
	if w.here != nil && string(w.here.written) == string(written) {
		return w.here
	}
	p := &w.places[w.hash(written)%placeSlots]
	if p.site != nil && string(p.written) == string(written) {
		w.here = p
		return p
	}
	name := w.hostName(written)
	if len(name) == 0 {
		if p = &from.place; p.site != nil {
			return p
		}
		name = w.sources[source].host
	}
	*p = place{written: append(p.written[:0], written...), name: append(p.name[:0], name...), hash: w.hash(name), site: w.prover.site(name)}
	return p
}

// hostName is a host without port and trailing dot, in lower case: one host is
// one, however viewers write it. It may use w.name.
func (w *worker) hostName(host []byte) []byte {
	if i := bytes.LastIndexByte(host, ':'); i > bytes.LastIndexByte(host, ']') {
		host = host[:i]
	}
	host = bytes.TrimSuffix(host, []byte("."))
	for _, c := range host {
		if 'A' <= c && c <= 'Z' || c == 0 { // no SQL text can hold a zero byte
			w.name = append(w.name[:0], bytes.ReplaceAll(bytes.ToLower(host), []byte{0}, []byte("\uFFFD"))...)
			return w.name
		}
	}
	return host
}

// Seen is what a log tells of a request beside target and address. A host that
// is not known is none.
func Seen(host, userAgent, referer []byte) token.Seen {
	if string(host) == noHost {
		host = nil
	}
	return token.Seen{Host: host, UserAgent: userAgent, Referer: referer}
}

// splitPath cuts a path behind its last slash.
func splitPath(path []byte) (dir, file []byte) {
	i := bytes.LastIndexByte(path, '/') + 1
	return path[:i], path[i:]
}

// splitStored is splitPath for the parts that are stored: slashes behind a
// lost question mark do not count, so that what stands there is cut as one.
func splitStored(path []byte) (dir, file []byte) {
	head := path
	if bytes.IndexByte(path, '%') >= 0 || bytes.IndexByte(path, '&') >= 0 {
		head = path[:lostQuery(string(path))]
	}
	i := bytes.LastIndexByte(head, '/') + 1
	return path[:i], path[i:]
}

func (w *worker) hash(b []byte) uint64 { return maphash.Bytes(w.seed, b) }

// judge tells whether the hash of a well-formed link holds, and whether the
// request came late, as of its own start.
func (w *worker) judge(o *outcome, s *site, t *aimed, l *linkMemo, source int, line int64) {
	r := &w.record
	if o.shape != token.Signed {
		if o.shape == token.BadShape {
			w.unproven.noteBroken(o.host, Attempt{Source: source, Line: line, Target: r.Target, Client: r.Client, Start: r.Start})
		}
		return
	}
	from, until := r.Start, r.Start+r.Resolution-1
	switch {
	case o.refused: // answered at once: the edge looked at its clock between start and log time; a start within the log's resolution of the expiry counts as at it
		until = max(until, r.Logged+r.Resolution-1) + r.Resolution
	case !r.HasStart: // logged at the end of a response that may have begun at any time before
		from = min(from, l.deadline*1e6)
	}
	o.late = lateness(from, until, l.deadline)
	c := contextHash{link: l.hash, dir: t.signedDir, file: t.signedFile}
	if s.personal {
		c.link = mix(c.link, mix(w.hash(r.UserAgent), w.hash(r.Referer)))
	}
	match := l.proof.match
	if !l.proof.holds(c.link, c.dir, r.Client) {
		match = w.match(s, l, served(o), c)
	}
	o.match, o.stale = match, s.stale(match, r.Start, r.Start+r.Resolution-1)
	if match.OK && (t.index || match.Binding.Kind == token.BindMask) {
		o.match = plain(match, t.index, r.Client)
	}
	if !match.OK {
		at := Attempt{Source: source, Line: line, Target: r.Target, Client: r.Client, Start: r.Start}
		if s.personal {
			at.UserAgent, at.Referer = r.UserAgent, r.Referer
		}
		w.unproven.note(l.id, at)
	}
}

// match tells how the link of the record verifies.
func (w *worker) match(s *site, l *linkMemo, served bool, c contextHash) token.Match {
	r := &w.record
	var match token.Match
	known := false
	if !l.fresh {
		match, known = w.prover.recall(r.Client, served, c)
	}
	if l.fresh = false; !known {
		match = w.prover.prove(w.readLink(s), s, r.Client, served, c, &l.proof, w.issued.vain == 0)
	}
	if match.OK && match.Scope != token.ScopeFile {
		l.proof = memo{c.link, c.dir, r.Client, match, true}
	}
	return match
}

// plain is the first of the ways to sign that hash the same text: the order in
// which requests come must not matter. A path that ends in a slash is its own
// directory, an address that ends in zeros its own network.
func plain(m token.Match, index bool, client netip.Addr) token.Match {
	if m.OK && index && m.Scope == token.ScopeDir {
		m.Scope = token.ScopeFile
	}
	if !m.OK || m.Binding.Kind != token.BindMask || m.Binding.Form != token.FormNetwork {
		return m
	}
	text := token.AppendBound(nil, client, m.Binding)
	for _, b := range append([]token.Binding{{}}, Masks(client)...) {
		if bytes.Equal(token.AppendBound(nil, client, b), text) {
			m.Binding = b
			break
		}
	}
	return m
}

func refused(status uint16) bool { return status == 403 || status == 410 }

func served(o *outcome) bool {
	return (o.status == 200 || o.status == 206 || o.status == 304) && (string(o.method) == "GET" || string(o.method) == "HEAD" || len(o.method) == 0)
}

// aimed is a request target taken apart.
type aimed struct {
	dir, file                     []byte // of the raw path, as they are stored
	signedDir, signedFile         uint64 // hashes of what a signature can cover
	index                         bool   // the path ends in a slash
	host, dirHash, fileHash, link uint64 // hashes; link of all that the token can depend on
}

// aim takes the record's target apart, whose first question mark stands at
// query.
func (w *worker) aim(at *place, query int) aimed {
	s, target := at.site, w.record.Target
	var path, shown []byte
	if s.inQuery && len(target) > 0 && target[0] == '/' && bytes.IndexByte(target, '#') < 0 {
		if path = target; query >= 0 {
			path = target[:query]
		}
		shown = path
	} else {
		l := w.readLink(s)
		path, shown = l.RawPath, withoutToken(target, l)
	}
	t := aimed{host: at.hash}
	dir, file := splitPath(shown)
	t.signedDir, t.signedFile, t.index = w.hash(dir), w.hash(file), len(file) == 0
	t.dirHash, t.fileHash = t.signedDir, t.signedFile
	if t.dir, t.file = dir, file; bytes.IndexByte(shown, '%') < 0 && bytes.IndexByte(shown, '&') < 0 {
	} else if t.dir, t.file = splitStored(shown); len(t.dir) != len(dir) {
		t.dirHash, t.fileHash = w.hash(t.dir), w.hash(t.file)
	}
	t.link = w.hash(target[len(path):])
	if !s.inQuery || len(target) > 0 && target[0] != '/' {
		t.link = w.hash(target)
	}
	t.link = mix(t.host, t.link)
	return t
}

// readLink takes apart what the record's target says of its token.
func (w *worker) readLink(s *site) *token.Link {
	if !w.read {
		s.parser.Parse(w.record.Target, &w.link)
		w.read = true
	}
	return &w.link
}

// linkMemo is what a worker remembers of a link: a player repeats its query.
type linkMemo struct {
	key      uint64 // aimed.link
	hash     uint64 // of host, token, expiry and what else of the target is hashed
	id       uint32 // 0: not well-formed
	fresh    bool   // nobody has tried to prove it
	shape    token.Shape
	detail   token.Detail
	deadline int64
	own      int    // length of its token, where other fields can repeat it; see ownToken
	viewer   uint64 // what stands for the viewer's id in the query; 0: none
	proof    memo   // the last one that held for a whole directory
	known    known  // of the last request
}

func (w *worker) linkOf(ctx context.Context, at *place, t *aimed) (*linkMemo, error) {
	m := &w.links[t.link&(linkSlots-1)]
	if w.issued.vain > 0 {
		m = &w.lone
	}
	if m.key == t.link {
		w.issued.found++
		return m, nil
	}
	l := w.readLink(at.site)
	*m = linkMemo{key: t.link, shape: l.Shape, detail: l.Detail, deadline: l.Deadline, own: len(ownToken(l.Token))}
	if l.Shape != token.Signed {
		return m, nil
	}
	if w.Identity.Kind == ByAuto {
		m.viewer = w.queryID(at.name, queryOf(w.record.Target))
	}
	m.hash = mix(t.host, mix(w.hash(l.Token), w.hash(l.Expires)))
	if l.Params != nil {
		m.hash = mix(m.hash, w.hash(l.Params))
	}
	id, fresh := w.issued.ask(m.hash)
	if m.id, m.fresh = id, fresh; !fresh {
		return m, nil
	}
	shown, hash := validText(string(l.Token[:min(tokenShown, len(l.Token))])), stableID(at.name, l)
	if at.stored == "" {
		at.stored = validText(w.hostText(at.name))
	}
	return m, w.issued.rows.add(ctx, func(b []array.Builder) (int, error) {
		b[0].(*array.Uint32Builder).Append(id)
		appendText(b[1], at.stored, true)
		appendText(b[2], shown, true)
		b[3].(*array.Uint64Builder).Append(hash)
		b[4].(*array.Int64Builder).Append(l.Deadline)
		return len(at.stored), nil
	})
}

// stableID is the same for the same link in every run, and does not give the
// token away.
func stableID(host []byte, l *token.Link) uint64 {
	var space [256]byte
	text := append(append(append(space[:0], host...), 0), l.Token...)
	text = append(append(append(text, 0), l.Expires...), 0)
	if l.Params != nil {
		text = append(append(text, l.Params...), 0)
	}
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:])
}

// known is the ids of some values: who follows a link has those of the request
// before, and they are looked up where the link is.
type known struct{ client, dir, file, agent, referer cacheSlot }

// hitIDs are the dictionary ids of one hit.
type hitIDs struct{ outcome, client, dir, file, agent, referer uint32 }

func (w *worker) ids(ctx context.Context, o *outcome, s *site, t *aimed, l *linkMemo) (ids hitIDs, err error) {
	k := &l.known
	if ids.outcome, err = w.outcomeID(ctx, o, s, t.host); err != nil {
		return ids, err
	}
	if ids.client, err = w.clientID(ctx, &k.client); err != nil {
		return ids, err
	}
	if ids.dir, err = w.textID(ctx, s, l, &k.dir, w.dir, t.dir, t.dirHash, pathText); err != nil {
		return ids, err
	}
	if ids.file, err = w.textID(ctx, s, l, &k.file, w.file, t.file, t.fileHash, pathText); err != nil {
		return ids, err
	}
	if ids.agent, err = w.textID(ctx, s, l, &k.agent, w.agent, w.record.UserAgent, w.hash(w.record.UserAgent), agentText); err != nil {
		return ids, err
	}
	ids.referer, err = w.refererID(ctx, s, l, &k.referer)
	return ids, err
}

// refererID is textID for the referer, whose query is not stored: those that
// differ in it alone are one.
func (w *worker) refererID(ctx context.Context, s *site, l *linkMemo, near *cacheSlot) (uint32, error) {
	raw := w.record.Referer
	hash := w.hash(raw)
	if near.hash == hash && near.id != 0 {
		return near.id, nil
	}
	text, known := raw, hash
	if raw != nil {
		text = cutReferer(w.Keys.Cut(w.withoutOwn(s, l, raw), cutMark))
		known = mix(w.hash(text), 1) // an empty one is not one that is not there
	}
	id, err := w.storedID(ctx, w.referer, text, known, refererText)
	*near = cacheSlot{hash, id}
	return id, err
}

// textID is the id of a text of the link's line, if it is not the one in near. stored
// is what of it goes into the case, if anything.
func (w *worker) textID(ctx context.Context, s *site, l *linkMemo, near *cacheSlot, c *cache, text []byte, hash uint64, stored func([]byte) (string, bool)) (uint32, error) {
	if near.hash == hash && near.id != 0 {
		return near.id, nil
	}
	asked := hash
	if cut := w.withoutOwn(s, l, text); len(cut) != len(text) {
		text, hash = cut, w.hash(cut)
	}
	id, err := w.storedID(ctx, c, text, hash, stored)
	*near = cacheSlot{asked, id}
	return id, err
}

// withoutOwn cuts the token that the line itself bears out of a text, whatever stands
// around it: which line brings a text first must not matter to what is stored.
func (w *worker) withoutOwn(s *site, l *linkMemo, text []byte) []byte {
	if l.own == 0 || len(text) < l.own {
		return text
	}
	return cutOwn(text, ownToken(w.readLink(s).Token))
}

// storedID is the id of a text by what names it.
func (w *worker) storedID(ctx context.Context, c *cache, text []byte, hash uint64, stored func([]byte) (string, bool)) (uint32, error) {
	id, fresh := c.id(hash)
	if !fresh {
		return id, nil
	}
	clean, some := stored(w.Keys.Cut(text, cutMark))
	clean = w.Pseudonyms.Text(clean)
	if c == w.agent {
		return id, c.rows.addAgent(ctx, id, clean, some)
	}
	return id, c.rows.addText(ctx, id, clean, some)
}

// The texts of these may be views of what they are given: the row is a copy.
func pathText(b []byte) (string, bool) { return cleanPath(view(b)), true }

func agentText(b []byte) (string, bool) { return validText(cutHashed(cutNamed(view(b)))), b != nil }

func refererText(b []byte) (string, bool) { return cleanPath(view(cutReferer(b))), b != nil }

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (w *worker) clientID(ctx context.Context, near *cacheSlot) (uint32, error) {
	r := &w.record
	raw := r.Client.As16()
	hash := mix(w.addressHash(raw), mix(uint64(r.ASN)<<1|uint64(b2i(r.Client.Is4())), w.hash(r.Country)))
	if near.hash == hash && near.id != 0 {
		return near.id, nil
	}
	id, fresh := w.client.id(hash)
	*near = cacheSlot{hash, id}
	if !fresh {
		return id, nil
	}
	asn := r.ASN
	if asn == 0 {
		asn = w.Networks.Find(r.Client).ASN
	}
	var space [64]byte
	shown := w.Pseudonyms.Of(r.Client)
	raw = shown.As16()
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	var address []byte
	if !shown.Is4() {
		address = token.AppendAddr(space[:0], shown)
	}
	country := validText(w.Pseudonyms.Text(cutHashed(string(w.Keys.Cut(r.Country, cutMark)))))
	return id, w.client.rows.add(ctx, func(b []array.Builder) (int, error) {
		b[0].(*array.Uint32Builder).Append(id)
		b[1].(*array.Uint8Builder).Append(family(shown))
		b[2].(*array.Uint8Builder).Append(uint8(b2i(shown.Is4In6())))
		b[3].(*array.Uint64Builder).Append(hi)
		b[4].(*array.Uint64Builder).Append(lo)
		if address == nil {
			b[5].AppendNull()
		} else {
			b[5].(*array.StringBuilder).BinaryBuilder.Append(address)
		}
		appendText(b[6], country, r.Country != nil)
		if asn == 0 {
			b[7].AppendNull()
		} else {
			b[7].(*array.Uint32Builder).Append(asn)
		}
		return len(address), nil
	})
}

// addressHash is hash for an address.
func (w *worker) addressHash(raw [16]byte) uint64 {
	return mix(binary.LittleEndian.Uint64(raw[:8])^w.salts[0], binary.LittleEndian.Uint64(raw[8:])^w.salts[1])
}

func family(a netip.Addr) uint8 {
	if a.Unmap().Is4() {
		return 4
	}
	return 6
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// flush hands the batch to the writer.
func (w *worker) flush(ctx context.Context, out chan<- arrow.Record) error {
	if w.hits == nil {
		return nil
	}
	record := w.hits.record(w.hitSchema, &w.columns)
	w.hits = nil
	w.load.hits.keep(record)
	select {
	case out <- record:
		return nil
	case <-ctx.Done():
		record.Release()
		return ctx.Err()
	}
}
