package ingest

import (
	"context"
	"encoding/binary"
	"net/netip"

	"github.com/apache/arrow/go/v17/arrow/array"

	"ipdrift/ingest/redact"
	"ipdrift/token"
)

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
	if ids.dir, err = w.textID(ctx, s, l, &k.dir, w.dir, t.dir, t.dirHash, redact.Path); err != nil {
		return ids, err
	}
	if ids.file, err = w.textID(ctx, s, l, &k.file, w.file, t.file, t.fileHash, redact.Path); err != nil {
		return ids, err
	}
	if ids.agent, err = w.textID(ctx, s, l, &k.agent, w.agent, w.record.UserAgent, w.hash(w.record.UserAgent), redact.Agent); err != nil {
		return ids, err
	}
	ids.referer, err = w.refererID(ctx, s, l, &k.referer)
	return ids, err
}

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
	country := limited(redact.ValidText(w.Pseudonyms.Text(redact.CutHashed(string(w.Keys.Cut(r.Country, redact.Mark))))), maxName)
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
