package ingest

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"

	"ipdrift/ingest/format"
)

// Identity says who is taken for one user.
type Identity struct {
	Kind IdentityKind
	Name string // of the parameter, cookie or field
}

// IdentityKind is how users are told apart.
type IdentityKind uint8

// The kinds of identity. By a link means by link and user agent.
const (
	ByAuto    IdentityKind = iota // by link, joined by what links share: see [Tie]
	ByToken                       // by link
	ByQuery                       // by a parameter of the query; without it by link
	ByCookie                      // by a cookie; without it by link
	ByField                       // by a field of the log; without it by link
	ByAddress                     // by address and user agent
)

var identityWords = [...]string{"auto", "token", "query", "cookie", "field", "ip+ua"}

// ParseIdentity reads auto, token, query:NAME, cookie:NAME, field:NAME or ip+ua.
func ParseIdentity(text string) (Identity, error) {
	word, name, named := strings.Cut(text, ":")
	for kind, w := range identityWords {
		id := Identity{IdentityKind(kind), name}
		if w == word && named == id.takesName() && named == (name != "") {
			return id, nil
		}
	}
	return Identity{}, fmt.Errorf("%q is not auto, token, query:NAME, cookie:NAME, field:NAME or ip+ua", text)
}

func (i Identity) takesName() bool {
	return i.Kind == ByQuery || i.Kind == ByCookie || i.Kind == ByField
}

// String writes an identity as ParseIdentity reads it.
func (i Identity) String() string {
	if i.takesName() {
		return identityWords[i.Kind] + ":" + i.Name
	}
	return identityWords[i.Kind]
}

// named lets a format read the field that the identity names.
func (i Identity) named(f *format.Format, given format.Map) (*format.Format, error) {
	if i.Kind != ByField {
		return f, nil
	}
	all := format.Map{"identity": i.Name}
	for ours, name := range given {
		all[ours] = name
	}
	out, err := f.WithMap(all)
	if err != nil {
		return nil, fmt.Errorf("--user %s: %w", i, err)
	}
	return out, nil
}

// identity is the id of who the line says was asking; 0 where users are told
// apart by link, or the line does not say.
func (w *worker) identity(ctx context.Context, host uint64) (uint32, error) {
	r := &w.record
	var hash uint64
	switch value := []byte(nil); w.Identity.Kind {
	case ByAuto, ByToken:
		return 0, nil
	case ByAddress:
		raw := r.Client.As16()
		hash = mix(w.hash(raw[:]), w.hash(r.UserAgent))
	default:
		if value = w.named(); len(value) == 0 {
			return 0, nil
		}
		hash = w.hash(value)
	}
	hash = mix(host, hash)
	id, fresh := w.ident.id(hash)
	if !fresh {
		return id, nil
	}
	return id, w.ident.rows.Append(ctx, id, hash)
}

// named is the value of the parameter, cookie or field that is the identity.
func (w *worker) named() []byte {
	r := &w.record
	switch w.Identity.Kind {
	case ByQuery:
		return parameter(queryOf(r.Target), "&", w.Identity.Name)
	case ByCookie:
		return parameter(r.Viewer.Identity, ";", w.Identity.Name)
	}
	return r.Viewer.Identity
}

func queryOf(target []byte) []byte {
	_, q := cutByte(target, '?')
	return q
}

// parameter is the value of the first parameter of a name, undecoded; nil if
// there is none.
func parameter(list []byte, sep, name string) []byte {
	for len(list) > 0 {
		var part []byte
		part, list, _ = bytes.Cut(list, []byte(sep))
		if n, value, ok := bytes.Cut(bytes.TrimLeft(part, " "), []byte("=")); ok && string(n) == name {
			return value
		}
	}
	return nil
}

// Tie is why two links with one user agent are one user's, and what may show one viewer
// behind several user agents.
type Tie uint8

// The ties, the strongest first. They are noted for ByAuto alone.
const (
	TieUID        Tie = iota + 1 // an id cookie
	TieSession                   // a resumed TLS session
	TieConnection                // a connection, as one of QUIC that moved to another address
	TieQuery                     // an id in the query: see queryIDs
	TieTurn                      // one token took over where the other ended (not in table tie)
	TieIssued                    // the signer's record names one viewer (not in table tie)
)

