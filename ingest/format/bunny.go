package format

import "bytes"

func bunny() *Format {
	set := client.bit() | when.bit() | target.bit() | status.bit() | size.bit() | agent.bit() | referer.bit() | country.bit() | edge.bit() | trace.bit()
	return &Format{Name: "bunny", Doc: "bunny.net v1: 12 values separated by bars (15 extended); addresses are cut by default",
		Source: "https://docs.bunny.net/cdn/logging", cutter: cutBunny, escape: verbatim, has: set, urls: true}
}

// bunnyLead are the values before the URL.
func bunnyLead() [7]field { return [7]field{skipped, status, when, size, skipped, client, referer} }

// cutBunny reads MISS|403|time ms|bytes|zone|address|referer|url|edge|agent|request id|country, and three more values if
// extended. Bars in URL and agent are not escaped, so the line is cut from both ends: the request id is 32 hex digits, the
// edge 2 to 5 capitals and digits.
func cutBunny(p *Parser, line []byte) Failure {
	pos := 0
	for _, f := range bunnyLead() {
		n := bytes.IndexByte(line[pos:], '|')
		if n < 0 {
			return Failure{ReasonFields, pos + 1, "12 values separated by |"}
		}
		p.at[f] = span{int32(pos), int32(pos + n)}
		pos += n + 1
	}
	id := bunnyID(line, pos)
	if id < 0 {
		return Failure{ReasonFields, len(line) + 1, "a request id of 32 hex digits near the end"}
	}
	place, width := bunnyEdge(line[pos : id-1])
	if place < 0 {
		return Failure{ReasonFields, pos + 1, "a URL, an edge location such as WA, and a user agent"}
	}
	p.at[target] = span{int32(pos), int32(pos + place)}
	p.at[edge] = span{int32(pos + place + 1), int32(pos + place + width - 1)}
	p.at[agent] = span{int32(pos + place + width), int32(id - 1)}
	p.at[trace] = span{int32(id), int32(id + bunnyIDLen)}
	end := id + bunnyIDLen + 1
	land := len(line)
	if n := bytes.IndexByte(line[min(end, land):], '|'); n >= 0 {
		land = end + n
	}
	p.at[country] = span{int32(min(end, land)), int32(land)}
	return Failure{}
}

const bunnyIDLen = 32

// bunnyID finds the last value of 32 hex digits that has a bar before it; -1 if there is none behind from.
func bunnyID(line []byte, from int) int {
	for end := len(line); ; {
		bar := bytes.LastIndexByte(line[from:end], '|')
		if bar < 0 {
			return -1
		}
		start := from + bar + 1
		if end-start == bunnyIDLen && allIn(line[start:end], "0123456789abcdefABCDEF") {
			return start
		}
		end = from + bar
	}
}

// bunnyEdge finds the first |EDGE| in url|EDGE|agent, and its length with both bars.
func bunnyEdge(b []byte) (at, width int) {
	for from := 0; ; {
		bar := bytes.IndexByte(b[from:], '|')
		if bar < 0 {
			return -1, 0
		}
		bar += from
		n := bytes.IndexByte(b[bar+1:], '|')
		if n >= 2 && n <= 5 && allIn(b[bar+1:bar+1+n], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") {
			return bar, n + 2
		}
		from = bar + 1
	}
}
