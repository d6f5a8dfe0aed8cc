package token

import "bytes"

// fullURL tries https://host/path, http://host/path, //host/path and host/path, with the port that was
// asked and without, the path decoded and as written, with the query before the token or without.
func (e *Examiner) fullURL() bool {
	if e.scheme.origins {
		return false
	}
	e.askedHost()
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

// askedHost puts the host that was asked, with its port, into e.text; nothing where it is not known.
func (e *Examiner) askedHost() {
	e.text = append(e.text[:0], e.suspect.Host...)
	if len(e.text) == 0 {
		e.text = append(e.text, hostOf(e.suspect.Target)...)
	}
}

// otherOrigin tries the URL with the other scheme, without port, and without all that stands before the path.
func (e *Examiner) otherOrigin() bool {
	if !e.scheme.origins {
		return false
	}
	r := e.right
	r.moved = true
	if e.either(r) {
		return true
	}
	e.askedHost()
	for _, host := range [...][]byte{e.text, bareHost(e.text)} {
		for _, scheme := range [...]string{"https://", "http://", "//", ""} {
			e.bound = append(append(e.bound[:0], scheme...), host...)
			r.origin = e.bound
			if e.either(r) {
				return true
			}
		}
	}
	return false
}

func (e *Examiner) noQuery() bool {
	if len(e.link.Params) == 0 && len(e.link.fields) == 0 || e.statesAddress() {
		return false
	}
	r := e.right
	r.queryless = true
	return e.either(r)
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
	for _, path := range [...][]byte{e.link.Path, e.link.written} {
		e.path = append(append(append(e.path[:0], scheme...), host...), path...)
		dir := len(e.path) - len(path) + len(parent(path))
		if e.over(e.right, ScopeFile, e.path) || dir > 0 && e.withDir(e.right, e.path[:dir]) {
			return true
		}
		if e.withQueries(len(e.path)) {
			return true
		}
	}
	return false
}

func (e *Examiner) pathWithQuery() bool {
	for _, path := range [...][]byte{e.link.Path, e.link.written} {
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
	for _, kept := range [...]func([]byte) bool{e.isNeither, e.isNotToken} {
		e.path = appendParameters(e.path[:path], e.query, kept)
		if len(e.path) > path && e.over(e.right, ScopeFile, e.path) {
			return true
		}
	}
	at := bytes.LastIndexByte(e.query[:max(bytes.Index(e.query, e.link.Token), 0)], '&')
	if at < 1 {
		return false
	}
	e.path = append(append(e.path[:path], '?'), e.query[:at]...)
	return e.over(e.right, ScopeFile, e.path)
}

func (e *Examiner) isNotToken(parameter []byte) bool { return !bytes.Contains(parameter, e.link.Token) }
func (e *Examiner) isNeither(parameter []byte) bool {
	_, value, _ := bytes.Cut(parameter, []byte("="))
	return e.isNotToken(parameter) && !bytes.Equal(value, e.claim.expires)
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
