// Package redact cuts secrets out of whatever a log line says, before it is stored, quoted or
// logged: tokens, the values of query parameters, what looks like either. Addresses are
// package pseudonym's.
package redact

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"ipdrift/ingest/pseudonym"
	"ipdrift/token"
)

const (
	Mark  = "…" // stands where something was cut
	Shown = 6   // characters of a token that may be shown
)

// TokenByte reports whether tokens may have a character: one of base64url, or of base64 except the slash,
// which parts a path.
func TokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '+'
}

// CutQuery drops the query string of a URL, and with it every token.
func CutQuery(url []byte) []byte {
	if i := bytes.IndexByte(url, '?'); i >= 0 {
		return url[:i]
	}
	return url
}

// CutReferer drops the query, the fragment and what stands before an @ in the
// authority (RFC 3986, 3.2.1).
func CutReferer(url []byte) []byte {
	url = CutQuery(url)
	if i := bytes.IndexByte(url, '#'); i >= 0 {
		url = url[:i]
	}
	scheme, rest, ok := bytes.Cut(url, []byte("://"))
	if !ok {
		return url
	}
	authority, _, _ := bytes.Cut(rest, []byte("/"))
	at := bytes.LastIndexByte(authority, '@')
	if at < 0 {
		return url
	}
	return slices.Concat(scheme, []byte("://"), rest[at+1:])
}

// WithoutTokens returns a path as it may be stored: what may be a token, whatever the scheme, is cut to its
// first characters.
func WithoutTokens(path string) string {
	return ValidText(cutSegments(cutNamed(cutParams(path))))
}

// cutSegments shortens the segments of a path that look like a token beside its expiry or
// behind its name.
func cutSegments(path string) string {
	s := spell(path)
	return s.cut(func(from int) (start, end int) {
		for end = from; end < len(s.meant); end++ {
			start = end
			if n := padded(s.meant[start:]); n > 0 {
				digest := strings.ReplaceAll(s.meant[start:start+n], "/", "+")
				if tokenIn(digest, s.meant[:start], s.meant[start+n:]) > 0 {
					return start, start + n
				}
			}
			end = start + indexOr(s.meant[start:], '/')
			if n := tokenIn(s.meant[start:end], s.meant[:start], s.meant[end:]); n > 0 {
				return start, start + n
			}
		}
		return len(s.meant), len(s.meant)
	})
}

// tokenIn is how much of a segment of a path is a token, by its shape and by what stands
// before and behind it: /T/1900000000/, /T,1900000000/, /T-1900000000/, /1900000000/T/,
// /token/T/ and /token:T/.
func tokenIn(segment, before, behind string) int {
	const digest = 16 // bytes, the shortest in hexadecimal digits twice as long
	if head, expires, ok := strings.Cut(segment, ","); ok && allDigits(expires) && len(head) >= digest && allOf(strings.TrimRight(head, "="), TokenByte) {
		return len(head)
	}
	bare := strings.TrimRight(segment, "=")
	if looksSigned(bare) && timeFollows(behind) {
		return len(segment)
	}
	if besideTime(segment) || behindName(segment) {
		return len(segment)
	}
	if !isDigest(segment) {
		return 0
	}
	before = strings.TrimRight(before, "/.")
	last := before[strings.LastIndexByte(before, '/')+1:]
	if isTime(last) || namesToken(last) || isTime(firstSegment(behind)) {
		return len(segment)
	}
	return 0
}

// isDigest reports whether a text is made of no words and names no title.
func isDigest(text string) bool {
	bare := strings.TrimRight(text, "=")
	return allOf(bare, TokenByte) && looksHashed(bare) && !isUUID(bare)
}

// besideTime reports whether a segment is a digest and a time.
func besideTime(segment string) bool {
	const joints, time = ",-_.:~", 10 // digits
	last := len(segment) - time
	return last > time && (isTime(segment[last:]) && strings.IndexByte(joints, segment[last-1]) >= 0 && isDigest(segment[:last-1]) ||
		isTime(segment[:time]) && strings.IndexByte(joints, segment[time]) >= 0 && isDigest(segment[time+1:]))
}

