package format

import "bytes"

func squid() *Format {
	set := client.bit() | when.bit() | tookMs.bit() | status.bit() | size.bit() | method.bit() | target.bit()
	return &Format{Name: "squid", Doc: "Squid's own format, and the squid format of Apache Traffic Server: no user agents",
		Source: "https://wiki.squid-cache.org/Features/LogFormat", cutter: cutSquid, escape: verbatim, has: set, urls: true}
}

// squidWords are what a line has: time, ms, client, result/status, bytes, method, URL, user, route/server and type, with one blank between
// them or more.
var squidWords = [...]field{when, tookMs, client, status, size, method, target, skipped, skipped, skipped}

const (
	squidResult = 3
	squidRoute  = 8
)

// cutSquid reads what Squid writes at the end of a request. Traffic Server takes the time of its beginning, and other names for
// the routes, as Squid before 3.2 does: then the time it took is left out, since it is not known from which end it counts.
func cutSquid(p *Parser, line []byte) Failure {
	pos := 0
	for i, f := range squidWords {
		pos = skipBlank(line, pos)
		end := len(line)
		if n := bytes.IndexByte(line[pos:], ' '); n >= 0 {
			end = pos + n
		}
		word := line[pos:end]
		slash := bytes.IndexByte(word, '/')
		switch {
		case len(word) == 0, (i == squidResult || i == squidRoute) && slash < 0:
			return Failure{ReasonFields, pos + 1, "Squid's time ms client result/status bytes method URL user route/server type"}
		case i == squidResult:
			pos += slash + 1
		case i == squidRoute && !bytes.Contains(word, []byte("HIER_")):
			p.at[tookMs] = span{}
		}
		p.at[f], pos = span{int32(pos), int32(end)}, end
	}
	return Failure{}
}
