package format

import (
	"bytes"
)

// Parser parses the lines of one format. It keeps scratch memory, so it is not safe for concurrent use.
type Parser struct {
	// Latest is the last moment, in µs since the Unix epoch, that a time without a year can mean; 0: such a time is a failure.
	Latest int64

	// Forwarding says that the server takes the client's address from X-Forwarded-For, whatever that of the connection is.
	Forwarding bool

	format  *Format
	at      [fieldCount]span
	rank    [fieldCount]uint8 // of the key that at came from; JSON only
	line    []byte
	scratch []byte
	path    []byte  // folded name of the JSON key being read
	keys    []key   // what the keys of the last line meant, in their order
	bare    bool    // no value of the line has escaping to undo
	clock   clock   // the last time that was read
	bad     Failure // of the last line that was none
	full    bool    // at holds all values of the layout, which the next line overwrites
	stale   bool    // at holds those of the line before
	inside  int     // separators within the values of wide
	wide    fieldSet
}

// span is where a value stands in the line. The zero span means there is none; an empty value has an end past 0.
type span struct{ start, end int32 }

const byteOrderMark = "\xef\xbb\xbf"

// maxLine keeps spans in range; it is far beyond what any server logs.
const maxLine = 1 << 30

// Parse reads one line, given without its newline (carriage returns at its end, NUL bytes and a byte order mark at its beginning are ignored), into r. On a failure r holds
// nothing of use. A header line changes what the lines behind it mean. Neither a good nor a bad line allocates, once the scratch
// memory has grown to the size of the values that need their escaping undone; one that looks like a header does.
func (p *Parser) Parse(line []byte, r *Record) Failure {
	for n := len(line); n > 0 && line[n-1] == '\r'; n-- {
		line = line[:n-1]
	}
	for len(line) > 0 && line[0] == 0 { // left by a rotation that truncates the file
		line = line[1:]
	}
	if len(line) > 0 && line[0] == byteOrderMark[0] { // of a file that was put behind another one
		line = bytes.TrimPrefix(line, []byte(byteOrderMark))
	}
	switch {
	case len(line) > maxLine:
		return Failure{ReasonFields, 1, "a line under 1 GiB"}
	case blank(line):
		return Failure{ReasonBlank, 1, "a request"}
	}
	p.line, p.scratch = line, p.scratch[:0]
	if !p.full {
		p.at = [fieldCount]span{}
	}
	p.stale, p.full = p.full, false
	p.bare = p.format.unescaped(line)
	if p.cut(line) && p.record(r) || p.separated(line, r) {
		return Failure{}
	}
	if p.format.heads != noHeader && p.bad.Reason != ReasonHeader {
		if head := p.header(line); head.Reason != "" {
			return head
		}
	}
	return p.bad
}

// mostInside is how many separators a value may hold.
const mostInside = 16

// separated reads a line into r one of whose values holds separators, and is not quoted: its path, query, user agent or referer, where the
// values behind tell which, as with the others the line does not fit. It leaves p.bad as it was if it fails.
func (p *Parser) separated(line []byte, r *Record) (ok bool) {
	l, c, plain := p.format.layout, p.format.columns, p.bad
	var some Record
	if !(l != nil && l.bare || c != nil && c.quoted && !isBlank(c.seps[0])) || plain.Reason == ReasonHeader || plain.Reason == ReasonShifted && p.record(&some) {
		p.bad = plain
		return false
	}
	fits, inside, wide := 0, 0, fieldSet(0)
	for _, p.wide = range [...]fieldSet{target.bit() | path.bit() | request.bit(), query.bit(), agent.bit(), referer.bit()} {
		for p.inside = 1; p.inside <= mostInside; p.inside++ {
			if p.bad = (Failure{}); p.again(line, &some) {
				fits, inside, wide = fits+1, p.inside, p.wide
				break
			}
			if p.bad.Reason == ReasonFields { // too few are left
				break
			}
		}
	}
	if p.inside, p.wide = inside, wide; fits == 1 {
		ok = p.again(line, r)
	}
	p.inside, p.bad = 0, plain
	return ok
}

