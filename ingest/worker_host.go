package ingest

import (
	"bytes"

	"ipdrift/ingest/format"
	"ipdrift/token"
)

// place is what a worker knows of a host as lines write it.
type place struct {
	written  []byte
	name     []byte // see hostName; of a line without one, what stands for it
	hash     uint64 // of the name
	stored   string // the name as the case holds it; "": not needed yet
	site     *site  // nil: the slot is empty
	admitted bool   // its requests are read
}

// placeSlots is how many places a worker remembers; direct-mapped.
const placeSlots = 64

// placeOf is the place that the record was asked of.
func (w *worker) placeOf(from *reading, source int) *place {
	written := w.record.Host
	if w.here != nil && string(w.here.written) == string(written) {
		return w.here
	}
	slot := w.hash(written) % placeSlots
	if len(written) > maxName {
		slot = 0 // one of them is enough to hold
	}
	p := &w.places[slot]
	if p.site != nil && string(p.written) == string(written) {
		w.here = p
		return p
	}
	name := hostName(written, &w.name)
	if len(name) == 0 {
		if p = &from.place; p.site != nil {
			return p
		}
		name = w.sources[source].host
	}
	if len(name) > maxName {
		name = []byte(limited(w.hostText(name), maxName))
	}
	*p = place{written: append(p.written[:0], written...), name: append(p.name[:0], name...), hash: w.hash(name), site: w.prover.site(name), admitted: w.admits(name)}
	return p
}

// hostName is a host without port and trailing dot, in lower case: one host is
// one, however viewers write it. It may stand in space.
func hostName(host []byte, space *[]byte) []byte {
	if i := bytes.LastIndexByte(host, ':'); i > bytes.LastIndexByte(host, ']') {
		host = host[:i]
	}
	host = bytes.TrimSuffix(host, []byte("."))
	for _, c := range host {
		if 'A' <= c && c <= 'Z' || c == 0 { // no SQL text can hold a zero byte
			*space = append((*space)[:0], bytes.ReplaceAll(bytes.ToLower(host), []byte{0}, []byte("\uFFFD"))...)
			return *space
		}
	}
	return host
}

// hostOf is the host of a record, or what stands for it where a line has none.
func (s *input) hostOf(r *format.Record, space *[]byte) []byte {
	if name := hostName(r.Host, space); len(name) > 0 {
		return name
	}
	return s.host
}

// Seen is what a log tells of a request beside target and address. A host that
// is not known is none.
func Seen(host, userAgent, referer []byte) token.Seen {
	if string(host) == noHost {
		host = nil
	}
	return token.Seen{Host: host, UserAgent: userAgent, Referer: referer}
}
