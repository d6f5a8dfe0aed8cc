package format

import "bytes"

// Parser parses the lines of one format. It keeps scratch memory, so it is not safe for concurrent use.
type Parser struct {
	layout  *layout // nil for JSON lines
	at      [fieldCount]span
	rank    [fieldCount]uint8 // of the key that at came from; JSON only
	line    []byte
	scratch []byte
	path    []byte // folded name of the JSON key being read
	keys    []key  // what the keys of the last line meant, in their order
}

// span is where a value stands in the line. The zero span means there is none; an empty value has an end past 0.
type span struct{ start, end int32 }

// maxLine keeps spans in range; it is far beyond what any server logs.
const maxLine = 1 << 30

// Parse reads one line, given without its newline (a trailing carriage return is ignored), into r. On a failure r holds
// nothing of use. Neither a good nor a bad line allocates, once the scratch memory has grown to the size of the values
// that need their escaping undone.
func (p *Parser) Parse(line []byte, r *Record) Failure {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	switch {
	case len(line) > maxLine:
		return Failure{ReasonFields, 1, "a line under 1 GiB"}
	case blank(line):
		return Failure{ReasonBlank, 1, "a request"}
	}
	p.line, p.scratch = line, p.scratch[:0]
	p.at = [fieldCount]span{}
	if bad := p.cut(line); bad.Reason != "" {
		return bad
	}
	return p.record(r)
}

func (p *Parser) cut(line []byte) Failure {
	if p.layout == nil {
		return p.cutJSON(line)
	}
	if p.layout.comments && line[0] == '#' {
		return Failure{ReasonComment, 1, "a request"}
	}
	if bad := p.layout.cut(p, line); bad.Reason != "" {
		return bad
	}
	if p.layout.scheme && !p.schemeFits() {
		return p.fail(ReasonShifted, scheme, "http, https or - (a value before it may hold a stray quote)")
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
func (p *Parser) record(r *Record) Failure {
	var ok bool
	if r.Client, ok = address(p.raw(client)); !ok {
		return p.badAddress()
	}
	if !p.readTime(r) {
		return p.badTime()
	}
	if !p.readRequest(r) {
		return p.badRequest()
	}
	state, ok := number(p.raw(status))
	if !ok || state > 999 {
		return p.fail(ReasonStatus, status, "a status such as 403")
	}
	r.Status = uint16(state)
	p.readHost(r)
	p.readRest(r)
	return Failure{}
}

func (p *Parser) badAddress() Failure {
	if masked(p.raw(client)) {
		return p.fail(ReasonMasked, client, "a whole address: the log was written with addresses masked")
	}
	return p.fail(ReasonAddress, client, "a client address such as 203.0.113.7")
}

func (p *Parser) badTime() Failure {
	f := when
	if p.at[when].end == 0 {
		f = started
	}
	return p.fail(ReasonTime, f, "a time such as 23/Nov/2026:09:26:12 +0000")
}

func (p *Parser) badRequest() Failure {
	f := request
	for _, g := range [...]field{target, path} {
		if p.at[f].end == 0 {
			f = g
		}
	}
	return p.fail(ReasonNoTarget, f, "a request such as GET /a.ts HTTP/1.1")
}

// readTime settles Logged, Start, Resolution, HasStart and Duration.
func (p *Parser) readTime(r *Record) bool {
	logged, grain, ok := p.logged()
	start, startGrain, own := moment(p.raw(started))
	took, known := seconds(p.raw(duration))
	if own && ok && !known {
		took, known = logged-start, true
	}
	if took < 0 || took > dayLen {
		took, known = 0, false
	}
	switch {
	case own && !ok:
		logged, grain = start, startGrain
	case own:
		grain = startGrain
	case known:
		start = logged - took
	default:
		start, took = logged, -1
	}
	if !known {
		took = -1
	}
	r.Logged, r.Start, r.Resolution, r.HasStart, r.Duration = logged, start, grain, known || own, took
	return ok || own
}

// logged reads the time of the line, whose date may stand in a field of its own.
func (p *Parser) logged() (micros, grain int64, ok bool) {
	day, text := p.raw(day), p.raw(when)
	if len(text) == 0 {
		return moment(day)
	}
	micros, grain, ok = moment(text)
	if ok || len(day) == 0 {
		return micros, grain, ok
	}
	date, ok1 := isoDate(day)
	clock, ok2 := clockOf(text)
	return (date + clock) * second, second, ok1 && ok2 && len(text) == 8
}

// readRest reads what a line may lack.
func (p *Parser) readRest(r *Record) {
	r.UserAgent, r.Referer, r.Country = p.text(agent), p.text(referer), p.text(country)
	r.ASN = uint32(min(leading(bytes.TrimPrefix(p.raw(asn), []byte("AS"))), 1<<32-1))
	reason, _ := number(p.raw(code)) // EdgeCenter's layout has a hexadecimal id in its place
	r.Code = short(reason)
	r.Upstream = short(trailing(p.raw(upstream)))
	r.Bytes = -1
	if n, ok := number(p.raw(size)); ok {
		r.Bytes = int64(n)
	}
	r.Shield = false
	if s := p.raw(shield); !none(s) {
		r.Shield = string(s) != "shield_no"
	}
}

// leading reads the digits that b begins with; 0 if none.
func leading(b []byte) uint64 {
	n := 0
	for n < len(b) && '0' <= b[n] && b[n] <= '9' {
		n++
	}
	v, _ := number(b[:n])
	return v
}

// trailing reads the digits that b ends with: the last of several upstreams.
func trailing(b []byte) uint64 {
	n := len(b)
	for n > 0 && '0' <= b[n-1] && b[n-1] <= '9' {
		n--
	}
	v, _ := number(b[n:])
	return v
}

func short(n uint64) uint16 {
	if n > 1<<16-1 {
		return 0
	}
	return uint16(n)
}

// raw is a value as the line has it; nil if there is none.
func (p *Parser) raw(f field) []byte {
	s := p.at[f]
	return p.line[s.start:s.end]
}

// text is a value with its escaping undone; nil if there is none, or "-".
func (p *Parser) text(f field) []byte {
	b := p.raw(f)
	if none(b) {
		return nil
	}
	if p.layout != nil && p.layout.raw || bytes.IndexByte(b, '\\') < 0 {
		return b
	}
	n := len(p.scratch)
	p.scratch = unescape(p.scratch, b)
	return p.scratch[n:]
}

func (p *Parser) fail(reason string, f field, want string) Failure {
	if p.at[f].end == 0 && f != scheme {
		return Failure{reason, 1, missing(f)}
	}
	return Failure{reason, int(p.at[f].start) + 1, want}
}

// missing is what a line wants that has no value for f at all: JSON without the key.
func missing(f field) string {
	switch f {
	case client:
		return "a client address: remote_addr, client_ip, ip or the like"
	case when, started:
		return "a time: time_local, time_iso8601, msec, timestamp or the like"
	case status:
		return "a status: status, status_code or the like"
	}
	return "a request: request, request_uri, url, path or the like"
}

func none(b []byte) bool { return len(b) == 0 || len(b) == 1 && b[0] == '-' }

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' {
			return false
		}
	}
	return true
}
