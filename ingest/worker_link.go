package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow/array"

	"ipdrift/ingest/redact"
	"ipdrift/token"
)

// linkSlots is the size of a worker's memory of links: direct-mapped, what
// collides is parsed again.
const linkSlots = 1 << 15

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
	*m = linkMemo{key: t.link, shape: l.Shape, detail: l.Detail, deadline: l.Deadline, own: len(redact.OwnToken(l.Token))}
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
	shown, hash := redact.ValidText(string(shownOf(l.Token))), stableID(at.name, l)
	if at.stored == "" {
		at.stored = redact.ValidText(w.hostText(at.name))
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

// shownOf is the part of a token that is kept: the first characters that tell it from others.
func shownOf(text []byte) []byte {
	text = token.Telling(text)
	return text[:min(redact.Shown, len(text))]
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