// again reads the line with so many separators inside a value. What a number of bytes would be must be one.
func (p *Parser) again(line []byte, r *Record) bool {
	p.at, p.scratch, p.stale, p.full = [fieldCount]span{}, p.scratch[:0], false, false
	if !p.cut(line) {
		return false
	}
	return p.sized() && p.record(r)
}

// sized reports whether what would be a number of bytes is one.
func (p *Parser) sized() bool {
	b := p.raw(size)
	_, ok := whole(b)
	return ok || none(b)
}

// Use makes f the format of the lines that follow, as at the beginning of a chunk of a source whose header lines change the
// columns (see Format.After). It costs nothing if f is in use already.
func (p *Parser) Use(f *Format) {
	if p.format != f {
		p.format, p.keys, p.clock.text, p.full = f, p.keys[:0], p.clock.text[:0], false
	}
}

// restBytes is as much scratch memory as a parser keeps that rests.
const restBytes = 64 << 10

// Rest lets go of the last line, and of the scratch memory that a long one took: of many parsers few are in use at a time.
func (p *Parser) Rest() {
	p.line = nil
	if cap(p.scratch)+cap(p.path) > restBytes {
		p.scratch, p.path = nil, nil
	}
}

// cut finds the values of a line and leaves them in p.at, or what is wrong in p.bad.
func (p *Parser) cut(line []byte) (ok bool) {
	l := p.format.layout
	if l == nil {
		p.bad = p.cutOther(line)
		return p.bad.Reason == ""
	}
	if !l.cut(p, line) {
		return false
	}
	if l.scheme && !p.schemeFits() {
		return p.fail(ReasonShifted, scheme, "http, https or - (a value before it may hold a stray quote)")
	}
	if l.bare && !p.sized() {
		return p.fail(ReasonShifted, size, "a number of bytes (a value before it may hold a separator)")
	}
	return true
}

// cutOther is cut for what is no text around values.
func (p *Parser) cutOther(line []byte) Failure {
	f := p.format
	switch {
	case line[0] == '#' && f.heads == fieldsLine:
		return p.header(line)
	case f.columns != nil:
		return f.columns.cut(p, line)
	case f.cutter != nil:
		return f.cutter(p, trimmed(line))
	case f.heads != noHeader:
		return Failure{ReasonFields, 1, f.heads.want()}
	}
	return p.cutJSON(line)
}

// header takes the columns of a header line; a line that is none stays what it is.
func (p *Parser) header(line []byte) Failure {
	if f := p.format.headed(line); f != nil {
		p.Use(f)
		return Failure{ReasonHeader, 1, "a request"}
	}
	return Failure{}
}

func (p *Parser) schemeFits() bool {
	switch string(p.raw(scheme)) {
	case "", "-", "http", "https", "ws", "wss":
		return true
	}
	return false
}

// record reads the values that cut found.
func (p *Parser) record(r *Record) (ok bool) {
	r.Forwarded, r.Behind = false, false
	from := p.raw(client)
	if p.format.ports {
		from = unglued(from)
	}
	if r.Client, ok = Address(from); (!ok || p.at[forwarded].end > 0) && !p.forwarded(r, ok) {
		return p.badAddress()
	}
	if !p.readTime(r) {
		return p.badTime()
	}
	if !p.readRequest(r) {
		return p.badRequest()
	}
	state, ok := p.status()
	if !ok {
		return p.fail(ReasonStatus, status, "a status such as 403")
	}
	r.Status = uint16(state)
	p.readHost(r)
	p.readRest(r)
	return true
}

// status reads the status, which may stand behind what the cache did: TCP_HIT/200.
func (p *Parser) status() (state uint64, ok bool) {
	b := p.raw(status)
	if state, ok = whole(b); !ok {
		state, ok = whole(b[cacheResult(b):])
	}
	return state, ok && (state == 0 || state >= 100 || len(b) == 3) && state <= 999 // nginx: 009 for HTTP/0.9
}

