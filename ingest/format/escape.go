package format

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends src with the escaping of the log undone: nginx's \xHH, Apache's \" \\ \n \t …, and JSON's \uHHHH \/ …
// The three do not contradict each other. A backslash that starts none of these stays.
func unescape(dst, src []byte) []byte {
	for len(src) > 0 {
		i := bytes.IndexByte(src, '\\')
		if i < 0 || i+1 == len(src) {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		var used int
		dst, used = unescapeOne(dst, src[i:])
		src = src[i+used:]
	}
	return dst
}

// unescapeOne reads the escape that src begins with and tells its length.
func unescapeOne(dst, src []byte) ([]byte, int) {
	switch c := src[1]; c {
	case '"', '\\', '/', '\'':
		return append(dst, c), 2
	case 'n', 't', 'r', 'b', 'f', 'v':
		return append(dst, "\n\t\r\b\f\v"[strings.IndexByte("ntrbfv", c)]), 2
	case 'x':
		if v, ok := hexOf(src[2:], 2); ok {
			return append(dst, byte(v)), 4
		}
	case 'u':
		if v, ok := hexOf(src[2:], 4); ok {
			return unescapeRune(dst, src, v)
		}
	}
	return append(dst, src[:2]...), 2
}

// unescapeRune appends the character of \uHHHH, joining a surrogate pair.
func unescapeRune(dst, src []byte, v rune) ([]byte, int) {
	if utf16.IsSurrogate(v) && len(src) >= 12 && src[6] == '\\' && src[7] == 'u' {
		if low, ok := hexOf(src[8:], 4); ok && utf16.DecodeRune(v, low) != utf8.RuneError {
			return utf8.AppendRune(dst, utf16.DecodeRune(v, low)), 12
		}
	}
	return utf8.AppendRune(dst, v), 6
}

func hexOf(b []byte, n int) (v rune, ok bool) {
	if len(b) < n {
		return 0, false
	}
	for _, c := range b[:n] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | rune(c)
	}
	return v, true
}

// escapedAt reports whether the byte at i is taken out of its meaning by an odd number of backslashes before it, none of them
// before from.
func escapedAt(line []byte, from, i int) bool {
	n := i
	for n > from && line[n-1] == '\\' {
		n--
	}
	return (i-n)%2 == 1
}

// undouble appends src with each pair of quotes as one (RFC 4180, 2.7).
func undouble(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, '"')
		if i < 0 || i+1 == len(src) {
			return append(dst, src...)
		}
		dst = append(dst, src[:i+1]...)
		src = src[i+1:]
		if src[0] == '"' {
			src = src[1:]
		}
	}
}

// unpercent appends src with its %HH decoded; unless all of them are to be, only those of a "%" that stands before two more
// hex digits: what the log's writer encoded of a client's own %HH.
func unpercent(dst, src []byte, all bool) []byte {
	for {
		i := bytes.IndexByte(src, '%')
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		src = src[i:]
		v, ok := hexOf(src[1:], 2)
		if ok && !all && v == '%' {
			_, ok = hexOf(src[3:], 2)
		} else if !all {
			ok = false
		}
		if !ok {
			dst, src = append(dst, '%'), src[1:]
			continue
		}
		dst, src = append(dst, byte(v)), src[3:]
	}
}
