package ingest

import (
	"context"

	"github.com/zeebo/xxh3"

	"ipdrift/ingest/redact"
	"ipdrift/token"
)

// NoKey stands for the index of the key where there was none for the host: the
// request cannot be judged by its hash later on, whatever keys a later run has.
const NoKey = 255

// outcome is everything about a request that takes few values: rows share
// one id for it.
type outcome struct {
	host, method           []byte // alias the line
	status, code, upstream uint16
	shield                 bool
	shape                  token.Shape
	detail                 token.Detail
	late                   Late
	match                  token.Match
	refused                bool // 403, 410, or what this host answers to expired links
	stale                  bool // what reproduced the hash is a key that was not in use at the time
	edge                   uint16
}

// edgeNumbers is how many edges are told apart: two that share a number count as one.
const edgeNumbers = 1 << 10

// edgeNumber is the same for a name in every run; 0 where there is none.
func (w *worker) edgeNumber(name []byte) uint16 {
	if len(name) == 0 {
		return 0
	}
	if string(w.edgeName) != string(name) {
		w.edgeName, w.edge = append(w.edgeName[:0], name...), uint16(xxh3.Hash(name)%edgeNumbers)+1
		w.load.edges.note(w.edge, func() string {
			return w.Pseudonyms.Text(redact.CutHashed(string(w.Keys.Cut(name[:min(len(name), 64)], redact.Mark))))
		})
	}
	return w.edge
}

// methodHash is hash for a method: of the usual ones it is their letters.
func (w *worker) methodHash(method []byte) uint64 {
	if len(method) > 7 {
		return w.hash(method)
	}
	letters := uint64(len(method))
	for _, c := range method {
		letters = letters<<8 | uint64(c)
	}
	return letters
}

func (w *worker) outcomeID(ctx context.Context, o *outcome, s *site, hostHash uint64) (uint32, error) {
	m := o.match
	if len(s.keys) == 0 {
		m.Key = NoKey
	}
	small := uint64(o.status) | uint64(o.code)<<16 | uint64(o.upstream)<<32 | uint64(o.shape)<<48 | uint64(o.late)<<52 | uint64(b2i(o.shield))<<56
	how := uint64(m.Scope) | uint64(m.Up)<<8 | uint64(m.Binding.Kind)<<16 | uint64(m.Binding.Prefix)<<24 |
		uint64(m.Binding.Form)<<32 | uint64(m.Key)<<40 | uint64(b2i(m.OK))<<48 | uint64(b2i(o.stale))<<49 | uint64(b2i(o.refused))<<50
	hash := mix(mix(hostHash, w.methodHash(o.method)), mix(small, how))
	if o.detail != "" {
		hash = mix(hash, w.hash([]byte(o.detail)))
	}
	if o.edge > 0 {
		hash = mix(hash, uint64(o.edge))
	}
	id, fresh := w.outcome.id(hash)
	if !fresh {
		return id, nil
	}
	if o.shape == token.NoToken && o.refused && !o.shield { // who asked is looked for among those who had one
		w.load.hits.asked.Store(true)
	}
	return id, w.outcome.rows.Append(ctx, id,
		w.hostText(o.host), w.Pseudonyms.Text(redact.CutHashed(string(w.Keys.Cut(o.method, redact.Mark)))), o.status, o.code, o.upstream, o.shield,
		uint8(o.shape), string(o.detail), uint8(o.late), m.OK, uint8(m.Scope), m.Up,
		uint8(m.Binding.Kind), m.Binding.Prefix, uint8(m.Binding.Form), m.Key, o.stale, o.refused, o.edge)
}
