package format

import "bytes"

// readRequest settles Method, Target and QueryCut, and Host where the target is a whole URL.
func (p *Parser) readRequest(r *Record) bool {
	r.Method, r.Target, r.Host, r.QueryCut = nil, nil, nil, false
	switch line := p.text(request); {
	case line == nil:
		r.Method, r.Target = p.text(method), p.target(r)
	case line[0] == '/' && p.at[method].end > 0: // the target alone, which may hold blanks: Apache's %U is decoded
		r.Method, r.Target = p.text(method), p.withQuery(p.unblanked(line))
	default:
		if r.Method, r.Target = splitRequest(line); r.Target == nil {
			p.half(r, line)
		}
	}
	if r.Target == nil {
		return false
	}
	r.Target, r.Host = p.withoutOrigin(r.Target)
	return plausible(r.Method, r.Target)
}

// half settles a request that is the method alone, as in Fastly's templates, with the rest in a field of its own.
func (p *Parser) half(r *Record, line []byte) {
	if len(line) <= 32 && p.at[target].end > 0 && isMethod(string(line)) {
		r.Method, r.Target = line, p.target(r)
	}
}

// target joins path and query where the line has them apart.
func (p *Parser) target(r *Record) []byte {
	base := p.text(target)
	if base == nil {
		base = p.text(path)
		r.QueryCut = p.at[query].end == 0 && !p.format.whole && bytes.IndexByte(base, '?') < 0
	}
	if len(base) > 0 && base[0] != '/' && p.format.slash {
		base = p.join([]byte{'/'}, base)
	}
	if p.at[path].end > 0 || p.at[query].end > 0 {
		base = p.unblanked(base)
	}
	return p.withQuery(base)
}

// unblanked is a path with its blanks encoded again: no request has any, but nginx's $uri and Apache's %U are decoded.
func (p *Parser) unblanked(base []byte) []byte {
	if indexByte(base, ' ') < 0 {
		return base
	}
	n := len(p.scratch)
	for _, c := range base {
		if c == ' ' {
			p.scratch = append(p.scratch, "%20"...)
		} else {
			p.scratch = append(p.scratch, c)
		}
	}
	return p.scratch[n:]
}

// withQuery is a path with the query string that the line has in a field of its own.
func (p *Parser) withQuery(base []byte) []byte {
	args := bytes.TrimPrefix(p.text(query), []byte{'?'})
	if len(args) == 0 || base == nil || bytes.IndexByte(base, '?') >= 0 {
		return base
	}
	return p.join(base, []byte{'?'}, args)
}

// splitRequest takes "GET /a b HTTP/1.1" apart. The protocol may be missing (HTTP/0.9), the target may hold blanks, and there may be
// some around it all, as in cPanel's " $request ".
func splitRequest(line []byte) (method, target []byte) {
	line = bytes.TrimLeft(line, " ")
	i := indexByte(line, ' ')
	if i < 1 {
		return nil, nil
	}
	method, target = line[:i], bytes.TrimRight(line[i+1:], " ")
	if j := protocolAt(target); j >= 0 {
		target = bytes.TrimRight(target[:j], " ")
	}
	if len(target) == 0 {
		return method, nil
	}
	return method, target
}

// protocolAt finds the blank before the HTTP/x (in Esurfing Cloud's logs http/x) that ends a request line, or -1.
func protocolAt(b []byte) int {
	const usual = len(" HTTP/1.1")
	if n := len(b); n >= usual && string(b[n-usual:n-3]) == " HTTP/" && b[n-3] != ' ' && b[n-2] != ' ' && b[n-1] != ' ' {
		return n - usual
	}
	i := bytes.LastIndexByte(b, ' ')
	if i < 0 || len(b)-i > len(" HTTP/1.1") || !bytes.EqualFold(b[i+1:min(i+6, len(b))], []byte("HTTP/")) {
		return -1
	}
	return i
}

// withoutOrigin cuts scheme and host off a target that is a whole URL.
func (p *Parser) withoutOrigin(t []byte) (target, host []byte) {
	if p.format.hosts {
		if name, rest := hostFirst(t); name != nil {
			return rest, name
		}
	}
	if t[0] == '/' {
		return t, nil
	}
	i := bytes.Index(t, []byte("://"))
	if i < 0 || i > len("https") {
		return t, nil
	}
	t = t[i+3:]
	end := bytes.IndexAny(t, "/?#")
	switch {
	case end >= 0 && t[end] == '/':
		return t[end:], t[:end]
	case end < 0:
		end = len(t)
	}
	return p.join([]byte{'/'}, t[end:]), t[:end]
}

// hostFirst cuts the host off www.example.com/a.ts or /www.example.com/a.ts.
func hostFirst(t []byte) (host, target []byte) {
	t = bytes.TrimPrefix(t, []byte{'/'})
	end := indexByte(t, '/')
	if end < 1 || (t[end-1]|0x20) < 'a' || (t[end-1]|0x20) > 'z' || indexByte(t[:end], '.') < 0 {
		return nil, nil
	}
	for _, c := range t[:end] {
		if !isNameByte(c) {
			return nil, nil
		}
	}
	return t[:end], t[end:]
}

// plausible reports whether this is a request, and not what a scanner or a broken TLS handshake leaves in
// the log.
func plausible(method, target []byte) bool {
	if len(method) > 32 || string(method) == "-" { // AWS: "- http://cdn.example.com:80- "
		return false
	}
	for _, c := range method {
		if (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return target[0] == '/' || target[0] == '*' || string(method) == "CONNECT"
}

// readHost prefers the host field over the one in the target.
func (p *Parser) readHost(r *Record) {
	if h := p.text(host); h != nil && string(h) != "_" {
		r.Host = h
	}
	r.Host = bytes.TrimSuffix(withoutPort(r.Host), []byte(cacheShard))
	if len(r.Host) == 0 {
		r.Host = nil
	}
}

// cacheShard stands behind the host in lines of EdgeCDN that a server of the CDN wrote for what another one asked it, which is logged
// there, too: the scheme is http then, the port 10080, and field 41 the id of the request on the other (transferia/transferia, tests of
// its reader for nginx logs, on GitHub).
const cacheShard = "_cache_sharded"

func withoutPort(h []byte) []byte {
	if indexByte(h, ':') < 0 {
		return h
	}
	i := bytes.LastIndexByte(h, ':')
	if i == len(h)-1 {
		return h
	}
	if _, ok := number(h[i+1:]); !ok || bytes.IndexByte(h[:i], ':') >= 0 && h[i-1] != ']' {
		return h
	}
	return h[:i]
}