// cacheResult measures capital letters, underscores and a slash; 0 if b does not begin with them.
func cacheResult(b []byte) int {
	n := 0
	for n < len(b) && ('A' <= b[n] && b[n] <= 'Z' || b[n] == '_') {
		n++
	}
	if n == 0 || n == len(b) || b[n] != '/' {
		return 0
	}
	return n + 1
}

// forwarded settles the client's address of a line that has X-Forwarded-For, or no other. The address of the connection
// counts, unless there is none, it is a private one, as a load balancer has, or [Parser.Forwarding] says so: then the first public address of the list
// does, which is the client's where the proxies are honest
// (https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For).
func (p *Parser) forwarded(r *Record, known bool) bool {
	list := p.raw(forwarded)
	if none(list) {
		return known
	}
	first, ok := Address(list)
	switch {
	case !ok || known && private(first):
		return known
	case known && !private(r.Client) && !p.Forwarding:
		r.Behind = first != r.Client
		return true
	}
	r.Client, r.Forwarded = first, true
	return true
}

func (p *Parser) badAddress() bool {
	f := client
	if p.at[client].end == 0 {
		f = forwarded
	}
	if masked(p.raw(f)) {
		return p.fail(ReasonMasked, f, "a whole address: the log was written with addresses masked")
	}
	return p.fail(ReasonAddress, f, "a client address such as 203.0.113.7")
}

func (p *Parser) badRequest() bool {
	f := request
	for _, g := range [...]field{target, path} {
		if p.at[f].end == 0 {
			f = g
		}
	}
	return p.fail(ReasonNoTarget, f, "a request such as GET /a.ts HTTP/1.1")
}

// readRest reads what a line may lack.
func (p *Parser) readRest(r *Record) {
	r.UserAgent, r.Referer = p.withoutNUL(p.text(agent)), p.text(referer)
	r.Bytes = -1
	if n, ok := whole(p.raw(size)); ok {
		r.Bytes = int64(n)
	}
	if p.format.layout != nil && p.format.has&rareBits == 0 {
		r.Country, r.ASN, r.Code, r.Upstream, r.Shield, r.Sampled = nil, 0, 0, 0, false, false
	} else {
		p.readRare(r)
	}
	p.readViewer(&r.Viewer)
}

// rareBits are the fields of readRare.
const rareBits = 1<<country | 1<<asn | 1<<code | 1<<upstream | 1<<shield | 1<<sample

// readRare reads what few formats have.
func (p *Parser) readRare(r *Record) {
	r.Country = p.text(country)
	r.ASN = uint32(min(leading(bytes.TrimPrefix(p.raw(asn), []byte("AS"))), 1<<32-1))
	reason, _ := whole(p.raw(code)) // EdgeCenter's layout has a hexadecimal id in its place
	r.Code = short(reason)
	r.Upstream = short(trailing(p.raw(upstream)))
	r.Shield = false
	if s := p.raw(shield); !none(s) {
		r.Shield = string(s) != "shield_no" && string(s) != "true" || // Fastly's says whether it is the edge
			bytes.HasSuffix(p.raw(host), []byte(cacheShard))
	}
	r.Sampled = p.at[sample].end > 0 && sampled(p.raw(sample))
}

func (p *Parser) fail(reason string, f field, want string) bool {
	p.bad = Failure{reason, int(p.at[f].start) + 1, want}
	if p.at[f].end == 0 && f != scheme {
		p.bad = Failure{reason, 1, missing(f)}
	}
	return false
}

// missing is what a line wants that has no value for f at all: JSON without the key.
func missing(f field) string {
	const mapped = " or the like (a map names the key that holds it)"
	switch f {
	case client, forwarded:
		return "a client address: remote_addr, client_ip, ip" + mapped
	case when, started, day:
		return "a time: time_local, time_iso8601, msec, timestamp" + mapped
	case status:
		return "a status: status, status_code" + mapped
	}
	return "a request: request, request_uri, url, path" + mapped
}

func none(b []byte) bool { return len(b) == 0 || len(b) == 1 && b[0] == '-' }

func blank(b []byte) bool {
	for _, c := range b {
		if !isBlank(c) {
			return false
		}
	}
	return true
}

// trimmed is b without the blanks at its end.
func trimmed(b []byte) []byte {
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
