package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// readNamed reads an MD5 and an expiry from two parameters of the query.
func (l *Link) readNamed(target []byte, query span, token, expires string) {
	sum, hasSum := argument(target, query, token)
	until, hasUntil := argument(target, query, expires)
	if hasSum {
		l.Token, l.TokenAt = target[sum[0]:sum[1]], sum
	}
	if hasUntil {
		l.Expires = target[until[0]:until[1]]
	}
	switch {
	case !hasSum && !hasUntil:
	case !hasSum:
		l.spoil(DetailMissingMD5)
	case !hasUntil:
		l.spoil(DetailMissingExpires)
	default:
		l.decode()
	}
}

// exact finds a query parameter by a name whose case counts: the first one of that name, '&' the only separator, the
// value not decoded.
func exact(target []byte, query span, name string) (span, bool) {
	for at := query[0]; at < query[1]; {
		end := query[1]
		if i := bytes.IndexByte(target[at:end], '&'); i >= 0 {
			end = at + i
		}
		if end-at > len(name) && target[at+len(name)] == '=' && string(target[at:at+len(name)]) == name {
			return span{at + len(name) + 1, end}, true
		}
		at = end + 1
	}
	return span{}, false
}

// isMD5 reads an MD5 in URL-safe base64.
func (l *Link) isMD5(text []byte) (ok bool) {
	l.Sum, ok = decodeSum(text)
	return ok
}

// isHex reads a digest in hexadecimal digits of an algorithm.
func (l *Link) isHex(text []byte, a algorithm) bool {
	l.digest.algorithm = a
	n, ok := unhexed(l.digest.sum[:], text)
	return ok && n == a.size()
}

// isBase64 reads a digest in base64 of an algorithm.
func (l *Link) isBase64(text []byte, a algorithm) bool {
	l.digest.algorithm = a
	n, ok := unbased(l.digest.sum[:], text)
	return ok && n == a.size()
}

// until reads the expiry. A link without one never expires.
func (l *Link) until(text []byte, given bool) (ok bool) {
	if !given {
		l.Deadline = Never
		return true
	}
	l.Expires = text
	l.Deadline, ok = parseExpires(text)
	return ok
}

// settle sets the shape of a link that bears a token.
func (l *Link) settle(bad Detail, digest, expiry bool) {
	switch {
	case !digest:
		l.spoil(bad)
	case !expiry:
		l.spoil(DetailBadExpires)
	default:
		l.Shape = Signed
	}
}

// bounded spoils a link whose address cannot be read.
func (l *Link) bounded(ok bool) {
	if !ok && l.Shape == Signed {
		l.spoil(DetailBadAddress)
	}
}

// hashRaw makes the scopes name the path as it is written, for edges that hash it so.
func (l *Link) hashRaw() {
	l.raw = true
	if l.PathOK && len(l.RawPath) > 0 {
		l.Path = l.RawPath
	}
}

// base returns scheme and host of the URL that a request is for, as in https://host; "" where no host is known.
func (l *Link) base(dst []byte) []byte {
	switch {
	case len(l.origin) > 0:
		return append(dst, l.origin...)
	case l.seen == nil || len(l.seen.Host) == 0:
		return dst
	case l.insecure:
		dst = append(dst, "http://"...)
	default:
		dst = append(dst, "https://"...)
	}
	return append(dst, l.seen.Host...)
}

// ambiguous reports whether http and https are both possible.
func (l *Link) ambiguous() bool { return len(l.origin) == 0 && l.seen != nil && !l.seen.TLS }

// twofold reports whether what is hashed differs between http and https, and both are possible.
func (s *Scheme) twofold(l *Link) bool { return (s.origins || s.schemed) && l.ambiguous() }

func base64Std(sum []byte) string    { return base64.StdEncoding.EncodeToString(sum) }
func base64URL(sum []byte) string    { return base64.RawURLEncoding.EncodeToString(sum) }
func padded64URL(sum []byte) string  { return base64.URLEncoding.EncodeToString(sum) }
func (p SignParams) expires() string { return strconv.FormatInt(p.Expires, 10) }

// wholeAddress refuses a cut address where the token holds a whole one.
func (p SignParams) wholeAddress() error {
	if p.Prefix != 0 && p.Prefix != p.Client.Unmap().BitLen() {
		return errors.New("this scheme binds whole addresses only, leave the prefix out")
	}
	return nil
}

// bits is the length of the range that a link is bound to, where the scheme takes ranges.
func (p SignParams) bits() int {
	if p.Prefix == 0 {
		return p.Client.Unmap().BitLen()
	}
	return p.Prefix
}

// withoutSegment takes an older token that is a segment of the path out of a target.
func withoutSegment(target string, l *Link) string {
	start, end := l.TokenAt[0], l.TokenAt[1]
	if end == 0 || start == 0 || target[start-1] != '/' || end == len(target) || target[end] != '/' {
		return target
	}
	return target[:start-1] + target[end:]
}

// withSegment puts a token before the first segment of a target's path.
func withSegment(target, text string) string {
	path, _, _ := split([]byte(target))
	return target[:path[0]] + "/" + text + target[path[0]:]
}

// withoutParams takes parameters out of a target.
func withoutParams(target string, names ...string) string {
	target, fragment, fragmented := strings.Cut(target, "#")
	target = withQuery(target, names, "")
	if path, query, _ := strings.Cut(target, "?"); query == "" {
		target = path
	}
	if fragmented {
		target += "#" + fragment
	}
	return target
}
