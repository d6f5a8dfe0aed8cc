package token

import "bytes"

// span is a range [start,end) of a target.
type span = [2]int

// split finds path and query of a request target, as nginx's ngx_http_parse_request_line and
// ngx_http_parse_complex_uri do: '#' ends the target, the first '?' before it begins the query, and
// scheme and host of an absolute-form target are no part of the path. ok is false where nginx answers
// 400: controls and blanks, a target that is neither a path nor a URL with a host.
func split(target []byte) (path, query span, ok bool) {
	end := len(target)
	if i := bytes.IndexByte(target, '#'); i >= 0 {
		end = i
	}
	path[0], ok = pathStart(target)
	path[1], query = end, span{end, end}
	if i := bytes.IndexByte(target[path[0]:end], '?'); i >= 0 {
		path[1] = path[0] + i
		query[0] = path[1] + 1
	}
	return path, query, ok && !hasControl(target)
}

// pathStart returns where the path begins: 0, or behind the host of a URL.
func pathStart(target []byte) (int, bool) {
	if len(target) > 0 && target[0] == '/' {
		return 0, true
	}
	scheme, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || !isScheme(scheme) {
		return 0, false
	}
	host := len(rest)
	fragment := false // nginx refuses one right behind the host
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		host, fragment = i, rest[i] == '#'
	}
	return len(target) - len(rest) + host, isAuthority(rest[:host]) && !fragment
}

func isScheme(text []byte) bool {
	for i, c := range text {
		if !isLetter(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return len(text) > 0
}

// isAuthority accepts a host name or bracketed address with an optional port, as nginx does, which
// refuses user names. Underscores pass here though nginx 1.22 refuses them in absolute-form targets:
// URLs that people paste are requested in origin form.
func isAuthority(text []byte) bool {
	host, port := text, []byte(nil)
	if i := bytes.LastIndexByte(text, ':'); i > bytes.LastIndexByte(text, ']') {
		host, port = text[:i], text[i+1:]
	}
	for _, c := range port {
		if !isDigit(c) {
			return false
		}
	}
	for _, c := range host {
		if !isLetter(c) && !isDigit(c) && bytes.IndexByte([]byte(".-_:[]"), c) < 0 {
			return false
		}
	}
	return len(host) > 0 && string(host) != "." && !bytes.Contains(host, []byte(".."))
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

func hasControl(target []byte) bool {
	for _, c := range target {
		if c <= ' ' || c == 0x7f {
			return true
		}
	}
	return false
}

// isPlain reports whether nginx's $uri is the raw path itself: nothing to decode, merge or resolve.
func isPlain(raw []byte) bool {
	return bytes.IndexByte(raw, '%') < 0 && !bytes.Contains(raw, []byte("//")) && !bytes.Contains(raw, []byte("/."))
}

// appendURI appends nginx's $uri for a raw path (ngx_http_parse_complex_uri with merge_slashes on):
// percent-decoded once, slashes merged, dot segments resolved, encoded slashes and dots like plain
// ones. An empty path is "/". False where nginx answers 400: bad escape, %00, a step above the root.
func appendURI(dst, raw []byte) ([]byte, bool) {
	at := len(dst)
	if len(raw) == 0 {
		return append(dst, '/'), true
	}
	dst, ok := appendDecoded(dst, raw)
	if !ok {
		return dst[:at], false
	}
	n, ok := resolve(dst[at:])
	return dst[:at+n], ok
}

func appendDecoded(dst, raw []byte) ([]byte, bool) {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			if i+2 >= len(raw) {
				return dst, false
			}
			high, low := unhex(raw[i+1]), unhex(raw[i+2])
			if high|low > 15 || high|low == 0 {
				return dst, false
			}
			c = high<<4 | low
			i += 2
		}
		dst = append(dst, c)
	}
	return dst, true
}

// unhex returns the value of a hexadecimal digit, 255 for any other character.
func unhex(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// resolve merges slashes and resolves dot segments of a path that begins with '/', in place, and
// returns the new length. What is kept always ends with a slash until the last segment is added.
func resolve(path []byte) (int, bool) {
	n := 1
	for rest := path[1:]; ; {
		segment, after, more := bytes.Cut(rest, []byte("/"))
		switch string(segment) {
		case "", ".":
		case "..":
			if n == 1 {
				return 0, false
			}
			n = bytes.LastIndexByte(path[:n-1], '/') + 1
		default:
			n += copy(path[n:], segment)
			if more {
				path[n] = '/'
				n++
			}
		}
		if !more {
			return n, true
		}
		rest = after
	}
}
