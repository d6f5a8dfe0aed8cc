package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	cutMark    = "…"
	rejectText = 300 // bytes of a rejected line that are kept
	tokenRun   = 20  // a run of this many token characters is taken for a token
	tokenShown = 6   // characters of a token that may be shown
)

// redact cuts out of a rejected line what could be a secret: the value of
// every query parameter, and all but the first characters of everything as
// long as a token. The line did not parse, so its parts are guessed at, on
// the safe side.
func redact(line []byte) string {
	if len(line) > rejectText {
		line = line[:rejectText]
	}
	var out []byte
	for i := 0; i < len(line); {
		c := line[i]
		run := i
		for run < len(line) && tokenByte(line[run]) {
			run++
		}
		switch {
		case run-i >= tokenRun:
			out = append(append(out, line[i:i+tokenShown]...), cutMark...)
			i = run
		case run > i:
			out = append(out, line[i:run]...)
			i = run
		case c == '=':
			out = append(append(out, '='), cutMark...)
			for i++; i < len(line) && !endsValue(line[i]); i++ {
			}
		default:
			out = append(out, c)
			i++
		}
	}
	return validText(string(out))
}

func tokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_' || c == '+'
}

func endsValue(c byte) bool {
	return c == '&' || c == ' ' || c == '"' || c == ';' || c == '\t' || c == '\'' || c == ','
}

// cutQuery drops the query string of a URL, and with it every token.
func cutQuery(url []byte) []byte {
	if i := bytes.IndexByte(url, '?'); i >= 0 {
		return url[:i]
	}
	return url
}

// cleanPath is a path as it may be stored: a token that stands in it, under
// whatever scheme, is cut to its first characters.
func cleanPath(path []byte) string {
	text := string(path)
	for _, mark := range []string{"md5=", "md5%3d", "token=", "token%3d"} {
		text = cutValue(text, mark)
	}
	parts := strings.Split(text, "/")
	for i, p := range parts {
		if looksSigned(p) && i+1 < len(parts) && allDigits(parts[i+1]) {
			parts[i] = p[:tokenShown] + cutMark
		}
	}
	return validText(strings.Join(parts, "/"))
}

// cutValue shortens the run of token characters behind each mark.
func cutValue(text, mark string) string {
	low := strings.ToLower(text)
	var out strings.Builder
	for at := 0; ; {
		i := strings.Index(low[at:], mark)
		if i < 0 || len(low) != len(text) {
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