// behindName reports whether a segment is a digest behind its name and a colon.
func behindName(segment string) bool {
	name, value, ok := strings.Cut(segment, ":")
	return ok && namesToken(name) && isDigest(value)
}

// padded is how much of a path is an MD5, SHA-1 or SHA-256 digest in base64 with its padding, which
// may hold slashes (RFC 4648, section 4); 0 if nothing is.
func padded(path string) int {
	for _, digest := range [...]struct{ size, padding int }{{24, 2}, {28, 1}, {44, 1}} {
		if len(path) < digest.size || len(path) > digest.size && path[digest.size] != '/' {
			continue
		}
		text := path[:digest.size-digest.padding]
		if strings.Trim(path[len(text):digest.size], "=") == "" && allOf(strings.ReplaceAll(text, "/", "+"), TokenByte) {
			return digest.size
		}
	}
	return 0
}

// firstSegment is what stands between the first slashes of a path.
func firstSegment(path string) string {
	path = strings.TrimLeft(path, "/.")
	return path[:indexOr(path, '/')]
}

// isTime tells seconds since 1970.
func isTime(segment string) bool { return len(segment) == 10 && allDigits(segment) }

// isUUID reports whether a text is a UUID: it names a title, and is no digest.
func isUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-'
}

// indexOr is where a byte stands in a text first, its length where it does not.
func indexOr(text string, c byte) int {
	if i := strings.IndexByte(text, c); i >= 0 {
		return i
	}
	return len(text)
}

// timeFollows reports whether the next segment of a path is a number.
func timeFollows(path string) bool {
	return allDigits(firstSegment(path))
}

// cutNamed shortens what stands behind the name of a token and "=", and behind any
// other name what looks like a digest.
func cutNamed(text string) string {
	if strings.IndexByte(text, '=') < 0 && strings.IndexByte(text, '%') < 0 {
		return text
	}
	s := spell(text)
	return s.cut(func(from int) (start, end int) {
		for i := from; i < len(s.meant); i = end {
			if start = i + indexOr(s.meant[i:], '='); start == len(s.meant) {
				break
			}
			start++
			end = runEnd(s.meant, start)
			if namesToken(s.meant[i:start-1]) || looksHashed(s.meant[start:end]) {
				return start, restOfToken(s.meant, end)
			}
		}
		return len(s.meant), len(s.meant)
	})
}

func runEnd(text string, from int) int {
	for from < len(text) && TokenByte(text[from]) {
		from++
	}
	return from
}

// restOfToken is where a token whose first run ends at a place is at its end: the parts of a
// JWT are joined by full stops, and CloudFront writes a tilde for a slash, where Akamai's
// parts have names.
func restOfToken(text string, at int) int {
	for at < len(text) {
		next := runEnd(text, at+1)
		long := next-at > tokenRun
		if text[at] == '.' && !long || text[at] == '~' && next < len(text) && text[next] == '=' || text[at] != '.' && text[at] != '~' {
			break
		}
		at = next
	}
	return at
}

// namesToken reports whether a text ends in the name of a token, with a list's
// brackets or without, as in md5, MD5[] and access_token[0].
func namesToken(text string) bool {
	const brackets = 16 // bytes
	if n := len(text); n > 0 && text[n-1] == ']' {
		from := max(0, n-brackets)
		if i := strings.IndexByte(text[from:], '['); i >= 0 {
			text = text[:from+i]
		}
	}
	for _, name := range [...]string{"md5", "token", "signature", "hmac"} {
		if at := len(text) - len(name); at >= 0 && strings.EqualFold(text[at:], name) {
			return true
		}
	}
	return false
}

// indexAnyOr is where one of some characters stands in a text first, its length where none does.
func indexAnyOr(text, chars string) int {
	if i := strings.IndexAny(text, chars); i >= 0 {
		return i
	}
	return len(text)
}

