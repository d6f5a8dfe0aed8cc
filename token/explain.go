package token

import (
	"net/netip"
	"strconv"
	"unicode/utf8"
)

// HashedText returns what is hashed under one hypothesis, for people: the key reads <key>, backslashes are
// doubled, and whatever does not print or is not UTF-8 stands as \xHH, byte by byte. It is "" where the
// scope names no path. It allocates.
func (t *Trier) HashedText(l *Link, scope Scope, up int, a netip.Addr, b Binding) string {
	path, ok := t.scheme.path(l, scope, up)
	if !ok {
		return ""
	}
	shown := keyShown
	k := Key{&shown}
	return string(appendPrintable(nil, t.scheme.message(l, path, k, a, b)))
}

func appendPrintable(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == '\\':
			dst = append(dst, `\\`...)
		case strconv.IsPrint(r) && (r != utf8.RuneError || n > 1):
			dst = append(dst, text[:n]...)
		default:
			for _, c := range text[:n] {
				dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
			}
		}
		text = text[n:]
	}
	return dst
}
