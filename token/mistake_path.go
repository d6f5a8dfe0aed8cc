package token

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// withPath tries another spelling of the file's path, and of its directory.
func (e *Examiner) withPath(file []byte) bool { return e.withFile(e.right, file) }

// encodedPath tries the path as written and in the spellings of encoders, which may encode it twice: all but letters, digits and
// -._~ encoded, slashes too or not, in upper and lower case of the digits, blanks as %20 or +.
func (e *Examiner) encodedPath() bool {
	return !e.link.raw && (e.withPath(e.link.written) || e.withEncoders(e.link.Path) ||
		bytes.IndexByte(e.link.written, '%') >= 0 && e.withEncoders(e.link.written))
}

func (e *Examiner) withEncoders(path []byte) bool {
	for _, by := range [...]encoder{{kept: "/"}, {kept: "/", lower: true}, {}, {lower: true}, {kept: "/", plus: true},
		{kept: "/!$&'()*+,;=:@"}, {kept: "/;,?:@&=+$!*'()#"}} {
		e.path = by.append(e.path[:0], path)
		e.text = by.append(e.text[:0], parent(path))
		if e.over(e.right, ScopeFile, e.path) || !e.scheme.fileOnly && e.over(e.right, ScopeDir, e.text) {
			return true
		}
	}
	return false
}

// decodedPath tries the spellings of a path that the edge hashes as it is written.
func (e *Examiner) decodedPath() bool {
	if !e.link.raw {
		return false
	}
	e.path, _ = appendDecoded(e.path[:0], e.link.written)
	if e.withPath(e.path) {
		return true
	}
	uri, ok := appendURI(e.uri[:0], e.link.written)
	e.uri = uri
	return ok && (e.withPath(uri) || e.withEncoders(uri))
}

// encoder is a way of percent-encoding: what it keeps beside letters, digits and -._~, the case of its
// digits, and whether a blank becomes a plus.
type encoder struct {
	kept        string
	lower, plus bool
}

func (e encoder) append(dst, text []byte) []byte {
	digits := "0123456789ABCDEF"
	if e.lower {
		digits = "0123456789abcdef"
	}
	for _, c := range text {
		switch {
		case isLetter(c) || isDigit(c) || strings.IndexByte("-._~", c) >= 0 || strings.IndexByte(e.kept, c) >= 0:
			dst = append(dst, c)
		case c == ' ' && e.plus:
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

func (e *Examiner) doubleDecoded() bool {
	if bytes.IndexByte(e.link.Path, '%') < 0 {
		return false
	}
	path, ok := appendDecoded(e.path[:0], e.link.Path)
	e.path = path
	return ok && e.withPath(path)
}

func (e *Examiner) plusAsSpace() bool {
	e.path = append(e.path[:0], e.link.Path...)
	for i, c := range e.path {
		if c == '+' {
			e.path[i] = ' '
		}
	}
	return e.withPath(e.path)
}

func (e *Examiner) noSlash() bool {
	dir := parent(e.link.Path)
	return !e.scheme.fileOnly && !e.link.below && e.over(e.right, ScopeDir, dir[:len(dir)-1])
}

// extraSlash tries the slashes that schemes cut off themselves: behind a directory, and before all.
func (e *Examiner) extraSlash() bool {
	if e.scheme.bare {
		e.path = append(append(e.path[:0], '/'), e.link.Path...)
		return e.over(e.right, ScopeFile, e.path)
	}
	for dir := parent(e.link.Path); e.link.below && len(dir) > 0; dir = parent(dir[:len(dir)-1]) {
		e.path = append(append(e.path[:0], dir...), '/')
		if e.over(e.right, ScopeAncestor, e.path) {
			return true
		}
	}
	return false
}

func (e *Examiner) noLeadingSlash() bool {
	if e.scheme.bare {
		return false
	}
	for _, path := range [...][]byte{e.link.Path, e.link.written} {
		if len(path) < 2 {
			continue
		}
		dir := parent(path)
		if e.over(e.right, ScopeFile, path[1:]) || e.withDir(e.right, dir[1:]) ||
			len(dir) > 1 && e.withDir(e.right, dir[1:len(dir)-1]) {
			return true
		}
	}
	return false
}

func (e *Examiner) doubleSlash() bool {
	if e.scheme.bare {
		return false
	}
	e.path = append(append(e.path[:0], '/'), e.link.Path...)
	return e.withPath(e.path)
}

func (e *Examiner) fileName() bool {
	dir := parent(e.link.Path)
	return len(dir) > 1 && e.over(e.right, ScopeFile, e.link.Path[len(dir):])
}

func (e *Examiner) lowercasedPath() bool { return e.inCase(unicode.ToLower) }
func (e *Examiner) uppercasedPath() bool { return e.inCase(unicode.ToUpper) }

// inCase tries the path in letters of one case, decoded and as it is written: of ASCII alone, as PHP and
// nginx turn them, and all.
func (e *Examiner) inCase(turn func(rune) rune) bool {
	for _, path := range [...][]byte{e.link.Path, e.link.written} {
		for _, last := range [...]rune{unicode.MaxASCII, unicode.MaxRune} {
			e.path = appendTurned(e.path[:0], path, turn, last)
			if !bytes.Equal(e.path, path) && e.withPath(e.path) {
				return true
			}
		}
	}
	return false
}

// appendTurned appends a text with the letters up to the last one turned.
func appendTurned(dst, text []byte, turn func(rune) rune, last rune) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r <= last && r != utf8.RuneError {
			dst = utf8.AppendRune(dst, turn(r))
		} else {
			dst = append(dst, text[:n]...)
		}
		text = text[n:]
	}
	return dst
}

func hasUpper(text []byte) bool {
	return bytes.ContainsFunc(text, func(r rune) bool { return 'A' <= r && r <= 'Z' })
}
