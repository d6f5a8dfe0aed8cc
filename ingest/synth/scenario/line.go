package scenario

import (
	"net/netip"
	"strconv"
	"time"
)

// line is one request as a log may tell it. No value has a quote, a backslash, a
// tab, a comma, a semicolon but in user agents, or anything beyond ASCII.
type line struct {
	at, took       int64 // ms: when it is logged, how long it took
	client         netip.Addr
	host           string
	path, query    []byte
	status         int
	bytes          int64
	referer, agent []byte
	country        string
	asn            uint32
	code, upstream int
	conn           uint64
	requests       int
	uid, session   []byte
	asked          int // requests of this viewer before
	serial         uint64
}

// field is a value of a line in one spelling.
type field int

const (
	logText field = iota // between fields
	logClient
	logCLF
	logISO
	logIsoBlank
	logStartZoned
	logUnix
	logUnixMilli
	logUnixDot
	logStartISO
	logStartMilli
	logStartUnix
	logDay
	logClockTime
	logTook
	logTookMs
	logTarget
	logPath
	logQuery
	logMethod
	logURL
	logHostName
	logStatus
	logSize
	logReferer
	logAgent
	logAgentEscaped
	logCountry
	logASN
	logCode
	logUpstream
	logConn
	logServer
	logConnRequests
	logUIDGot
	logUIDSet
	logSession
	logReused
	logCache
	logRequestID
	fields
)

// fieldNames are the fields as the templates of formats write them.
func fieldNames() [fields]string {
	return [fields]string{
		"", "client", "clf", "iso", "isoblank", "startzoned", "unix", "unixmilli", "unixdot", "startiso", "startmilli", "startunix", "day", "clock", "took", "tookms",
		"target", "path", "query", "method", "url", "host", "status", "bytes", "referer", "agent", "agentescaped", "country", "asn",
		"code", "upstream", "conn", "server", "requests", "uidgot", "uidset", "session", "reused", "cache", "requestid",
	}
}

// seconds renders times, one second at a time.
type seconds struct {
	second   int64
	clf, iso []byte // of log times
	start    int64
	startISO []byte
}

func (c *seconds) at(ms int64) {
	if now := ms / 1000; now != c.second || c.clf == nil {
		t := time.Unix(now, 0).UTC()
		c.second = now
		c.clf = t.AppendFormat(c.clf[:0], "02/Jan/2006:15:04:05 +0000")
		c.iso = t.AppendFormat(c.iso[:0], "2006-01-02T15:04:05")
	}
}

func (c *seconds) startAt(ms int64) []byte {
	if now := ms / 1000; now != c.start || c.startISO == nil {
		c.start = now
		c.startISO = time.Unix(now, 0).UTC().AppendFormat(c.startISO[:0], "2006-01-02T15:04:05")
	}
	return c.startISO
}

// appendField writes one field of a line; "-" stands for what there is not.
func (c *seconds) appendField(b []byte, f field, l *line) []byte {
	switch f {
	case logCLF:
		return append(b, c.clf...)
	case logISO:
		return append(appendMillis(append(append(b, c.iso...), '.'), l.at), 'Z')
	case logIsoBlank:
		b = append(append(append(b, c.iso[:10]...), ' '), c.iso[11:]...)
		return appendMillis(append(b, '.'), l.at)
	case logStartZoned:
		return append(append(b, c.startAt(l.at-l.took)...), "+0000"...)
	case logDay:
		return append(b, c.iso[:10]...)
	case logClockTime:
		return append(b, c.iso[11:]...)
	case logStartISO:
		return append(appendMillis(append(append(b, c.startAt(l.at-l.took)...), '.'), l.at-l.took), 'Z')
	}
	return l.appendField(b, f)
}

func (l *line) appendField(b []byte, f field) []byte {
	switch f {
	case logUnix:
		return strconv.AppendInt(b, l.at/1000, 10)
	case logUnixMilli:
		return strconv.AppendInt(b, l.at, 10)
	case logUnixDot:
		return appendSeconds(b, l.at)
	case logStartMilli:
		return strconv.AppendInt(b, l.at-l.took, 10)
	case logStartUnix:
		return appendSeconds(b, l.at-l.took)
	case logTook:
		return appendSeconds(b, l.took)
	case logTookMs:
		return strconv.AppendInt(b, l.took, 10)
	case logStatus:
		return strconv.AppendInt(b, int64(l.status), 10)
	case logSize:
		return strconv.AppendInt(b, l.bytes, 10)
	case logASN:
		return strconv.AppendUint(b, uint64(l.asn), 10)
	case logCode:
		return appendKnown(b, l.code)
	case logUpstream:
		return appendKnown(b, l.upstream)
	case logConn:
		return strconv.AppendUint(b, l.conn, 10)
	case logServer: // of the edge: one of four has the connection
		return append(b, '1'+byte(l.conn%4))
	case logConnRequests:
		return strconv.AppendInt(b, int64(l.requests), 10)
	case logRequestID:
		return appendHex(b, l.serial*0x9e3779b97f4a7c15, l.serial)
	}
	return l.appendText(b, f)
}

func (l *line) appendText(b []byte, f field) []byte {
	switch f {
	case logClient:
		return l.client.AppendTo(b)
	case logTarget:
		return l.appendTarget(b)
	case logURL:
		return l.appendTarget(append(append(b, "https://"...), l.host...))
	case logPath:
		return append(b, l.path...)
	case logQuery:
		return appendOr(b, l.query)
	case logMethod:
		return append(b, "GET"...)
	case logHostName:
		return append(b, l.host...)
	case logReferer:
		return appendOr(b, l.referer)
	case logAgent:
		return append(b, l.agent...)
	case logAgentEscaped:
		return appendEscaped(b, l.agent)
	case logCountry:
		return append(b, l.country...)
	}
	return l.appendIdentity(b, f)
}

func (l *line) appendIdentity(b []byte, f field) []byte {
	switch first := l.asked == 0; {
	case f == logUIDGot && !first, f == logUIDSet && first:
		return appendOr(b, l.uid)
	case f == logSession:
		return appendOr(b, l.session)
	case f == logReused && len(l.session) > 0 && !first:
		return append(b, 'r')
	case f == logReused:
		return append(b, '.')
	case f == logUIDGot, f == logUIDSet:
		return append(b, '-')
	}
	if l.status >= 400 { // cache
		return append(b, '-')
	}
	return append(b, "HIT"...)
}

func (l *line) appendTarget(b []byte) []byte {
	b = append(b, l.path...)
	if len(l.query) > 0 {
		b = append(append(b, '?'), l.query...)
	}
	return b
}

func appendOr(b, text []byte) []byte {
	if len(text) == 0 {
		return append(b, '-')
	}
	return append(b, text...)
}

func appendKnown(b []byte, n int) []byte {
	if n == 0 {
		return append(b, '-')
	}
	return strconv.AppendInt(b, int64(n), 10)
}

func appendMillis(b []byte, ms int64) []byte {
	return append(b, '0'+byte(ms/100%10), '0'+byte(ms/10%10), '0'+byte(ms%10))
}

func appendSeconds(b []byte, ms int64) []byte {
	return appendMillis(append(strconv.AppendInt(b, ms/1000, 10), '.'), ms)
}

// appendEscaped writes blanks as CloudFront and Akamai do.
func appendEscaped(b, text []byte) []byte {
	for _, c := range text {
		if c == ' ' {
			b = append(b, "%20"...)
			continue
		}
		b = append(b, c)
	}
	return b
}
