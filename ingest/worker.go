package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"net/netip"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"ipdrift/ingest/format"
	"ipdrift/token"
)

// worker turns chunks into rows. Everything it holds is its own; what it
// shares with the others stands in load.
type worker struct {
	*load
	parsers map[int]*format.Parser // by source
	token   *token.Parser
	prover  *prover
	record  format.Record
	link    token.Link

	outcome, links, client, dir, file, agent, referer *cache

	queries int64 // requests with a query string
	hits    hitColumns
	build   *array.RecordBuilder
}

// hitColumns are the columns of table hit for one batch.
type hitColumns struct {
	source                                           []uint16
	line, bytes                                      []int64
	start                                            []arrow.Timestamp
	outcome, link, client, dir, file, agent, referer []uint32
}

func newWorker(l *load) *worker {
	return &worker{
		load: l, parsers: map[int]*format.Parser{},
		token: token.NewParser(l.Scheme), prover: newProver(l),
		outcome: newCache(l.dicts.outcome), links: newCache(l.dicts.link), client: newCache(l.dicts.client),
		dir: newCache(l.dicts.dir), file: newCache(l.dicts.file), agent: newCache(l.dicts.agent), referer: newCache(l.dicts.referer),
		build: newBuilder(l.hitSchema),
	}
}

func (w *worker) run(ctx context.Context, in <-chan chunk, out chan<- arrow.Record) error {
	for ch := range in {
		if err := w.chunk(ctx, ch, out); err != nil {
			return err
		}
		w.chunks.put(ch)
	}
	w.load.queries.Add(w.queries)
	return w.flush(ctx, out)
}

func (w *worker) chunk(ctx context.Context, ch chunk, out chan<- arrow.Record) error {
	src := w.sources[ch.source]
	if ch.long {
		src.count(0, 1)
		return w.reject(ctx, ch.source, ch.first, "line too long", ch.data)
	}
	parser := w.parsers[ch.source]
	if parser == nil {
		parser = src.format.NewParser()
		w.parsers[ch.source] = parser
	}
	var parsed, rejected int64
	number := ch.first
	for data := ch.data; len(data) > 0; number++ {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		if f := parser.Parse(line, &w.record); f.Reason != "" {
			rejected++
			if err := w.reject(ctx, ch.source, number, f.Reason, line); err != nil {
				return err
			}
			continue
		}
		parsed++
		if err := w.request(ctx, ch.source, number, out); err != nil {
			return err
		}
	}
	src.count(parsed, rejected)
	return ctx.Err()
}

func (w *worker) reject(ctx context.Context, source int, line int64, reason string, text []byte) error {
	return w.rejects.Append(ctx, uint16(source), line, reason, redact(text))
}

// request adds the record as one row.
func (w *worker) request(ctx context.Context, source int, line int64, out chan<- arrow.Record) error {
	r := &w.record
	host := r.Host
	if len(host) == 0 {
		host = w.sources[source].host
	}
	if !w.wanted(r, host) {
		w.left.Add(1)
		return nil
	}
	w.token.Parse(r.Target, &w.link)
	o := outcome{
		host: host, method: r.Method, status: r.Status, code: r.Code, upstream: r.Upstream,
		shield: r.Shield, shape: w.link.Shape, detail: w.link.Detail,
	}
	hostHash := w.hash(host)
	if len(r.Target) > len(w.link.RawPath) {
		w.queries++
	}
	dir, file := splitPath(w.link.RawPath)
	dirHash, fileHash := w.hash(dir), w.hash(file)
	link, err := w.signed(ctx, &o, source, line, hostHash, dirHash, fileHash)
	if err != nil {
		return err
	}
	ids, err := w.ids(ctx, &o, hostHash, dir, dirHash, file, fileHash)
	if err != nil {
		return err
	}
	h := &w.hits
	h.source = append(h.source, uint16(source))
	h.line = append(h.line, line)
	h.bytes = append(h.bytes, r.Bytes)
	h.start = append(h.start, arrow.Timestamp(r.Start))
	h.outcome = append(h.outcome, ids.outcome)
	h.link = append(h.link, link)
	h.client = append(h.client, ids.client)
	h.dir = append(h.dir, ids.dir)
	h.file = append(h.file, ids.file)
	h.agent = append(h.agent, ids.agent)
	h.referer = append(h.referer, ids.referer)
	if len(h.line) == batchRows {
		return w.flush(ctx, out)
	}
	return nil
}

// splitPath cuts a path behind its last slash.
func splitPath(path []byte) (dir, file []byte) {
	i := bytes.LastIndexByte(path, '/') + 1
	return path[:i], path[i:]
}

func (w *worker) hash(b []byte) uint64 { return maphash.Bytes(w.seed, b) }

// signed judges the token of a well-formed link, as of the request's start,
// and returns the link's id; 0 for any other request.
func (w *worker) signed(ctx context.Context, o *outcome, source int, line int64, hostHash, dirHash, fileHash uint64) (uint32, error) {
	if o.shape != token.Signed {
		return 0, nil
	}
	r, l := &w.record, &w.link
	from, until := r.Start, r.Start+r.Resolution-1
	switch {
	case refused(r.Status): // answered at once: the edge looked at its clock between start and log time
		until = max(until, r.Logged+r.Resolution-1)
	case !r.HasStart: // logged at the end of a response that may have begun at any time before
		from = min(from, l.Deadline*1e6)
	}
	o.late = lateness(from, until, l.Deadline)
	hash := mix(hostHash, mix(w.hash(l.Token), w.hash(l.Expires)))
	id, err := w.linkID(ctx, o.host, hash)
	if err != nil {
		return 0, err
	}
	o.match = w.prover.prove(l, o.host, r.Client, served(o), contextHash{link: hash, dir: dirHash, file: fileHash})
	if !o.match.OK {
		w.unproven.note(id, source, line, r.Target)
	}
	return id, nil
}