// queryIDs are the parameters that ByAuto takes for a viewer's or a session's
// id. CMCD carries one of its own: sid, "a GUID identifying the current
// playback session" (CTA-5004, table 1).
var queryIDs = []string{"sid", "session_id", "sessionid", "uid", "user_id", "userid", "viewer_id", "viewerid", "device_id", "deviceid"}

func isQueryID(name []byte) bool {
	for _, id := range queryIDs {
		if len(name) == len(id) && name[0]|0x20 == id[0] && strings.EqualFold(string(name), id) {
			return true
		}
	}
	return false
}

// queryID hashes the viewer's id in a query; 0 if there is none.
func (w *worker) queryID(q []byte) uint64 {
	for len(q) > 0 {
		var part []byte
		part, q = cutByte(q, '&')
		name, value := cutByte(part, '=')
		switch {
		case len(value) == 0 || len(name) > 16:
		case string(name) == "CMCD":
			if sid := cmcdSession(string(value)); sid != "" {
				return w.hash([]byte(sid)) | 1
			}
		case isQueryID(name):
			return mix(w.hash(name), w.hash(value)) | 1
		}
	}
	return 0
}

// cutByte is bytes.Cut for one byte.
func cutByte(b []byte, sep byte) (before, after []byte) {
	if i := bytes.IndexByte(b, sep); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// cmcdSession is the value of the key sid among percent-encoded ones such as
// br=3200,sid="6e2fb550".
func cmcdSession(encoded string) string {
	text, err := url.QueryUnescape(encoded)
	if err != nil {
		return ""
	}
	for part := range strings.SplitSeq(text, ",") {
		if value, ok := strings.CutPrefix(part, "sid="); ok {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// shortestID is how long an id must be at least to tell viewers apart.
const shortestID = 8

// ties notes what joins the link of the record with others of its viewer.
func (w *worker) ties(ctx context.Context, host uint64, l *linkMemo, ids hitIDs) error {
	v := &w.record.Viewer
	if l.id == 0 || w.Identity.Kind != ByAuto || l.viewer == 0 && v.None() {
		return nil
	}
	for _, t := range [...]struct {
		kind Tie
		hash uint64
	}{
		{TieUID, w.id(v.UID, v.UIDSet)}, {TieSession, w.id(v.Session, nil)}, {TieConnection, w.connection(v)}, {TieQuery, l.viewer},
	} {
		if t.hash == 0 {
			continue
		}
		if err := w.tie(ctx, t.kind, mix(host, mix(t.hash, uint64(t.kind))), l.id, ids); err != nil {
			return err
		}
	}
	return nil
}

// id hashes the first of two values, or else the second; 0 where there is none.
func (w *worker) id(first, second []byte) uint64 {
	if len(first) < shortestID {
		first = second
	}
	if len(first) < shortestID {
		return 0
	}
	return w.hash(first) | 1
}

// connectionLife bounds how long a connection can live: nginx closes one after
// an hour (keepalive_time), and a server that starts again counts anew.
const connectionLife = 3600 * 1e6

// connection hashes what names a connection; 0 where the line does not tell
// which server counted it.
func (w *worker) connection(v *format.Viewer) uint64 {
	if len(v.Edge) == 0 || len(v.Connection) == 0 || !allDigits(string(v.Connection)) {
		return 0
	}
	return mix(mix(w.hash(v.Edge), w.hash(v.Connection)), uint64(w.record.Start/connectionLife)) | 1
}

// tie writes a row of table tie, unless it did so a moment ago.
func (w *worker) tie(ctx context.Context, kind Tie, key uint64, link uint32, ids hitIDs) error {
	hash := mix(mix(key, uint64(ids.agent)), mix(uint64(link), uint64(ids.client)))
	slot := w.tied.slot(hash)
	if slot.hash == hash {
		return nil
	}
	slot.hash = hash
	return w.load.ties.Append(ctx, key, uint8(kind), link, ids.agent, ids.client)
}
