package ingest

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
	cutMark    = "…"
	tokenShown = 6 // characters of a token that may be shown
)

func tokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '+'
}

// cutQuery drops the query string of a URL, and with it every token.
func cutQuery(url []byte) []byte {
	if i := bytes.IndexByte(url, '?'); i >= 0 {
		return url[:i]
	}
	return url
}

// cutReferer drops the query, the fragment and what stands before an @ in the
// authority (RFC 3986, 3.2.1).
func cutReferer(url []byte) []byte {
	if i := bytes.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	scheme, rest, ok := bytes.Cut(url, []byte("://"))
	if !ok {
		return url
	}
	host, path, _ := bytes.Cut(rest, []byte("/"))
	at := bytes.LastIndexByte(host, '@')
	if at < 0 {
		return url
	}
	return slices.Concat(scheme, []byte("://"), host[at+1:], []byte("/"), path)
}

// cleanPath is a path as it may be stored: a token that stands in it, under
// whatever scheme, is cut to its first characters.
func cleanPath(path []byte) string {
	text := cutMarked(cutParams(string(path)))
	if !strings.Contains(text, "/") {
		return validText(text)
	}
	parts := strings.Split(text, "/")
	for i, p := range parts {
		if looksSigned(p) && i+1 < len(parts) && allDigits(parts[i+1]) {
			parts[i] = p[:tokenShown] + cutMark
		}
	}
	return validText(strings.Join(parts, "/"))
}

// cutMarked shortens every token that stands behind its name.
func cutMarked(text string) string {
	if !strings.ContainsAny(text, "=%") {
		return text
	}
	for _, mark := range []string{"md5=", "md5%3d", "md5%253d", "token=", "token%3d", "token%253d"} {
		text = cutValue(text, mark)
	}
	return text
}

// cutValue shortens the run of token characters behind each mark.
func cutValue(text, mark string) string {
	low := lowerASCII(text)
	var out strings.Builder
	for at := 0; ; {
		i := strings.Index(low[at:], mark)
		if i < 0 {
			out.WriteString(text[at:])
			return out.String()
		}
		start := at + i + len(mark)
		end := start
		for end < len(text) && tokenByte(text[end]) {
			end++
		}
		out.WriteString(text[at:start])
		out.WriteString(text[start:min(end, start+tokenShown)])
		if end > start+tokenShown {
			out.WriteString(cutMark)
		}
		at = end
	}
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

// looksSigned tells a path segment with the shape of an MD5 token.
func looksSigned(s string) bool {
	if len(s) != 22 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return true
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// validText makes text storable: DuckDB takes valid UTF-8 only, and one bad
// byte would abort a whole batch. Bad bytes become \xHH.
func validText(s string) string {
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
	dir, file := splitStored(withoutToken(target, l))
	return m.Text(cleanPath(dir)) + m.Text(cleanPath(file))
}

// withoutToken is the raw path of a target, a token that stands in it cut to
// its first characters.
func withoutToken(target []byte, l *token.Link) []byte {
	start := bytes.Index(target, l.RawPath)
	end, at := start+len(l.RawPath), l.TokenAt
	if at[1] == 0 || at[1] > end {
		return l.RawPath
	}
	return slices.Concat(target[start:at[0]], target[at[0]:min(at[1], at[0]+tokenShown)], []byte(cutMark), target[at[1]:end])
}
