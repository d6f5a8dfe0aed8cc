package format

import "bytes"

func haproxy() *Format {
	set := client.bit() | started.bit() | tookMs.bit() | request.bit() | status.bit() | size.bit() | host.bit() | agent.bit() | referer.bit() | forwarded.bit()
	return &Format{Name: "haproxy", Doc: "HAProxy, option httplog or httpslog: captured headers by what they look like",
		Source: "https://docs.haproxy.org/3.0/configuration.html#8.2.3", cutter: cutHAProxy, escape: verbatim, has: set}
}

const wantHAProxy = "HAProxy's client:port [time] frontend backend/server times status bytes … \"request\""

// cutHAProxy reads address:port [time] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes cookie cookie flags connections queues {captured
// request headers|…} {response headers|…} "request", with or without the captures, behind what syslog puts there, and the words of httpslog
// behind it, the last of which begins with the server name that the client asked for: the host, where none was captured, or its beginning.
// The time is that of the request's first byte, and IPv6 addresses have no brackets.
func cutHAProxy(p *Parser, line []byte) Failure {
	bad := Failure{ReasonFields, 1, wantHAProxy}
	open := bytes.Index(line, []byte(" ["))
	for open >= 0 && !haproxyTime(line[open+2:]) {
		next := bytes.Index(line[open+2:], []byte(" ["))
		if open += 2 + next; next < 0 {
			open = -1
		}
	}
	if open < 0 {
		return bad
	}
	before := line[:open]
	from := bytes.LastIndexByte(before, ' ') + 1
	colon := bytes.LastIndexByte(before, ':')
	shut := open + bytes.IndexByte(line[open:], ']')
	if _, ok := number(before[colon+1:]); !ok || colon < from {
		return Failure{ReasonFields, from + 1, wantHAProxy}
	}
	p.at[client], p.at[started] = span{int32(from), int32(colon)}, span{int32(open + 2), int32(shut)}
	words := [...]field{skipped, skipped, tookMs, status, size, skipped, skipped, skipped, skipped, skipped}
	pos := shut + 1
	for i, f := range words {
		n := bytes.IndexByte(line[min(pos+1, len(line)):], ' ')
		if n < 0 || line[pos] != ' ' || (i == 1 || f == tookMs) && bytes.IndexByte(line[pos+1:pos+1+n], '/') < 0 {
			return Failure{ReasonFields, pos + 1, wantHAProxy}
		}
		start, end := pos+1, pos+1+n
		if f == tookMs {
			start += bytes.LastIndexByte(line[start:end], '/') + 1
		}
		if line[start] == '+' { // option logasap: it was not over
			start++
		}
		p.at[f] = span{int32(start), int32(end)}
		pos = end
	}
	quote := bytes.IndexByte(line[pos:], '"')
	if quote < 0 {
		return Failure{ReasonFields, pos + 1, wantHAProxy}
	}
	p.captured(pos+1, pos+quote)
	from = pos + quote + 1
	to := len(line)
	if n := bytes.IndexByte(line[from:], '"'); n >= 0 {
		to = from + n
	} else if protocolAt(line[from:]) < 0 { // syslog cuts lines off at 1,024 bytes: what is left of the token is not what was asked for
		return Failure{ReasonFields, to + 1, "the end of the request, which is cut off"}
	}
	p.at[request] = span{int32(from), int32(to)}
	if last := bytes.LastIndexByte(line, ' ') + 1; last > to {
		name, _, ok := bytes.Cut(line[last:], []byte{'/'})
		if ok && isHost(string(name)) && bytes.HasPrefix(name, p.raw(host)) { // HTTP/2 asks for other hosts, too, in the connection to one
			p.at[host] = span{int32(last), int32(last + len(name))}
		}
	}
	return Failure{}
}

// captured recognises the captured request headers by what they look like: {host|user
// agent|referer|forwarded for}, in any order.
func (p *Parser) captured(from, to int) {
	end := from + bytes.Index(p.line[from:to], []byte("} "))
	if end < from || p.line[from] != '{' {
		return
	}
	for pos := from + 1; pos < end; {
		n := bytes.IndexByte(p.line[pos:end], '|')
		if n < 0 {
			n = end - pos
		}
		if value := p.line[pos : pos+n]; n > 0 {
			p.at[headerLike(value)] = span{int32(pos), int32(pos + n)}
		}
		pos += n + 1
	}
}

// headerLike recognises a request header by its value; a few bytes of it are enough, except of a host.
func headerLike(value []byte) field {
	const enough = 24
	first := value[:min(len(value), enough)]
	list, _, _ := bytes.Cut(value, []byte{','})
	_, isIP := Address(list)
	switch {
	case isIP:
		return forwarded
	case bytes.HasPrefix(value, []byte("http://")), bytes.HasPrefix(value, []byte("https://")):
		return referer
	case isAgent(string(first)):
		return agent
	case bytes.IndexByte(value, ' ') < 0 && isHost(string(value)):
		return host
	}
	return skipped
}

// haproxyTime reports whether a text begins as 25/Sep/2018:06:05:27.584] does.
func haproxyTime(b []byte) bool {
	return len(b) > 24 && b[2] == '/' && b[6] == '/' && b[20] == '.' && bytes.IndexByte(b[:min(len(b), 32)], ']') == 24
}