func refused(status uint16) bool { return status == 403 || status == 410 }

func served(o *outcome) bool {
	return (o.status == 200 || o.status == 206 || o.status == 304) && (string(o.method) == "GET" || string(o.method) == "HEAD" || len(o.method) == 0)
}

func (w *worker) linkID(ctx context.Context, host []byte, hash uint64) (uint32, error) {
	slot := w.links.slot(hash)
	if slot.hash == hash && slot.id != 0 {
		return slot.id, nil
	}
	l := &w.link
	id, err := w.links.dict.id(ctx, hash, func() []any {
		shown := l.Token[:min(tokenShown, len(l.Token))]
		return []any{string(validHost(host)), string(shown), stableID(host, l), l.Deadline}
	})
	*slot = cacheSlot{hash, id}
	return id, err
}

// stableID is the same for the same link in every run, and does not give the
// token away.
func stableID(host []byte, l *token.Link) uint64 {
	h := sha256.New()
	for _, part := range [][]byte{host, l.Token, l.Expires} {
		h.Write(part)
		h.Write([]byte{0})
	}
	return binary.BigEndian.Uint64(h.Sum(nil))
}

func validHost(host []byte) []byte { return []byte(validText(string(host))) }

// hitIDs are the dictionary ids of one hit.
type hitIDs struct{ outcome, client, dir, file, agent, referer uint32 }

func (w *worker) ids(ctx context.Context, o *outcome, hostHash uint64, dir []byte, dirHash uint64, file []byte, fileHash uint64) (ids hitIDs, err error) {
	r := &w.record
	if ids.outcome, err = w.outcomeID(ctx, o, hostHash); err != nil {
		return ids, err
	}
	if ids.client, err = w.clientID(ctx); err != nil {
		return ids, err
	}
	for _, t := range []struct {
		to    *uint32
		cache *cache
		text  []byte
		hash  uint64
		clean func([]byte) any
	}{
		{&ids.dir, w.dir, dir, dirHash, pathText},
		{&ids.file, w.file, file, fileHash, pathText},
		{&ids.agent, w.agent, r.UserAgent, w.hash(r.UserAgent), plainText},
		{&ids.referer, w.referer, r.Referer, w.hash(r.Referer), refererText},
	} {
		slot := t.cache.slot(t.hash)
		if slot.hash != t.hash || slot.id == 0 {
			text, clean := t.text, t.clean
			id, err := t.cache.dict.id(ctx, t.hash, func() []any { return []any{clean(text)} })
			if err != nil {
				return ids, err
			}
			*slot = cacheSlot{t.hash, id}
		}
		*t.to = slot.id
	}
	return ids, nil
}

func pathText(b []byte) any { return cleanPath(b) }

func plainText(b []byte) any {
	if b == nil {
		return nil
	}
	return string(b)
}

func refererText(b []byte) any {
	if b == nil {
		return nil
	}
	return cleanPath(cutQuery(b))
}

func (w *worker) clientID(ctx context.Context) (uint32, error) {
	r := &w.record
	raw := r.Client.As16()
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	hash := mix(mix(hi, lo), mix(uint64(r.ASN)<<1|uint64(b2i(r.Client.Is4())), w.hash(r.Country)))
	slot := w.client.slot(hash)
	if slot.hash == hash && slot.id != 0 {
		return slot.id, nil
	}
	id, err := w.client.dict.id(ctx, hash, func() []any {
		var asn any
		if r.ASN != 0 {
			asn = r.ASN
		}
		return []any{family(r.Client), uint8(b2i(r.Client.Is4In6())), hi, lo, string(token.AppendAddr(nil, r.Client)), plainText(r.Country), asn}
	})
	*slot = cacheSlot{hash, id}
	return id, err
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
	h := &w.hits
	if len(h.line) == 0 {
		return nil
	}
	b := w.build
	b.Field(0).(*array.Uint16Builder).AppendValues(h.source, nil)
	b.Field(1).(*array.Int64Builder).AppendValues(h.line, nil)
	b.Field(2).(*array.TimestampBuilder).AppendValues(h.start, nil)
	for i, ids := range [][]uint32{h.outcome, h.link, h.client, h.dir, h.file, h.agent, h.referer} {
		b.Field(3+i).(*array.Uint32Builder).AppendValues(ids, nil)
	}
	b.Field(10).(*array.Int64Builder).AppendValues(h.bytes, nil)
	h.source, h.line, h.bytes, h.start = h.source[:0], h.line[:0], h.bytes[:0], h.start[:0]
	for _, ids := range []*[]uint32{&h.outcome, &h.link, &h.client, &h.dir, &h.file, &h.agent, &h.referer} {
		*ids = (*ids)[:0]
	}
	record := b.NewRecord()
	select {
	case out <- record:
		return nil
	case <-ctx.Done():
		record.Release()
		return ctx.Err()
	}
}
