package token

import "bytes"

// withPaths tries a file path and its directory instead of the decoded ones.
func (e *Examiner) withPaths(file []byte) bool {
	return e.over(e.right, ScopeFile, file) || e.over(e.right, ScopeDir, parent(file))
}

// encodedPath tries the path as written and in the spellings of encoders: all but letters, digits and
// -._~ encoded, slashes too or not, in upper and lower case of the digits, blanks as %20 or +.
func (e *Examiner) encodedPath() bool {
	if e.withPaths(e.link.RawPath) {
		return true
	}
	for _, by := range [...]encoder{{kept: "/"}, {kept: "/", lower: true}, {}, {lower: true}, {kept: "/", plus: true},
		{kept: "/!$&'()*+,;=:@"}, {kept: "/;,?:@&=+$!*'()#"}} {
		e.path = by.append(e.path[:0], e.link.Path)
		e.text = by.append(e.text[:0], parent(e.link.Path))
		if e.over(e.right, ScopeFile, e.path) || e.over(e.right, ScopeDir, e.text) {
			return true
		}
	}
	return false
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
		case isLetter(c) || isDigit(c) || bytes.IndexByte([]byte("-._~"), c) >= 0 || indexByte(e.kept, c):
			dst = append(dst, c)
		case c == ' ' && e.plus:
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}

func indexByte(text string, c byte) bool {
	for i := range len(text) {
		if text[i] == c {
			return true
		}
	}
	return false
}

func (e *Examiner) doubleDecoded() bool {
	if bytes.IndexByte(e.link.Path, '%') < 0 {
		return false
	}
	path, ok := appendDecoded(e.path[:0], e.link.Path)
	e.path = path
	return ok && e.withPaths(path)
}

func (e *Examiner) plusAsSpace() bool {
	e.path = append(e.path[:0], e.link.Path...)
	for i, c := range e.path {
		if c == '+' {
			e.path[i] = ' '
		}
	}
	return e.withPaths(e.path)
}

func (e *Examiner) noSlash() bool {
	dir := parent(e.link.Path)
	return e.over(e.right, ScopeDir, dir[:len(dir)-1])
}

func (e *Examiner) noLeadingSlash() bool {
	for _, path := range [...][]byte{e.link.Path, e.link.RawPath} {
		if len(path) < 2 {
			continue
		}
		dir := parent(path)
		if e.over(e.right, ScopeFile, path[1:]) || e.over(e.right, ScopeDir, dir[1:]) ||
			len(dir) > 1 && e.over(e.right, ScopeDir, dir[1:len(dir)-1]) {
			return true
		}
	}
	return false
}

func (e *Examiner) doubleSlash() bool {
	e.path = append(append(e.path[:0], '/'), e.link.Path...)
	return e.withPaths(e.path)
}

func (e *Examiner) fileName() bool {
	dir := parent(e.link.Path)
	return len(dir) > 1 && e.over(e.right, ScopeFile, e.link.Path[len(dir):])
}

func (e *Examiner) lowercasedPath() bool {
	if !hasUpper(e.link.Path) {
		return false
	}
	e.path = lowered(e.path[:0], e.link.Path)
	return e.withPaths(e.path)
}

// fullURL tries https://host/path, http://host/path, //host/path and host/path, with the port that was
// asked and without, the path decoded and as written, with the query before the token or without.
func (e *Examiner) fullURL() bool {
	e.text = append(e.text[:0], e.suspect.Host...)
	if len(e.text) == 0 {
		e.text = append(e.text, hostOf(e.suspect.Target)...)
	}
	if len(e.text) == 0 {
		return false
	}
	for _, host := range [...][]byte{e.text, bareHost(e.text)} {
		for _, scheme := range [...]string{"https://", "http://", "//", ""} {
			if e.withOrigin(scheme, host) {
				return true
			}
		}
	}
	return false
}

// hostOf returns host and port of an absolute URL, nothing for a path.
func hostOf(target []byte) []byte {
	start, ok := pathStart(target)
	if !ok || start == 0 {
		return nil
	}
	_, host, _ := bytes.Cut(target[:start], []byte("://"))
	return host
}

func (e *Examiner) withOrigin(scheme string, host []byte) bool {
	for _, path := range [...][]byte{e.link.Path, e.link.RawPath} {
		e.path = append(append(append(e.path[:0], scheme...), host...), path...)
		dir := len(e.path) - len(path) + len(parent(path))
		if e.over(e.right, ScopeFile, e.path) || dir > 0 && e.over(e.right, ScopeDir, e.path[:dir]) {
			return true
		}
		if e.withQueries(len(e.path)) {
			return true
		}
	}
	return false
}

func (e *Examiner) pathWithQuery() bool {
	for _, path := range [...][]byte{e.link.Path, e.link.RawPath} {
		e.path = append(e.path[:0], path...)
		if e.withQueries(len(path)) {
			return true
		}
	}
	return false
}

// withQueries tries the file path that e.path begins with, followed by the query: what stands before the
// token's parameters, all but those, all but the md5, and "?" alone.
func (e *Examiner) withQueries(path int) bool {
	e.path = append(e.path[:path], '?')
	if e.over(e.right, ScopeFile, e.path) {
		return true
	}
	for _, kept := range [...]func([]byte) bool{isNeither, isNotSum} {
		e.path = appendParameters(e.path[:path], e.query, kept)
		if len(e.path) > path && e.over(e.right, ScopeFile, e.path) {
			return true
		}
	}
	e.number = lowered(e.number[:0], e.query)
	at := bytes.Index(e.number, []byte("md5="))
	if at < 2 {
		return false
	}
	e.path = append(append(e.path[:path], '?'), e.query[:at-1]...)
	return e.over(e.right, ScopeFile, e.path)
}

func isNotSum(parameter []byte) bool { return !named(parameter, "md5") }
func isNeither(parameter []byte) bool {
	return isNotSum(parameter) && !named(parameter, "expires")
}

// appendParameters appends those parameters of a query that are kept, with the question mark.
func appendParameters(dst, query []byte, kept func([]byte) bool) []byte {
	mark := byte('?')
	for len(query) > 0 {
		parameter, rest, _ := bytes.Cut(query, []byte("&"))
		if len(parameter) > 0 && kept(parameter) {
			dst = append(append(dst, mark), parameter...)
			mark = '&'
		}
		query = rest
	}
	return dst
}

// lowered appends the text in lower-case letters, ASCII only.
func lowered(dst, text []byte) []byte {
	at := len(dst)
	dst = append(dst, text...)
	for i, c := range dst[at:] {
		if 'A' <= c && c <= 'Z' {
			dst[at+i] = c | 0x20
		}
	}
	return dst
}

func hasUpper(text []byte) bool {
	return bytes.ContainsFunc(text, func(r rune) bool { return 'A' <= r && r <= 'Z' })
}
