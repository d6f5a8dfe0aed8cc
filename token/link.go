package token

import (
	"bytes"
	"math"
	"net/netip"
)

// Shape says whether a target bears a token that can be checked. The zero value is [NoToken].
type Shape uint8

// The shapes.
const (
	NoToken  Shape = iota // nothing of a token: verdict [Unsigned]
	Signed                // a digest and a deadline, right or wrong
	BadShape              // part of a token or an unreadable one: verdict [Malformed], see Link.Detail
)

// Link is what one request target says about its token. Every slice aliases the target or the
// scratch of the [Parser], and is valid until that Parser's next Parse.
type Link struct {
	Shape    Shape
	Detail   Detail   // what is wrong, for BadShape
	RawPath  []byte   // before '?' and '#', without scheme and host, as written
	Path     []byte   // nginx's $uri: percent-decoded once, slashes merged, dot segments resolved; nil unless PathOK
	PathOK   bool     // false: nginx would answer 400 to this target
	Token    []byte   // the md5 text as written; nil if absent, empty if it is there without a value
	Expires  []byte   // the text as written, which is what is hashed; nil if absent
	Deadline int64    // Unix seconds, for Signed
	Sum      [16]byte // the decoded digest, for Signed, where it is an MD5
	TokenAt  [2]int   // where the token's text stands in the target, [start,end); {0,0} if there is none

	// Of schemes other than gcore's.
	Bound  netip.Prefix // the address or range that the link itself names; the zero Prefix if it names none
	Start  int64        // Unix seconds the link is valid from; 0 from ever
	Params []byte       // what of the target is hashed beside path and expiry, as written; nil for none

	asset         []byte // gcore-video: <client_id>_<video_id>
	speed, buffer []byte // gcore-mp4
	digest        digested
	says          says
	written       []byte // RawPath without a token that stands there
	raw           bool   // the path is hashed as it is written
	whole         bool   // the hash does not depend on the path that a scope names
	below         bool   // a token for a directory covers what is below it, too
	reach         reach
	cut           int    // mediavault: characters of the URL that are hashed
	policy        []byte // cloudfront: the custom policy
	query         []byte // as written, with its question mark; nil if there is none
	target        []byte // nginx: as written, without scheme and host
	origin        []byte // scheme and host of the target, as in https://host
	insecure      bool   // where origin is not known: http, not https
	seen          *Seen
	scratch       *[]byte
	fields        []param // the parts of the token
}

// Parser reads request targets of one scheme. It owns the memory of decoded paths: one per goroutine.
type Parser struct {
	scheme  *Scheme
	path    []byte
	scratch []byte
	fields  []param
	seen    Seen
}

// See tells what else the edge sees of the requests that are parsed from now on. The slices are read by the
// next calls of Parse and of the Trier that is aimed at its link.
func (p *Parser) See(s Seen) { p.seen = s }

// NewParser returns a parser for a scheme, one of [Schemes].
func NewParser(s *Scheme) *Parser { return &Parser{scheme: s} }

// Parse reads a request target, a path with its query or an absolute URL, as it stands in the request
// line, and overwrites l. It never fails: what is wrong is told by Shape, Detail and PathOK. The cost is
// linear in the target; it allocates only to grow its scratch.
func (p *Parser) Parse(target []byte, l *Link) {
	p.scratch, p.fields = p.scratch[:0], p.fields[:0]
	*l = Link{seen: &p.seen, scratch: &p.scratch, fields: p.fields}
	path, query, ok := split(target)
	l.RawPath, l.origin = target[path[0]:path[1]], target[:path[0]]
	if query[0] > path[1] {
		l.query = target[path[1]:query[1]]
	}
	if ok {
		l.Path, l.PathOK = p.uri(l.RawPath)
	}
	l.written = l.RawPath
	p.scheme.read(l, target, path, query)
	p.fields = l.fields
}

func (p *Parser) uri(raw []byte) ([]byte, bool) {
	if len(raw) > 0 && isPlain(raw) {
		return raw, true
	}
	path, ok := appendURI(p.path[:0], raw)
	p.path = path[:0]
	if !ok {
		return nil, false
	}
	return path, true
}

// readQuery reads md5 and expires from the query.
func readQuery(l *Link, target []byte, _, query span) { l.readNamed(target, query, "md5", "expires") }

func (l *Link) spoil(d Detail) { l.Shape, l.Detail, l.Deadline = BadShape, d, 0 }

// decode turns the texts of token and expiry into numbers, and sets the shape.
func (l *Link) decode() {
	deadline, deadlineOK := parseExpires(l.Expires)
	sumOK := l.isMD5(l.Token)
	switch {
	case !sumOK:
		l.spoil(DetailBadMD5)
	case !deadlineOK:
		l.spoil(DetailBadExpires)
	default:
		l.Shape, l.Deadline = Signed, deadline
	}
}

// argument finds a query parameter as nginx's $arg_name does (ngx_http_arg): the first one of that
// name, case ignored, '&' the only separator, '=' required, the value not decoded.
func argument(target []byte, query span, name string) (span, bool) {
	for at := query[0]; at < query[1]; {
		end := query[1]
		if i := bytes.IndexByte(target[at:end], '&'); i >= 0 {
			end = at + i
		}
		if named(target[at:end], name) {
			return span{at + len(name) + 1, end}, true
		}
		at = end + 1
	}
	return span{}, false
}

// named reports whether a parameter has the given name, which is in lower-case letters and digits.
func named(parameter []byte, name string) bool {
	if len(parameter) <= len(name) || parameter[len(name)] != '=' {
		return false
	}
	for i := range len(name) {
		c := parameter[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// sumChars is the length of 16 bytes in unpadded base64.
const sumChars = 22

// decodeSum decodes a digest as nginx does (ngx_decode_base64url, ngx_http_secure_link_variable): at
// most 24 characters, base64url up to the first '=' with whatever follows ignored, and the unused low
// bits of the last character ignored. A comma, where nginx would cut the token, is refused like any
// character outside the alphabet, wherever it stands.
func decodeSum(text []byte) (sum [16]byte, ok bool) {
	if len(text) < sumChars || len(text) > 24 || bytes.IndexByte(text, ',') >= 0 {
		return sum, false
	}
	if len(text) > sumChars && text[sumChars] != '=' {
		return sum, false
	}
	bits, have, n := uint(0), 0, 0
	for _, c := range text[:sumChars] {
		six := base64Places[c]
		if six > 63 {
			return [16]byte{}, false
		}
		bits, have = bits<<6|uint(six), have+6
		if have >= 8 {
			have -= 8
			sum[n] = byte(bits >> have)
			n++
		}
	}
	return sum, true
}

// base64Places is base64url for each character.
var base64Places = func() (places [256]byte) {
	for c := range places {
		places[c] = base64url(byte(c))
	}
	return places
}()

// base64url returns a character's place in the alphabet of RFC 4648 section 5, 255 outside it.
func base64url(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c - 'A'
	case 'a' <= c && c <= 'z':
		return c - 'a' + 26
	case isDigit(c):
		return c - '0' + 52
	case c == '-':
		return 62
	case c == '_':
		return 63
	}
	return 255
}

// parseExpires reads Unix seconds as nginx does (ngx_atotm, then <= 0 refused): digits only, at least
// one, leading zeros allowed, below 2^63.
func parseExpires(text []byte) (int64, bool) {
	n := int64(0)
	for _, c := range text {
		digit := int64(c - '0')
		if !isDigit(c) || n > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, n > 0
}
