package token

import (
	"bytes"
	"slices"
)

// param is one field of a token: a name and a value, as written or decoded.
type param struct{ name, value []byte }

// cutParams splits a query, or a token of a like form, into its fields, in their order. The slices are the text's.
func cutParams(dst []param, text []byte, separator byte) []param {
	for len(text) > 0 {
		field := text
		if i := bytes.IndexByte(text, separator); i >= 0 {
			field, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		if len(field) > 0 {
			name, value, _ := bytes.Cut(field, []byte("="))
			dst = append(dst, param{name, value})
		}
	}
	return dst
}

// find returns the value of the first field of that name.
func find(fields []param, name string) ([]byte, bool) {
	for _, f := range fields {
		if string(f.name) == name {
			return f.value, true
		}
	}
	return nil, false
}

// dropParams appends a raw query without the parameters of the given lower-case names.
func dropParams(dst, query []byte, names ...string) []byte {
	at := len(dst)
	for part := range bytes.SplitSeq(query, []byte("&")) {
		if namedOne(part, names) {
			continue
		}
		if len(dst) > at {
			dst = append(dst, '&')
		}
		dst = append(dst, part...)
	}
	return dst
}

// namedOne reports whether a parameter has one of the names.
func namedOne(parameter []byte, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return named(parameter, name) })
}

// unescape appends decoded text: %xx is a byte, and "+" a blank where that is asked for; what is no escape stays.
func unescape(dst, text []byte, plusIsBlank bool) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '+' && plusIsBlank:
			c = ' '
		case c == '%' && i+2 < len(text) && unhex(text[i+1])|unhex(text[i+2]) <= 15:
			c = unhex(text[i+1])<<4 | unhex(text[i+2])
			i += 2
		}
		dst = append(dst, c)
	}
	return dst
}

// glob reports whether a text fits a pattern in which * stands for any characters and ? for one. Links bring both, so the
// time it takes is linear in them.
func glob(pattern, text []byte) bool {
	piece, rest, more := bytes.Cut(pattern, []byte("*"))
	n := alike(piece, text)
	if n < len(piece) || !more {
		return n == len(piece) && n == len(text)
	}
	for text = text[n:]; ; {
		if piece, rest, more = bytes.Cut(rest, []byte("*")); !more {
			from := len(text) - len(piece)
			return from >= 0 && alike(piece, text[from:]) == len(piece)
		}
		at := firstLike(piece, text)
		if at < 0 {
			return false
		}
		text = text[at+len(piece):]
	}
}

// alike is how much of a piece of a pattern without * a text begins with.
func alike(piece, text []byte) (n int) {
	for n < len(piece) && n < len(text) && (piece[n] == '?' || piece[n] == text[n]) {
		n++
	}
	return n
}

// mostAlike bounds how many characters are compared, for each of the text, to find a piece with ? in it.
const mostAlike = 64

// firstLike is where a text has a piece of a pattern first, -1 if nowhere. A piece with ? that is like the text in too many
// places is given up: no signer writes one.
func firstLike(piece, text []byte) int {
	if bytes.IndexByte(piece, '?') < 0 {
		return bytes.Index(text, piece)
	}
	left := mostAlike * len(text)
	for at := 0; at+len(piece) <= len(text) && left >= 0; at++ {
		n := alike(piece, text[at:])
		if n == len(piece) {
			return at
		}
		left -= n + 1
	}
	return -1
}

// reachOf tells how far a pattern for URLs or paths goes, seen from the request's own.
func reachOf(fits func(text []byte) bool, prefix, path []byte, scratch *[]byte) reach {
	from := len(*scratch)
	try := func(tail string) bool {
		*scratch = append(append(append((*scratch)[:from], prefix...), parent(path)...), tail...)
		return fits((*scratch)[from:])
	}
	*scratch = append(append((*scratch)[:from], prefix...), path...)
	switch {
	case !fits((*scratch)[from:]):
		return reachAstray
	case try("\x00") && try("\x00\x00"): // names that no pattern spells out
		return reachDir
	}
	return reachFile
}

// unhexed decodes hexadecimal digits of either case into dst and returns how many bytes there are; false for
// anything else or too much.
func unhexed(dst, text []byte) (int, bool) {
	if len(text)%2 != 0 || len(text)/2 > len(dst) || len(text) == 0 {
		return 0, false
	}
	for i := range len(text) / 2 {
		high, low := unhex(text[2*i]), unhex(text[2*i+1])
		if high|low > 15 {
			return 0, false
		}
		dst[i] = high<<4 | low
	}
	return len(text) / 2, true
}

// unbased decodes base64, of the plain or the URL-safe alphabet, with padding or without, into dst and returns how
// many bytes there are.
func unbased(dst, text []byte) (int, bool) {
	text = bytes.TrimRight(text, "=")
	bits, have, n := uint(0), 0, 0
	for _, c := range text {
		six := base64url(c)
		switch c {
		case '+':
			six = 62
		case '/':
			six = 63
		}
		if six > 63 {
			return 0, false
		}
		bits, have = bits<<6|uint(six), have+6
		if have >= 8 {
			have -= 8
			if n == len(dst) {
				return 0, false
			}
			dst[n] = byte(bits >> have)
			n++
		}
	}
	return n, len(text)%4 != 1
}
