package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
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
	return Identity{}, errors.New("want auto, token, query:NAME, cookie:NAME, field:NAME or ip+ua")
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
	maps.Copy(all, given)
	out, err := f.WithMap(all)
	if err != nil {
		return nil, fmt.Errorf("--user %s: %w", i, err)
	}
	return out, nil
}

// identity is the id of who the line says was asking; 0 where users are told
// apart by link, or the line does not say.
func (w *worker) identity(ctx context.Context, at *place) (uint32, error) {
	r := &w.record
	var name, value []byte
	switch w.Identity.Kind {
	case ByAuto, ByToken:
		return 0, nil
	case ByAddress:
		raw := r.Client.As16()
		name, value = raw[:], r.UserAgent
	default:
		if value = w.named(); len(value) == 0 {
			return 0, nil
		}
	}
	id, fresh := w.ident.id(mix(at.hash, mix(w.hash(name), w.hash(value))))
	if !fresh {
		return id, nil
	}
	return id, w.ident.rows.Append(ctx, id, w.idKey.hash(at.name, 0, name, value))
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

// queryID is what stands for the viewer's id in a query; 0 if there is none.
func (w *worker) queryID(host, q []byte) uint64 {
	for len(q) > 0 {
		var part []byte
		part, q = cutByte(q, '&')
		name, value := cutByte(part, '=')
		switch {
		case len(value) == 0 || len(name) > 16:
		case string(name) == "CMCD":
			if sid := cmcdSession(string(value)); sid != "" {
				return w.idKey.hash(host, byte(TieQuery), nil, []byte(sid))
			}
		case isQueryID(name):
			return w.idKey.hash(host, byte(TieQuery), name, value)
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
func (w *worker) ties(ctx context.Context, at *place, l *linkMemo, ids hitIDs) error {
	v := &w.record.Viewer
	if l.id == 0 || w.Identity.Kind != ByAuto || l.viewer == 0 && v.None() {
		return nil
	}
	if l.viewer != 0 && !w.noted(TieQuery, l.viewer, l.id, ids) {
		if err := w.load.ties.Append(ctx, l.viewer, uint8(TieQuery), l.id, ids.agent, ids.client); err != nil {
			return err
		}
	}
	for _, t := range [...]struct {
		kind        Tie
		name, value []byte
	}{
		{TieUID, nil, idOf(v.UID, v.UIDSet)}, {TieSession, nil, idOf(v.Session, nil)}, {TieConnection, v.Edge, w.connection(v)},
	} {
		if len(t.value) == 0 || w.noted(t.kind, mix(at.hash, mix(w.hash(t.name), w.hash(t.value))), l.id, ids) {
			continue
		}
		if err := w.load.ties.Append(ctx, w.idKey.hash(at.name, byte(t.kind), t.name, t.value), uint8(t.kind), l.id, ids.agent, ids.client); err != nil {
			return err
		}
	}
	return nil
}

// idOf is the first of two values that is long enough for an id; nil where neither is.
func idOf(first, second []byte) []byte {
	switch {
	case len(first) >= shortestID:
		return first
	case len(second) >= shortestID:
		return second
	}
	return nil
}

// connectionLife bounds how long a connection can live: nginx closes one after
// an hour (keepalive_time), and a server that starts again counts anew.
const connectionLife = 3600 * 1e6

// connection names a connection of a server, and the time in which it lived; nil where
// the line does not tell which server counted it.
func (w *worker) connection(v *format.Viewer) []byte {
	if len(v.Edge) == 0 || len(v.Connection) == 0 || strings.Trim(string(v.Connection), "0123456789") != "" {
		return nil
	}
	w.conn = binary.AppendVarint(append(w.conn[:0], v.Connection...), w.record.Start/connectionLife)
	return w.conn
}

// noted reports whether a row of table tie was written a moment ago, and takes it for written from then
// on.
func (w *worker) noted(kind Tie, id uint64, link uint32, ids hitIDs) bool {
	hash := mix(mix(mix(id, uint64(kind)), uint64(ids.agent)), mix(uint64(link), uint64(ids.client)))
	slot := w.tied.slot(hash)
	before := slot.hash == hash
	slot.hash = hash
	return before
}
