package ingest

import (
	"context"

	"ipdrift/ingest/redact"
)

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
		text = redact.CutReferer(w.Keys.Cut(w.withoutOwn(s, l, raw), redact.Mark))
		known = mix(w.hash(text), 1) // an empty one is not one that is not there
	}
	id, err := w.storedID(ctx, w.referer, text, known, redact.RefererText)
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
	return redact.CutOwn(text, redact.OwnToken(w.readLink(s).Token))
}

// storedID is the id of a text by what names it.
func (w *worker) storedID(ctx context.Context, c *cache, text []byte, hash uint64, stored func([]byte) (string, bool)) (uint32, error) {
	id, fresh := c.id(hash)
	if !fresh {
		return id, nil
	}
	clean, some := stored(w.Keys.Cut(text, redact.Mark))
	clean = limited(w.Pseudonyms.Text(clean), maxText)
	if c == w.agent {
		return id, c.rows.addAgent(ctx, id, clean, some)
	}
	return id, c.rows.addText(ctx, id, clean, some)
}