// CutHashed shortens what looks like a digest.
func CutHashed(text string) string {
	s := spell(text)
	return s.cut(func(from int) (start, end int) {
		for end = from; ; {
			if start, end = longRun(s.meant, end); start == end || looksHashed(s.meant[start:end]) {
				return start, restOfToken(s.meant, end)
			}
		}
	})
}

// longRun is the first run of token characters from a place on that is as long as a
// token, the end of the text where there is none. It looks at the end of where one
// could be first: most texts are of short words.
func longRun(text string, from int) (start, end int) {
	for start = from; start+tokenRun <= len(text); {
		last := start + tokenRun - 1
		for last >= start && TokenByte(text[last]) {
			last--
		}
		if last >= start {
			start = last + 1
			continue
		}
		for end = start + tokenRun; end < len(text) && TokenByte(text[end]); end++ {
		}
		return start, end
	}
	return len(text), len(text)
}

// looksHashed reports whether a run of token characters is as long as a token and made of no words:
// letters of either case and digits take turns in it, otherwise than a capital begins a word. Of a
// thousand MD5 tokens it misses less than one.
func looksHashed(run string) bool {
	const turns = 4
	if len(run) < tokenRun {
		return false
	}
	n, last, first := 0, byte(0), false
	for i := range len(run) {
		kind := kindOf(run[i])
		if kind != 0 && last != 0 && kind != last && !(first && last == 'A' && kind == 'a') {
			n++
		}
		first, last = last == 0, kind
	}
	return n >= turns
}

// kindOf is 'A', 'a' or '0' for a letter or a digit, 0 for the rest.
func kindOf(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return 'A'
	case 'a' <= c && c <= 'z':
		return 'a'
	case '0' <= c && c <= '9':
		return '0'
	}
	return 0
}

// lowerASCII keeps every byte in its place, as strings.ToLower does not.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// looksSigned reports whether a path segment has the shape of an MD5 token.
func looksSigned(s string) bool { return len(s) == 22 && allOf(s, TokenByte) }

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// ValidText makes text storable: DuckDB takes valid UTF-8 only, and one bad
// byte would abort a whole batch. Bad bytes become \xHH.
func ValidText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&out, `\x%02X`, s[0])
		} else {
			out.WriteString(s[:n])
		}
		s = s[n:]
	}
	return out.String()
}

// StoredPath is the raw path of a target as the case holds it, directory and
// file together. l is what the target's scheme read in it, and m what is put in
// the place of addresses.
func StoredPath(target []byte, l *token.Link, m *pseudonym.Map) string {
	own := OwnToken(l.Token)
	dir, file := Split(WithoutToken(target, l))
	return m.Text(WithoutTokens(string(CutOwn(dir, own)))) + m.Text(WithoutTokens(string(CutOwn(file, own))))
}

// StoredText is a value of a log that is no URL, such as a user agent, as the case holds it.
func StoredText(b []byte) string {
	text, _ := Agent(b)
	return text
}

// WithoutToken is the raw path of a target, a token that stands in it cut to
// its first characters.
func WithoutToken(target []byte, l *token.Link) []byte {
	start := bytes.Index(target, l.RawPath)
	end, at := start+len(l.RawPath), l.TokenAt
	if at[1] == 0 || at[1] > end {
		return l.RawPath
	}
	return slices.Concat(target[start:at[0]], target[at[0]:min(at[1], at[0]+Shown)], []byte(Mark), target[at[1]:end])
}

func allOf(text string, fits func(byte) bool) bool {
	for i := range len(text) {
		if !fits(text[i]) {
			return false
		}
	}
	return true
}

// Split cuts a path behind its last slash, for the parts that are stored: slashes behind a
// lost question mark do not count, so that what stands there is cut as one.
func Split(path []byte) (dir, file []byte) {
	head := path
	if bytes.IndexByte(path, '%') >= 0 || bytes.IndexByte(path, '&') >= 0 {
		head = path[:lostQuery(string(path))]
	}
	i := bytes.LastIndexByte(head, '/') + 1
	return path[:i], path[i:]
}
